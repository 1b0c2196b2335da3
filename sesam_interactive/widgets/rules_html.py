"""Rules with values beside them as HTML without scripts: what stays of an editor or a trace."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from sesam_node.errors import preview

if TYPE_CHECKING:
    from collections.abc import Mapping

SHOWN = 70
CODE = "font-family:monospace;white-space:pre-wrap;margin:0"
DIM = "opacity:.65;padding-left:1.5em"


def rules_html(
    text: str,
    trace: Mapping[str, Any] | None = None,
    spans: Mapping[str, tuple[int, int]] | None = None,
    *,
    entity: int = 0,
    note: str = "",
) -> str:
    """The text line by line, behind each what a transform or call that begins there gave."""
    values = {} if trace is None or not spans else line_values(text, trace, spans, entity)
    lines = [
        escape(line) + (f"<span style='{DIM}'>{escape(values[n])}</span>" if n in values else "")
        for n, line in enumerate(text.rstrip("\n").split("\n"))
    ]
    told = f"<div><i>{escape(note)}</i></div>" if note else ""
    return f"{told}<pre style='{CODE}'>" + "\n".join(lines) + "</pre>"


def line_values(
    text: str, trace: Mapping[str, Any], spans: Mapping[str, tuple[int, int]], entity: int
) -> dict[int, str]:
    """By line, from 0, what the outermost thing that begins there gave. Spans are UTF-16 units."""
    if entity >= len(trace["entities"]):
        return {}
    units = text.encode("utf-16-le")
    found: dict[int, tuple[int, str]] = {}
    last = {trace["paths"][e["path"]]: e for e in trace["entities"][entity]["events"]}
    for path, event in last.items():
        span = spans.get(path)
        told = event_text(event, trace["values"])
        if span is None or event["kind"] in ("rule", "path") or not told:
            continue
        line = units[: 2 * span[0]].decode("utf-16-le").count("\n")
        if line not in found or span[0] < found[line][0]:
            found[line] = (span[0], told)
    return {line: told for line, (_, told) in found.items()}


def event_text(event: Mapping[str, Any], values: list[Any]) -> str:
    """What an event did, in few words."""
    if "error" in event:
        return f"failed: {event['error']}"
    if "ends" in event:
        return str(event["ends"])
    if event.get("sets"):
        pairs = [f"{name} = {preview(values[v], SHOWN)}" for name, v in event["sets"].items()]
        told = ", ".join(pairs)
        return told if len(told) <= SHOWN else f"{told[:SHOWN]}…"
    if event.get("removes"):
        return f"without {', '.join(event['removes'])}"
    return preview(values[event["output"]], SHOWN) if "output" in event else ""
