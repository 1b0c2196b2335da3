"""Runs rules over entities and gives the trace of it: one document of a few, or figures of many.

"full" walks the rules and writes down everything; "counters" runs compiled rules that count. What
is secret is hidden in both (see `masking`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.compile import NO_DATASETS, compile_index
from sesam_node.dtl.counting import count_rules
from sesam_node.dtl.lookup import MemoryLookup
from sesam_node.dtl.masking import masked
from sesam_node.dtl.runtime import Runtime
from sesam_node.dtl.syntax import RuleContext
from sesam_node.dtl.walk import Recorder, walk_rules
from sesam_node.errors import DtlError, InputError, preview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sesam_node.model.values import Entity, Value

    Run = Callable[[Entity, list[Entity]], None]

STRENGTHS = ("full", "counters")
MAX_SIZE = 5_000_000
"""How many texts and numbers the values of a trace with a budget may have."""

TEXT = 16
"""Characters of a text that count as one."""


def record(
    rules: Any,
    entities: Iterable[Entity],
    *,
    strength: str = "full",
    datasets: Mapping[str, list[Entity]] = NO_DATASETS,
    context: RuleContext = RuleContext(),  # noqa: B008 - immutable
    runtime: Runtime | None = None,
    path: tuple[str | int, ...] = ("rules",),
    version_of: Callable[[Entity], int | None] | None = None,
    budget: int | None = None,
) -> dict[str, Any]:
    """The trace document of a rule set over entities; an entity that fails is part of it.

    Hops look into `datasets` (name to entities in memory), else into the look-up of `runtime`,
    which brings the rest. `version_of` gives the version of a source entity (`_updated`) where it
    is not in the entity; `budget` is how many events are kept of all entities: once there are so
    many, or values of the size `MAX_SIZE`, no further entity is run. The paths in the document lie
    below `path`.

    Raises DtlError with every Problem for rules that do not compile.
    """
    made = runtime or Runtime()
    if datasets:
        made = replace(made, lookup=MemoryLookup(datasets, compile_index))
    if strength == "counters":
        counted = count_rules(rules, context, path=path)
        _run(counted.bind(made), entities)
        document = counted.document()
    elif strength == "full":
        recorder = Recorder(rules, context)
        run = walk_rules(rules, context, path=path).bind(made, recorder)
        if version_of is not None:
            run = _versioned(run, recorder, version_of)
        _run(run, entities if budget is None else _within(budget, recorder, entities))
        document = recorder.document()
    else:
        known = " or ".join(f'"{name}"' for name in STRENGTHS)
        raise InputError(f"expected the strength to be {known}, got {preview(strength)}")
    return masked(document, made.secrets.values())


class OneByOne:
    """Records one entity at a time: for who looks at each and keeps few.

    Raises DtlError with every Problem for rules that do not compile.
    """

    def __init__(
        self,
        rules: Any,
        context: RuleContext,
        runtime: Runtime,
        path: tuple[str | int, ...] = ("rules",),
    ) -> None:
        self._recorder = Recorder(rules, context)
        self._run = walk_rules(rules, context, path=path).bind(runtime, self._recorder)
        self._secrets = runtime.secrets

    def document(self, entity: Entity) -> dict[str, Any]:
        """The trace document of this entity alone; secrets in it are hidden."""
        recorder = self._recorder
        for held in (recorder.entities, recorder.values, recorder.by_content, recorder.by_identity):
            held.clear()
        _run(self._run, [entity])
        return masked(recorder.document(), self._secrets.values())


def _run(run: Run, entities: Iterable[Entity]) -> None:
    for entity in entities:
        try:
            run(entity, [])
        except DtlError:
            # The document has it.
            continue


def _versioned(run: Run, recorder: Recorder, version_of: Callable[[Entity], int | None]) -> Run:
    def versioned(entity: Entity, out: list[Entity]) -> None:
        version = version_of(entity)
        try:
            run(entity, out)
        finally:
            recorder.entities[-1]["version"] = version

    return versioned


def _within(budget: int, recorder: Recorder, entities: Iterable[Entity]) -> Iterator[Entity]:
    """The entities for as long as there are events left to record, and room for values."""
    limit, room, known = recorder.limit, MAX_SIZE, 0
    for entity in entities:
        if budget <= 0 or room <= 0:
            return
        recorder.limit = min(limit, budget)
        yield entity
        budget -= len(recorder.entities[-1]["events"])
        for value in recorder.values[known:]:
            room -= size_of(value, room)
        known = len(recorder.values)


def size_of(value: Value, most: int) -> int:
    """How much a value adds to a document: its texts and numbers, long texts as several.

    Not counted further where it is more than `most`.
    """
    size, waiting = 0, [value]
    while waiting and size <= most:
        one = waiting.pop()
        kind = type(one)
        if kind is dict:
            waiting.extend(one.values())
        elif kind is list or kind is tuple:
            waiting.extend(one)
        size += 1 + (len(one) // TEXT if kind is str else 0)
    return size
