"""The look-ups that rules made: how many, by which way, what they found, and which are in vain."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.trace.words import index_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_interactive.debugger.recorded import Recorded

MANY = 1.5
"""From so many look-ups of one place for each entity on, it is asked once an item."""

FANOUT = 100
"""From so many entities for one look-up on, it is told."""


@dataclass
class Lookups:
    """The look-ups of one place in one dataset, over the recorded entities."""

    path: str
    dataset: str
    entities: int
    in_rule: bool
    way: str = ""
    asked: int = 0
    found: int = 0
    read_all: int = 0
    empty: int = 0
    again_in_entity: int = 0
    keys: dict[str, int] = field(default_factory=dict)

    @property
    def each(self) -> float:
        """Look-ups for each recorded entity."""
        return self.asked / self.entities if self.entities else 0.0

    @property
    def fanout(self) -> float:
        """Entities that one look-up finds."""
        return self.found / self.asked if self.asked else 0.0

    @property
    def repeated(self) -> int:
        """Look-ups with keys that were looked up before: the node remembers those for a batch."""
        return self.asked - len(self.keys) - self.read_all

    @property
    def warnings(self) -> list[str]:
        found = []
        if self.read_all:
            found.append(f"reads every entity of {self.dataset}: no index fits its condition")
        if self.each > MANY and self.in_rule:
            found.append(
                f"N+1: {self.each:.1f} look-ups in {self.dataset} for each entity, one an item; "
                "hop once in the default rule and take it from there"
            )
        elif self.again_in_entity:
            found.append(f"the same look-up is made again, {self.again_in_entity} times in all")
        if self.fanout > FANOUT:
            found.append(f"{self.fanout:,.0f} entities of {self.dataset} for each look-up")
        return found

    def data(self) -> dict[str, Any]:
        """As JSON."""
        names = ("path", "dataset", "way", "asked", "found", "empty", "read_all")
        return {
            **{name: getattr(self, name) for name in names},
            "each": self.each,
            "fanout": self.fanout,
            "repeated": self.repeated,
            "again_in_entity": self.again_in_entity,
            "warnings": self.warnings,
        }


def lookups_of(recorded: Recorded) -> Iterator[Lookups]:
    """The look-ups of each place, by dataset, in the order of the rules."""
    document = recorded.document
    count = len(document["entities"])
    found: dict[tuple[str, str], Lookups] = {}
    for number in range(count):
        recording = recorded.recording_of(number)
        here: set[tuple[str, str, str]] = set()
        for position, event in enumerate(recording.events):
            for lookup in event.get("lookups", ()):
                path = recording.path(position)
                key = (path, lookup["dataset"])
                held = found.get(key)
                if held is None:
                    inner = event["frame"] != 0
                    held = found[key] = Lookups(path, lookup["dataset"], count, inner)
                _count(held, lookup, recording.values, here)
    order = list(recorded.rules.nodes)
    yield from sorted(found.values(), key=lambda one: (order.index(one.path), one.dataset))


def _count(
    held: Lookups, lookup: dict[str, Any], values: list[Any], here: set[tuple[str, str, str]]
) -> None:
    held.asked += 1
    held.found += lookup["found"]
    held.empty += lookup["found"] == 0
    if lookup["index"] is None:
        held.way, held.read_all = "every entity", held.read_all + 1
        return
    index = lookup["index"]
    held.way = f"index {index_text(index)}" if index else "_id"
    keys = json.dumps(values[lookup["keys"]], sort_keys=True) if "keys" in lookup else ""
    key = f"{index} {keys}"
    held.keys[key] = held.keys.get(key, 0) + 1
    mark = (held.path, held.dataset, key)
    held.again_in_entity += mark in here
    here.add(mark)
