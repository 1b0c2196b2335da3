"""What rules cost: time of each place, look-ups of hops, and what runs again when data changes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from sesam_interactive.display.html import table
from sesam_interactive.display.text_table import text_table
from sesam_node.dtl.trace import coverage as coverage_of
from sesam_node.dtl.trace import timings
from sesam_node.dtl.trace.words import index_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_interactive.debugger.coverage import Coverage
    from sesam_interactive.debugger.node import Node, Subject
    from sesam_interactive.debugger.recorded import Recorded
    from sesam_interactive.debugger.rules_text import RulesText

MANY = 1.5
"""From so many look-ups of one place for each entity on, it is asked once an item."""

FANOUT = 100
SHOWN = 15


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


@dataclass
class Cost:
    """What the rules cost: `places` by path, `lookups`, `reruns`, `warnings`.

    A place has `us` (one evaluation, with all within), `self_us` (without), `fired`, `share` (of
    the whole time, by itself). `reruns` is `changes` of `/api/dtl/explain`: which source entities
    run again when a dataset that is looked into changes, and how they are found. Times are of
    compiled rules where they were `counted`, else of the recording, which is many times slower.
    """

    rules: RulesText
    places: dict[str, dict[str, Any]]
    lookups: list[Lookups]
    reruns: list[dict[str, Any]]
    counted: bool
    entities: int

    @property
    def warnings(self) -> list[dict[str, str]]:
        """What should be looked at: `{"path", "text"}`."""
        return [{"path": one.path, "text": text} for one in self.lookups for text in one.warnings]

    @property
    def dearest(self) -> list[tuple[str, dict[str, Any]]]:
        """The places by the time that they take themselves, dearest first."""
        return sorted(self.places.items(), key=lambda item: -item[1]["share"])

    def data(self) -> dict[str, Any]:
        """As JSON, for a view."""
        return {
            "places": self.places,
            "lookups": [one.data() for one in self.lookups],
            "reruns": self.reruns,
            "warnings": self.warnings,
            "counted": self.counted,
            "entities": self.entities,
        }

    def rows(self) -> list[dict[str, Any]]:
        """A row a place, dearest first."""
        return [
            {
                "place": self.rules.short(path),
                "what": place["name"],
                "share": f"{place['share']:.0%}",
                "µs": f"{place['us']:.1f}",
                "µs itself": f"{place['self_us']:.1f}",
                "evaluated": f"{place['fired']:,}",
            }
            for path, place in self.dearest[:SHOWN]
        ]

    def lookup_rows(self) -> list[dict[str, Any]]:
        """A row each place and dataset that is looked into."""
        return [
            {
                "place": self.rules.short(one.path),
                "dataset": one.dataset,
                "way": one.way,
                "look-ups each": f"{one.each:.1f}",
                "found each": f"{one.fanout:.1f}",
                "none found": f"{one.empty:,}",
                "repeated": f"{one.repeated:,}",
            }
            for one in self.lookups
        ]

    def __repr__(self) -> str:
        how = "compiled rules" if self.counted else "the recording, which is slower than a run"
        lines = [f"cost over {self.entities:,} entities; times of {how}"]
        lines += [f"  {line}" for line in text_table(self.rows(), right=(2, 3, 4, 5))]
        if self.lookups:
            lines.append("look-ups")
            lines += [f"  {line}" for line in text_table(self.lookup_rows(), right=(3, 4, 5, 6))]
        lines += [f"! {self.rules.short(one['path'])}: {one['text']}" for one in self.warnings]
        for one in self.reruns:
            lines.append(f"when {one['dataset']} changes: {'; '.join(one['says'])}")
            lines += [f"    {cost}" for cost in one["costs"]]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = repr(self).splitlines()[0]
        warned = "".join(
            f"<li><b>{escape(self.rules.short(one['path']))}</b> {escape(one['text'])}</li>"
            for one in self.warnings
        )
        reruns = "".join(
            f"<li>when <b>{escape(one['dataset'])}</b> changes: {escape('; '.join(one['says']))}"
            f"<br><small>{escape('; '.join(one['costs']))}</small></li>"
            for one in self.reruns
        )
        looked = f"<b>look-ups</b>{table(self.lookup_rows())}" if self.lookups else ""
        return (
            f"<div><b>{escape(head)}</b>{table(self.rows())}{looked}"
            f"<ul>{warned}</ul><ul>{reruns}</ul></div>"
        )


def cost_of(
    recorded: Recorded, counted: Coverage | None = None, reruns: list[dict[str, Any]] | None = None
) -> Cost:
    """The cost, of a recording; its times of counters where there are some."""
    document = recorded.document if counted is None else counted.document
    spent, fired = timings(document), coverage_of(document)
    times = {
        path: (time["ns"] / time["count"] / 1000, time["self_ns"] / time["count"] / 1000)
        for path, time in spent.items()
        if time["count"]
    }
    total = sum(own * fired[path]["fired"] for path, (_, own) in times.items()) or 1.0
    places = {
        path: {
            "kind": fired[path]["kind"],
            "name": fired[path]["name"],
            "fired": fired[path]["fired"],
            "us": whole,
            "self_us": own,
            "share": own * fired[path]["fired"] / total,
        }
        for path, (whole, own) in times.items()
    }
    held = document["entities"]
    return Cost(
        recorded.rules,
        places,
        list(lookups_of(recorded)),
        reruns or [],
        counted is not None,
        held if isinstance(held, int) else len(held),
    )


def reruns_of(node: Node, subject: Subject) -> list[dict[str, Any]]:
    """What runs again when a dataset changes that the rules look into, as the node explains it."""
    about = subject.asked()
    asked = {name: value for name, value in about.items() if name not in ("overlay", "as_of")}
    explained = node.json("POST", "/dtl/explain", json=asked)
    found: list[dict[str, Any]] = explained["changes"]
    return found


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
