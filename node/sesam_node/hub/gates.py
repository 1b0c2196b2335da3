"""Which datasets a pipe waits for: those that it hops to, until they are populated. Plain data.

"Populated" travels downstream: a dataset is populated when its pipe has read all of a source that
is. A pipe waits only for what can come. It does not wait for a dataset that no pipe writes, or
whose pipe never populates it, nor for one that comes from the pipe itself, in a circle: a wait that
cannot end helps nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.hub.checking import Facts

AT_ONCE = ("always", "initially")
BEFORE = "onload"


def is_populated_at_once(facts: Facts, pipe: Mapping[str, Any]) -> bool:
    """Does the sink count as populated as soon as the pipe is loaded?"""
    if facts.sink is None:
        return False
    source = _part(pipe, "source")
    receives = facts.receiver and source.get("auto_populate_dataset") is not False
    return receives or _part(pipe, "sink").get("set_initial_offset") == BEFORE


class Gates:
    """The gates of all pipes: `facts` and effective configuration (`pipes`) by pipe."""

    def __init__(self, facts: Mapping[str, Facts], pipes: Mapping[str, Mapping[str, Any]]) -> None:
        self._facts = facts
        self._pipes = pipes
        self._writers: dict[str, list[str]] = {}
        for pipe, item in facts.items():
            if item.sink is not None:
                self._writers.setdefault(item.sink, []).append(pipe)
        self._can: dict[str, bool] = {}

    def awaited(self, pipe: str) -> frozenset[str]:
        """The datasets that a pipe waits for before it runs."""
        facts = self._facts[pipe]
        return frozenset(
            name
            for name in facts.hops
            if name != facts.sink
            and any(self._comes(writer) for writer in self._writers.get(name, ()))
            and facts.sink not in self._upstream(name)
        )

    def _comes(self, writer: str) -> bool:
        """Will the pipe populate its sink, and has it not done so when it was loaded?"""
        at_once = is_populated_at_once(self._facts[writer], self._pipes[writer])
        return not at_once and self._populates(writer)

    def _populates(self, pipe: str) -> bool:
        if pipe not in self._can:
            self._can[pipe] = False  # in a circle nobody is the first
            self._can[pipe] = self._find(pipe)
        return self._can[pipe]

    def _find(self, pipe: str) -> bool:
        config, facts = self._pipes[pipe], self._facts[pipe]
        if _part(config, "pump").get("mode") == "off":
            return False
        if is_populated_at_once(facts, config):
            return True
        when = _part(config, "sink").get("set_initial_offset")
        if facts.receiver or when == "never":
            return False
        if when in AT_ONCE:
            return True
        source = _part(config, "source")
        datasets = source.get("initial_datasets") or facts.sources
        several = len(facts.sources) > 1 and source.get("ignore_non_existent_datasets") is not False
        return all(
            any(self._populates(writer) for writer in self._writers[name])
            if name in self._writers
            else several
            for name in datasets
        )

    def _upstream(self, dataset: str) -> set[str]:
        """The datasets that a dataset is made of, itself too."""
        found: set[str] = set()
        queue = [dataset]
        while queue:
            name = queue.pop()
            if name in found:
                continue
            found.add(name)
            for writer in self._writers.get(name, ()):
                queue.extend(self._facts[writer].reads)
        return found


def _part(pipe: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = pipe.get(name)
    return part if type(part) is dict else {}
