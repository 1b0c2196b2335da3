"""The registry as data: for the manual, the API and completion."""

from __future__ import annotations

from typing import Any

import sesam_node.dtl.functions  # noqa: F401 - fills the registry
from sesam_node.dtl.registry import Example, all_functions


def functions() -> list[dict[str, Any]]:
    """Every function and transform, sorted by name: name, kind, group, signature, doc, examples.

    `kind` is "expression" or "transform".
    """
    return [
        {
            "name": entry.name,
            "kind": "transform" if entry.kind == "transform" else "expression",
            "group": entry.group,
            "signature": entry.signature.text,
            "doc": entry.doc,
            "examples": [_example(example) for example in entry.examples],
        }
        for entry in all_functions()
    ]


def _example(example: Example) -> dict[str, Any]:
    shown: dict[str, Any] = {"expression": example.expression, "expect": example.expect}
    if example.source is not None:
        shown["source"] = example.source
    for name in ("note", "datasets", "rules", "context", "fails"):
        value = getattr(example, name)
        if value:
            shown[name] = dict(value) if name in ("datasets", "rules", "context") else value
    return shown
