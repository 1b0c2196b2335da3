"""A debugging session: the full record of what rules did to some entities, to walk about in.

The record is made once, on the node (`POST /api/dtl/trace`, format in `docs/trace-format.md`);
what is asked of it afterwards needs no node, except where a method says so.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from sesam_interactive.debugger.answers import Answer
from sesam_interactive.debugger.errors import asked, wrong
from sesam_interactive.debugger.rules_text import RulesText
from sesam_interactive.debugger.show import session_html, session_text
from sesam_interactive.debugger.state import State, state_at
from sesam_interactive.debugger.steps import Steps
from sesam_interactive.debugger.values import Value, Values, values_of
from sesam_node.dtl.trace import signatures, validate, why, why_not
from sesam_node.dtl.trace.recording import Recording
from sesam_node.errors import preview

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from sesam_interactive.debugger.node import Node, Subject

FULL_MOST = 1_000


class Session:
    """Recorded entities, one of them chosen, and a position in it.

    What a view builds on:

    - `document`: the trace document; `rules`: its rules as text (`.text`, `.spans` of each path,
      `.line(path)`, `.path_at(offset)`, `.full(path)`); `subject.title`: what is debugged.
    - `entities`: a row a recorded entity; `entity`: the number of the chosen one;
      `choose(n or id)`.
    - `position`: the event that is about to be evaluated, `0 <= position <= end`; at `end` the
      rules are done. `goto(n)`, `step`, `step_over`, `step_out`, `back`, `back_over`, `back_out`,
      `run`, `run_back`; each gives the session itself, moved.
    - `event` and `path` there; `state` (`.before`, `.after`, `.changes`); `frames`, outermost
      first; `results` of the chosen entity and its `error`.
    - `values()`, `at(path)`: what each place gave; `why(path)`, `why_not(path)`.
    - everything has `.data()` (JSON), a text repr and an HTML repr.

    Of a document alone, `Session(document)` does all of that without a node.
    """

    viewer: Callable[[Session], Any] | None = None
    """What `view` shows a session with; the layer above puts it here."""

    def __init__(
        self,
        document: dict[str, Any],
        subject: Subject | None = None,
        node: Node | None = None,
        told: dict[str, Any] | None = None,
    ) -> None:
        """A session over a full trace document. Raises InputError for what is none."""
        from sesam_interactive.debugger.node import Subject as Made

        validate(document)
        self.document = document
        self.subject = subject or Made(pipe=document["pipe"] or None, rules=document["rules"])
        self.node = node
        self.notes = _notes(told or {})
        self.rules = RulesText(document)
        self.entity = 0
        self.position = 0
        if not document["entities"]:
            missing = "; ".join(self.notes) or "the source gave no entity that these rules take"
            raise wrong(f"nothing was recorded: {missing}")

    # -- what is recorded --------------------------------------------------------------------------

    @property
    def recording(self) -> Recording:
        """The record of the chosen entity."""
        found = self._recordings.get(self.entity)
        if found is None:
            found = self._recordings[self.entity] = Recording(self.document, self.entity)
        return found

    @cached_property
    def _recordings(self) -> dict[int, Recording]:
        return {}

    @cached_property
    def signatures(self) -> dict[str, list[int]]:
        """The recorded entities by the way that they took, commonest first."""
        return signatures(self.document)

    @cached_property
    def entities(self) -> list[dict[str, Any]]:
        """A row a recorded entity: `id, version, outcome, results, events, signature, truncated`.

        `outcome` is "ok", "filtered", "failed" or "nothing".
        """
        ways = {n: name for name, numbers in self.signatures.items() for n in numbers}
        rows = []
        for number, entity in enumerate(self.document["entities"]):
            source = self.document["values"][entity["source"]]
            rows.append(
                {
                    "id": source.get("_id") if isinstance(source, dict) else None,
                    "version": entity["version"],
                    "outcome": self._outcome(entity),
                    "results": len(entity["results"]),
                    "events": len(entity["events"]),
                    "signature": ways[number],
                    "truncated": entity["truncated"],
                }
            )
        return rows

    def _outcome(self, entity: dict[str, Any]) -> str:
        if entity["error"]:
            return "failed"
        results = [self.document["values"][value] for value in entity["results"]]
        if any("_filtered" not in item for item in results):
            return "ok"
        return "filtered" if results else "nothing"

    def choose(self, which: int | str) -> Self:
        """Go to another recorded entity, by its number or `_id`, and to its beginning.

        Raises DebuggerError for one that is not recorded.
        """
        ids = [row["id"] for row in self.entities]
        if isinstance(which, str):
            if which not in ids:
                held = preview(ids, 80)
                raise wrong(f"the entity {which!r} is not recorded; there are {held}")
            which = ids.index(which)
        if not 0 <= which < len(ids):
            raise wrong(f"there is no entity {which}: {len(ids)} are recorded, counted from 0")
        self.entity, self.position = which, 0
        return self

    @property
    def source(self) -> Any:
        """The source entity that is chosen."""
        return self.recording.source

    @property
    def results(self) -> list[Any]:
        """What came out of it, in order; a filtered entity is marked `_filtered`."""
        return self.recording.results

    @property
    def error(self) -> dict[str, str] | None:
        """What it failed with (`path`, `code`, `message`), or None."""
        found: dict[str, str] | None = self.recording.entity["error"]
        return found

    # -- where we are ------------------------------------------------------------------------------

    @property
    def end(self) -> int:
        """The position behind the last event."""
        return len(self.recording.events)

    @property
    def event(self) -> dict[str, Any] | None:
        """The event about to be evaluated, as recorded but `path` is text; None at the end."""
        if self.position >= self.end:
            return None
        return {**self.recording.events[self.position], "path": self.path}

    @property
    def path(self) -> str:
        """The JSON path of the rules that we are at; that of the default rule at the end."""
        return (
            self.recording.path(min(self.position, self.end - 1)) if self.end else self.rules.base
        )

    @property
    def state(self) -> State:
        """`_S`, `_T`, `_P` before and after the event at the position."""
        return state_at(self.recording, self.position)

    @property
    def frames(self) -> list[dict[str, Any]]:
        """The runs of rules that we are in, outermost first.

        Each is `{"rule", "source", "event", "path", "entity"}`: the event and path of what applied
        it, and the stored entity that its source is, if any.
        """
        recording = self.recording
        found: list[dict[str, Any]] = []
        if not recording.frames:
            return found
        here = min(self.position, self.end - 1)
        frame = 0 if self.position >= self.end else recording.events[here]["frame"]
        while frame is not None:
            held = recording.frames[frame]
            began = held["event"]
            found.append(
                {
                    "rule": held["rule"],
                    "source": recording.values[held["source"]],
                    "event": began,
                    "path": None if began is None else recording.path(began),
                    "entity": recording.entity_of_frame(frame),
                }
            )
            frame = held["parent"]
        return found[::-1]

    # -- steps -------------------------------------------------------------------------------------

    @property
    def steps(self) -> Steps:
        return Steps(self.recording)

    def goto(self, position: int | str) -> Self:
        """Go to a position; a negative one counts from the end. A path: its first evaluation.

        Raises DebuggerError for a position that is not there, and a path that was not evaluated.
        """
        if isinstance(position, str):
            value = self.at(position)
            if not value.count:
                raise wrong(f"{value.path} was not evaluated for this entity", value.path)
            position = value.evaluations[0].event
        if position < 0:
            position += self.end + 1
        if not 0 <= position <= self.end:
            raise wrong(f"there is no step {position}: they go from 0 to {self.end}")
        self.position = position
        return self

    def step(self, count: int = 1) -> Self:
        """To the next event, however deep; `count` of them, backwards where negative."""
        self.position = min(max(self.position + count, 0), self.end)
        return self

    def step_over(self) -> Self:
        """Behind this event and all within it."""
        self.position = self.steps.over(self.position)
        return self

    def step_out(self) -> Self:
        """Behind the event that this one is within."""
        self.position = self.steps.out(self.position)
        return self

    def back(self, count: int = 1) -> Self:
        """To the event before, however deep."""
        return self.step(-count)

    def back_over(self) -> Self:
        """To the event before on this level."""
        self.position = self.steps.back_over(self.position)
        return self

    def back_out(self) -> Self:
        """To the event that this one is within."""
        self.position = self.steps.back_out(self.position)
        return self

    # -- values and causes -------------------------------------------------------------------------

    def values(self) -> Values:
        """What each sub-expression gave for the chosen entity, by JSON path of the rules."""
        found = self._values.get(self.entity)
        if found is None:
            found = self._values[self.entity] = values_of(self.recording)
        return found

    @cached_property
    def _values(self) -> dict[int, Values]:
        return {}

    def at(self, path: str) -> Value:
        """What one place of the rules gave: inputs, output, type, count, each evaluation.

        The path may be short: `default[2][1]`. Raises DebuggerError where nothing is evaluated.
        """
        return self.values()[self.rules.full(path)]

    def why(self, path: str = "$", result: int | None = None) -> Answer:
        """What made a value of the output: `session.why("total")`, `session.why("lines[1].sku")`.

        Of the last result where there are several. Raises DebuggerError where there is no such
        value.
        """
        position = max(len(self.results) - 1, 0) if result is None else result
        found = asked(why, self.document, self.entity, position, path)
        return Answer(found, self.recording, self.subject, self.node)

    def why_not(self, path: str = "$", result: int | None = None) -> Answer:
        """Why a property is missing from the output; without a path why nothing came out."""
        found = asked(why_not, self.document, self.entity, path, result=result)
        return Answer(found, self.recording, self.subject, self.node)

    # -- shown -------------------------------------------------------------------------------------

    def view(self) -> Any:
        """The session as a widget; itself where there are none."""
        viewer = type(self).viewer
        return self if viewer is None else viewer(self)

    def data(self) -> dict[str, Any]:
        """All of it as JSON, for a view: the document, the rules as text, where we are."""
        return {
            "title": self.subject.title,
            "document": self.document,
            "text": self.rules.text,
            "base": self.rules.base,
            "spans": {path: list(span) for path, span in self.rules.spans.items()},
            "entities": self.entities,
            "entity": self.entity,
            "position": self.position,
            "notes": self.notes,
        }

    def __repr__(self) -> str:
        return session_text(self)

    def _repr_html_(self) -> str:
        return session_html(self)


def _notes(told: dict[str, Any]) -> list[str]:
    """What the node said beside the trace, in words."""
    notes = []
    if told.get("missing"):
        notes.append(f"not found: {', '.join(map(repr, told['missing'][:10]))}")
    notes += [
        f"an earlier transform failed on {one['_id']!r}: {one['message']}"
        for one in told.get("skipped", ())[:10]
    ]
    why_stopped = {"time": "time was up", "events": "the trace is full", "size": "it got too large"}
    if told.get("stopped") in why_stopped:
        notes.append(f"not all entities were recorded: {why_stopped[told['stopped']]}")
    return notes
