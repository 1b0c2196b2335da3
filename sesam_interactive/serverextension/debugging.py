"""The debugger without a kernel: sessions recorded for a page, held as long as there is room.

A session that had to go is recorded again, of the same entities, when the page asks for it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.debug import subject_of
from sesam_interactive.debugger import DebuggerError, Session, record
from sesam_interactive.debugger.samples import sampled
from sesam_interactive.serverextension.subjects import feed
from sesam_interactive.widgets.draft_answers import rules_of
from sesam_interactive.widgets.session_answers import SessionAnswers
from sesam_node.dtl.source_text import read_source

if TYPE_CHECKING:
    from sesam_interactive.client.connection import Connection
    from sesam_interactive.debugger import Subject
    from sesam_interactive.debugger.node import Node
    from sesam_interactive.serverextension.subjects import About

ROOM = 300_000
"""Recorded events and values of all sessions together; one takes about a kilobyte."""

RECORDED = 10
SAMPLED = 500
"""How many source entities are looked at for one of each way through the rules."""


class Shelf:
    """Sessions of all views, as many as there is room for; the ones last asked for stay."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._held: OrderedDict[tuple[object, int], tuple[Session, int]] = OrderedDict()
        self._taken = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._held)

    def put(self, key: tuple[object, int], session: Session) -> None:
        size = size_of(session)
        with self._lock:
            self._held[key] = (session, size)
            self._taken += size
            # The newest stays, however large it is: somebody looks at it.
            while self._taken > self._room and len(self._held) > 1:
                self._taken -= self._held.popitem(last=False)[1][1]

    def get(self, key: tuple[object, int]) -> Session | None:
        with self._lock:
            if key not in self._held:
                return None
            self._held.move_to_end(key)
            return self._held[key][0]

    def clear(self) -> None:
        with self._lock:
            self._held.clear()
            self._taken = 0


def size_of(session: Session) -> int:
    """How many events and values a session holds."""
    document = session.document
    return len(document["values"]) + sum(len(entity["events"]) for entity in document["entities"])


@dataclass(frozen=True)
class _Recipe:
    """What a session is recorded of."""

    subject: Subject
    ids: tuple[str, ...]
    given: list[Any] | None

    def made(self, node: Node) -> Session:
        if self.given is not None:
            return record(node, self.subject, entities=self.given)
        return record(node, self.subject, self.ids)


class ShelvedSessions:
    """The sessions of one view by number, on a shelf that others share."""

    def __init__(self, node: Node, shelf: Shelf, first: Session) -> None:
        self._node = node
        self._shelf = shelf
        self._place = object()
        self._recipes: list[_Recipe] = []
        self.append(first)

    def __len__(self) -> int:
        return len(self._recipes)

    def append(self, session: Session) -> None:
        ids = tuple(session.source_id(number) for number in range(len(session.entities)))
        # What it was made of has its own place on the shelf.
        session.before = None
        self._recipes.append(_Recipe(session.subject, ids, session.given))
        self._shelf.put((self._place, len(self) - 1), session)

    def __getitem__(self, number: int) -> Session:
        """Raises DebuggerError for a number that there is not: the server was started anew."""
        if not 0 <= number < len(self):
            raise DebuggerError("the server has this trace no more: go back, and try it again")
        found = self._shelf.get((self._place, number))
        if found is None:
            found = self._recipes[number].made(self._node)
            self._shelf.put((self._place, number), found)
        return found


def debug_answers(connection: Connection, about: About, shelf: Shelf) -> SessionAnswers:
    """Records what a page asks for. Raises the node's errors, DebuggerError where nothing was."""
    rules = rules_of(read_source(about.text)) if about.text else None
    pipe, dataset = feed(connection, about)
    subject = subject_of(connection, pipe, dataset=dataset, rules=rules, transform=about.transform)
    if about.samples and not about.ids:
        session = sampled(connection, subject, limit=SAMPLED, progress=False)[0].representatives()
    else:
        session = record(connection, subject, about.ids, limit=RECORDED)
    return SessionAnswers(ShelvedSessions(connection, shelf, session))
