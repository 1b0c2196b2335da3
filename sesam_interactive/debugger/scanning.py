"""Goes over all source entities on the node, portion by portion: progress, and a way to stop.

Interrupting (Ctrl-C, the stop button) ends it between two portions; what was found is kept.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_interactive.debugger.documents import joined
from sesam_interactive.debugger.session import Session
from sesam_interactive.display.html import table
from sesam_interactive.display.progress import Progress
from sesam_node.errors import preview

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sesam_interactive.debugger.node import Node, Subject

PORTION = 50_000
"""How many source entities are asked for at once; time ends a portion earlier."""

PORTION_S = 2
"""Seconds of a portion: how long an interrupt may take to be heard."""

HITS = 1_000


def portions(
    node: Node, operation: str, asked: dict[str, Any], *, limit: int | None, since: Any = None
) -> Iterator[dict[str, Any]]:
    """The answers of an operation, portion by portion, over up to `limit` source entities."""
    left = limit
    while left is None or left > 0:
        size = PORTION if left is None else min(PORTION, left)
        more = {"limit": size, "seconds": PORTION_S} | ({} if since is None else {"since": since})
        answer: dict[str, Any] = node.json("POST", f"/dtl/{operation}", json=asked | more)
        yield answer
        since = answer.get("next")
        if since is None or not answer["read"]:
            return
        left = None if left is None else left - answer["read"]


@dataclass
class Hits:
    """What a scan found: source entities of which a condition holds.

    `rows` has one each: `_id`, `version`, `conditions` (their numbers), `at` (places), `outputs`
    where outputs were compared. `read` counts source entities. `next` is where to go on: null where
    all have been looked at. `session` has those that were recorded, None where none was.
    """

    rows: list[dict[str, Any]]
    read: int
    errors: int
    next: dict[str, Any] | None
    seconds: float
    session: Session | None
    interrupted: bool = False

    @property
    def ids(self) -> list[str]:
        return [row["_id"] for row in self.rows]

    @property
    def complete(self) -> bool:
        """Have all source entities been looked at?"""
        return self.next is None and not self.interrupted

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        of = "all" if self.complete else "the first"
        ended = "; interrupted" if self.interrupted else ""
        lines = [f"{len(self.rows):,} hits in {of} {self.read:,} source entities{ended}"]
        for row in self.rows[:20]:
            places = sorted({place["path"] for place in row["at"]})
            where = f" at {', '.join(places[:3])}" if places else ""
            lines.append(f"  {preview(row['_id'], 40)}{where}")
        if len(self.rows) > 20:
            lines.append(f"  ... {len(self.rows) - 20:,} more")
        if self.errors:
            lines.append(f"  {self.errors:,} entities failed")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [
            {
                "_id": row["_id"],
                "version": row["version"],
                "places": ", ".join(sorted({place["path"] for place in row["at"]})[:3]),
            }
            for row in self.rows[:100]
        ]
        head = repr(self).splitlines()[0]
        return f"<p>{head}</p>{table(rows)}" if rows else f"<p>{head}</p>"


def scan(
    node: Node,
    subject: Subject,
    when: Sequence[dict[str, Any]],
    *,
    hits: int = 1,
    limit: int | None = None,
    since: Any = None,
    traced: bool = True,
    progress: bool = True,
) -> Hits:
    """The next `hits` source entities of which one of the conditions holds.

    Over `limit` source entities, or all; behind `since`, the `next` of an earlier scan.
    """
    asked = {**subject.asked(), "when": list(when), "trace": traced}
    found = Hits([], 0, 0, since, 0.0, None)
    documents: list[dict[str, Any]] = []
    started = time.monotonic()
    with Progress(f"scanning {subject.title}", shown=progress) as shown:
        try:
            while len(found.rows) < hits and (limit is None or found.read < limit):
                answer = node.json("POST", "/dtl/scan", json=asked | _next(found, hits, limit))
                _take(found, answer, documents)
                shown.update(found.read)
                if found.next is None:
                    break
        except KeyboardInterrupt:
            found.interrupted = True
        found.seconds = time.monotonic() - started
        if documents:
            found.session = Session(joined(documents), subject, node)
            recorded = [row for row in found.rows if row["entity"] is not None]
            found.session.sources = [row["source"] for row in recorded]
            for condition in when:
                if "differs" not in condition:
                    found.session.break_when(condition)
        rate = f", {found.read / found.seconds:,.0f}/s" if found.seconds else ""
        shown.close(f"{shown.title}: {repr(found).splitlines()[0]}{rate}")
    return found


def _next(found: Hits, hits: int, limit: int | None) -> dict[str, Any]:
    """What the next portion is asked for."""
    left = PORTION if limit is None else min(PORTION, limit - found.read)
    asked = {"limit": left, "hits": min(hits - len(found.rows), HITS), "seconds": PORTION_S}
    return asked if found.next is None else {**asked, "since": found.next}


def _take(found: Hits, answer: dict[str, Any], documents: list[dict[str, Any]]) -> None:
    """Puts the answer of a portion to what was found before."""
    document: dict[str, Any] | None = answer.get("trace")
    start = sum(len(one["entities"]) for one in documents)
    recorded = len(document["entities"]) if document is not None else 0
    for row in answer["hits"]:
        place = row["entity"] if row["entity"] < recorded else None
        found.rows.append({**row, "entity": None if place is None else start + place})
    if document is not None and recorded:
        documents.append(document)
    found.read += answer["read"]
    found.errors += answer["errors"]
    found.next = answer.get("next")
