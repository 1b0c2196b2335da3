"""Trace documents put together and taken apart: some of their entities, several as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Document = dict[str, Any]


def subset(document: Document, positions: Iterable[int]) -> Document:
    """A document of some of the recorded entities, in that order, with their values alone."""
    values: list[Any] = []
    numbers: dict[int, int] = {}

    def number_of(old: int) -> int:
        if old not in numbers:
            numbers[old] = len(values)
            values.append(document["values"][old])
        return numbers[old]

    entities = [
        _renumbered(document["entities"][one], number_of, lambda path: path) for one in positions
    ]
    return {**document, "values": values, "entities": entities}


def joined(documents: Sequence[Document]) -> Document:
    """One document of the entities of several, which are of the same rules."""
    first = documents[0]
    if len(documents) == 1:
        return first
    paths: dict[str, int] = {path: number for number, path in enumerate(first["paths"])}
    values = list(first["values"])
    entities = list(first["entities"])
    for document in documents[1:]:
        start = len(values)
        values += document["values"]
        known = [paths.setdefault(path, len(paths)) for path in document["paths"]]
        positions = range(start, len(values))
        entities += [
            _renumbered(entity, positions.__getitem__, known.__getitem__)
            for entity in document["entities"]
        ]
    return {**first, "paths": list(paths), "values": values, "entities": entities}


def _renumbered(
    entity: Document, value: Callable[[int], int], path: Callable[[int], int]
) -> Document:
    """A recorded entity with other positions of its values and paths."""
    return {
        **entity,
        "source": value(entity["source"]),
        "results": [value(one) for one in entity["results"]],
        "frames": [{**frame, "source": value(frame["source"])} for frame in entity["frames"]],
        "events": [_event(event, value, path) for event in entity["events"]],
    }


def _event(event: Document, value: Callable[[int], int], path: Callable[[int], int]) -> Document:
    made = {**event, "path": path(event["path"])}
    if "output" in event:
        made["output"] = value(event["output"])
    for name in ("inputs", "emits"):
        if name in event:
            made[name] = [value(one) for one in event[name]]
    if "sets" in event:
        made["sets"] = {name: value(one) for name, one in event["sets"].items()}
    if "lookups" in event:
        made["lookups"] = [
            {**one, "keys": value(one["keys"])} if "keys" in one else one
            for one in event["lookups"]
        ]
    if "rows" in event:
        made["rows"] = [
            {alias: {**one, "value": value(one["value"])} for alias, one in row.items()}
            for row in event["rows"]
        ]
    return made
