"""`sesam-node dtl bench`: how long rules take, plain, counted and recorded."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from sesam_node.cli.dtl.entities import all_entities
from sesam_node.cli.dtl.given import compiled, given
from sesam_node.cli.dtl.surroundings import runtime_of
from sesam_node.cli.dtl.tables import duration, figures, table, top_table
from sesam_node.dtl.compile import compile_rules
from sesam_node.dtl.counting import count_rules
from sesam_node.dtl.masking import masked
from sesam_node.dtl.walk import Recorder, walk_rules
from sesam_node.errors import DtlError, InputError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from sesam_node.cli.dtl.rules import RuleSet
    from sesam_node.dtl import Runtime
    from sesam_node.model.values import Entity

    Run = Callable[[Entity, list[Entity]], None]

SLICE = 20
TURNS = 5
"""How often the ways take turns, so that all see the same machine."""

MOST_ROUNDS = 1_000_000


class Way:
    """One way to run rules: how many entities it took, and for how long.

    `keeps` says that it holds on to what it has seen.
    """

    def __init__(self, name: str, make: Callable[[], Run], *, keeps: bool = False) -> None:
        self.name = name
        self.make = make
        self.keeps = keeps
        self.run = make()
        self.entities = 0
        self.ns = 0

    def take(self, entities: list[Entity], *, counted: bool = True) -> None:
        """Run a slice of entities; those that fail count as well."""
        run = self.run
        started = time.perf_counter_ns()
        for entity in entities:
            try:
                run(entity, [])
            except DtlError:
                continue
        if counted:
            self.ns += time.perf_counter_ns() - started
            self.entities += len(entities)

    @property
    def each(self) -> float:
        """Nanoseconds an entity."""
        return self.ns / self.entities


def bench(options: argparse.Namespace) -> int:
    """Print how long compiling and running take; always 0."""
    if not 0 < options.seconds <= 3600:
        raise InputError(f"--seconds: expected more than 0, at most 3600, got {options.seconds:g}")
    asked = given(options)
    rule_set = asked.rule_set(options)
    compiled(asked.file, rule_set)
    entities = all_entities(asked.entities, options.limit)
    if not entities:
        raise InputError("there are no entities to run the rules on")
    compile_ns = _compile_time(rule_set, options.seconds)
    counted = count_rules(rule_set.rules, rule_set.context, path=rule_set.at)
    ways = _ways(rule_set, runtime_of(options), counted.bind)
    _measure(ways, entities, options.seconds)
    document = masked(counted.document())
    if options.json:
        print(json.dumps(_data(compile_ns, ways, document), indent=2))
        return 0
    plain = ways[0].each
    rows = [
        [duration(way.each), f"{1e9 / way.each:,.0f}", f"{way.each / plain:.2f} x", way.name]
        for way in ways
    ]
    print(f"compiling takes {duration(compile_ns)}; {len(entities)} different entities\n")
    print(table(["entity", "a second", "ratio", "way"], rows))
    print(f"\n{top_table(document, options.top, rule_set.place)}")
    failed = figures(document)["errors"]
    if failed:
        print(f"\n{failed} of {figures(document)['entities']} entities failed")
    return 0


def _compile_time(rule_set: RuleSet, seconds: float) -> float:
    """Nanoseconds to compile the rules, on average."""
    rounds, started = 0, time.perf_counter_ns()
    until = started + int(seconds * 1e9)
    while rounds < MOST_ROUNDS:
        compile_rules(rule_set.rules, rule_set.context, path=rule_set.at)
        rounds += 1
        if time.perf_counter_ns() >= until:
            break
    return (time.perf_counter_ns() - started) / rounds


def _ways(
    rule_set: RuleSet, runtime: Runtime, counting: Callable[[Runtime], Run]
) -> tuple[Way, Way, Way]:
    plain = compile_rules(rule_set.rules, rule_set.context, path=rule_set.at)
    walked = walk_rules(rule_set.rules, rule_set.context, path=rule_set.at)

    def recording() -> Run:
        return walked.bind(runtime, Recorder(rule_set.rules, rule_set.context))

    return (
        Way("plain", lambda: plain.bind(runtime)),
        Way("counters", lambda: counting(runtime)),
        Way("full", recording, keeps=True),
    )


def _measure(ways: tuple[Way, ...], entities: list[Entity], seconds: float) -> None:
    """Each way for so many seconds, in turns that begin with a slice that does not count."""
    slices = [entities[start : start + SLICE] for start in range(0, len(entities), SLICE)]
    for turn in range(1, TURNS + 1):
        for way in ways:
            way.run = way.make()
            way.take(slices[0], counted=False)
            limit = seconds * 1e9 * turn / TURNS
            for number in range(MOST_ROUNDS):
                way.take(slices[number % len(slices)])
                if way.ns >= limit:
                    break
                if way.keeps and number % 10 == 9:
                    # What has been recorded would fill the memory.
                    way.run = way.make()


def _data(compile_ns: float, ways: tuple[Way, ...], document: dict[str, Any]) -> dict[str, Any]:
    from sesam_node.dtl.trace import timings

    plain = ways[0].each
    return {
        "compile_ns": round(compile_ns),
        "ways": {
            way.name: {
                "entities": way.entities,
                "ns_per_entity": round(way.each),
                "ratio": round(way.each / plain, 3),
            }
            for way in ways
        },
        "paths": timings(document),
    }
