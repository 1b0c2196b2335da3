"""Figures of a trace as tables: how often each part of the rules ran, and how long it took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Place = Callable[[str], str]


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Columns side by side; the last `left` are aligned to the left, the others to the right."""
    every = [head, *rows]
    widths = [max(len(row[column]) for row in every) for column in range(len(head))]
    numbers = len(head) - left
    lines = []
    for row in every:
        cells = [cell.rjust(widths[i]) for i, cell in enumerate(row[:numbers])]
        cells += [cell.ljust(widths[i]) for i, cell in enumerate(row[numbers:], start=numbers)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def duration(nanoseconds: float) -> str:
    """A time as people read it."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.1f} {unit}"
    return f"{nanoseconds:.0f} ns"


def figures(document: dict[str, Any]) -> dict[str, int]:
    """How many entities came, came out, were filtered and failed."""
    if document["strength"] == "counters":
        return {name: document[name] for name in ("entities", "results", "filtered", "errors")}
    values = document["values"]
    out = [values[number] for entity in document["entities"] for number in entity["results"]]
    filtered = sum("_filtered" in item for item in out)
    failed = sum(entity["error"] is not None for entity in document["entities"])
    return {
        "entities": len(document["entities"]),
        "results": len(out) - filtered,
        "filtered": filtered,
        "errors": failed,
    }


def summary(document: dict[str, Any]) -> str:
    """What became of the entities, and the first failures."""
    numbers = figures(document)
    noun = "entity" if numbers["entities"] == 1 else "entities"
    text = (
        f"{numbers['entities']} {noun}: {numbers['results']} came out, "
        f"{numbers['filtered']} filtered, {numbers['errors']} failed"
    )
    if document["strength"] == "full":
        for entity in [e for e in document["entities"] if e["error"] is not None][:10]:
            error = entity["error"]
            source = document["values"][entity["source"]]
            text += f"\n  {source['_id']}: {error['message']} [{error['path']}]"
    return text


def timing_table(document: dict[str, Any], place: Place = str) -> str:
    """Every node of the rules in order: how often it ran, gave null, failed, and its time.

    `place` gives the path to show for a path of the document.
    """
    from sesam_node.dtl.trace import coverage, timings

    times = timings(document)
    rows = []
    for path, node in coverage(document).items():
        time = times.get(path)
        each = duration(time["ns"] / time["count"]) if time and time["count"] else ""
        own = duration(time["self_ns"] / time["count"]) if time and time["count"] else ""
        counts = [str(node[name] or "") for name in ("null", "error")]
        rows.append([str(node["fired"]), *counts, each, own, _named(node), place(path)])
    return table(["ran", "null", "failed", "each", "own", "what", "path"], rows, left=2)


def coverage_table(document: dict[str, Any], place: Place = str) -> str:
    """What of the rules ran: how much of each kind, and the parts that never did."""
    from sesam_node.dtl.trace import coverage

    found = coverage(document)
    rows = []
    for kind in ("rule", "transform", "function", "path"):
        nodes = [node for node in found.values() if node["kind"] == kind]
        ran = sum(node["fired"] > 0 for node in nodes)
        if nodes:
            rows.append([str(ran), str(len(nodes)), f"{100 * ran // len(nodes)} %", f"{kind}s"])
    text = table(["ran", "of", "share", "what"], rows)
    never = [[_named(node), place(path)] for path, node in found.items() if not node["fired"]]
    if never:
        text += "\n\n" + table(["never ran", "path"], never, left=2)
    return text


def _named(node: dict[str, Any]) -> str:
    return f"{node['kind']} {node['name']}" if node["kind"] != "path" else str(node["name"])


def top_table(document: dict[str, Any], most: int, place: Place = str) -> str:
    """The nodes that took most of the time by themselves, with their share of it."""
    from sesam_node.dtl.trace import coverage, timings

    names = coverage(document)
    times = {path: time for path, time in timings(document).items() if time["self_ns"]}
    whole = sum(time["self_ns"] for time in times.values()) or 1
    first = sorted(times.items(), key=lambda item: -item[1]["self_ns"])[:most]
    rows = [
        [
            f"{100 * time['self_ns'] / whole:.1f} %",
            duration(time["self_ns"] / max(time["count"], 1)),
            _named(names[path]),
            place(path),
        ]
        for path, time in first
    ]
    return table(["time", "each", "what", "path"], rows, left=2)
