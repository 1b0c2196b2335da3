"""What happens on a node, as it happens: `for event in hub.events(): …`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sesam_interactive.client.connection import Connection

STREAM = "text/event-stream"


class Event(NamedTuple):
    """A `snapshot` of pipes, datasets and systems by id, or `changes` of it (null: gone)."""

    name: str
    data: dict[str, Any]


def read_events(connection: Connection) -> Iterator[Event]:
    """The events of a node; the first is a snapshot. After a quarter of an hour it ends them."""
    with connection.stream("/events", accept=STREAM) as answer:
        yield from parsed(answer.iter_lines())


def parsed(lines: Iterable[str]) -> Iterator[Event]:
    """The events in the lines of a stream; comments are left out."""
    name, data = "message", ""
    for line in lines:
        if not line and data:
            yield Event(name, msgspec.json.decode(data))
            name, data = "message", ""
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            data += value
