"""An incremental run: what has changed in hopped datasets, then what is new in the source.

What failed before is tried again first. Then the source entities run again that changes in hopped
datasets concern, as they were at the pipe's own offset, then the new source entities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.pipes import offsets
from sesam_node.pipes.lookup import StoreLookup
from sesam_node.pipes.policy import populate
from sesam_node.pipes.sources.merge import MergeSource

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sesam_node.pipes.batch import Batch, Offset
    from sesam_node.pipes.tracking import Tracking
    from sesam_node.pipes.transfer import Transfer


def incremental_run(
    transfer: Transfer,
    changes: dict[str, bytes | None],
    tracking: Tracking | None,
    *,
    delta: int = 0,
) -> None:
    """Go on where the last run ended; `changes` of state go with the first commit.

    With a `delta` the source is read from further back: a partial run.
    """
    state = transfer.state
    transfer.begin(full=False)
    transfer.open_records(reset=False)
    tried = transfer.retry()
    since = offsets.moved_back(state.offset, delta)
    last = incremental_pass(transfer, state.offset, changes, tracking, since=since, tried=tried)
    transfer.end()
    transfer.commit({**changes, **transfer.offset_change(last)}, last=True)
    populate(transfer.pipe, transfer.writer.dataset)


def incremental_pass(
    transfer: Transfer,
    offset: Offset,
    changes: dict[str, bytes | None],
    tracking: Tracking | None,
    *,
    since: Offset,
    tried: Collection[str] = (),
) -> Offset:
    """What changes in hopped datasets concern, then what is new after `since`.

    Entities are tracked as they were at `offset`, but for those that were `tried` already. Gives
    the new offset; `changes` then holds what is to be committed with it.
    """
    pipe = transfer.pipe
    go_back(transfer, offset, changes, tracking, tried=tried)
    merging = pipe.source if isinstance(pipe.source, MergeSource) else None
    if merging is None or since == offset:
        return transfer.read(pipe.source.read, changes, since, newest=since == offset)
    # What came out stems from the pipe's own offset: from there it goes on, in any case.
    last = transfer.read(merging.read, changes, offset)

    def again(at: Offset) -> Iterator[Batch]:
        return merging.as_of(merging.ids_since(since), at)

    transfer.read(again, {}, last, moves=False, newest=False)
    return last


def go_back(
    transfer: Transfer,
    offset: Offset,
    changes: dict[str, bytes | None],
    tracking: Tracking | None,
    *,
    tried: Collection[str] = (),
) -> None:
    """Run again what changes in hopped datasets concern, as it was at `offset`.

    Those that were `tried` already are left out; `changes` then holds what is to be committed.
    """
    stored = transfer.pipe.stored_source
    if stored is not None and tracking is not None and tracking.has_changes():
        ids = tracking.ids(StoreLookup(transfer.pipe.context))
        if transfer.state.depends_when_deleted or transfer.evaluator.depends_when_deleted:
            ids.update(stored.deleted_ids())
        ids.difference_update(tried)

        def tracked(at: Offset) -> Iterator[Batch]:
            return stored.as_of(ids, at)

        transfer.read(tracked, {}, offset, moves=False, newest=False)
    if tracking is not None:
        changes |= tracking.state_changes()
