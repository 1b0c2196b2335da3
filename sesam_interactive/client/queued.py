"""How many versions waited for a pipe over time, told from execution logs.

What the pipes that write its source datasets changed is added when their runs ended; when its own
run ended what is left is what was written meanwhile. One that failed takes away what it read. The
last point is what its pump says now. Writes past pipes (reposts, receivers) are in no log of this
kind: so it is an account of the work between pipes, and about right.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.runs import read_runs
from sesam_interactive.display.bars import html_spark, spark
from sesam_node.model.pumps import source_queues, sum_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sesam_interactive.client.connection import Connection

Json = dict[str, Any]


class Queued:
    """Points in time with about how many versions waited then, the oldest first."""

    def __init__(
        self, pipe: str, writers: Sequence[str], points: list[tuple[datetime, int]]
    ) -> None:
        self.pipe = pipe
        self.writers = list(writers)
        self.points = points

    def __len__(self) -> int:
        return len(self.points)

    def __bool__(self) -> bool:
        return True

    def to_polars(self) -> Any:
        """A row a point: `time` in UTC, `queue`."""
        import polars as pl

        kinds: dict[str, Any] = {"time": pl.Datetime("us", "UTC"), "queue": pl.Int64}
        return pl.DataFrame(self.points, schema=kinds, orient="row")

    def plot(self) -> Any:
        """The queue over time as a figure of steps."""
        from sesam_interactive.plots.queued import queued_figure

        return queued_figure(self._head, self.points, still=self._repr_html_(), text=repr(self))

    @property
    def _head(self) -> str:
        written = ", ".join(self.writers) or "no pipe"
        return f"queue of {self.pipe}, behind {written}"

    def __repr__(self) -> str:
        if not self.points:
            return f"{self._head}: nothing is known"
        counts = [count for _, count in self.points]
        line = spark(counts[-60:])
        return f"{self._head}: {counts[-1]:,} now, at most {max(counts):,}\n{line}".rstrip()

    def _repr_html_(self) -> str:
        from html import escape

        head = escape(repr(self).splitlines()[0])
        last = self.points[-60:]
        hints = [f"{moment:%Y-%m-%d %H:%M:%S}: {count:,}" for moment, count in last]
        return f"<div><b>{head}</b><div>{html_spark([n for _, n in last], hints, 300)}</div></div>"


def read_queued(connection: Connection, name: str, limit: int) -> Queued:
    """The queue of a pipe, from its last runs and those of the pipes that write what it reads."""
    pipes = {pipe["_id"]: pipe for pipe in connection.get("/pipes")}
    own = pipes[name]
    inputs = set(own["graph"]["inputs"])
    writers = sorted(pipe for pipe, item in pipes.items() if item["graph"]["output"] in inputs)
    waiting = sum_known(source_queues(inputs, own["runtime"]).values())
    now = None if waiting is None else (datetime.now(UTC), waiting)
    reads = read_runs(connection, [name], limit)
    points = account(read_runs(connection, writers, limit), reads)
    return Queued(name, writers, points + ([now] if now else []))


def account(writes: Iterable[Json], reads: Iterable[Json]) -> list[tuple[datetime, int]]:
    """About how many waited after each of these runs, in the order of their ends."""
    written = sorted((run["end"], run["changed"]) for run in writes)
    events: list[tuple[datetime, int, Json | None]] = [(end, count, None) for end, count in written]
    events += [(run["end"], 0, run) for run in reads]
    points: list[tuple[datetime, int]] = []
    queue = 0
    for moment, count, run in sorted(events, key=lambda event: (event[0], event[2] is not None)):
        if run is None:
            queue += count
        elif run["success"]:
            # It has read all that there was, and of an entity that changed twice only the latter.
            queue = sum(n for end, n in written if run["start"] < end <= moment)
        else:
            queue = max(0, queue - run["read"])
        points.append((moment, queue))
    return points
