"""Batches of emitted entities for a sink that is no dataset.

A batch that fails is tried again, `batch_retries` times; then, unless the pipe forbids it, what
each source entity became is written alone, so that only the one at fault fails (manual: pumps).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.errors import FenceError, PipeError
from sesam_node.model import content
from sesam_node.pipes.evaluate import EntityError, source_entity
from sesam_node.pipes.retries import message_of, retry_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Batch
    from sesam_node.pipes.pipe import Pipe

    Outcome = list[tuple[int, list[Entity]]]


class HandOver:
    """Writes batches to the sink of one pipe; `taken` counts what it took.

    `pause` waits for some seconds, and raises where the run is stopped meanwhile.
    """

    def __init__(self, pipe: Pipe, pause: Callable[[float], None]) -> None:
        self._sink = pipe.sink
        self._alone: bool = pipe.pump["fallback_to_single_entities_on_batch_fail"]
        self._pipe = pipe
        self._pause = pause
        self.taken = 0

    def bring(self, batch: Batch, outcome: Outcome) -> None:
        """Write what became of the source entities: (position in the batch, emitted entities).

        Raises EntityError for the one that the sink does not take: those before it are written.
        Raises PipeError where the whole batch fails and may not be taken apart.
        """
        entities = [item for _, emitted in outcome for item in emitted]
        failure = self._try(entities)
        if failure is None:
            return
        if len(outcome) > 1:
            for _ in range(retry_option(self._pipe, "batch_retries", failure)):
                self._pause(retry_option(self._pipe, "write_retry_delay", failure))
                failure = self._try(entities)
                if failure is None:
                    return
            if not self._alone:
                raise PipeError(
                    f"a batch of {len(entities)} entities failed: {message_of(failure)}"
                ) from failure
        for position, emitted in outcome:
            # A batch of one source entity has had its try.
            failure = failure if len(outcome) == 1 else self._try(emitted)
            if failure is not None:
                raise EntityError(position, source_entity(batch, position), failure) from failure

    def _try(self, emitted: list[Entity]) -> Exception | None:
        entities = [content(item) for item in emitted if "_filtered" not in item]
        if not entities:
            return None
        try:
            self.taken += self._sink.write(entities)
        except FenceError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a sink does wrong is the batch's error
            return error
        return None
