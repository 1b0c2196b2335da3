"""A rescan that holds nothing back: everything is read again, and what is new in between.

A pipe has one run at a time, so the rescan and the incremental runs beside it (manual: pipe
rescans) are one run that takes turns: between two batches of the rescan it does, every few
seconds, what an incremental run would do. The offset is that of these passes. What they wrote is
not overwritten by what the rescan read before, and not deleted at its end. One that was interrupted
begins again with the next run.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sesam_node.errors import PipeError
from sesam_node.model import encode
from sesam_node.pipes import offsets
from sesam_node.pipes.full_run import delete_unseen
from sesam_node.pipes.incremental_run import incremental_pass
from sesam_node.pipes.policy import option, populate
from sesam_node.pipes.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sesam_node.pipes.batch import Batch, Offset
    from sesam_node.pipes.offsets import PipeState
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.pipes.tracking import Tracking
    from sesam_node.pipes.transfer import Transfer

    Changes = dict[str, bytes | None]
    Track = Callable[[PipeState, Tracking], Tracking]

PASS_EVERY_S = 5.0
ALL = -1


def rescans_beside(pipe: Pipe, state: PipeState) -> bool:
    """Can a rescan of the pipe take turns with incremental passes?

    Only where a dataset is written, the source can go on at an offset, and there is one. A merge
    source changes what it has read already; its rescan is a plain full run.
    """
    source = pipe.source
    return bool(
        option(pipe, "enable_background_rescan")
        and pipe.sink.dataset
        and source.supports_since
        and source.is_chronological
        and not getattr(source, "combines", False)
        and state.offset is not None
        and state.full_run is None
    )


def background_rescan(
    transfer: Transfer,
    config: str,
    changes: Changes,
    tracking: Tracking | None,
    generations: Mapping[str, str | None],
    track: Track,
) -> None:
    """Read the source from its start, with incremental passes in between.

    `track(state, before)` looks what has changed in hopped datasets since `before` did.
    """
    pipe, writer = transfer.pipe, transfer.writer
    sink: Any = pipe.sink
    transfer.open_records(reset=False)
    if sink.deletion_tracking:
        writer.seen = Seen(writer.dataset.head(), offsets.BACKGROUND)
    passes = Passes(transfer, tracking, generations, track)
    # What an interrupted one left is worth nothing.
    changes |= {key: None for key in writer.state if key.startswith(f"{offsets.BACKGROUND}:")}
    changes[offsets.BACKGROUND] = encode(transfer.result.run_id)
    passes.make(changes)

    def everything(_offset: Offset) -> Iterator[Batch]:
        for batch in pipe.source.read(None):
            # Where the pipe is, is not where the rescan is.
            yield passes.left_of(batch)._replace(offset=passes.offset, offset_of=None)

    def between() -> None:
        if time.monotonic() - passes.made >= PASS_EVERY_S:
            transfer.commit({})
            passes.make({})

    transfer.read(everything, {}, passes.offset, moves=False, newest=False, between=between)
    transfer.commit({})
    passes.make({})
    transfer.retries.forget_unmet()
    ended: Changes = {} if writer.seen is None else delete_unseen(transfer, writer.seen)
    ended |= {
        offsets.BACKGROUND: None,
        offsets.OUT_OF_SYNC: None,
        offsets.CONFIG: encode(config),
    }
    transfer.commit(ended, last=True)
    populate(pipe, writer.dataset)


class Passes:
    """The incremental passes of one rescan: `offset` is where they are, `made` when the last was.

    What they write of a source outside of the node is kept in mind, as the rescan may have read an
    older state of it. Of a dataset it leaves out what is no longer the latest version (`left_of`).
    """

    def __init__(
        self,
        transfer: Transfer,
        tracking: Tracking | None,
        generations: Mapping[str, str | None],
        track: Track,
    ) -> None:
        self._transfer = transfer
        self._tracking = tracking
        self._generations = generations
        self._track = track
        self._written: set[str] | None = None
        if transfer.pipe.stored_source is None:
            self._written = set()
        self._first = True
        self.offset: Offset = transfer.state.offset
        self.made = 0.0

    def make(self, changes: Changes) -> None:
        """Do what an incremental run would do now. Raises PipeError where the source is new."""
        transfer, stored = self._transfer, self._transfer.pipe.stored_source
        # What look-ups remember is older than what is tracked from now on.
        transfer.lookup.forget(ALL)
        if not self._first and stored is not None:
            if stored.prepare() != self._generations:
                raise PipeError("a dataset of the source was made again during the rescan")
            if self._tracking is not None:
                walked = self._tracking.state_changes().items()
                now = {key: value for key, value in walked if value is not None}
                state = offsets.read_state({**transfer.writer.state, **now})
                state = replace(state, offset=self.offset)
                self._tracking = self._track(state, self._tracking)
        self._first = False
        transfer.spared, transfer.collected = (), self._written
        last = incremental_pass(transfer, self.offset, changes, self._tracking, since=self.offset)
        transfer.commit({**changes, **transfer.offset_change(last)})
        self.offset = last
        self.spare()
        self.made = time.monotonic()

    def left_of(self, batch: Batch) -> Batch:
        """What of a batch of the rescan is not for the passes: the versions that are the latest."""
        stored, dataset, versions = self._transfer.pipe.stored_source, batch.dataset, batch.versions
        if stored is None or stored.history or dataset is None or versions is None:
            return batch
        latest = dataset.get_many([version.entity_id for version in versions])
        kept = [
            position
            for position, (version, now) in enumerate(zip(versions, latest, strict=True))
            if now is not None and now.seq == version.seq
        ]
        entities = batch.entities
        return batch._replace(
            versions=[versions[position] for position in kept],
            entities=None if entities is None else [entities[position] for position in kept],
        )

    def spare(self) -> None:
        """Let the rescan leave alone what the passes wrote."""
        self._transfer.collected = None
        self._transfer.spared = self._written or ()
        self._transfer.stand_at(self.offset)
