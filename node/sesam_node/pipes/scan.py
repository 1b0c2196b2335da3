"""Goes over the source of a pipe for the entities that fulfil a condition, and records those.

Most entities cost little more than in a run: rules that count are run, and a condition is a
question to a few counters, or to what came out. What may fulfil it is recorded in full, which
decides. A scan is done in portions, bounded by time: each says where the next one begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.counting import count_rules
from sesam_node.dtl.masking import decrypts
from sesam_node.dtl.record import OneByOne, record
from sesam_node.dtl.watch import Hit, hits, read_watches
from sesam_node.errors import DtlError, InputError, json_path
from sesam_node.pipes.differing import Differ
from sesam_node.pipes.dtl import EVENTS, HERE, Tracing, built
from sesam_node.pipes.guessing import Early, Guess
from sesam_node.pipes.samples import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sesam_node.dtl import Runtime
    from sesam_node.model import Entity
    from sesam_node.pipes.overlay import World
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.pipes.samples import Wanted
    from sesam_node.pipes.transforms.dtl import DtlTransform
    from sesam_node.store.api import Store, Version

Told = dict[str, Any]

PLACES = 50
"""How many places of one entity are told at which a condition holds."""


def scan_rules(
    definition: PipeDefinition,
    store: Store,
    *,
    rules: Any = None,
    wanted: Wanted,
    when: list[Any],
    position: int | None = None,
    most: int = 1,
    traced: bool = True,
    world: World = HERE,
) -> Told:
    """One portion: `hits`, their `trace`, how many were `read`, `errors`, `next`, `stopped`.

    Each hit is an entity: `_id`, `source` (the `_id` of its source entity), `version`,
    `conditions` (their numbers), `at` (`{"condition", "path", "event"}` of the first of its
    `places`), `entity` (its position in the trace), `outputs` where outputs were
    compared. Raises DtlError, InputError with paths below `$.when`.
    """
    pipe = built(definition, store, rules, world, position)
    other: Pipe | None = None
    try:
        tracing = Tracing(pipe, Sample(pipe, wanted), position)
        pipe.ensure_lookups()
        path = None if rules is None else ("rules",)
        scan = Scan(tracing, when, path)
        if scan.compared:
            other = _other(scan, definition, store, rules, world)
            scan.differ = Differ(pipe, tracing.lookup, tracing.runtime, other, scan.compared)
        return scan.run(most, traced=traced)
    finally:
        pipe.close()
        if other is not None:
            other.close()


def _other(
    scan: Scan, definition: PipeDefinition, store: Store, rules: Any, world: World
) -> Pipe | None:
    """The pipe as it is deployed, where its output is asked for."""
    if any(decrypts(getattr(transform, "rules", None)) for transform in scan.pipe.transforms):
        raise InputError("what rules make that decrypt is not compared")
    if "deployed" not in scan.compared:
        return None
    if rules is None:
        raise InputError('the rules are the deployed ones: there is nothing that "differs"')
    if not definition.pipe.get("transform"):
        raise InputError("the pipe has no rules that are deployed")
    other = built(definition, store, None, world)
    other.ensure_lookups()
    return other


class Scan:
    """One portion of a scan over what a transform gets."""

    differ: Differ | None = None

    def __init__(
        self, tracing: Tracing, when: list[Any], path: tuple[str | int, ...] | None
    ) -> None:
        transform: Any = tracing.pipe.transforms[tracing.position]
        self.tracing = tracing
        self.pipe = tracing.pipe
        self.transform: DtlTransform = transform
        self.path = path or transform.path
        self.counted = count_rules(transform.rules, transform.context, path=self.path)
        nodes = self.counted.counters.nodes
        self.watches = read_watches(
            when, nodes, json_path(self.path), namespaced=transform.context.namespaced
        )
        self.compared = {w.value: n for n, w in enumerate(self.watches) if w.kind == "differs"}
        early = Early(transform.rules, transform.context, tracing.runtime, self.path)
        self.guess = Guess(self.counted, self.watches, early)
        self.one = OneByOne(transform.rules, transform.context, tracing.runtime, self.path)
        self.errors = 0
        self.found: list[Told] = []
        self.kept: list[tuple[Entity, Version | None]] = []

    def run(self, most: int, *, traced: bool) -> Told:
        runtime: Runtime = self.tracing.runtime
        run = self.counted.bind(runtime)
        full = False
        for given in self.tracing.given(self.transform):
            for entity in given:
                self._entity(run, entity)
            self._compare()
            if len(self.found) >= most:
                full = True
                break
        told = {"hits": self.found, "read": self.tracing.sample.read, "errors": self.errors}
        told |= self.tracing.told()
        if full:
            told["stopped"] = "hits"
        if traced:
            told["trace"] = self._trace() if self.kept else None
        return told

    def _entity(self, run: Callable[[Entity, list[Entity]], None], entity: Entity) -> None:
        out: list[Entity] = []
        failed = False
        try:
            run(entity, out)
        except DtlError:
            self.errors += 1
            failed = True
        if self.guess.may_hit(entity, out, failed=failed):
            document = self.one.document(entity)
            where = hits(document, 0, self.watches)
            if where:
                paths, events = document["paths"], document["entities"][0]["events"]
                self._hit(entity, where, lambda event: paths[events[event]["path"]])

    def _hit(self, entity: Entity, where: list[Hit], path_of: Callable[[int], str]) -> None:
        version = self.tracing.lookup.current
        places = [
            {"condition": hit.watch, "event": hit.event, "path": path_of(hit.event)}
            for hit in where
            if hit.event is not None
        ]
        told: Told = {
            "_id": entity.get("_id"),
            "source": self.tracing.source_id,
            "version": None if version is None else version.seq,
            "conditions": sorted({hit.watch for hit in where}),
            "at": places[:PLACES],
            "places": len(places),
            "entity": len(self.kept),
        }
        self.found.append(told)
        self.kept.append((entity, version))

    def _compare(self) -> None:
        """What the pipe as a whole makes of the source entity, against what was asked for."""
        current = self.tracing.current
        if self.differ is None or current is None:
            return
        source, outputs, differing = self.differ.of(current)
        if not differing:
            return
        numbers = [self.compared[name] for name in differing]
        last = self.found[-1] if self.found else None
        if last is None or last["_id"] != source["_id"] or "outputs" in last:
            self._hit(source, [Hit(number, None) for number in numbers], str)
            last = self.found[-1]
        else:
            last["conditions"] = sorted({*last["conditions"], *numbers})
        last["outputs"] = outputs

    def _trace(self) -> Told:
        """The hits recorded in full, as one document."""
        lookup = self.tracing.lookup
        versions = [version for _, version in self.kept]

        def each() -> Iterator[Entity]:
            for entity, version in self.kept:
                lookup.current = version
                yield entity

        given = iter(versions)

        def version_of(_entity: Entity) -> int | None:
            version = next(given)
            return None if version is None else version.seq

        return record(
            self.transform.rules,
            each(),
            context=self.transform.context,
            runtime=self.tracing.runtime,
            path=self.path,
            version_of=version_of,
            budget=EVENTS,
        )
