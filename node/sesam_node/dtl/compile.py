"""Rule sets to functions: parse, check, plan, dependencies, emit, in this order.

compiled = compile_rules({"default": [["copy", "*"]]})
run = compiled.bind(Runtime(lookup))
run({"_id": "x"}, out)
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sesam_node.dtl.functions  # noqa: F401 - fills the registry
from sesam_node.dtl.check import check, errors
from sesam_node.dtl.dependencies import Tracker, dependencies
from sesam_node.dtl.emit import key_function
from sesam_node.dtl.execute import execute, executed
from sesam_node.dtl.limits import begin
from sesam_node.dtl.lookup import MemoryLookup
from sesam_node.dtl.parse import parse, parse_node
from sesam_node.dtl.plan import Plan, plan_rules
from sesam_node.dtl.prefetch import Prefetch
from sesam_node.dtl.runtime import Runtime, as_list
from sesam_node.dtl.syntax import RuleContext, Rules
from sesam_node.errors import DtlError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sesam_node.model.values import Entity, Value

Run = "Callable[[Entity, list[Entity]], None]"
NO_DATASETS: Mapping[str, list[Entity]] = MappingProxyType({})


@dataclass(frozen=True)
class CompiledRules:
    """A rule set ready to run; see `bind`.

    `lines` maps the lines of the generated Python `source` to JSON paths. `datasets` are read by
    hops or lookup-entity; `indexes` (dataset, index id) are what `Lookup.find` will ask for, those
    of the trackers included. `emits_own_id`: what comes out is one entity under the source's `_id`.
    `lookups` are the look-ups whose results matter: dataset and index (empty for the primary key,
    null where every entity is read). `keeps_deletes`: of a deleted one come deletes alone.
    `looked_up` are those `indexes` that a run asks, without what only trackers ask.
    """

    warnings: tuple[Problem, ...]
    source: str
    lines: Mapping[int, str]
    datasets: frozenset[str]
    indexes: tuple[tuple[str, str], ...]
    trackers: tuple[Tracker, ...]
    emits_own_id: bool
    make: Callable[[Runtime], Callable[[Entity, list[Entity]], None]]
    plan: Plan
    lookups: tuple[tuple[str, str | None], ...] = ()
    keeps_deletes: bool = False
    looked_up: tuple[tuple[str, str], ...] = ()

    def bind(self, runtime: Runtime | None = None) -> Callable[[Entity, list[Entity]], None]:
        """The function `run(source, out)`: appends each emitted entity to `out`, in order.

        Created entities come first, then the target. A filtered entity is `{"_id", "_filtered":
        true}`, a discarded one nothing. The source is not changed, but shares values with what
        comes out. Raises DtlError with the JSON path of the rule that fails, and leaves `out` as
        it was.
        """
        return self.make(runtime or Runtime())

    def prefetch(self) -> Prefetch:
        """The look-ups whose keys can be collected for a whole batch."""
        return Prefetch(self.plan)


def compile_rules(
    rules: Any,
    context: RuleContext = RuleContext(),  # noqa: B008 - immutable
    *,
    path: tuple[str | int, ...] = ("rules",),
) -> CompiledRules:
    """Compile a rule set. Raises DtlError with every Problem; their paths lie below `path`."""
    planned, problems = plan_rules(rules, context, path)
    read = dependencies(planned)
    emitted, make = execute(planned)
    trackers = tuple(
        Tracker(dataset, dataset not in read.inexact, roles, read.links, compile_index)
        for dataset, roles in read.roles.items()
    )
    return CompiledRules(
        tuple(problems),
        emitted.source,
        emitted.lines,
        planned.read,
        read.indexes,
        trackers,
        read.emits_own_id,
        make,
        planned,
        read.lookups,
        read.keeps_deletes,
        read.looked_up,
    )


def problems_of(
    rules: Any,
    context: RuleContext = RuleContext(),  # noqa: B008
    *,
    path: tuple[str | int, ...] = ("rules",),
) -> list[Problem]:
    """Every problem of a rule set, warnings included, without compiling it."""
    return check(parse(rules, path), context)


@lru_cache(4096)
def compile_index(index: str) -> Callable[[Entity], list[Value]]:
    """The key function of an index id: entity to its keys, nulls left out.

    An entity that the expression fails on has no keys. Raises DtlError for what is no index id.
    """
    try:
        document = json.loads(index)
    except ValueError as error:
        raise DtlError(f"not an index: {index!r}") from error
    context = RuleContext()
    if type(document) is dict:
        context = RuleContext(
            pipe_id=document.get("pipe", ""),
            namespaced=document.get("namespaced", False),
            identity_namespace=document.get("identity"),
            property_namespace=document.get("property"),
            namespaces=document.get("namespaces", {}),
        )
        document = document.get("expression")
    at = ("expression",)
    rules = {"default": [["add", "key", document]]}
    problems = errors(check(parse(rules, ()), context))
    if problems:
        raise DtlError(f"not an index: {index!r}", problems)
    emitted = key_function(Plan(Rules((), {}), context), parse_node(document, at))
    value_of = executed(emitted, f"<index {index!a}>")(Runtime())

    def keys(entity: Entity) -> list[Value]:
        begin()
        try:
            found = value_of(entity)
            if type(found) is str:  # nearly always
                return [found]
            return [value for value in as_list(found) if value is not None]
        except Exception:  # noqa: BLE001 - the entity has no key; the store must go on
            return []

    return keys


def run_rules(
    rules: Any,
    entities: Iterable[Entity],
    *,
    datasets: Mapping[str, list[Entity]] = NO_DATASETS,
    context: RuleContext = RuleContext(),  # noqa: B008
    runtime: Runtime | None = None,
) -> list[Entity]:
    """What a rule set makes of entities, with datasets in memory: for tests and notebooks.

    `runtime` brings time, chance, parameters and secrets; its look-up is replaced.
    """
    made = runtime or Runtime()
    made.lookup = MemoryLookup(datasets, compile_index)
    run = compile_rules(rules, context).bind(made)
    out: list[Entity] = []
    deque((run(entity, out) for entity in entities), maxlen=0)
    return out
