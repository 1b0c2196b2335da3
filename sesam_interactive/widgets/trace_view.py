"""The face of the debugger: a session of recorded entities, to walk about in with keys and clicks.

`TraceView(session)` is what `session.view()` gives. Where the page goes, the session goes too:
`session.state` tells of the step that is shown. `save("trace.html")` writes a page that needs no
kernel and no network.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets

from sesam_interactive.debugger import DebuggerError, Session, record
from sesam_interactive.widgets.base import View, request
from sesam_interactive.widgets.trace_page import trace_page
from sesam_node.dtl.source_text import SourceText

if TYPE_CHECKING:
    from sesam_node.model import Entity


class TraceView(View, module="trace_view"):
    """A session in a page. `entity`, `position` and `breakpoints` (JSON paths) are where it is."""

    entity = traitlets.Int(0).tag(sync=True)
    position = traitlets.Int(0).tag(sync=True)
    breakpoints = traitlets.List(traitlets.Unicode()).tag(sync=True)
    live = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(self, session: Session) -> None:
        self.recorded = session
        self.tried: Session | None = None
        super().__init__(
            entity=session.entity, position=session.position, live=session.node is not None
        )
        self.observe(self._moved, names=["entity", "position"])

    def _moved(self, change: Any) -> None:
        """The session goes where the page went."""
        session = self.recorded
        if change["name"] == "entity" and 0 <= change["new"] < len(session.entities):
            session.choose(change["new"])
        elif change["name"] == "position" and 0 <= change["new"] <= session.end:
            session.goto(change["new"])

    @request
    def session(self) -> dict[str, Any]:
        """All that was recorded, and where we are."""
        return session_data(self.recorded)

    @request
    def why(self, entity: int, result: int, path: str, *, tried: bool = False) -> dict[str, Any]:
        """What made a value of a result; `tried` means the entity of the last what-if."""
        return _at(self._asked_of(tried=tried), entity).why(path, result).data()

    @request
    def why_not(
        self, entity: int, result: int, path: str, *, tried: bool = False
    ) -> dict[str, Any]:
        """Why a property is missing from a result, or nothing came out."""
        session = _at(self._asked_of(tried=tried), entity)
        return _missing(session, path, result if result < len(session.results) else None)

    @request
    def what_if(self, entity: int, source: Entity) -> dict[str, Any]:
        """What the rules make of another source entity; nothing is stored."""
        session = self.recorded
        if session.node is None:
            raise DebuggerError("there is no node to try it on: this trace was read from a file")
        stored = session.document["values"][session.document["entities"][entity]["source"]]
        hidden = {name: value for name, value in stored.items() if name.startswith("_")}
        self.tried = record(session.node, session.subject, entities=[hidden | source])
        return session_data(self.tried)

    def _asked_of(self, *, tried: bool) -> Session:
        return self.tried if tried and self.tried is not None else self.recorded

    def save(self, file: str | Path) -> Path:
        """Write the trace as a page of its own, for people without a kernel; gives the file."""
        path = Path(file)
        path.write_text(trace_page(session_data(self.recorded), answers(self.recorded)))
        return path

    def still(self) -> str:
        return self.recorded._repr_html_()

    def __repr__(self) -> str:
        return repr(self.recorded)


def session_data(session: Session) -> dict[str, Any]:
    """`session.data()` with places as a page counts them, in UTF-16 units."""
    found = session.data()
    source = SourceText(found["text"])
    spans = {
        path: [source.utf16(start), source.utf16(end)]
        for path, (start, end) in found["spans"].items()
    }
    return {**found, "spans": spans}


def _at(session: Session, entity: int) -> Session:
    """The session of an entity, wherever it stands itself."""
    found = Session(session.document, session.subject, session.node)
    return found.choose(entity)


def _missing(session: Session, path: str, result: int | None) -> dict[str, Any]:
    answer = session.why_not(path, result)
    return {**answer.data(), "sentence": answer["text"]}


MOST = 50


def answers(session: Session) -> list[dict[str, Any]]:
    """What a page without a kernel may be asked: why each property is as it is, or missing.

    Of the first 50 entities. Each is `{"name", "args", "result"}`.
    """
    found: list[dict[str, Any]] = []
    names = _written_names(session)
    for entity in range(min(len(session.entities), MOST)):
        here = _at(session, entity)
        results = here.results
        for number, result in enumerate(results):
            paths = ["$"] if "_filtered" in result else [_path(name) for name in result]
            told = [(path, here.why(path, number).data()) for path in paths]
            found += [_answer("why", entity, number, path, answer) for path, answer in told]
        last = max(len(results) - 1, 0)
        missing = [name for name in names if not any(name in result for result in results)]
        for path in [*([] if results else ["$"]), *map(_path, missing)]:
            missed = _missing(here, path, last if results else None)
            found.append(_answer("why_not", entity, last, path, missed))
    return found


def _answer(name: str, entity: int, result: int, path: str, told: dict[str, Any]) -> dict[str, Any]:
    args = {"entity": entity, "result": result, "path": path, "tried": False}
    return {"name": name, "args": args, "result": told}


def _path(name: str) -> str:
    return f"$[{json.dumps(name, ensure_ascii=False)}]"


def _written_names(session: Session) -> list[str]:
    names: dict[str, None] = {}
    for entity in session.document["entities"]:
        for event in entity["events"]:
            if event["frame"] == 0:
                names.update(dict.fromkeys(event.get("sets", ())))
    return list(names)
