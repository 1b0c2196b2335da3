"""Inlay values: what each sub-expression of the rules gave for one entity."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from sesam_interactive.display.html import table
from sesam_node.dtl.trace.places import MISSING
from sesam_node.dtl.trace.words import branch_text
from sesam_node.errors import preview
from sesam_node.model.values import kind_of_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.dtl.trace.recording import Recording

SHOWN = 60
KEPT = 100
"""How many evaluations of one place are kept with their values; `count` has them all."""


def type_of(value: Any) -> str:
    """The type of a value in the manual's words: `integer`, `string`, `datetime`, `list`, ..."""
    if value is MISSING:
        return "nothing"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str):
        return kind_of_text(value)
    return "list" if isinstance(value, list | tuple) else "dict"


@dataclass
class Evaluation:
    """One evaluation of a place: the event, its arguments, what it gave."""

    event: int
    inputs: list[Any]
    output: Any
    error: str | None
    ns: int


@dataclass
class Value:
    """What one place of the rules gave for one entity.

    `output` and `inputs` are those of the last evaluation (MISSING where it gave nothing); `count`
    says how often it was evaluated, `evaluations` has the first of them. For a transform `output`
    are the properties that it set, and `note` says what it decided: the branch, or its end.
    """

    path: str
    kind: str
    name: str
    count: int = 0
    nulls: int = 0
    errors: int = 0
    evaluations: list[Evaluation] = field(default_factory=list)
    note: str = ""

    @property
    def output(self) -> Any:
        return self.evaluations[-1].output if self.evaluations else MISSING

    @property
    def inputs(self) -> list[Any]:
        return self.evaluations[-1].inputs if self.evaluations else []

    @property
    def error(self) -> str | None:
        return self.evaluations[-1].error if self.evaluations else None

    @property
    def type(self) -> str:
        """The type of the output; "nothing" where there is none."""
        return type_of(self.output)

    def text(self, width: int = SHOWN) -> str:
        """The value beside the rules, on one line."""
        if not self.count:
            return "not run"
        if self.error is not None:
            return f"failed: {self.error}"[:width]
        times = f" (x {self.count:,})" if self.count > 1 else ""
        if self.output is MISSING:
            return f"{self.note or 'nothing'}{times}"
        return preview(self.output, width - len(times)) + times

    def data(self) -> dict[str, Any]:
        """As JSON: `path, kind, name, type, count, nulls, errors, text`, and `output` if any."""
        found: dict[str, Any] = {
            "path": self.path,
            "kind": self.kind,
            "name": self.name,
            "type": self.type,
            "count": self.count,
            "nulls": self.nulls,
            "errors": self.errors,
            "text": self.text(),
            "note": self.note,
            "inputs": self.inputs,
        }
        if self.output is not MISSING:
            found["output"] = self.output
        if self.error is not None:
            found["error"] = self.error
        return found

    def __repr__(self) -> str:
        lines = [f"{self.path}: {self.kind} {self.name}, evaluated {self.count:,} times"]
        for one in self.evaluations[-5:]:
            given = ", ".join(preview(value, 30) for value in one.inputs)
            shown = one.error or ("nothing" if one.output is MISSING else preview(one.output, 60))
            kind = "" if one.error else f"  ({type_of(one.output)})"
            arrow = f"  {given} -> {shown}" if given else f"  -> {shown}"
            lines.append(f"{arrow}{kind}  at step {one.event}")
        return "\n".join(lines)


class Values(dict[str, Value]):
    """The value of each place of the rules, by JSON path, in the order of the rules."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row a place: what a table of them has."""
        for path, value in self.items():
            yield {
                "path": path,
                "name": value.name,
                "value": value.text(),
                "type": value.type,
                "count": value.count,
            }

    def data(self) -> list[dict[str, Any]]:
        """As JSON, in the order of the rules."""
        return [value.data() for value in self.values()]

    def __repr__(self) -> str:
        width = min(max((len(path) for path in self), default=0), 48)
        return "\n".join(
            f"{path:<{width}}  {value.text()}" + ("" if not value.count else f"  ({value.type})")
            for path, value in self.items()
        )

    def _repr_html_(self) -> str:
        return table(self.rows()) if self else f"<p>{escape('nothing was recorded')}</p>"


def values_of(recording: Recording) -> Values:
    """The values of all places that one recorded entity can reach."""
    found = Values(
        (node["path"], Value(node["path"], node["kind"], node["name"]))
        for node in recording.document["nodes"]
    )
    for number, event in enumerate(recording.events):
        path = recording.path(number)
        value = found.get(path)
        if value is None:
            value = found[path] = Value(path, event["kind"], event["name"])
        value.count += 1
        output = output_of(recording, number)
        value.nulls += output is None
        value.errors += "error" in event
        value.note = note_of(recording, number)
        one = Evaluation(
            number,
            [recording.values[given] for given in event.get("inputs", ())],
            output,
            event.get("error"),
            event["ns"],
        )
        if len(value.evaluations) >= KEPT:
            value.evaluations[-1] = one
        else:
            value.evaluations.append(one)
    return found


def note_of(recording: Recording, number: int) -> str:
    """What an event decided: the branch that it took, the end that it made."""
    event = recording.events[number]
    if "ends" in event:
        return str(event["ends"])
    if event["kind"] == "transform" and "branch" in event:
        return f"took {branch_text(recording.raw(number), event['branch'])}"
    if "removes" in event:
        return f"removed {', '.join(event['removes'])}"
    if event["name"] in ("filter", "discard"):
        return "passed"
    is_writing = event["kind"] == "transform" and "sets" not in event and "emits" not in event
    return "wrote nothing" if is_writing else ""


def output_of(recording: Recording, number: int) -> Any:
    """What an event gave; of a transform the properties that it set, or MISSING."""
    event = recording.events[number]
    if event["kind"] != "transform":
        return recording.output(number)
    if "emits" in event:
        return [recording.values[value] for value in event["emits"]]
    if "sets" in event:
        return {name: recording.values[value] for name, value in event["sets"].items()}
    return MISSING
