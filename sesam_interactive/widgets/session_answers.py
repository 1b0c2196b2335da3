"""What the debugger's page asks of sessions of recorded entities; a session is a world to it.

What the page tries (another value, other rules) or finds on the node is a further session; the page
asks by its number, its world.
"""

from __future__ import annotations

from copy import copy
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from sesam_interactive.debugger import DebuggerError, Session
from sesam_interactive.widgets.answering import Answering, request
from sesam_interactive.widgets.trace_answers import answers, missing
from sesam_interactive.widgets.trace_page import trace_page
from sesam_node.dtl.source_text import SourceText
from sesam_node.errors import preview

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_interactive.debugger.node import Node
    from sesam_interactive.debugger.scanning import Hits

HITS = 20
SCANNED = 200_000
"""How many source entities one search looks at: the page waits for it."""

COUNTED = 100_000


class Sessions(Protocol):
    """Sessions by number; a list is one."""

    def __getitem__(self, number: int, /) -> Session: ...
    def __len__(self) -> int: ...
    def append(self, session: Session, /) -> None: ...


class SessionAnswers(Answering):
    """The answers of sessions, of which the page begins with the first."""

    sessions: Sessions

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self._adding = Lock()

    # -- what is there -----------------------------------------------------------------------------

    @request
    def shown(self, world: int = 0) -> dict[str, Any]:
        """All that was recorded, and where we are."""
        return session_data(self.sessions[world], world)

    @request
    def why(self, world: int, entity: int, result: int, path: str) -> dict[str, Any]:
        """What made a value of a result."""
        return self._at(world, entity).why(path, result).data()

    @request
    def why_not(self, world: int, entity: int, result: int, path: str) -> dict[str, Any]:
        """Why a property is missing from a result, or nothing came out."""
        session = self._at(world, entity)
        return missing(session, path, result if result < len(session.results) else None)

    @request(apart=True)
    def page(self, world: int = 0) -> str:
        """The trace as a page of its own."""
        session = self.sessions[world]
        return trace_page(session_data(session, 0), answers(session))

    # -- other worlds ------------------------------------------------------------------------------

    @request(apart=True)
    def what_if(self, world: int, entity: int, changes: dict[str, Any]) -> dict[str, Any]:
        """The entity with other values in its source: `{"price": 3}`. Nothing is stored."""
        told = " and ".join(f"_S.{name} were {preview(v, 60)}" for name, v in changes.items())
        named = {f"_S.{name}": value for name, value in changes.items()}
        return self._added(self._at(world, entity).what_if(named), f"What if {told}?")

    @request(apart=True)
    def what_if_stored(
        self,
        world: int,
        entity: int,
        dataset: str,
        stored: str,
        changes: dict[str, Any],
    ) -> dict[str, Any]:
        """The entity where one that it looks up had other values. Nothing is stored."""
        told = " and ".join(f"{name} were {preview(v, 60)}" for name, v in changes.items())
        made = self._at(world, entity).what_if(edit={dataset: {stored: changes}})
        return self._added(made, f"What if in {dataset} {stored} {told}?")

    @request(apart=True)
    def fixes(self, world: int) -> list[dict[str, Any]]:
        """Edits of the rules that the recorded entities suggest."""
        return [fix.data() for fix in self.sessions[world].fixes()]

    @request(apart=True)
    def try_fix(self, world: int, entity: int, number: int) -> dict[str, Any]:
        """The recorded entities with an edit of the rules. Nothing is deployed."""
        fix = self._at(world, entity).fixes()[number]
        return self._added(fix.apply(), f"With the fix: {fix.text}.")

    # -- all entities, on the node -----------------------------------------------------------------

    @request(apart=True)
    def find(self, world: int, condition: str) -> dict[str, Any]:
        """Source entities of which a condition holds, as a world of their own.

        `told` says how many; `world` is null where none was found.
        """
        hits = self.sessions[world].scan(condition, hits=HITS, limit=SCANNED, progress=False)
        return self._found(hits, f"Entities of which holds: {condition}")

    @request(apart=True)
    def counted(self, world: int) -> dict[str, Any]:
        """The counters of all source entities (100,000 at most), for the margin."""
        from sesam_interactive.debugger.coverage import cover

        subject = self.sessions[world].subject
        counted = cover(self._node(world), subject, limit=COUNTED, sample=0, progress=False)
        return {"document": counted.document, "told": counted.head()}

    @request(apart=True)
    def find_at(self, world: int, path: str, what: str) -> dict[str, Any]:
        """Source entities for which a place "fired", gave "null" or had an "error"."""
        session = self.sessions[world]
        condition = {"at": path, **({"runs": True} if what == "fired" else {"gives": what})}
        hits = session.scan(condition, hits=HITS, limit=SCANNED, progress=False)
        words = {"fired": "ran", "null": "gave null", "error": "failed"}
        return self._found(hits, f"Entities for which {session.rules.short(path)} {words[what]}")

    @request(apart=True)
    def reruns(self, world: int) -> list[dict[str, Any]]:
        """What runs again when a dataset changes that the rules look into."""
        from sesam_interactive.debugger.cost import reruns_of

        return reruns_of(self._node(world), self.sessions[world].subject)

    # -- sessions by number ------------------------------------------------------------------------

    def _at(self, world: int, entity: int) -> Session:
        """A session at an entity; where the one that is kept is stays as it is.

        Others may be answered from it meanwhile, in other threads.
        """
        here = copy(self.sessions[world])
        # Choosing goes to the beginning of an entity: where we are already we stay.
        return here if here.entity == entity else here.choose(entity)

    def _node(self, world: int) -> Node:
        node = self.sessions[world].node
        if node is None:
            raise DebuggerError("there is no node to ask: this trace was read from a file")
        return node

    def _added(self, session: Session, label: str) -> dict[str, Any]:
        with self._adding:
            told = session_data(session, len(self.sessions), label)
            self.sessions.append(session)
        return told

    def _found(self, hits: Hits, label: str) -> dict[str, Any]:
        told = repr(hits).split("\n", 1)[0]
        if hits.session is None:
            return {"told": told, "world": None}
        # The condition is a breakpoint of what was found: where it first holds is shown.
        session = hits.session.run()
        if session.position >= session.end:
            session.choose(0)
        return {"told": told, "world": self._added(session, f"{label}. {told}.")}


def session_data(session: Session, world: int = 0, label: str = "") -> dict[str, Any]:
    """`session.data()` with places as a page counts them, in UTF-16 units.

    `before` has what came out of the entities in the session that this one was made of.
    """
    found = session.data()
    source = SourceText(found["text"])
    spans = {
        path: [source.utf16(start), source.utf16(end)]
        for path, (start, end) in found["spans"].items()
    }
    before = None if session.before is None else _results(session.before.document)
    return {**found, "spans": spans, "world": world, "label": label, "before": before}


def _results(document: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What came out of each recorded entity, by its id."""
    values = document["values"]
    return {
        str(values[one["source"]].get("_id")): [values[number] for number in one["results"]]
        for one in document["entities"]
        if isinstance(values[one["source"]], dict)
    }
