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
    from collections.abc import Iterator

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
    pipe, state = transfer.pipe, transfer.state
    transfer.begin(full=False)
    transfer.open_records(reset=False)
    tried = transfer.retry()
    stored = pipe.stored_source
    if stored is not None and tracking is not None and tracking.has_changes():
        lookup = StoreLookup(pipe.context)
        ids = tracking.ids(lookup)
        if state.depends_when_deleted:
            ids.update(stored.deleted_ids())
        ids -= tried

        def tracked(offset: Offset) -> Iterator[Batch]:
            return stored.as_of(ids, offset)

        transfer.read(tracked, {}, state.offset, moves=False, newest=False)
    if tracking is not None:
        changes |= tracking.state_changes()
    since = offsets.moved_back(state.offset, delta)
    merging = pipe.source if isinstance(pipe.source, MergeSource) else None
    if merging is not None:
        # What came out stems from the pipe's own offset: from there it goes on, in any case.
        further, since = since, state.offset
    last = transfer.read(pipe.source.read, changes, since, newest=since == state.offset)
    if merging is not None and further != since:

        def again(offset: Offset) -> Iterator[Batch]:
            return merging.as_of(merging.ids_since(further), offset)

        transfer.read(again, {}, last, moves=False, newest=False)
    transfer.end()
    transfer.commit({**changes, **transfer.offset_change(last)}, last=True)
    populate(pipe, transfer.writer.dataset)
