"""Has the node record what rules do with some entities, and makes a session of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_interactive.debugger.errors import wrong
from sesam_interactive.debugger.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sesam_interactive.debugger.node import Node, Subject

LIMIT = 10
FULL_MOST = 1_000
"""How many entities the node records in full at once."""


def record(
    node: Node,
    subject: Subject,
    ids: Iterable[str] = (),
    *,
    entities: list[Any] | None = None,
    limit: int | None = None,
) -> Session:
    """A session over some source entities: those with `ids`, those given, or the first `limit`.

    Raises the node's errors with their Problems, DebuggerError where nothing was recorded.
    """
    chosen = [str(one) for one in ids]
    if entities is not None and chosen:
        raise wrong("give entities or ids, not both")
    count = LIMIT if limit is None else limit
    if count > FULL_MOST or len(chosen) > FULL_MOST:
        hint = "coverage() and scan() go over all entities"
        raise wrong(f"at most {FULL_MOST:,} entities are recorded in full", hint=hint)
    asked = {**subject.asked(), "strength": "full", "limit": count}
    if chosen:
        asked["ids"] = chosen
    if entities is not None:
        asked["entities"] = entities
    answer = node.json("POST", "/dtl/trace", json=asked)
    session = Session(answer["trace"], subject, node, answer)
    session.given = entities
    return session
