"""Entities that stand for many: one of each way through the rules, and what differs."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from sesam_interactive.debugger.documents import joined, subset
from sesam_interactive.debugger.errors import wrong
from sesam_interactive.debugger.session import Session
from sesam_interactive.display.html import table
from sesam_interactive.display.progress import Progress
from sesam_node.dtl.trace import samples as samples_of
from sesam_node.dtl.trace import signatures
from sesam_node.dtl.trace.places import same
from sesam_node.errors import preview

if TYPE_CHECKING:
    from sesam_interactive.debugger.node import Node, Subject
    from sesam_interactive.debugger.recorded import Recorded

PORTION = 200
SIGNATURE = 100


class Samples(list[dict[str, Any]]):
    """A row each way through the rules: `id, entity, count, signature, new`, most telling first.

    `entity` is the number of the recorded entity that stands for the `count` that went the same
    way; `new` are the decisions that no row before it has. Those without any may be left out.
    """

    @property
    def enough(self) -> Samples:
        """The rows that together have met every decision."""
        return Samples(row for row in self if row["new"] or row is self[0])

    def __repr__(self) -> str:
        total = sum(row["count"] for row in self)
        lines = [f"{len(self)} ways of {total:,} entities; {len(self.enough)} have met all"]
        for row in self[:30]:
            new = "; ".join(row["new"]) or "no decision that the others have not"
            lines.append(f"  {preview(row['id'], 30):<20} {row['count']:>7,} x  {new[:SIGNATURE]}")
        if len(self) > 30:
            lines.append(f"  ... {len(self) - 30} more ways")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [
            {
                "entity": preview(row["id"], 40),
                "count": row["count"],
                "new here": "; ".join(row["new"])[:200],
                "way": row["signature"][:200],
            }
            for row in self[:100]
        ]
        return f"<p>{escape(repr(self).splitlines()[0])}</p>{table(rows)}"


def ways(session: Recorded, counts: dict[str, int] | None = None) -> Samples:
    """The ways that the recorded entities took."""
    found = Samples()
    for row in samples_of(session.document):
        number = len(row["entities"]) if counts is None else counts[row["signature"]]
        found.append(
            {
                "id": session.entities[row["entity"]]["id"],
                "entity": row["entity"],
                "count": number,
                "signature": row["signature"],
                "new": row["new"],
            }
        )
    return found


def representatives(session: Session) -> Session:
    """A session of one entity of each way alone, most telling first, with those that are pinned."""
    chosen = [row["entity"] for row in ways(session).enough]
    chosen += [number for number in session.pinned if number not in chosen]
    made = Session(subset(session.document, chosen), session.subject, session.node)
    made.sources = [session.source_id(number) for number in chosen]
    made.pinned = [chosen.index(number) for number in session.pinned]
    return made


def different(session: Session, path: str | None = None) -> int | None:
    """The next recorded entity whose value at a place is another; null where all are the same.

    It is looked for behind the chosen entity, then from the first one on.
    """
    at = session.path if path is None else session.rules.full(path)
    here = session.at(at)
    count = len(session.document["entities"])
    for step in range(1, count):
        number = (session.entity + step) % count
        other = session.values_of(number)[at]
        if (other.count > 0) != (here.count > 0) or other.note != here.note:
            return number
        if not (other.output is here.output or same(other.output, here.output)):
            return number
    return None


def sampled(
    node: Node, subject: Subject, *, limit: int, progress: bool = True
) -> tuple[Session, Samples]:
    """One entity of each way that the first `limit` source entities take, recorded.

    They are recorded in portions, and of each way the first one is kept. Interrupting ends it
    between two portions; what was found is given.
    """
    kept: list[dict[str, Any]] = []
    sources: list[str] = []
    counts: dict[str, int] = {}
    asked = {**subject.asked(), "strength": "full"}
    place: Any = None
    read = 0
    with Progress(f"sampling {subject.title}", shown=progress) as shown:
        try:
            while read < limit:
                more = {"limit": min(PORTION, limit - read)}
                answer = node.json(
                    "POST", "/dtl/trace", json=asked | more | ({"since": place} if place else {})
                )
                read += answer["read"]
                first = _first_of_each(answer["trace"], counts)
                if first:
                    kept.append(subset(answer["trace"], first))
                    sources += [answer["sources"][number] for number in first]
                shown.update(read)
                place = answer.get("next")
                if place is None or not answer["read"]:
                    break
        except KeyboardInterrupt:
            pass
        if not kept:
            raise wrong("nothing was recorded: the source gave no entity that these rules take")
        session = Session(joined(kept), subject, node)
        session.sources = sources
        found = ways(session, counts)
        shown.close(f"{shown.title}: {read:,} source entities")
    return session, found


def _first_of_each(document: dict[str, Any], counts: dict[str, int]) -> list[int]:
    """The numbers of the first entity of each way that was not met before; counts all."""
    first = []
    for signature, numbers in signatures(document).items():
        if signature not in counts:
            first.append(numbers[0])
        counts[signature] = counts.get(signature, 0) + len(numbers)
    return sorted(first)
