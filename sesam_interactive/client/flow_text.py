"""A flow as text: systems, and below them pipes, each below the pipe that it reads from.

10 pipes: 9 ok, 1 failed; 8 datasets, 1 system

crm (system:sql)
├─ customer        ok          1,200 entities      3,000/s
└─ order           ok         88,000 entities     12,000/s
   └─ order-named  failed     87,990 entities  12 waiting  hops customer
                   not today
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 110
MOST_LINES = 400
Json = dict[str, Any]


class _Flow(Protocol):
    data: Json

    @property
    def nodes(self) -> list[Json]: ...
    @property
    def edges(self) -> list[Json]: ...
    @property
    def pipes(self) -> list[Json]: ...
    def order(self) -> list[str]: ...
    def cycles(self) -> list[list[str]]: ...


@dataclass
class _Line:
    node: Json
    notes: list[str] = field(default_factory=list)
    children: list[_Line] = field(default_factory=list)


def headline(flow: _Flow) -> str:
    """How many there are of what, and how they are."""
    states = Counter(node["state"] for node in flow.pipes)
    kinds = Counter(node["kind"] for node in flow.nodes)
    told = ", ".join(f"{count:,} {state}" for state, count in sorted(states.items(), key=_first))
    counted = [plural(kinds["dataset"], "dataset"), plural(kinds["system"], "system")]
    pipes = plural(len(flow.pipes), "pipe")
    return f"{pipes}: {told}; {', '.join(counted)}" if told else f"{pipes}; {', '.join(counted)}"


def _first(item: tuple[str, int]) -> tuple[bool, int, str]:
    return item[0] != "ok", -item[1], item[0]


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def entities_text(count: int) -> str:
    return f"{count:,} {'entity  ' if count == 1 else 'entities'}"


def flow_text(flow: _Flow) -> str:
    """The flow as a tree of lines; cycles and what nothing reads are told below it."""
    roots = _trees(flow)
    rows = [row for root in roots for row in _rows(root, "", "")]
    lines = [headline(flow), "", *_aligned(rows[:MOST_LINES])]
    if len(rows) > MOST_LINES:
        lines.append(f"... and {len(rows) - MOST_LINES:,} lines more")
    lines += [f"cycle: {' → '.join([*cycle, cycle[0]])}" for cycle in flow.cycles()]
    return "\n".join(lines)


def _trees(flow: _Flow) -> list[_Line]:
    """Each pipe below the first thing that its entities come from."""
    nodes = {node["id"]: node for node in flow.nodes}
    into: dict[str, list[Json]] = {}
    for edge in flow.edges:
        into.setdefault(edge["to"], []).append(edge)
    lines = {node_id: _Line(node) for node_id, node in nodes.items()}
    placed: set[str] = set()
    rank = {f"pipe:{name}": place for place, name in enumerate(flow.order())}
    for pipe in sorted(rank, key=rank.__getitem__):
        edges = into.get(pipe, [])
        sources = [edge["from"] for edge in edges if edge["kind"] in ("source", "merge")]
        parent = next(
            (
                p
                for source in sources
                for p in _writers(source, into)
                if rank.get(p, -1) < rank[pipe]
            ),
            None,
        )
        lines[pipe].notes = _notes(edges, nodes, sources)
        if parent is not None:
            lines[parent].children.append(lines[pipe])
            placed.add(pipe)
    named = {edge["from"] for edge in flow.edges} | {edge["to"] for edge in flow.edges}
    written = {edge["to"] for edge in flow.edges if edge["kind"] == "sink"}
    for node_id, line in lines.items():
        # A dataset that a pipe writes is told by the line of the pipe.
        if line.node["kind"] == "dataset" and node_id in written:
            placed.add(node_id)
        if line.node["kind"] == "system" and not line.children and node_id in named:
            line.notes.append("written to" if node_id in written else "")
    return [line for node_id, line in lines.items() if node_id not in placed]


def _writers(node_id: str, into: dict[str, list[Json]]) -> Iterator[str]:
    """The pipes that write a dataset; what no pipe writes, and a system, stands for itself."""
    writers = [edge["from"] for edge in into.get(node_id, ()) if edge["kind"] == "sink"]
    yield from writers if writers and node_id.startswith("dataset:") else [node_id]


def _notes(edges: list[Json], nodes: dict[str, Json], sources: list[str]) -> list[str]:
    """What else it reads: hops, look-ups, further sources."""
    notes = []
    for kind, verb in (("hop", "hops"), ("lookup", "looks up"), ("merge", "merges")):
        names = [
            nodes[edge["from"]]["name"] + (f" (+{edge['queue']:,})" if edge["queue"] else "")
            for edge in edges
            if edge["kind"] == kind
        ]
        if names:
            notes.append(f"{verb} {', '.join(names)}")
    plain = [edge for edge in edges if edge["kind"] == "source" and edge["from"] in sources]
    if len(plain) > 1:
        notes.append(f"reads {', '.join(nodes[edge['from']]['name'] for edge in plain)}")
    return notes


Row = tuple[str, str, str, str, str, str]


def _rows(line: _Line, before: str, own: str) -> Iterator[Row]:
    yield _row(line, f"{before}{own}")
    if line.node["message"] and line.node["state"] != "on request":
        bar = "│  " if line.children else "   "
        inner = before + {"├─ ": "│  ", "└─ ": "   ", "": ""}[own] + bar
        yield inner, "", "", "", "", f"! {first_line(line.node['message'])}"
    for position, child in enumerate(line.children):
        last = position == len(line.children) - 1
        inner = before + {"├─ ": "│  ", "└─ ": "   ", "": ""}[own]
        yield from _rows(child, inner, "└─ " if last else "├─ ")


def _row(line: _Line, lead: str) -> Row:
    node = line.node
    name = lead + node["name"]
    if node["kind"] == "system":
        state = "" if node["state"] == "ok" else node["state"]
        return f"{name} ({node['type']})", state, "", "", "", " ".join(filter(None, line.notes))
    entities = "" if node["entities"] is None else entities_text(node["entities"])
    queue = f"{node['queue']:,} waiting" if node["queue"] else ""
    rate = "" if node["rate"] is None else f"{rate_text(node['rate'])}/s"
    kind = ["dataset"] if node["kind"] == "dataset" else _outside(node["type"])
    notes = "; ".join([*kind, *line.notes])
    return name, node["state"], entities, rate, queue, notes


def _outside(type_: str) -> list[str]:
    """What a pipe reads from or writes to, where that is no dataset."""
    source, _, sink = type_.partition(" → ")
    notes = [f"from {source}"] if source.endswith("_endpoint") or source == "embedded" else []
    return notes + ([] if sink in ("dataset", "") else [f"to {sink}"])


def _aligned(rows: list[Row]) -> list[str]:
    plain = [row for row in rows if any(row[1:5])]
    widths = [max((len(row[place]) for row in plain), default=0) for place in range(5)]
    lines = []
    for row in rows:
        name, state, entities, rate, queue, notes = row
        if not any(row[1:5]):
            lines.append(f"{name}  {notes}".rstrip() if not notes.startswith("!") else name + notes)
            continue
        cells = [name.ljust(widths[0]), state.ljust(widths[1]), entities.rjust(widths[2])]
        cells += [rate.rjust(widths[3]), queue.rjust(widths[4]), notes]
        lines.append("  ".join(cells).rstrip())
    return lines


def rate_text(rate: float) -> str:
    """A rate with as many digits as it takes."""
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"


def first_line(text: str) -> str:
    """The first line of a message, cut where it is long."""
    line = next(iter(text.strip().splitlines()), "")
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 3]}..."
