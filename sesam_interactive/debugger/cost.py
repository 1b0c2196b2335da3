"""What rules cost: time of each place, look-ups of hops, and what runs again when data changes."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from sesam_interactive.debugger.lookups import Lookups, lookups_of
from sesam_interactive.display.aligned import aligned
from sesam_interactive.display.html import table
from sesam_node.dtl.trace import coverage as coverage_of
from sesam_node.dtl.trace import timings

if TYPE_CHECKING:
    from sesam_interactive.debugger.coverage import Coverage
    from sesam_interactive.debugger.node import Node, Subject
    from sesam_interactive.debugger.recorded import Recorded
    from sesam_interactive.debugger.rules_text import RulesText

SHOWN = 15


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
        lines += [f"  {line}" for line in aligned(self.rows(), right=(2, 3, 4, 5))]
        if self.lookups:
            lines.append("look-ups")
            lines += [f"  {line}" for line in aligned(self.lookup_rows(), right=(3, 4, 5, 6))]
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
