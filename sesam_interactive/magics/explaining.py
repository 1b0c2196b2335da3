"""`%%dtl --explain`: what the rules write and look up, what runs again, before anything runs."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from sesam_interactive.client import ClientError
from sesam_interactive.magics.cell import CellError
from sesam_interactive.magics.look import code, heading, note, page, rows_table
from sesam_interactive.magics.running import ASKED
from sesam_node.dtl.format import format_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_interactive.client import Hub
    from sesam_interactive.magics.draft import Draft


class Explanation:
    """How rules are carried out: `data` is the node's explanation, `text` says it for people.

    `normal_form` is the rule set as it is run, in its one layout: kernel values and named rules
    are in it.
    """

    def __init__(self, title: str, rules: dict[str, Any], data: dict[str, Any]) -> None:
        self.title = title
        self.rules = rules
        self.data = data

    @property
    def text(self) -> str:
        return str(self.data["text"]).rstrip()

    @property
    def normal_form(self) -> str:
        return format_text(json.dumps(self.rules, ensure_ascii=False)).rstrip()

    @property
    def python(self) -> str:
        """The Python that the rules become, with JSON paths as comments."""
        return str(self.data["source"])

    def __repr__(self) -> str:
        return f"{self.text}\n\nNormal form\n{self.normal_form}"

    def _repr_html_(self) -> str:
        data = self.data
        hops = [line for hop in data["hops"] for line in _hop(hop)]
        again = [line for change in data["changes"] for line in (*change["says"], *change["costs"])]
        return page(
            heading(self.title, _summary(data)),
            *(note(f"{_at(one['path'], data)}: {one['text']}") for one in data["cautions"]),
            *(_writes(rule, data) for rule in data["rules"]),
            _section("Hops", hops),
            _section("What runs again", again),
            _section(
                "Indexes", [f"{one['dataset']} by {one['expression']}" for one in data["indexes"]]
            ),
            *(_warning(one, data) for one in data["warnings"]),
            f"<details><summary>normal form</summary>{code(self.normal_form)}</details>",
            f"<details><summary>as Python</summary>{code(self.python)}</details>",
        )


def explain(hub: Hub, draft: Draft) -> Explanation:
    """The node's explanation of the draft's rules. Raises CellError where there are none."""
    if draft.rules is None:
        raise CellError(f"{draft.title} has no rules of DTL to explain")
    feed = draft.feed if not draft.dtl_at else {"pipe_id": draft.id}
    try:
        data = hub.connection.json("POST", "/dtl/explain", json={**feed, "rules": draft.rules})
    except ClientError as error:
        inside = [problem for problem in error.problems if problem.path]
        raise (draft.error(inside, ASKED) if inside else error) from None
    return Explanation(draft.title, draft.rules, data)


def _summary(data: dict[str, Any]) -> str:
    summary = data["summary"]
    source = summary["source_dataset"]
    parts = [f"from {source}"] if source else []
    if summary["reads"]:
        parts.append(f"looks into {', '.join(summary['reads'])}")
    parts.append("may give several entities" if summary["creates"] else "one entity at most")
    if not summary["emits_own_id"]:
        parts.append("its _id may be another")
    return "; ".join(parts)


def _at(path: str, data: dict[str, Any]) -> str:
    return path.removeprefix(f"{data['base']}.") or "rules"


def _writes(rule: dict[str, Any], data: dict[str, Any]) -> str:
    rows = []
    for entry in rule["transforms"]:
        under = "".join(f"<div>if {escape(one)}</div>" for one in entry.get("under", ()))
        over = [_at(path, data) for path in entry.get("overwrites", ())]
        text = entry["text"] + (f"  (over {', '.join(over)})" if over else "")
        rows.append((code(_at(entry["path"], data)), code(text), f"<div>{under}</div>"))
    title = f"rule {rule['name']}"
    result = rule.get("result")
    return heading(title, f"gives {', '.join(result)}" if result else "") + rows_table(
        ("where", "writes", "only"), rows, ("20%", "50%", "30%")
    )


def _hop(hop: dict[str, Any]) -> Iterator[str]:
    for spec in hop["specifications"]:
        for step in spec["steps"]:
            tests = [f"where {test}" for test in step.get("tests", ())]
            yield "; ".join([step["text"], *tests])
        if spec.get("returns"):
            yield f"gives {spec['returns']}"


def _section(title: str, lines: list[str]) -> str:
    return heading(title) + code("\n".join(lines)) if lines else ""


def _warning(one: dict[str, Any], data: dict[str, Any]) -> str:
    hint = f"; {one['hint']}" if one.get("hint") else ""
    return note(f"{_at(one['path'], data)}: {one['message']}{hint}  [{one['code']}]")
