"""Breakpoints and logpoints of a session: conditions that hold somewhere in what is recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from sesam_interactive.debugger.conditions import condition_of, condition_text, expression_of
from sesam_interactive.debugger.errors import DebuggerError
from sesam_interactive.debugger.values import output_of
from sesam_interactive.display.html import table
from sesam_node.dtl import RuleContext, Runtime, compile_rules
from sesam_node.dtl.trace.places import MISSING
from sesam_node.dtl.trace.state import state_in
from sesam_node.dtl.watch import Watch, hits, read_watches, within
from sesam_node.errors import DtlError, InputError, preview

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sesam_interactive.debugger.conditions import Condition
    from sesam_interactive.debugger.recorded import Recorded


@dataclass
class Breakpoint:
    """One condition of a session; `enabled` may be switched."""

    condition: dict[str, Any]
    watch: Watch
    enabled: bool = True

    @property
    def text(self) -> str:
        return condition_text(self.condition)

    @property
    def paths(self) -> list[str]:
        """The places in the rules, for a gutter."""
        return sorted(self.watch.paths)

    def data(self) -> dict[str, Any]:
        """As JSON: `condition`, `text`, `paths`, `enabled`."""
        return {
            "condition": self.condition,
            "text": self.text,
            "paths": self.paths,
            "enabled": self.enabled,
        }

    def __repr__(self) -> str:
        return f"<Breakpoint: {self.text}{'' if self.enabled else ' (off)'}>"


def checked(written: Condition, recorded: Recorded) -> Breakpoint:
    """A condition, checked against the rules. Raises DebuggerError with what does not fit."""
    condition = condition_of(written)
    try:
        nodes, base = recorded.document["nodes"], recorded.rules.base
        (watch,) = read_watches([condition], nodes, base, namespaced=recorded.namespaced)
    except InputError as error:
        problem = error.problems[0]
        raise DebuggerError(problem.message, error.problems) from None
    return Breakpoint(condition, watch)


def stops(document: dict[str, Any], entity: int, points: Sequence[Breakpoint]) -> list[int]:
    """The events of a recorded entity at which a breakpoint stops, in order.

    Of a condition on the entity as a whole it is the end.
    """
    watches = [point.watch for point in points if point.enabled]
    end = len(document["entities"][entity]["events"])
    found = {end if hit.event is None else hit.event for hit in hits(document, entity, watches)}
    return sorted(found)


@dataclass
class Log:
    """What a logpoint told: a row each time its place was evaluated."""

    place: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    more: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        lines = [f"log at {self.place}: {len(self.rows):,} lines"]
        for row in self.rows[:50]:
            values = ", ".join(
                f"{name} = {preview(value, 60)}"
                for name, value in row.items()
                if name not in ("entity", "step")
            )
            lines.append(f"  {preview(row['entity'], 30)} step {row['step']}: {values}")
        if len(self.rows) > 50:
            lines.append(f"  ... {len(self.rows) - 50:,} more lines")
        if self.more:
            lines.append("  ... and more, which were not kept")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        shown = [{name: _cell(value) for name, value in row.items()} for row in self.rows[:200]]
        head = escape(f"log at {self.place}: {len(self.rows):,} lines")
        return f"<b>{head}</b><div style='max-height:24em;overflow:auto'>{table(shown)}</div>"


def _cell(value: Any) -> Any:
    return value if isinstance(value, int | str) else preview(value, 80)


def logged(session: Recorded, place: str, expressions: Sequence[Any], most: int = 10_000) -> Log:
    """A row for each evaluation of a place, over all recorded entities.

    The expressions are DTL over `_S`, `_T` and `_P` after the place; without any, what it gave.
    """
    path = session.rules.full(place)
    named = [(_name(one), _reader(one, session)) for one in expressions]
    log = Log(session.rules.short(path))
    for entity, row in enumerate(session.entities):
        recording = session.recording_of(entity)
        for number in range(len(recording.events)):
            if recording.path(number) != path:
                continue
            if len(log.rows) >= most:
                log.more = True
                return log
            told: dict[str, Any] = {"entity": row["id"], "step": number}
            if named:
                held = state_in(recording, number, after=True)
                told |= {name: read(held) for name, read in named}
            else:
                output = output_of(recording, number)
                shown = None if output is MISSING else output
                told["value"] = recording.events[number].get("error") or shown
            log.rows.append(told)
    return log


def _name(expression: Any) -> str:
    return expression if isinstance(expression, str) else preview(expression, 40)


def _reader(expression: Any, recorded: Recorded) -> Callable[[dict[str, Any]], Any]:
    """What an expression gives of a state. Raises DebuggerError where it does not compile."""
    value = expression_of(expression) if isinstance(expression, str) else expression
    rules = {"default": [["copy", "_id"], ["add", "value", within(value)]]}
    try:
        context = RuleContext(namespaced=recorded.namespaced)
        run = compile_rules(rules, context).bind(Runtime(sleep=lambda _seconds: None))
    except DtlError as error:
        raise DebuggerError(f"{_name(expression)}: {error.problems[0].message}") from None

    def read(held: dict[str, Any]) -> Any:
        out: list[dict[str, Any]] = []
        try:
            run({"_id": "x", "S": held["_S"], "T": held["_T"], "P": held["_P"]}, out)
        except DtlError as error:
            return f"failed: {error.problems[0].message}" if error.problems else str(error)
        return out[0].get("value")

    return read
