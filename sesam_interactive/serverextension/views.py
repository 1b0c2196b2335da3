"""What the views of the workbench ask, answered as a kernel would answer its widgets.

A view names itself, what it shows, and its question. What answers keeps things at hand (a sample,
an order of rows) as long as the view asks; it is made again when it has been dropped, so a server
that was restarted goes on where the page is.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.browse import Browsing
from sesam_interactive.client.connection import segment
from sesam_interactive.client.editing import RulesDraft
from sesam_interactive.client.flow_reading import read_flow
from sesam_interactive.client.flow_view import PREVIEWED, NodeFlow, log_rows
from sesam_interactive.client.offers import collect
from sesam_interactive.client.pipes import Pipe
from sesam_interactive.client.watching import Watching
from sesam_interactive.serverextension.debugging import Shelf, debug_answers
from sesam_interactive.serverextension.subjects import feed, read_about
from sesam_interactive.widgets.answering import Answering, request
from sesam_interactive.widgets.draft_answers import DraftAnswers, vocabulary
from sesam_interactive.widgets.flow_answers import FlowAnswers
from sesam_interactive.widgets.grid_answers import GridAnswers
from sesam_interactive.widgets.pump_answers import PumpAnswers
from sesam_node.errors import InputError, SesamError, preview

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sesam_interactive.client.connection import Connection
    from sesam_interactive.serverextension.nodes import Nodes

KEPT = 64
THREADS = 8


class EditedDraft(DraftAnswers):
    """The rules of a pipe; `opened` is what the editor begins with."""

    @request(apart=True)
    def opened(self) -> dict[str, Any]:
        draft = self._draft
        return {
            "text": draft.text(),
            "title": draft.title,
            "pipe": draft.pipe or "",
            "vocabulary": vocabulary(),
        }


class WatchedPipe(PumpAnswers):
    """One pipe: its pump, its runs, what it makes."""

    def __init__(self, connection: Connection, name: str) -> None:
        super().__init__(Watching(connection, name))
        self._pipe = Pipe(connection, name)

    @request(apart=True)
    def log(self, name: str) -> list[dict[str, Any]]:  # noqa: ARG002 - the page names it
        return log_rows(self._pipe)

    @request(apart=True)
    def preview(self, name: str) -> list[dict[str, Any]]:  # noqa: ARG002 - the page names it
        return self._pipe.preview(limit=PREVIEWED)


class SystemAnswers(Answering):
    """What a system offers, and the pipes that collect it."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._system = name
        self._path = f"/systems/{segment(name)}"

    @request(apart=True)
    def offers(self, search: str = "") -> dict[str, Any]:
        path = f"{self._path}/providers"
        found: dict[str, Any] = self._connection.get(path, search=search or None)
        return found

    @request(apart=True)
    def offer(self, offer: str) -> dict[str, Any]:
        path = f"{self._path}/providers/{segment(offer)}"
        found: dict[str, Any] = self._connection.get(path)
        return found

    @request(apart=True)
    def collect(self, offer: str, name: str) -> str:
        """Make the pipe and start it; its run is seen in the panel."""
        pipe = collect(self._connection, self._system, offer, name or None, run=False)
        pipe.operate("start")
        return pipe.name


def _grid(connection: Connection, name: str) -> Answering:
    return GridAnswers(Browsing(connection, name))


def _flow(connection: Connection, _name: str) -> Answering:
    return FlowAnswers(NodeFlow(connection, read_flow(connection)))


def _draft(connection: Connection, name: str) -> Answering:
    return EditedDraft(RulesDraft(connection, pipe=name))


def _rules(connection: Connection, of: str) -> Answering:
    """Rules that are written in a cell or a file: their text comes with each question."""
    about = read_about(of)
    pipe, dataset = feed(connection, about)
    draft = RulesDraft(connection, pipe=pipe, dataset=dataset, transform=about.transform)
    return DraftAnswers(draft)


MAKERS: Mapping[str, Callable[[Connection, str], Answering]] = {
    "grid": _grid,
    "pump": WatchedPipe,
    "flow": _flow,
    "draft": _draft,
    "rules": _rules,
    "system": SystemAnswers,
}


class Views:
    """Who answers which view; the last ones that asked are kept."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._kept: OrderedDict[tuple[str, str, str], Answering] = OrderedDict()
        self._lock = Lock()
        self._shelf = Shelf()
        self._makers = {**MAKERS, "debug": self._debug}
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="sesam-view")

    def clear(self) -> None:
        """Forget what was at hand: it was another node's."""
        with self._lock:
            self._kept.clear()
        self._shelf.clear()

    def _debug(self, connection: Connection, of: str) -> Answering:
        return debug_answers(connection, read_about(of), self._shelf)

    def ask(
        self, view: str, kind: str, of: str, name: str, args: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The answer to a question of a view; errors are answers."""
        try:
            answering = self._answering(view, kind, of)
        except SesamError as error:
            status = getattr(error, "status", 0)
            return {"error": {"message": error.message, "problems": [], "status": status}}
        return answering.answer(name, args)

    def _answering(self, view: str, kind: str, of: str) -> Answering:
        key = (view, kind, of)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        if kind not in self._makers:
            raise InputError(f"there is no view {preview(kind)}")
        made = self._makers[kind](self._nodes.connection(), of)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made
