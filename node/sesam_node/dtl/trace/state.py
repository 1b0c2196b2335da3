"""What the variables held at an event: the step of a debugger, forwards and backwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.trace.places import same_property
from sesam_node.dtl.trace.recording import Recording
from sesam_node.errors import InputError, Problem

if TYPE_CHECKING:
    from sesam_node.dtl.trace.document import Document


def state(
    document: Document, entity: int = 0, event: int = 0, *, after: bool = False
) -> dict[str, Any]:
    """`{"rule", "_S", "_T"}` before an event, or after it; `_P` the same of the caller, or null.

    The `_T` is a new dict, in the order in which properties were set; the other values belong to
    the document. Raises InputError for an entity or event that is not there.
    """
    recording = Recording(document, entity)
    if type(event) is not int or not 0 <= event < len(recording.events):
        held = f"entity {entity} has {len(recording.events)}, counted from 0"
        problem = Problem("$.events", "no-event", f"there is no event {event!r}; {held}")
        raise InputError("no such event in the trace", [problem])
    return state_in(recording, event, after=after)


def state_in(recording: Recording, event: int, *, after: bool = False) -> dict[str, Any]:
    """As `state`, of a recording that is asked again and again, and an event that is there."""
    end = end_of(recording, event) if after else event
    return context(recording, recording.events[event]["frame"], end, event)


def end_of(recording: Recording, event: int) -> int:
    """The position after an event and all that ran within it."""
    end = event + 1
    inside = {event}
    while end < len(recording.events) and recording.events[end]["parent"] in inside:
        inside.add(end)
        end += 1
    return end


def context(recording: Recording, frame: int | None, end: int, event: int) -> dict[str, Any]:
    """The variables of a frame before position `end`, its callers' within.

    What encloses `event` is under way: it has written nothing yet.
    """
    under_way = set(recording.ancestors(event))
    outermost: dict[str, Any] = {}
    holder = outermost
    while frame is not None:
        held = recording.frames[frame]
        holder["_P"] = {
            "rule": held["rule"],
            "_S": recording.values[held["source"]],
            "_T": target(recording, frame, end, under_way),
            "_P": None,
        }
        holder = holder["_P"]
        frame, end = held["parent"], held["event"] if held["event"] is not None else 0
    found: dict[str, Any] = outermost["_P"]
    return found


def target(recording: Recording, frame: int, end: int, under_way: set[int]) -> dict[str, Any]:
    """The target of a frame as the events before position `end` made it, but those under way."""
    made: dict[str, Any] = {}
    for number in recording.writers.get(frame, ()):
        if number >= end:
            break
        if number in under_way:
            continue
        event = recording.events[number]
        for name in event.get("removes", ()):
            made.pop(name, None)
        for name, value in event.get("sets", {}).items():
            made[name] = recording.values[value]
    return made


def writers_of(recording: Recording, frame: int, name: str, before: int | None = None) -> list[int]:
    """The transforms that set or removed a property of a frame's target, in order.

    `before`: only what had happened when that event was evaluated. A name as rules have it: an
    unqualified one means its property in any namespace, where there is none of that very name.
    """
    around = set() if before is None else set(recording.ancestors(before))
    events = [
        number
        for number in recording.writers.get(frame, ())
        if before is None or (number < before and number not in around)
    ]

    def touched(number: int) -> list[str]:
        event = recording.events[number]
        return [*event.get("sets", ()), *event.get("removes", ())]

    exact = [number for number in events if name in touched(number)]
    if exact:
        return exact
    return [n for n in events if any(same_property(name, other) for other in touched(n))]
