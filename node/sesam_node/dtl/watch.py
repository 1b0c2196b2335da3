"""Conditions on what rules do: where a debugger stops, and which entities a scan is after.

A condition is a JSON object. Where it holds is looked up in a full trace of an entity (`hits`);
which entities are worth recording is told by what is cheap: counters and results (`pipes/scan.py`).

    {"if": ["gt", "_T.total", 1000]}                  of what comes out
    {"if": [...], "at": "default[2]", "moment": "before"}   at a place: before or after it
    {"at": "default[2][1]", "gives": "null"}          or "gets": an argument is; or "error"
    {"function": "concat", "gets": "null"}            at each call of a function
    {"at": "default[3]", "branch": 1}                 took that branch (-1: none)
    {"at": "default[3][3][0]", "runs": true}          was evaluated at all
    {"outcome": "filtered"}                           or "failed", "ok", "nothing"
    {"differs": "deployed"}                           or "stored": the output, see the scan

The expression of `if` is DTL over `_S`, `_T` and `_P`, and looks into no dataset.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_node.dtl.compile import compile_rules
from sesam_node.dtl.runtime import Runtime
from sesam_node.dtl.syntax import RuleContext
from sesam_node.dtl.trace.recording import Recording
from sesam_node.dtl.trace.state import state_in
from sesam_node.errors import DtlError, InputError, Problem, preview, suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Test = Callable[[Any, Any, Any], bool]
"""Does a condition hold of `_S`, `_T` and `_P`?"""

MOST = 50
"""How many conditions may be asked about at once."""

VARIABLES = ("_S", "_T", "_P")
OUTCOMES = ("ok", "filtered", "failed", "nothing")
DIFFERS = ("deployed", "stored")
GIVES = ("null", "error")
KEYS = {
    "if": {"if", "at", "function", "moment"},
    "gets": {"gets", "at", "function"},
    "gives": {"gives", "at", "function"},
    "branch": {"branch", "at"},
    "runs": {"runs", "at", "function"},
    "outcome": {"outcome"},
    "differs": {"differs"},
}


class Hit(NamedTuple):
    """Where a condition holds: its number, and the event (None: of the entity as a whole)."""

    watch: int
    event: int | None


@dataclass(frozen=True, slots=True)
class Watch:
    """One condition, checked. `paths` are its places in the rules, none for the whole entity.

    `value` is what is asked for: "null", "error", a branch, an outcome; `test` that of an `if`,
    and `reads` the variables it names.
    """

    kind: str
    paths: frozenset[str]
    value: Any = None
    before: bool = False
    test: Test | None = None
    reads: frozenset[str] = frozenset()


def read_watches(
    conditions: Any,
    nodes: Sequence[Mapping[str, str]],
    base: str = "$.rules",
    *,
    namespaced: bool = False,
) -> list[Watch]:
    """The conditions, checked against the nodes of a rule set (those of its traces).

    `base` is the path of the rule set, which a condition may leave out; names are resolved through
    namespaces where they are `namespaced`. Raises InputError with
    every Problem, their paths below `$.when`.
    """
    if type(conditions) is not list or len(conditions) > MOST:
        message = f"expected a list of at most {MOST} conditions, got {preview(conditions)}"
        raise InputError(message, [Problem("$.when", "wrong-condition", message)])
    found: list[Watch] = []
    problems: list[Problem] = []
    for position, condition in enumerate(conditions):
        try:
            found.append(_Reader(nodes, base, namespaced).watch(condition))
        except InputError as error:
            start = f"$.when[{position}]"
            problems += [replace(p, path=start + p.path.removeprefix("$")) for p in error.problems]
    if problems:
        raise InputError("the conditions have problems", problems)
    return found


def _wrong(path: str, message: str, hint: str = "", code: str = "wrong-condition") -> InputError:
    return InputError(message, [Problem(path, code, message, hint)])


class _Reader:
    """Reads one condition."""

    def __init__(
        self,
        nodes: Sequence[Mapping[str, str]],
        base: str,
        namespaced: bool,  # noqa: FBT001 - one caller
    ) -> None:
        self.nodes = nodes
        self.base = base
        self.namespaced = namespaced

    def watch(self, condition: Any) -> Watch:
        if type(condition) is not dict:
            raise _wrong("$", f"expected an object, got {preview(condition)}")
        kinds = [kind for kind in KEYS if kind in condition]
        if len(kinds) != 1:
            message = f"expected one of {', '.join(KEYS)}, got {preview(sorted(condition))}"
            raise _wrong("$", message, 'for example {"if": ["gt", "_T.total", 1000]}')
        kind = kinds[0]
        for name in condition:
            if name not in KEYS[kind]:
                near = suggestion(name, KEYS[kind])
                raise _wrong(f"$.{name}", f'there is no "{name}" beside "{kind}"', near)
        paths = self.paths(condition)
        if not paths and kind in ("gets", "gives", "branch", "runs"):
            raise _wrong("$", f'expected a place for "{kind}"', 'say "at" or "function"')
        if kind == "if":
            return self.test(condition, paths)
        value = condition[kind]
        self.check(kind, value)
        return Watch(kind, paths, value)

    def test(self, condition: dict[str, Any], paths: frozenset[str]) -> Watch:
        moment = condition.get("moment", "after")
        if moment not in ("before", "after"):
            message = f'expected "before" or "after", got {preview(moment)}'
            raise _wrong("$.moment", message)
        if "moment" in condition and not paths:
            raise _wrong("$.moment", "a moment is one of a place", 'say "at"')
        test, reads = condition_test(condition["if"], namespaced=self.namespaced)
        return Watch("if", paths, None, moment == "before", test, reads)

    def check(self, kind: str, value: Any) -> None:
        known: dict[str, tuple[Any, ...]] = {
            "gets": ("null",),
            "gives": GIVES,
            "outcome": OUTCOMES,
            "differs": DIFFERS,
            "runs": (True,),
        }
        if kind == "branch":
            if type(value) is not int or value < -1:
                raise _wrong("$.branch", f"expected a branch from -1, got {preview(value)}")
        elif not any(value is one or (type(one) is str and value == one) for one in known[kind]):
            expected = " or ".join(preview(one) for one in known[kind])
            raise _wrong(f"$.{kind}", f"expected {expected}, got {preview(value)}")

    def paths(self, condition: dict[str, Any]) -> frozenset[str]:
        """The places that are meant, as the nodes have them."""
        if "at" in condition and "function" in condition:
            raise _wrong("$.at", 'expected "at" or "function", got both')
        if "function" in condition:
            name = condition["function"]
            found = [n["path"] for n in self.nodes if n["name"] == name and n["kind"] != "path"]
            if not found:
                names = {node["name"] for node in self.nodes if node["kind"] != "path"}
                message = f"the rules do not call {preview(name)}"
                near = suggestion(str(name), names)
                raise _wrong("$.function", message, near, "unknown-function")
            return frozenset(found)
        if "at" not in condition:
            return frozenset()
        return frozenset((self.place(condition["at"]),))

    def place(self, at: Any) -> str:
        known = {node["path"] for node in self.nodes}
        if type(at) is str:
            short = at.removeprefix("$").lstrip(".")
            for form in (at, f"{self.base}.{short}", f"$.{short}"):
                if form in known:
                    return form
        shorts = [path.removeprefix(f"{self.base}.") for path in known]
        near = suggestion(str(at), sorted(shorts)) or "paths are like default[2][1]"
        message = f"nothing is evaluated at {preview(at)} of the rules"
        raise _wrong("$.at", message, near, "unknown-path")


def condition_test(expression: Any, *, namespaced: bool = False) -> tuple[Test, frozenset[str]]:
    """A DTL condition over `_S`, `_T` and `_P` as a test, and the variables that it names.

    Raises InputError with paths below `$.if` for one that does not compile or looks into datasets.
    """
    reads: set[str] = set()
    rules = {"default": [["copy", "_id"], ["filter", within(expression, reads)]]}
    try:
        compiled = compile_rules(rules, RuleContext(namespaced=namespaced), path=("watch",))
    except DtlError as error:
        start = "$.watch.default[1][1]"
        problems = [
            replace(p, path=f"$.if{p.path.removeprefix(start)}", message=_plain(p.message))
            for p in error.problems
        ]
        raise InputError("the condition has problems", problems) from None
    if compiled.datasets:
        names = ", ".join(sorted(compiled.datasets))
        raise _wrong("$.if", f"a condition looks into no dataset, this one into {names}")
    run = compiled.bind(Runtime(sleep=lambda _seconds: None))

    def holds(source: Any, target: Any, parent: Any) -> bool:
        out: list[Any] = []
        try:
            run({"_id": "x", "S": source, "T": target, "P": parent}, out)
        except DtlError:
            return False
        return bool(out) and "_filtered" not in out[0]

    return holds, frozenset(reads)


def within(value: Any, reads: set[str] | None = None) -> Any:
    """An expression over one source that has the variables as its properties `S`, `T`, `P`.

    The variables that it names are put into `reads`.
    """
    if type(value) is list:
        return [within(item, reads) for item in value]
    if type(value) is dict:
        return {name: within(item, reads) for name, item in value.items()}
    if type(value) is str and value[:2] in VARIABLES and value[2:3] in ("", "."):
        if reads is not None:
            reads.add(value[:2])
        return f"_S.{value[1]}{value[2:]}"
    return value


def _plain(message: str) -> str:
    """A message in the variables that were written."""
    for name in VARIABLES:
        message = message.replace(f"_S.{name[1]}.", f"{name}.")
    return message


# -- in a recorded entity --------------------------------------------------------------------------


def hits(document: dict[str, Any], entity: int, watches: Sequence[Watch]) -> list[Hit]:
    """Where the conditions hold in a recorded entity, in the order of its events.

    `differs` is not known here and never holds.
    """
    recording = Recording(document, entity)
    found = [
        Hit(number, None)
        for number, watch in enumerate(watches)
        if not watch.paths and _of_entity(recording, watch)
    ]
    placed = [(number, watch) for number, watch in enumerate(watches) if watch.paths]
    if placed:
        for event in range(len(recording.events)):
            path = recording.path(event)
            found += [
                Hit(number, event)
                for number, watch in placed
                if path in watch.paths and _at_event(recording, event, watch)
            ]
    return found


def outcome(recording: Recording) -> str:
    """What became of an entity: "ok", "filtered", "failed" or "nothing"."""
    if recording.entity["error"]:
        return "failed"
    return outcome_of(recording.results)


def outcome_of(results: Sequence[Any]) -> str:
    """What became of an entity that did not fail, by what came out."""
    if any("_filtered" not in item for item in results):
        return "ok"
    return "filtered" if results else "nothing"


def holds_of_results(watch: Watch, source: Any, results: Sequence[Any]) -> bool:
    """Does a condition hold of what came out? Where nothing did, none over `_T` does."""
    test = watch.test
    if test is None:
        return False
    emitted = [item for item in results if "_filtered" not in item]
    if not emitted:
        return "_T" not in watch.reads and test(source, {}, None)
    return any(test(source, target, None) for target in emitted)


def _of_entity(recording: Recording, watch: Watch) -> bool:
    if watch.kind == "outcome":
        return bool(outcome(recording) == watch.value)
    if watch.kind == "if":
        return holds_of_results(watch, recording.source, recording.results)
    return False


def _at_event(recording: Recording, number: int, watch: Watch) -> bool:
    event, kind = recording.events[number], watch.kind
    if kind == "runs":
        return True
    if kind == "branch":
        return bool(event.get("branch") == watch.value)
    if kind == "gives":
        if watch.value == "error":
            return "error" in event
        return "output" in event and recording.values[event["output"]] is None
    if kind == "gets":
        return any(recording.values[given] is None for given in event.get("inputs", ()))
    if watch.test is None:
        return False
    held = state_in(recording, number, after=not watch.before)
    test: Test = watch.test
    return test(held["_S"], held["_T"], held["_P"])
