"""Where one is in a recorded entity, and the ways on from there: steps both ways, and runs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from sesam_interactive.debugger.breakpoints import Breakpoint, Log, checked, logged, stops
from sesam_interactive.debugger.errors import wrong
from sesam_interactive.debugger.recorded import Recorded
from sesam_interactive.debugger.state import State, state_at
from sesam_interactive.debugger.steps import Steps

if TYPE_CHECKING:
    from typing import Self

    from sesam_interactive.debugger.conditions import Condition


class Stepping(Recorded):
    """A position in the chosen entity; see `Session`."""

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
                place = self.rules.short(value.path)
                raise wrong(f"{place} was not evaluated for this entity", value.path)
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

    # -- breakpoints -------------------------------------------------------------------------------

    @cached_property
    def breakpoints(self) -> list[Breakpoint]:
        """Where `run` stops; each may be switched off (`enabled`)."""
        return []

    def break_at(self, place: str) -> Breakpoint:
        """Stop wherever a place of the rules is evaluated: `session.break_at("default[2]")`."""
        return self.break_when({"at": place, "runs": True})

    def break_when(self, condition: Condition) -> Breakpoint:
        """Stop where a condition holds: `_T.total > 1000 after default[2]`, `concat gets null`.

        Texts are those of `debugger.conditions`, lists are DTL over `_S` and `_T`, objects those
        of `/api/dtl/scan`. Raises DebuggerError for what is none, or has no place in the rules.
        """
        point = checked(condition, self)
        self.breakpoints.append(point)
        return point

    def clear(self, number: int | None = None) -> Self:
        """Take one breakpoint away, or all."""
        if number is None:
            self.breakpoints.clear()
        elif -len(self.breakpoints) <= number < len(self.breakpoints):
            del self.breakpoints[number]
        else:
            raise wrong(f"there is no breakpoint {number}: there are {len(self.breakpoints)}")
        return self

    def run(self) -> Self:
        """On to the next breakpoint, in the recorded entities that follow too, else to their end.

        Without any breakpoint: to the end of this entity. `scan` finds more on the node.
        """
        position = self.position
        for entity in range(self.entity, len(self.document["entities"])):
            found = stops(self.document, entity, self.breakpoints)
            later = [stop for stop in found if entity > self.entity or stop > position]
            if later:
                self.entity, self.position = entity, later[0]
                return self
        if self.breakpoints:
            self.entity = len(self.document["entities"]) - 1
        self.position = self.end
        return self

    def run_back(self) -> Self:
        """Back to the breakpoint before, in the recorded entities before too, else to the start."""
        position = self.position
        for entity in range(self.entity, -1, -1):
            found = stops(self.document, entity, self.breakpoints)
            earlier = [stop for stop in found if entity < self.entity or stop < position]
            if earlier:
                self.entity, self.position = entity, earlier[-1]
                return self
        if self.breakpoints:
            self.entity = 0
        self.position = 0
        return self

    def log(self, place: str, *expressions: Any) -> Log:
        """A row for each evaluation of a place, of all recorded entities: a logpoint.

        The expressions are DTL (or texts as in conditions) over `_S`, `_T`, `_P` after the place;
        without any, what the place gave.
        """
        return logged(self, place, expressions)
