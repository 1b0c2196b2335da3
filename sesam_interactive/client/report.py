"""How all pipes are, those that need somebody first: `hub.pipes.report()`."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.flow_text import first_line, plural
from sesam_interactive.display.aligned import aligned
from sesam_node.model.pumps import BAD, STATES, reason_of, source_queues, state_of, sum_known

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

COLOURS = {
    "invalid": "#9a5fd0",
    "failed": "#dc4a45",
    "tripped": "#dc4a45",
    "running": "#3d7edb",
    "ok": "#2a9461",
}
MOST = 300
Json = dict[str, Any]


class Report:
    """A row a pipe: what fails first, then what is off, what has not run, and so on."""

    def __init__(self, url: str, pipes: list[Json], now: datetime | None = None) -> None:
        self.url = url
        self.now = now or datetime.now(UTC)
        rows = [_row(pipe) for pipe in pipes]
        self.rows = sorted(rows, key=lambda row: (STATES.index(row["state"]), row["pipe"]))

    @property
    def failing(self) -> list[str]:
        """The names of the pipes that failed or tripped, or whose configuration is wrong."""
        return [row["pipe"] for row in self.rows if row["state"] in BAD]

    def __len__(self) -> int:
        return len(self.rows)

    def __bool__(self) -> bool:
        return True

    def to_polars(self) -> Any:
        """A row a pipe; `queue` and `hop_queue` count versions to read, times are in UTC."""
        import polars as pl

        kinds: dict[str, Any] = dict.fromkeys(("pipe", "state", "message"), pl.String)
        kinds |= dict.fromkeys(("queue", "hop_queue", "retries"), pl.Int64)
        moment = pl.Datetime("us", "UTC")
        return pl.DataFrame(self.rows, schema=kinds | {"last_run": moment, "next_run": moment})

    @property
    def _head(self) -> str:
        counts = Counter(row["state"] for row in self.rows)
        told = [f"{counts[state]:,} {state}" for state in STATES if counts[state]]
        return f"{plural(len(self.rows), 'pipe')} on {self.url}: {', '.join(told) or 'none'}"

    def _shown(self) -> list[dict[str, str]]:
        return [
            {
                "pipe": row["pipe"],
                "state": row["state"],
                "queue": _count(row["queue"]),
                "in hops": _count(row["hop_queue"]),
                "retries": _count(row["retries"]),
                "last run": ago(row["last_run"], self.now),
                "next run": ahead(row["next_run"], self.now),
                "message": first_line(row["message"]),
            }
            for row in self.rows[:MOST]
        ]

    def _more(self) -> list[str]:
        left = len(self.rows) - MOST
        return [f"... and {left:,} pipes more: .to_polars() has all"] if left > 0 else []

    def __repr__(self) -> str:
        return "\n".join(
            [self._head, *aligned(self._shown(), right=(2, 3, 4), width=60), *self._more()]
        )

    def _repr_html_(self) -> str:
        rows = self._shown()
        names = [name for name in (rows[0] if rows else ()) if any(row[name] for row in rows)]
        heads = "".join(
            f"<th style='text-align:left;padding:2px 8px'>{escape(name)}</th>" for name in names
        )
        body = "".join(
            "<tr>" + "".join(_cell(name, row[name]) for name in names) + "</tr>" for row in rows
        )
        more = "".join(f"<p>{escape(line)}</p>" for line in self._more())
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
        return f"<div><b>{escape(self._head)}</b>{table if rows else ''}{more}</div>"


def _row(pipe: Mapping[str, Any]) -> Json:
    runtime = pipe["runtime"]
    effective = pipe["config"]["effective"]
    asked = str((effective.get("sink") or {}).get("type", "")).endswith("_endpoint")
    waiting = source_queues(pipe["graph"]["inputs"], runtime)
    hops = runtime["queues"]["dependencies"]
    return {
        "pipe": pipe["_id"],
        "state": state_of(runtime),
        "message": reason_of(runtime),
        "queue": None if asked else sum_known(waiting.values()),
        "hop_queue": None if asked else sum_known(hops.values()),
        "retries": int(runtime.get("retries") or 0),
        "last_run": _moment(runtime.get("last-run")),
        "next_run": _moment(runtime.get("next-run")),
    }


def _count(count: int | None) -> str:
    return f"{count:,}" if count else ""


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _cell(name: str, text: str) -> str:
    right = name in ("queue", "in hops", "retries")
    colour = COLOURS.get(text) if name == "state" else None
    style = f"text-align:{'right' if right else 'left'};vertical-align:top;padding:2px 8px"
    if colour:
        style += f";color:{colour};font-weight:600"
    return f"<td style='{style}'>{escape(text)}</td>"


def ago(moment: datetime | None, now: datetime) -> str:
    """How long ago a moment was, in its largest unit."""
    return "" if moment is None else _told((now - moment).total_seconds(), "{} ago".format, "now")


def ahead(moment: datetime | None, now: datetime) -> str:
    """How far ahead a moment is, in its largest unit."""
    return "" if moment is None else _told((moment - now).total_seconds(), "in {}".format, "due")


def _told(seconds: float, form: Callable[[str], str], otherwise: str) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        if seconds >= size:
            return form(f"{seconds / size:.0f} {unit}")
    return otherwise
