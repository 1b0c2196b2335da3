"""`sesam-node dtl explain`: how rules are carried out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sesam_node.cli.dtl.given import compiled, given
from sesam_node.dtl.explain import explain as explained
from sesam_node.dtl.explain import explain_text
from sesam_node.dtl.masking import without_keys

if TYPE_CHECKING:
    import argparse


def explain(options: argparse.Namespace) -> int:
    """Print the plan of the rules, with `--source` the Python that is made of them; always 0."""
    asked = given(options, entities=False)
    rule_set = asked.rule_set(options)
    # First as they are, so that every problem is shown in its line.
    compiled(asked.file, rule_set)
    rules = without_keys(rule_set.rules)
    found: dict[str, Any] = explained(rules, rule_set.context, path=rule_set.at)
    if options.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        print(found["source"] if options.source else explain_text(found), end="")
    return 0
