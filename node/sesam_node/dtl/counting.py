"""The counters strength of a trace: generated code that counts, cheap enough for a whole dataset.

counted = count_rules({"default": [["copy", "*"]]})
run = counted.bind(Runtime(lookup))        # as `CompiledRules.bind`
counted.document()                         # what has been counted so far

Two sources are made of a rule set, each with a kind of `Scope` of its own: one counts, one takes
the time as well and runs every 64th entity. Counting is kept off the fast path: transforms that
follow each other share one counter (`Segment`), arguments of plain functions have that of their
call, and only a null or a branch costs a call.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import sesam_node.dtl.functions  # noqa: F401 - fills the registry
from sesam_node.dtl.execute import execute
from sesam_node.dtl.plan import evaluated_nodes, may_stop, plan_rules
from sesam_node.dtl.registry import TRANSFORMS
from sesam_node.dtl.runtime import VARIES, Runtime
from sesam_node.dtl.scope import NO, Scope, transforms_of
from sesam_node.dtl.source_text import parents
from sesam_node.dtl.syntax import RuleContext
from sesam_node.dtl.trace.document import FORMAT, VERSION
from sesam_node.dtl.trace.places import below
from sesam_node.errors import DtlError, json_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sesam_node.dtl.plan import Plan
    from sesam_node.dtl.syntax import At, Call, Node
    from sesam_node.errors import Problem
    from sesam_node.model.values import Entity

TIMED_EVERY = 64


class Hits:
    """A counter that counts when it is called, and gives something true."""

    def __init__(self) -> None:
        self.hit = count(1).__next__
        self.read = 0

    def value(self) -> int:
        self.read += 1
        return self.hit() - self.read


class Counters:
    """What has been counted, by position in `evaluated_nodes`.

    `fired` has the counts of those nodes only that have a counter of their own; `leader` says whose
    counter the others go by, `segments` are transforms that run one after the other.
    """

    def __init__(self, plan: Plan) -> None:
        self.nodes = evaluated_nodes(plan)
        self.index = {node["path"]: position for position, node in enumerate(self.nodes)}
        size = len(self.nodes)
        self.fired = [0] * size
        self.nulls = [0] * size
        self.errors = [0] * size
        self.spent = [0] * size
        self.timed = [0] * size
        self.hits: dict[int, Hits] = {}
        self.leader: dict[int, int] = {}
        self.own: set[int] = set()
        self.always_null: set[int] = set()
        self.segments: list[list[int]] = []

    def position(self, at: At) -> int | None:
        return self.index.get(json_path(at))

    def nearest(self, path: str) -> int | None:
        """The innermost node that a path lies in, that of the path itself included."""
        return next((self.index[one] for one in parents(path) if one in self.index), None)

    def null(self, position: int) -> Callable[[], None]:
        nulls = self.nulls

        def counts_null() -> None:
            nulls[position] += 1

        return counts_null

    def spend(self, position: int, start: int, value: Any) -> Any:
        self.spent[position] += time.perf_counter_ns() - start
        self.timed[position] += 1
        return value

    def failed(self, path: str) -> None:
        position = self.nearest(path)
        if position is not None:
            self.errors[position] += 1

    def counts(self) -> list[int]:
        """How often each node was evaluated."""
        own = {
            at: self.fired[at] + (h.value() if (h := self.hits.get(at)) else 0) for at in self.own
        }
        # What fails ends its segment: those after it have been counted, but did not run.
        ended: dict[int, int] = {}
        for position, times in enumerate(self.errors):
            if times:
                path = self.nodes[position]["path"]
                for segment in self.segments:
                    paths = [self.nodes[at]["path"] for at in segment]
                    failing = [n for n, one in enumerate(paths) if below(path, one)]
                    for at in segment[failing[0] + 1 :] if failing else ():
                        ended[at] = ended.get(at, 0) + times
        found: dict[int, int] = {}

        def times_of(position: int) -> int:
            if position in found:
                return found[position]
            if position in own:
                result = own[position] - ended.get(position, 0)
            elif position in self.leader:
                result = times_of(self.leader[position]) - ended.get(position, 0)
            else:  # folded into what it stands in: evaluated with it, once and for all
                parent = self.parent(position)
                result = 0 if parent is None else times_of(parent)
            found[position] = result
            return result

        return [times_of(position) for position in range(len(self.nodes))]

    def is_derived(self, position: int) -> bool:
        """Has a node no counter, its own or another's: a constant, or a key that an index holds?"""
        return position not in self.own and position not in self.leader

    def evaluations(self, path: str) -> Callable[[], int]:
        """Gives a number that rises whenever a node is evaluated, maybe with others beside it."""
        position = self.nearest(path)
        while position is not None and position not in self.own:
            leader = self.leader.get(position)
            position = self.parent(position) if leader is None else leader
        if position is None:
            return count().__next__
        fired, at, hits = self.fired, position, self.hits.get(position)
        return (lambda: fired[at]) if hits is None else (lambda: fired[at] + hits.value())

    def null_results(self, path: str) -> Callable[[], int]:
        """Gives a number that rises whenever a node gives null, maybe also when it is evaluated."""
        position = self.index.get(path)
        if position is None or position in self.always_null or self.is_derived(position):
            return self.evaluations(path)
        nulls, at = self.nulls, position
        return lambda: nulls[at]

    def parent(self, position: int) -> int | None:
        """The node that a node stands in."""
        outer = islice(parents(self.nodes[position]["path"]), 1, None)
        return next((self.index[one] for one in outer if one in self.index), None)

    def times(self) -> tuple[list[int], list[int]]:
        """Nanoseconds of each node, and how often it was timed; a rule takes what is in it."""
        spent, timed = list(self.spent), list(self.timed)
        for position, node in enumerate(self.nodes):
            parent = self.parent(position) if node["kind"] == "transform" else None
            if parent is not None and self.nodes[parent]["kind"] == "rule":
                spent[parent] += spent[position]
        return spent, timed


@dataclass
class CountingScope(Scope):
    """Writes code that counts: `fired[n] += 1` for statements, `hit_n()` and `null_n()` for values.

    `owner` is the position whose counter the next expression goes by, None where it needs its own.
    """

    owner: int | None = None
    current: int | None = None

    @property
    def counters(self) -> Counters:
        found: Counters = self.module.names["counters"]
        return found

    # -- statements --------------------------------------------------------------------------------

    def whole(self, rule: Node) -> None:
        position = self.counters.position(rule.at)
        if position is not None:
            self.counters.own.add(position)
            self.line(f"fired[{position}] += 1", rule.at)
        super().whole(rule)

    def block(self, node: Node) -> None:
        segment: list[int] = []
        for call in transforms_of(node):
            position = self.counters.position(call.at)
            if position is None:
                TRANSFORMS[call.name].code(self, call)
                continue
            if segment:
                self.counters.leader.setdefault(position, segment[0])
            else:
                self.line(f"fired[{position}] += 1", call.at)
                self.counters.own.add(position)
                self.counters.segments.append(segment)
            segment.append(position)
            outer, self.current = self.current, position
            self.transform(call, position)
            self.current = outer
            if may_stop(call):
                segment = []

    def transform(self, call: Call, position: int) -> None:  # noqa: ARG002 - for the kind below
        TRANSFORMS[call.name].code(self, call)

    def stop(self, at: At, *, filtered: bool) -> None:
        if self.root:
            self.line(f"ends[{int(filtered)}] += 1", at)
        super().stop(at, filtered=filtered)

    # -- expressions -------------------------------------------------------------------------------

    def directly(self) -> Any:
        self.owner = self.current
        return super().directly()

    def argument(self, node: Node, chain: int) -> str:
        self.owner = self.current
        return super().argument(node, chain)

    def bare(self, node: Node) -> str | None:  # noqa: ARG002 - a bare function would not be counted
        return None

    def _repeated(self, entry: Any, node: Call, chain: int) -> str:  # noqa: ARG002
        return self._call(entry, node, NO)

    def expression(self, node: Node) -> str:
        owner, self.owner = self.owner, None
        position = self.counters.position(node.at)
        if position is None:
            return super().expression(node)
        constant = self.value(node)
        if constant is not VARIES:
            if constant is None:
                self.counters.always_null.add(position)
            return super().expression(node)
        outer, self.current = self.current, position
        source = self.valued(position, super().expression(node))
        self.current = outer
        kept = self.temporary()
        null = self.module.name(self.counters.null(position), f"null_{position}")
        if owner is not None and position not in self.counters.own:
            self.counters.leader.setdefault(position, owner)
            return f"({kept} if ({kept} := {source}) is not None else {null}())"
        self.counters.own.add(position)
        hits = self.counters.hits.setdefault(position, Hits())
        hit = self.module.name(hits.hit, f"hit_{position}")
        return f"({kept} if {hit}() and ({kept} := {source}) is not None else {null}())"

    def valued(self, position: int, source: str) -> str:  # noqa: ARG002 - for the kind below
        return source


@dataclass
class TimingScope(CountingScope):
    """As its base, and takes the time of transforms and functions, what is in them included."""

    def whole(self, rule: Node) -> None:
        position = self.counters.position(rule.at)
        if position is not None:
            self.line(f"timed[{position}] += 1", rule.at)
        super().whole(rule)

    def transform(self, call: Call, position: int) -> None:
        start = self.temporary()
        self.line(f"{start} = clock()", call.at)
        super().transform(call, position)
        self.line(f"spend({position}, {start}, None)", call.at)

    def valued(self, position: int, source: str) -> str:
        if self.counters.nodes[position]["kind"] == "path":
            return source
        return f"spend({position}, clock(), {source})"


class CountedRules:
    """A rule set that counts what it does, over all that `bind` gives; see `count_rules`."""

    def __init__(self, rules: Any, plan: Plan, warnings: Iterable[Problem]) -> None:
        self.rules = rules
        self.plan = plan
        self.warnings = tuple(warnings)
        self.counters = counters = Counters(plan)
        self.entities = [0]
        self.appended = [0]
        self.ends = [0, 0]  # discarded, filtered
        self.failures = 0
        names = {
            "counters": counters,
            "fired": counters.fired,
            "timed": counters.timed,
            "spend": counters.spend,
            "clock": time.perf_counter_ns,
            "ends": self.ends,
        }
        self.counting = execute(plan, CountingScope, names)[1]
        self.timing = execute(plan, TimingScope, names)[1]

    def bind(self, runtime: Runtime | None = None) -> Callable[[Entity, list[Entity]], None]:
        """The function `run(source, out)`: as `CompiledRules.bind`."""
        made = runtime or Runtime()
        counting, timing = self.counting(made), self.timing(made)
        entities, appended, failed = self.entities, self.appended, self.failed
        last = TIMED_EVERY - 1

        def run(source: Entity, out: list[Entity]) -> None:
            before = len(out)
            number = entities[0]
            entities[0] = number + 1
            try:
                if number & last:
                    counting(source, out)
                else:
                    timing(source, out)
            except DtlError as error:
                failed(error)
                raise
            appended[0] += len(out) - before

        return run

    def failed(self, error: DtlError) -> None:
        self.failures += 1
        if error.problems:
            self.counters.failed(error.problems[0].path)

    def document(self) -> dict[str, Any]:
        """The trace document of what has been counted so far; `docs/trace-format.md` describes it.

        Of the arguments of a call that failed, and of what follows in its expression, some may be
        counted that were not reached any more. A node that is `derived` is not counted itself but
        goes by what it stands in: a constant, or the side of a join that an index holds.
        """
        counters = self.counters
        fired = counters.counts()
        spent, timed = counters.times()
        nulls = list(counters.nulls)
        for position in counters.always_null:
            nulls[position] = fired[position]
        entities = self.entities[0]
        return {
            "format": FORMAT,
            "version": VERSION,
            "strength": "counters",
            "rules": self.rules,
            "pipe": self.plan.context.pipe_id,
            "nodes": counters.nodes,
            "entities": entities,
            "timed": -(-entities // TIMED_EVERY),
            "results": self.appended[0] - self.ends[1],
            "filtered": self.ends[1],
            "errors": self.failures,
            "counters": [
                {
                    "path": node["path"],
                    "kind": node["kind"],
                    "name": node["name"],
                    "fired": fired[position],
                    "null": nulls[position],
                    "error": counters.errors[position],
                    "ns": spent[position],
                    "timed": timed[position],
                    **({"derived": True} if counters.is_derived(position) else {}),
                }
                for position, node in enumerate(counters.nodes)
            ],
        }


def count_rules(
    rules: Any,
    context: RuleContext = RuleContext(),  # noqa: B008 - immutable
    *,
    path: tuple[str | int, ...] = ("rules",),
) -> CountedRules:
    """Compile a rule set so that it counts. Raises DtlError with every Problem."""
    plan, warnings = plan_rules(rules, context, path)
    return CountedRules(rules, plan, warnings)
