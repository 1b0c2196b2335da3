"""What stands at a place of a text: the words of a reader who points at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from sesam_node.dtl.complete.candidates import (
    OPTION_DOCS,
    VARIABLE_DOCS,
    examples_of,
    type_of,
)
from sesam_node.dtl.complete.place import Place, Role, entry_of, locate
from sesam_node.dtl.complete.shapes import Shapes, aliases_at, parsed_path
from sesam_node.dtl.complete.target import by_name

if TYPE_CHECKING:
    from sesam_node.dtl.registry import Function
    from sesam_node.dtl.written_text import WrittenText

MAX_EXAMPLES = 3

Hover = TypedDict(
    "Hover",
    {
        "from": int,
        "to": int,
        "label": str,
        "kind": str,
        "detail": str,
        "doc": str,
        "examples": list[dict[str, Any]],
    },
)
"""What stands between the offsets `from` and `to`. `examples` (of a function) are as in the
reference: `expression`, `expect`, and `source` where it is needed."""

Found = tuple[str, str, str, str, list[dict[str, Any]]]


def hover_at(written: WrittenText, offset: int, shapes: Shapes) -> Hover | None:
    """What stands at an offset; on a quote, that of its text."""
    place = locate(written, offset)
    for other in (offset + 1, offset - 1):
        if place.token is None:
            place = locate(written, other)
    token = place.token
    if token is None or token.kind != "string" or not token.start <= offset <= token.end:
        return None
    found = _found(place, str(token.value), shapes)
    if found is None:
        return None
    label, kind, detail, doc, examples = found
    return {
        "from": token.start,
        "to": token.end,
        "label": label,
        "kind": kind,
        "detail": detail,
        "doc": doc,
        "examples": examples,
    }


def _found(place: Place, text: str, shapes: Shapes) -> Found | None:
    step = place.steps[-1] if place.steps else None
    if place.role in (Role.TRANSFORM_NAME, Role.FUNCTION_NAME) and step:
        entry = entry_of(step.node, step.role)
        return _function(entry) if entry else None
    if place.role is Role.HOP_KEY and text in OPTION_DOCS:
        return text, "option", *OPTION_DOCS[text], []
    if place.role is Role.RULE:
        block = shapes.rules.get(text)
        count = len(block.items) if block else 0
        plural = "" if count == 1 else "s"
        return (text, "rule", f"{count} transform{plural}", "", []) if block else None
    if place.role in (Role.SOURCE_NAME, Role.PATTERN):
        return _property(text, by_name(shapes.of_variable("_S", place)).get(text))
    if place.role in (Role.EXPRESSION, Role.WHERE, Role.RETURN, Role.TEMPLATE):
        return _path(place, text, shapes)
    return None


def _function(entry: Function) -> Found:
    examples: list[dict[str, Any]] = []
    for one in [example for example in entry.examples if not example.fails][:MAX_EXAMPLES]:
        shown = {"expression": one.expression, "expect": one.expect}
        if one.source is not None:
            shown["source"] = one.source
        examples.append(shown)
    kind = "transform" if entry.kind == "transform" else "function"
    return entry.name, kind, entry.signature.text, entry.doc, examples


def _property(label: str, found: Any) -> Found | None:
    return (label, "property", type_of(found), examples_of(found), []) if found else None


def _path(place: Place, text: str, shapes: Shapes) -> Found | None:
    parsed = parsed_path(text)
    if parsed is None:
        return None
    variable, names = parsed
    names = tuple(name for name in names if name)
    datasets = {alias.name: alias.dataset for alias in aliases_at(place)}
    if not names:
        if variable in datasets:
            return text, "alias", datasets[variable], "alias of a dataset", []
        doc = VARIABLE_DOCS.get(variable)
        return (text, "variable", "variable", doc, []) if doc else None
    if variable not in VARIABLE_DOCS and variable not in datasets:
        return None
    shape = by_name(shapes.of_path(variable, names[:-1], place))
    return _property(text, shape.get(names[-1]))
