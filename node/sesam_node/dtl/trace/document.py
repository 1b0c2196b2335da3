"""The written form of traces: what a document must hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import InputError, Problem, json_path, preview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FORMAT = "sesam-dtl-trace"
VERSION = 1
STRENGTHS = ("full", "counters")
NODE_KINDS = ("rule", "transform", "function", "path")
ENDS = ("filtered", "discarded")
MAX_PROBLEMS = 20

Document = dict[str, Any]
At = tuple[str | int, ...]


def count(value: Any) -> bool:
    return type(value) is int and value >= 0


def text(value: Any) -> bool:
    return type(value) is str


def nothing_or(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or check(value)


class Full(Exception):  # noqa: N818 - it is no error, it ends the search for more problems
    """So many problems that further ones do not help."""


class Validator:
    """Collects what is wrong with a document, up to MAX_PROBLEMS."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.is_path: Callable[[Any], bool] = count
        self.is_value: Callable[[Any], bool] = count

    def report(self, where: At, code: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(json_path(where), code, message, hint))
        if len(self.problems) >= MAX_PROBLEMS:
            raise Full

    def field(
        self,
        holder: Mapping[str, Any],
        name: str,
        where: At,
        check: Callable[[Any], bool],
        wanted: str,
        *,
        needed: bool = True,
    ) -> bool:
        """Is a field there and as wanted? Reports it where not."""
        if name not in holder:
            if needed:
                self.report((*where, name), "missing", f"expected {wanted}, got nothing")
            return False
        if not check(holder[name]):
            message = f"expected {wanted}, got {preview(holder[name])}"
            self.report((*where, name), "wrong-type", message)
            return False
        return True

    def items(self, holder: Mapping[str, Any], name: str, where: At) -> Iterator[tuple[At, Any]]:
        """The objects in a list, those that are none reported."""
        if self.field(holder, name, where, lambda value: type(value) is list, "a list"):
            for position, item in enumerate(holder[name]):
                here = (*where, name, position)
                if type(item) is dict:
                    yield here, item
                else:
                    self.report(here, "wrong-type", f"expected an object, got {preview(item)}")

    def run(self) -> None:
        document = self.document
        if type(document) is not dict:
            self.report((), "wrong-type", f"expected an object, got {preview(document)}")
            return
        if not self.header(document):
            return
        self.field(document, "rules", (), lambda v: type(v) is dict, "a rule set")
        self.field(document, "pipe", (), text, "a pipe id or an empty string")
        for where, node in self.items(document, "nodes", ()):
            self.named(node, where, text, "a JSON path")
        if document["strength"] == "counters":
            self.counters(document)
        else:
            self.full(document)

    def header(self, document: Document) -> bool:
        if document.get("format") != FORMAT:
            message = f'expected "{FORMAT}", got {preview(document.get("format"))}'
            self.report(("format",), "wrong-format", message, "this is no trace of DTL rules")
            return False
        if document.get("version") != VERSION or type(document["version"]) is not int:
            message = f"expected version {VERSION}, got {preview(document.get('version'))}"
            hint = "record it again, or read it with the version of this package that wrote it"
            self.report(("version",), "wrong-version", message, hint)
            return False
        if document.get("strength") not in STRENGTHS:
            message = f'expected "full" or "counters", got {preview(document.get("strength"))}'
            self.report(("strength",), "wrong-strength", message)
            return False
        return True

    def named(
        self, item: Mapping[str, Any], where: At, is_path: Callable[[Any], bool], wanted: str
    ) -> None:
        self.field(item, "path", where, is_path, wanted)
        self.field(item, "name", where, text, "a name")
        kinds = " or ".join(NODE_KINDS)
        self.field(item, "kind", where, lambda v: v in NODE_KINDS, kinds)

    def counters(self, document: Document) -> None:
        for name in ("entities", "timed", "results", "filtered", "errors"):
            self.field(document, name, (), count, "a number from 0")
        for where, counter in self.items(document, "counters", ()):
            self.named(counter, where, text, "a JSON path")
            for name in ("fired", "null", "error", "ns", "timed"):
                self.field(counter, name, where, count, "a number from 0")

    # -- full --------------------------------------------------------------------------------------

    def full(self, document: Document) -> None:
        lists = [
            self.field(document, name, (), lambda v: type(v) is list, "a list")
            for name in ("paths", "values")
        ]
        if not all(lists):
            return
        for position, path in enumerate(document["paths"]):
            if type(path) is not str:
                message = f"expected a JSON path, got {preview(path)}"
                self.report(("paths", position), "wrong-type", message)
        paths, values = len(document["paths"]), len(document["values"])
        self.is_path, self.is_value = _below(paths), _below(values)
        for where, entity in self.items(document, "entities", ()):
            self.entity(entity, where)

    def is_values(self, value: Any) -> bool:
        return type(value) is list and all(map(self.is_value, value))

    def entity(self, entity: Document, where: At) -> None:
        value = "the position of a value"
        self.field(entity, "source", where, self.is_value, value)
        self.field(entity, "version", where, nothing_or(count), "a version or null")
        self.field(entity, "results", where, self.is_values, "a list of positions of values")
        self.field(entity, "ns", where, count, "a number from 0")
        self.field(entity, "truncated", where, lambda v: type(v) is bool, "true or false")
        error = "null or an object with path, code and message"
        self.field(entity, "error", where, nothing_or(_is_error), error)
        frames = entity.get("frames")
        events = entity.get("events")
        frame_count = len(frames) if type(frames) is list else 0
        event_count = len(events) if type(events) is list else 0
        for position, (here, frame) in enumerate(self.items(entity, "frames", where)):
            earlier = _below(position)
            self.field(frame, "rule", here, text, "the name of a rule")
            self.field(frame, "source", here, self.is_value, value)
            self.field(frame, "parent", here, nothing_or(earlier), "an earlier frame or null")
            known = nothing_or(_below(event_count))
            self.field(frame, "event", here, known, "the position of an event or null")
            self.field(frame, "entity", here, _is_entity, ENTITY, needed=False)
        if not frame_count and event_count:
            self.report((*where, "frames"), "missing", "events without any frame")
        for position, (here, event) in enumerate(self.items(entity, "events", where)):
            self.event(event, here, position, frame_count)

    def event(self, event: Document, where: At, position: int, frames: int) -> None:
        self.named(event, where, self.is_path, "the position of a path")
        earlier = nothing_or(_below(position))
        self.field(event, "parent", where, earlier, "an earlier event or null")
        self.field(event, "frame", where, _below(frames), "the position of a frame")
        for name in ("at", "ns"):
            self.field(event, name, where, count, "nanoseconds from 0")
        is_path = event.get("kind") == "path"
        for name, (check, wanted) in OPTIONAL.items():
            needed = is_path and name in ("variable", "names")
            self.field(event, name, where, check, wanted, needed=needed)
        if "output" in event:
            self.field(event, "output", where, self.is_value, "the position of a value")
        for name in ("inputs", "emits"):
            if name in event:
                self.field(event, name, where, self.is_values, "a list of positions of values")
        if "sets" in event:
            wanted = "positions of values by property"
            self.field(event, "sets", where, self.is_setting, wanted)
        if "lookups" in event:
            for here, lookup in self.items(event, "lookups", where):
                self.field(lookup, "dataset", here, text, "a dataset")
                self.field(lookup, "found", here, count, "a number from 0")
                self.field(lookup, "index", here, nothing_or(text), "an index or null")
                keys = "the position of a value"
                self.field(lookup, "keys", here, self.is_value, keys, needed=False)
        if "rows" in event:
            for here, row in self.items(event, "rows", where):
                for alias in row:
                    self.field(row, alias, here, self.is_found, f"{ENTITY} and value")

    def is_setting(self, value: Any) -> bool:
        return type(value) is dict and all(map(self.is_value, value.values()))

    def is_found(self, value: Any) -> bool:
        return _is_entity(value) and self.is_value(value.get("value"))


def _below(end: int) -> Callable[[Any], bool]:
    return lambda value: count(value) and value < end


def _texts(value: Any) -> bool:
    return type(value) is list and all(type(item) is str for item in value)


def _is_error(value: Any) -> bool:
    return type(value) is dict and all(text(value.get(n)) for n in ("path", "code", "message"))


def _is_entity(value: Any) -> bool:
    return (
        type(value) is dict
        and text(value.get("dataset"))
        and text(value.get("id"))
        and nothing_or(count)(value.get("version"))
    )


ENTITY = "an object with dataset, id and version"
OPTIONAL: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "branch": (lambda value: type(value) is int and value >= -1, "the position of a branch or -1"),
    "variable": (text, "a variable"),
    "names": (_texts, "a list of names"),
    "removes": (_texts, "a list of names"),
    "ends": (lambda value: value in ENDS, '"filtered" or "discarded"'),
    "error": (text, "a message"),
    "entity": (_is_entity, ENTITY),
}


def validate(document: Any) -> None:
    """Raise InputError with every Problem (20 at most) of what is no trace document.

    Unknown keys are let through: a later writer may say more.
    """
    validator = Validator(document)
    try:
        validator.run()
    except Full:
        validator.problems.append(Problem("$", "more", "there are more problems than these"))
    if validator.problems:
        raise InputError("this is no trace document", validator.problems)
