"""What a rule set does and how it is carried out, told before it is deployed.

    found = explain({"default": [["copy", "*"]]}, RuleContext(source_dataset="person"))
    print(explain_text(found))

Everything is read from the checked tree, the plan and the compiled rules; nothing runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.compile import compile_rules
from sesam_node.dtl.explain.changes import changes_of
from sesam_node.dtl.explain.folding import folded_of, reading_scope
from sesam_node.dtl.explain.hopping import hops_of, shared_of, unhopped
from sesam_node.dtl.explain.text import explain_text
from sesam_node.dtl.explain.wording import index_words
from sesam_node.dtl.explain.writes import RuleReader
from sesam_node.dtl.syntax import RuleContext
from sesam_node.dtl.wildcards import wildcard
from sesam_node.errors import json_path

if TYPE_CHECKING:
    from sesam_node.dtl.compile import CompiledRules
    from sesam_node.dtl.plan import Plan

__all__ = ["FORMAT", "VERSION", "explain", "explain_text"]

FORMAT = "sesam-dtl-explanation"
VERSION = 1
COMMENT_AT = 72
NEVER_SETTING = frozenset(["create", "fail!", "remove", "sleep!", "trip!"])
"""Transforms that leave the properties of the target alone, or take some away."""


def explain(
    rules: Any,
    context: RuleContext = RuleContext(),  # noqa: B008 - immutable
    *,
    path: tuple[str | int, ...] = ("rules",),
    own_ids: bool = True,
) -> dict[str, Any]:
    """What a rule set does, as JSON data.

    `summary`, `cautions` (what may cost much or go unnoticed), `rules` (what each transform writes,
    from what, when), `hops` (how entities are found), `shared` look-ups, `lookups` without hops,
    `changes` (what runs again, how it is found, what that costs), `indexes` that are needed,
    `folded` calls, `warnings`, and the generated `source` with JSON paths as comments. Every list
    is there, empty where there is nothing. Paths lie below `path`. `own_ids` is false for rules
    behind a transform that may give
    entities other ids.

    Raises DtlError with every Problem of rules that do not compile.
    """
    compiled = compile_rules(rules, context, path=path)
    planned = compiled.plan
    hops, lookups, changes = (
        hops_of(planned),
        unhopped(planned),
        changes_of(compiled, own_ids=own_ids),
    )
    read = _rules(planned)
    return {
        "format": FORMAT,
        "version": VERSION,
        "pipe": context.pipe_id,
        "base": json_path(path),
        "summary": _summary(compiled),
        "cautions": [*_without_id(read[0], context), *_cautions(hops, changes)],
        "rules": read,
        "hops": hops,
        "shared": shared_of(planned),
        "lookups": lookups,
        "changes": changes,
        "indexes": _indexes(compiled),
        "folded": folded_of(planned),
        "warnings": [
            {"path": w.path, "code": w.code, "message": w.message, "hint": w.hint}
            for w in compiled.warnings
        ],
        "source": annotated(compiled),
    }


def _summary(compiled: CompiledRules) -> dict[str, Any]:
    planned = compiled.plan
    return {
        "source_dataset": planned.context.source_dataset,
        "reads": sorted(planned.read),
        "rules": list(planned.reachable),
        "unused_rules": sorted(set(planned.rules.rules) - set(planned.reachable)),
        "creates": planned.creates,
        "emits_own_id": compiled.emits_own_id,
    }


def _without_id(rule: dict[str, Any], context: RuleContext) -> list[dict[str, str]]:
    """The caution for a rule that never gives its target an `_id`, which it cannot do without."""
    if not context.id_required or any(map(_may_set_id, rule["transforms"])):
        return []
    text = 'nothing sets "_id": an entity that is not filtered or discarded fails; copy "_id"'
    return [{"path": "", "text": text}]


def _may_set_id(entry: dict[str, Any]) -> bool:
    """May a transform set `_id`, or be there to keep the target from being emitted?"""
    if "properties" in entry:
        return "_id" in entry["properties"]
    if entry["transform"] == "copy":
        excluded = any(wildcard(pattern)("_id") for pattern in entry.get("except", ()))
        # With namespaces a pattern means more than its text says.
        named = any(":" in one or wildcard(one)("_id") for one in entry["patterns"])
        return named and not excluded
    stops = "ends" in entry and "reads" not in entry
    return stops or ("ends" not in entry and entry["transform"] not in NEVER_SETTING)


def _cautions(hops: list[dict[str, Any]], changes: list[dict[str, Any]]) -> list[dict[str, str]]:
    """What may cost much, or go unnoticed, once this runs: `{"path", "text"}`."""
    found: list[dict[str, str]] = []
    for hop in hops:
        for spec in hop["specifications"]:
            for step in spec["steps"]:
                if step["find"] == "scan":
                    text = f"every entity of {step['dataset']} is read, each time this is evaluated"
                    found.append({"path": hop["path"], "text": text})
            if not spec["tracked"]:
                names = ", ".join(step["dataset"] for step in spec["steps"])
                text = f"changes in {names} are not followed: track-dependencies is false"
                found.append({"path": hop["path"], "text": text})
    for change in changes:
        if not change["exact"]:
            text = f"what is looked up in {change['dataset']} is recorded for each source entity"
            found.append({"path": "", "text": text})
    return found


def _rules(planned: Plan) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in planned.reachable:
        rule = planned.rules.rules[name]
        reader = RuleReader(reading_scope(planned, name))
        reader.read(rule)
        found.append(
            {
                "name": name,
                "path": json_path(rule.at),
                "transforms": reader.entries,
                "properties": reader.written,
                "result": reader.result(),
            }
        )
    return found


def _indexes(compiled: CompiledRules) -> list[dict[str, Any]]:
    """Each index with its expression in words, and whether hops or tracked changes need it."""
    steps = [s for specs in compiled.plan.hops.values() for spec in specs for s in spec.steps]
    hopped = {(step.dataset, step.index) for step in steps}
    found: list[dict[str, Any]] = []
    for dataset, index in compiled.indexes:
        used = (dataset, index) in hopped
        found.append(
            {
                "dataset": dataset,
                "index": index,
                "expression": index_words(index),
                "for": "hops" if used else "changes",
            }
        )
    return found


def annotated(compiled: CompiledRules) -> str:
    """The generated Python, each line with its JSON path as a comment where that changes."""
    lines: list[str] = []
    before = ""
    for number, line in enumerate(compiled.source.splitlines(), start=1):
        path = compiled.lines.get(number, "")
        lines.append(f"{line:<{COMMENT_AT}}  # {path}" if path and path != before else line)
        before = path
    return "\n".join(lines) + "\n"
