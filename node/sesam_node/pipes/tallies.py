"""Counts of the properties of entities that come and go: what a schema is made of.

A tally is JSON data: how many dicts there are at a place, and of each property how often it is
there, with values of which types, when it was first and last written, and a few examples. Adding an
entity and taking it away again leaves the counts as they were; so they are those of the entities
that are live now, not of all that ever were. `first`, `last` and examples are of what was added.
Where there are more names than are kept, `open` says that the counts are not all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.schema import (
    MAX_DEPTH,
    MAX_EXAMPLE,
    MAX_EXAMPLES,
    MAX_NAMES,
    Property,
    Schema,
    Shape,
)
from sesam_node.model.values import kind, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sesam_node.model import Entity

Tally = dict[str, Any]
"""`{"seen", "open"?, "names": {name: {"count", "types", "items", "first", "last", "examples",
"dicts"?}}}`; `dicts` is the tally of the dicts among values and elements, times are in
microseconds."""


def new_tally() -> Tally:
    return {"seen": 0, "names": {}}


def add(tally: Tally, entity: Entity, ts: int) -> None:
    """Counts an entity that was written at `ts`."""
    _dict(tally, entity, 1, ts, 0)


def take(tally: Tally, entity: Entity) -> None:
    """Takes an entity away that was counted."""
    _dict(tally, entity, -1, 0, 0)


def _dict(tally: Tally, entity: Entity, sign: int, ts: int, depth: int) -> None:
    tally["seen"] += sign
    names = tally["names"]
    for name, value in entity.items():
        found = names.get(name)
        if found is None:
            if sign < 0:
                continue
            if len(names) >= MAX_NAMES or depth >= MAX_DEPTH:
                tally["open"] = True
                continue
            found = names[name] = _new(ts)
        found["count"] += sign
        if found["count"] <= 0:
            del names[name]
            continue
        if sign > 0:
            found["last"] = max(found["last"], ts)
            found["first"] = min(found["first"], ts)
        type_ = kind(value)
        _count(found["types"], type_, sign)
        if type_ == "list":
            _elements(found, value, sign, ts, depth)
        else:
            _single(found, value, type_, sign, ts, depth)


def _new(ts: int) -> Tally:
    return {"count": 0, "types": {}, "items": {}, "first": ts, "last": ts, "examples": []}


def _count(counts: dict[str, int], name: str, sign: int) -> None:
    count = counts.get(name, 0) + sign
    if count > 0:
        counts[name] = count
    else:
        counts.pop(name, None)


def _elements(found: Tally, items: list[Any], sign: int, ts: int, depth: int) -> None:
    """The elements of a list; lists in it are one list with it, as paths walk them."""
    waiting: list[Any] = list(reversed(items))
    for item in items:
        _count(found["items"], kind(item), sign)
    while waiting:
        item = waiting.pop()
        if type(item) is list:
            waiting.extend(reversed(item))
        else:
            _single(found, item, kind(item), sign, ts, depth)


def _single(found: Tally, value: Any, type_: str, sign: int, ts: int, depth: int) -> None:
    if type_ == "dict":
        if "dicts" not in found:
            found["dicts"] = new_tally()
        _dict(found["dicts"], value, sign, ts, depth + 1)
        if found["dicts"]["seen"] <= 0:
            del found["dicts"]
    elif sign > 0 and type_ != "null" and len(found["examples"]) < MAX_EXAMPLES:
        shown = plain_text(value) if type(value) is str else value
        if type(shown) is int and abs(shown) >= 10**MAX_EXAMPLE:
            return
        if type(shown) is str and len(shown) > MAX_EXAMPLE:
            shown = shown[: MAX_EXAMPLE - 3] + "..."
        if all(type(shown) is not type(known) or shown != known for known in found["examples"]):
            found["examples"].append(shown)


def merged(tallies: Iterable[Tally]) -> Tally:
    """The counts of several tallies together."""
    total = new_tally()
    for tally in tallies:
        _merge(total, tally)
    return total


def _merge(total: Tally, tally: Tally) -> None:
    total["seen"] += tally["seen"]
    if tally.get("open"):
        total["open"] = True
    for name, found in tally["names"].items():
        known = total["names"].setdefault(name, _new(found["first"]))
        known["count"] += found["count"]
        known["first"] = min(known["first"], found["first"])
        known["last"] = max(known["last"], found["last"])
        for counts in ("types", "items"):
            for type_, count in found[counts].items():
                _count(known[counts], type_, count)
        room = MAX_EXAMPLES - len(known["examples"])
        fresh = [shown for shown in found["examples"] if shown not in known["examples"]]
        known["examples"].extend(fresh[: max(0, room)])
        if "dicts" in found:
            _merge(known.setdefault("dicts", new_tally()), found["dicts"])


def schema_of_tally(tally: Tally) -> Schema:
    """The tally as the schema that checker and completion work with."""
    return Schema(_shape(tally))


def _shape(tally: Tally) -> Shape:
    seen = max(tally["seen"], 0)
    properties = []
    for name in sorted(tally["names"]):
        found = tally["names"][name]
        properties.append(
            Property(
                name,
                found["count"],
                found["count"] / seen if seen else 0.0,
                tuple(sorted(found["types"].items())),
                tuple(sorted(found["items"].items())),
                tuple(found["examples"]),
                _shape(found["dicts"]) if "dicts" in found else None,
            )
        )
    return Shape(seen, tuple(properties), bool(tally.get("open")))
