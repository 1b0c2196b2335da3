"""A transform that takes the entities of several source entities at once, as a service may.

The transforms before it run for a stretch of source entities, then the service is asked for all of
them in one request, then the transforms behind it run for one source entity after the other, as
ever. So what comes out of each is known, and so is which one failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sesam_node.dtl import Runtime
    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Batch
    from sesam_node.pipes.lookup import StoreLookup
    from sesam_node.pipes.pipe import Pipe

    Run = Callable[[Entity, list[Entity]], None]


@runtime_checkable
class TakesMany(Protocol):
    """A transform that takes `at_once` entities at a time."""

    at_once: int

    def together(self, given: Sequence[list[Entity]]) -> list[list[Entity] | Exception]:
        """What becomes of each list of entities, in order, up to the first that fails."""


class Begun(NamedTuple):
    """A source entity half-way: what came out of the service, or the error of before.

    `looked_up`, `rows` and `taken` are what look-ups did until then.
    """

    found: list[Entity] | Exception
    looked_up: int
    rows: int
    taken: Any


def together(pipe: Pipe, lookup: StoreLookup, runtime: Runtime, stage: str) -> Together | None:
    """What has the entities of a batch taken together; null where the pipe has nothing for it.

    A pipe that looks into its own sink has to see what came of each entity before the next.
    """
    if stage in ("source", "before-transforms") or pipe.sink.dataset in pipe.hops:
        return None
    for position, transform in enumerate(pipe.transforms):
        if isinstance(transform, TakesMany) and transform.at_once > 1:
            return Together(pipe, lookup, runtime, stage, position, transform)
    return None


class Together:
    """Runs the transforms of one pipe in three steps."""

    def __init__(
        self,
        pipe: Pipe,
        lookup: StoreLookup,
        runtime: Runtime,
        stage: str,
        position: int,
        transform: TakesMany,
    ) -> None:
        self._before = pipe.bind_before(runtime, position)
        self._after = pipe.bind_after(runtime, position, stage)
        self._lookup = lookup
        self._transform = transform
        self._batch: Batch | None = None
        self._begun: dict[int, Begun] = {}

    def has(self, batch: Batch, position: int) -> bool:
        """Is the source entity at a position on its way?"""
        return batch is self._batch and position in self._begun

    def begin(self, batch: Batch, position: int, prepare: Callable[[int], Entity | None]) -> None:
        """Bring a stretch of source entities half-way.

        `prepare` gives the entity at a position, ready to be run; null for one that is not to be.
        """
        self._batch, self._begun = batch, {}
        lookup = self._lookup
        positions: list[int] = []
        given: list[list[Entity]] = []
        facts: list[tuple[int, int, Any]] = []
        failure: Exception | None = None
        for number in range(position, min(batch.size, position + self._transform.at_once)):
            entity = prepare(number)
            if entity is None:
                continue
            lookup.begin()
            looked_up, rows = lookup.count, lookup.rows
            out: list[Entity] = []
            try:
                if self._before is None:
                    out.append(entity)
                else:
                    self._before(entity, out)
            except Exception as error:  # noqa: BLE001 - it becomes the error of its entity
                failure = error
            positions.append(number)
            facts.append((lookup.count - looked_up, lookup.rows - rows, lookup.taken()))
            if failure is not None:
                break
            given.append(out)
        # What fails before it gets there ends the stretch, as what fails there does.
        found = self._transform.together(given) if given else []
        if failure is not None and len(found) == len(given):
            found.append(failure)
        for number, result, fact in zip(positions, found, facts, strict=False):
            self._begun[number] = Begun(result, *fact)

    def finish(self, position: int, out: list[Entity]) -> Begun:
        """Append what becomes of a source entity that is half-way. Raises its error."""
        begun = self._begun.pop(position)
        self._lookup.begin(begun.taken)
        if isinstance(begun.found, Exception):
            raise begun.found
        for item in begun.found:
            self._after(item, out)
        return begun
