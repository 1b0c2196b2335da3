"""What can stand at a place of an unfinished rule text, and what stands there.

    from sesam_node.dtl.complete import complete, hover
    complete('[["copy", "*"], ["add", "x", ["upp', 34)["items"][0]["label"]    # 'upper'

The text is a list of transforms, an object of rules, or a configuration with rules in it. It may be
as broken as a text is while it is typed. Offsets count code points, as `SourceText` does, which
also says how to get from and to the UTF-16 units of editors.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, TypedDict

from sesam_node.dtl.complete.candidates import EXPRESSION_ROLES, NAME_ROLES, Candidates
from sesam_node.dtl.complete.hovering import Hover, hover_at
from sesam_node.dtl.complete.place import Place, Role, locate
from sesam_node.dtl.complete.ranking import Candidate, Item, ranked
from sesam_node.dtl.complete.shapes import Shapes, parsed_path
from sesam_node.dtl.written_text import unescaped, written_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sesam_node.dtl.schema import Schema

__all__ = ["Completions", "Hover", "Item", "complete", "hover"]

SEGMENT = re.compile(r"'(?:[^']|'')*'?|[^.']*")

Completions = TypedDict("Completions", {"from": int, "to": int, "close": str, "items": list[Item]})
"""`items` replace the text between the offsets `from` and `to`; the best comes first."""


def complete(
    text: str,
    offset: int,
    *,
    schema: Schema | None = None,
    datasets: Iterable[str] = (),
    rules: Iterable[str] = (),
    dataset_schemas: Mapping[str, Schema] | None = None,
) -> Completions:
    """What can stand at `offset` of a text, at most 200 items.

    `schema` is that of the source entities, `dataset_schemas` those of datasets by id; `datasets`
    are the ids that may be hopped to, `rules` names of rules that are not in the text. Inside of
    quotes an item's `insert` is what stands between them, else it brings its quotes or brackets;
    `close` is the quote that is missing behind it, nothing where there is one or none is wanted.

    Never raises; there are no items where anything may stand, or nothing.
    """
    offset = max(0, min(offset, len(text)))
    written = written_text(text)
    place = locate(written, offset)
    shapes = Shapes(written, schema, dataset_schemas or {})
    known = tuple(dict.fromkeys([*datasets, *(dataset_schemas or {})]))
    found = Candidates(place, shapes, known, tuple(rules))
    if _is_beside_a_value(place) or _is_in_comment(place):
        return {"from": offset, "to": offset, "close": "", "items": []}
    start, end = _span(place)
    typed = text[start:offset]
    if place.is_quoted and place.role in EXPRESSION_ROLES and place.role not in NAME_ROLES:
        path = _open_path(typed)
        if path is not None:
            variable, names, begin = path
            segment = SEGMENT.match(text, start + begin, end)
            stop = segment.end() if segment else end
            query = unescaped(typed[begin:]).strip("'").replace("''", "'")
            items = ranked(query, found.path(variable, names))
            close = _closing(place, stop)
            shown = _items(items, quoted=True)
            return {"from": start + begin, "to": stop, "close": close, "items": shown}
    if place.role is Role.HOP_DATASET and " " in text[start:end]:
        end = start + text[start:end].index(" ")
        if offset > end:
            return {"from": offset, "to": offset, "close": "", "items": []}
    items = ranked(unescaped(typed), found.all())
    quoted = place.is_quoted
    key = not quoted and place.role in (Role.HOP_KEY, Role.RULE_KEY, Role.ALIAS)
    shown = _items(items, quoted=quoted, key=key)
    return {"from": start, "to": end, "close": _closing(place, end), "items": shown}


def hover(
    text: str,
    offset: int,
    *,
    schema: Schema | None = None,
    dataset_schemas: Mapping[str, Schema] | None = None,
) -> Hover | None:
    """What stands at `offset`: a function, variable, property, rule or option of a hop; or None."""
    written = written_text(text)
    return hover_at(written, offset, Shapes(written, schema, dataset_schemas or {}))


def _span(place: Place) -> tuple[int, int]:
    """What is replaced: the inside of a string, a word, or nothing."""
    token = place.token
    if token is None:
        return place.offset, place.offset
    if token.kind != "string":
        return token.start, token.end
    return token.start + 1, token.end - token.closed


def _closing(place: Place, end: int) -> str:
    """The quote that is missing behind what is put in up to `end`."""
    token = place.token
    if token is None or not place.is_quoted or token.closed or end < token.end:
        return ""
    return '"'


def _is_beside_a_value(place: Place) -> bool:
    """Is the cursor behind a value, where only a comma can stand, or outside of the text's?"""
    if place.token is not None:
        return False
    if not place.steps:
        return True
    step = place.steps[-1]
    if step.position >= len(step.node.items):
        last = step.node.items[-1] if step.node.items else None
        return last is not None and last.comma < 0 and last.kind != "missing"
    item = step.node.items[step.position]
    key = step.node.keys[step.position] if step.node.keys else None
    if key is not None and place.offset < item.start:
        return item.kind != "missing" and place.offset >= key.start
    return item.kind != "missing" and place.offset >= item.end


def _is_in_comment(place: Place) -> bool:
    nodes = [step.node for step in place.steps]
    for comment in nodes[-1].comments if nodes else []:
        ends = place.offset < comment.end or not comment.is_block
        if comment.start < place.offset <= comment.end and ends:
            return True
    return False


def _open_path(typed: str) -> tuple[str, tuple[str, ...], int] | None:
    """Variable and whole names of a path that is being typed, and where its last name begins."""
    dot = typed.find(".")
    if dot <= 0:
        return None
    begin = dot + 1
    while True:
        segment = SEGMENT.match(typed, begin)
        end = segment.end() if segment else len(typed)
        if end >= len(typed) or typed[end] != ".":
            break
        begin = end + 1
    parsed = parsed_path(unescaped(typed[: begin - 1]) + "." * (begin == dot + 1))
    return None if parsed is None else (*parsed, begin)


def _items(candidates: Iterable[Candidate], *, quoted: bool, key: bool = False) -> list[Item]:
    items: list[Item] = []
    for one in candidates:
        insert = one.text
        if not one.raw:
            insert = json.dumps(one.text, ensure_ascii=False)
            insert = insert[1:-1] if quoted else insert + ": " * key
        items.append(
            {
                "label": one.label,
                "kind": one.kind,
                "insert": insert,
                "detail": one.detail,
                "doc": one.doc,
            }
        )
    return items
