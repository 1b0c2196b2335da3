"""The runs of pipes over time, from their execution logs: `hub.pipes["x"].runs()`.

A run that changed nothing leaves no trace in the log, unless its pump says otherwise; so what is
here is the work that was done.
"""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.connection import segment
from sesam_interactive.client.flow_text import first_line, plural, rate_text
from sesam_interactive.display.aligned import aligned
from sesam_interactive.display.bars import html_spark, spark
from sesam_node.model.pumps import rate_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sesam_interactive.client.connection import Connection

ENDS = ("pump-completed", "pump-failed")
SHOWN = 30
EVENTS_A_RUN = 4
Json = dict[str, Any]


class Runs:
    """Runs, the newest last; each a dict as a row of `to_polars`."""

    def __init__(self, title: str, rows: list[Json]) -> None:
        self.title = title
        self.rows = sorted(rows, key=lambda row: (row["start"], row["pipe"]))

    def __iter__(self) -> Iterator[Json]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, place: int) -> Json:
        return self.rows[place]

    def to_polars(self) -> Any:
        """A row a run: times in UTC, seconds of each part, counts, entities a second."""
        import polars as pl

        kinds: dict[str, Any] = {"pipe": pl.String}
        kinds |= dict.fromkeys(("start", "end"), pl.Datetime("us", "UTC"))
        kinds |= {"kind": pl.String, "reason": pl.String, "success": pl.Boolean}
        seconds = ("seconds", "source_seconds", "transform_seconds", "sink_seconds", "rate")
        kinds |= dict.fromkeys(seconds, pl.Float64)
        kinds |= dict.fromkeys(("read", "changed", "failed"), pl.Int64)
        return pl.DataFrame(self.rows, schema=kinds | {"message": pl.String})

    def plot(self) -> Any:
        """How long runs took, what they read and changed, and how quickly, over time."""
        from sesam_interactive.plots.runs import runs_figure

        return runs_figure(self.title, self.rows, still=self._repr_html_(), text=repr(self))

    @property
    def _head(self) -> str:
        failed = sum(not row["success"] for row in self.rows)
        told = f", {failed:,} failed" if failed else ""
        return f"{self.title}: {plural(len(self), 'run')}{told}"

    def _shown(self) -> list[dict[str, str]]:
        several = len({row["pipe"] for row in self.rows}) > 1
        return [
            {
                "pipe": row["pipe"] if several else "",
                "start": row["start"].isoformat(sep=" ", timespec="seconds").removesuffix("+00:00"),
                "kind": row["kind"],
                "seconds": f"{row['seconds']:,.2f}",
                "read": f"{row['read']:,}",
                "changed": f"{row['changed']:,}",
                "failed": f"{row['failed']:,}" if row["failed"] else "",
                "rate": "" if row["rate"] is None else f"{rate_text(row['rate'])}/s",
                "message": "" if row["success"] else first_line(row["message"]),
            }
            for row in self.rows[-SHOWN:]
        ]

    def _more(self) -> str:
        left = len(self) - SHOWN
        return f"; the last {SHOWN} of them" if left > 0 else ""

    def __repr__(self) -> str:
        seconds = spark([row["seconds"] for row in self.rows[-60:]])
        bars = [f"seconds {seconds}"] if len(self) > 1 else []
        lines = aligned(self._shown(), right=range(3, 8), width=60)
        return "\n".join([self._head + self._more(), *bars, *lines])

    def _repr_html_(self) -> str:
        rows = self._shown()
        names = [name for name in (rows[0] if rows else ()) if any(row[name] for row in rows)]
        heads = "".join(
            f"<th style='text-align:left;padding:2px 8px'>{name}</th>" for name in names
        )
        body = "".join(
            "<tr>" + "".join(_cell(name, row[name]) for name in names) + "</tr>" for row in rows
        )
        last = self.rows[-60:]
        bars = html_spark(
            [r["seconds"] for r in last], [f"{r['seconds']:.2f} s" for r in last], 300
        )
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
        head = escape(self._head + self._more())
        return f"<div><b>{head}</b><div>{bars}</div>{table if rows else ''}</div>"


def _cell(name: str, text: str) -> str:
    side = "right" if name in ("seconds", "read", "changed", "failed", "rate") else "left"
    return f"<td style='text-align:{side};padding:2px 8px'>{escape(text)}</td>"


def read_runs(connection: Connection, pipes: Sequence[str], limit: int) -> list[Json]:
    """The last runs of each of these pipes."""
    return [row for pipe in pipes for row in _of_pipe(connection, pipe, limit)]


def _of_pipe(connection: Connection, pipe: str, limit: int) -> list[Json]:
    path, start = f"/pipes/{segment(pipe)}/log", 0
    rows: list[Json] = []
    page = max(50, limit * EVENTS_A_RUN)
    while len(rows) < limit:
        events = connection.get(path, limit=page, start=start, reverse=True, history=True)
        rows += [_row(pipe, event) for event in events if event.get("event_type") in ENDS]
        start += len(events)
        if len(events) < page:
            break
    return rows[:limit]


def _row(pipe: str, event: Mapping[str, Any]) -> Json:
    entities = event.get("metrics", {}).get("entities", {})
    return {
        "pipe": pipe,
        "start": datetime.fromisoformat(event["start_time"]),
        "end": datetime.fromisoformat(event["end_time"]),
        "kind": str(event.get("sync_type") or ""),
        "reason": str(event.get("reason") or ""),
        "success": event["event_type"] == "pump-completed",
        "seconds": float(event.get("total_time") or 0),
        "source_seconds": float(entities.get("source_time") or 0),
        "transform_seconds": float(entities.get("transform_time") or 0),
        "sink_seconds": float(entities.get("sink_time") or 0),
        "rate": rate_of(event),
        "read": int(entities.get("entities_last_run") or 0),
        "changed": int(entities.get("changes_last_run") or 0),
        "failed": int(event.get("entities_failed") or 0),
        "message": str(
            event.get("original_error_message") or event.get("reason_why_stopped") or ""
        ),
    }
