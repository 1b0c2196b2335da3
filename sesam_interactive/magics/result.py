"""What a `%%dtl` cell gives: source and target side by side, entities, frames."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from sesam_interactive.display.json_text import content, pretty
from sesam_interactive.frames import to_pandas, to_polars

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sesam_node.model import Entity

SHOWN = 10
WIDTH = 60
CODE = (
    "font-family:monospace;font-size:12px;white-space:pre-wrap;text-align:left;margin:0;"
    "background:transparent"
)


class DtlResult:
    """The outcome of a cell over a sample of source entities.

    `entities` are the emitted ones, `rejected` the results that emitted nothing: filtered,
    discarded or failed, each with its source and reason.
    """

    def __init__(self, name: str, results: Sequence[Mapping[str, Any]]) -> None:
        self.name = name
        self.results = list(results)

    @property
    def sources(self) -> list[Entity]:
        return [result["source"] for result in self.results]

    @property
    def entities(self) -> list[Entity]:
        return [entity for result in self.results for entity in result.get("emitted") or ()]

    @property
    def rejected(self) -> list[Mapping[str, Any]]:
        return [result for result in self.results if not result.get("emitted")]

    @property
    def errors(self) -> list[Mapping[str, Any]]:
        return [result for result in self.results if result.get("error")]

    def to_polars(self) -> Any:
        """The emitted entities as a polars frame."""
        return to_polars(self.entities)

    def to_pandas(self) -> Any:
        """The emitted entities as a pandas frame."""
        return to_pandas(self.entities)

    def __len__(self) -> int:
        return len(self.entities)

    def __iter__(self) -> Iterator[Entity]:
        return iter(self.entities)

    def summary(self) -> str:
        """One line: how many were read, emitted, filtered, discarded, failed."""
        counts = {
            "read": len(self.results),
            "emitted": len(self.entities),
            "filtered": sum(bool(result.get("filtered")) for result in self.results),
            "discarded": sum(bool(result.get("discarded")) for result in self.results),
            "failed": len(self.errors),
        }
        shown = [f"{n} {what}" for what, n in counts.items() if n or what in ("read", "emitted")]
        return f"{self.name}: {', '.join(shown)}"

    def __repr__(self) -> str:
        lines = [self.summary()]
        for result in self.results[:SHOWN]:
            lines += ["", _plain(content(result["source"])), f"  → {_outcome(result)}"]
        return "\n".join([*lines, *self._more()])

    def _more(self) -> list[str]:
        more = len(self.results) - SHOWN
        return [f"... and {more} more: .entities, .rejected, .to_polars()"] if more > 0 else []

    def _repr_html_(self) -> str:
        rows = "".join(self._row(result) for result in self.results[:SHOWN])
        left = "text-align:left"
        head = f"<tr><th style='{left}'>source</th><th style='{left}'>target</th></tr>"
        more = "".join(f"<p>{escape(line)}</p>" for line in self._more())
        return (
            f"<div><b>{escape(self.summary())}</b>"
            f"<table style='width:100%;table-layout:fixed'><thead>{head}</thead>"
            f"<tbody>{rows}</tbody></table>{more}{self._frame_html()}</div>"
        )

    def _row(self, result: Mapping[str, Any]) -> str:
        source = content(result["source"])
        emitted = result.get("emitted") or ()
        if emitted:
            target = "".join(_entity_html(content(entity), source) for entity in emitted)
        else:
            color = "#c62828" if result.get("error") else "inherit"
            target = f"<i style='color:{color}'>{escape(_outcome(result))}</i>"
        cell = "vertical-align:top;text-align:left;overflow-wrap:anywhere"
        before = _entity_html(source)
        return f"<tr><td style='{cell}'>{before}</td><td style='{cell}'>{target}</td></tr>"

    def _frame_html(self) -> str:
        if not self.entities:
            return ""
        try:
            frame = self.to_pandas()
        except ImportError:
            return ""
        html: str = frame.head(20).to_html(index=False, max_cols=20, border=0)
        return f"<details><summary>as a frame</summary>{html}</details>"


def _plain(entity: Entity) -> str:
    return f"    {pretty(entity, indent='    ')}"


def _outcome(result: Mapping[str, Any]) -> str:
    emitted = result.get("emitted") or ()
    if emitted:
        return "\n".join(_plain(content(entity)) for entity in emitted).lstrip()
    error = result.get("error")
    if error:
        path = f" at {error['path']}" if error.get("path") else ""
        return f"failed{path}: {error.get('message', error)}"
    return (
        "filtered: nothing comes out" if result.get("filtered") else "discarded: nothing comes out"
    )


def _entity_html(entity: Entity, before: Entity | None = None) -> str:
    """JSON, with the properties marked that `before` does not have with that value."""
    lines = []
    for name, value in entity.items():
        text = escape(f"{json.dumps(name, ensure_ascii=False)}: {pretty(value, WIDTH)}")
        changed = before is not None and (name not in before or before[name] != value)
        mark = "font-weight:600;border-left:3px solid #2e7d32;padding-left:4px"
        lines.append(f"<span style='{mark}'>{text}</span>" if changed else text)
    return f"<pre style='{CODE}'>{chr(10).join(lines)}</pre>"
