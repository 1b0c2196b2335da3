"""A full run: everything from the start, and at its end the deletion of what it did not meet.

Over a chronological source it leaves a marker, so that it goes on as the same full run after an
interruption; what has changed meanwhile in hopped datasets is then walked first.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sesam_node.model import encode
from sesam_node.pipes import offsets
from sesam_node.pipes.batch import comes_in_order
from sesam_node.pipes.incremental_run import go_back
from sesam_node.pipes.policy import check_empty, populate, suppresses_filtered
from sesam_node.pipes.seen import Seen, unseen_deletes

if TYPE_CHECKING:
    from sesam_node.pipes.batch import Offset
    from sesam_node.pipes.tracking import Tracking
    from sesam_node.pipes.transfer import Transfer

log = logging.getLogger(__name__)

Changes = dict[str, bytes | None]


def full_run(
    transfer: Transfer,
    config: str,
    changes: Changes,
    tracking: Tracking | None,
    *,
    resumed: bool,
) -> None:
    """Read the source from its start, or go on with a full run that was interrupted (`resumed`).

    `changes` of state go with the first commit.
    """
    pipe, writer = transfer.pipe, transfer.writer
    sink: Any = pipe.sink
    source = pipe.source
    since: Offset = transfer.state.offset if resumed else None
    # What a source that begins at its end does not bring is not gone.
    complete = getattr(source, "is_complete", True)
    tracks_deletes = bool(sink.dataset) and sink.deletion_tracking and complete
    if not resumed:
        transfer.forget_place()
    if resumed and transfer.state.full_run is not None:
        head = int(transfer.state.full_run["head"])
    else:
        head = writer.dataset.head()
    if tracks_deletes:
        known = writer.state if resumed else {}
        writer.seen = Seen.load(head, offsets.FULL_RUN, known)
    transfer.begin(full=True)
    transfer.open_records(reset=not resumed)
    if not resumed:
        changes |= _beginning(transfer, config, tracking, head)
    else:
        tried = transfer.retry()
        go_back(transfer, since, changes, tracking, tried=tried)
    drop = tracks_deletes and not resumed and suppresses_filtered(pipe)
    last = transfer.read(source.read, changes, since, drop=drop)
    if not transfer.result.processed and since is None:
        check_empty(pipe)
    transfer.end()
    transfer.commit({**changes, **transfer.offset_change(last)})
    if not resumed:
        transfer.retries.forget_unmet()
    ended: Changes = delete_unseen(transfer, writer.seen) if writer.seen is not None else {}
    ended[offsets.FULL_RUN] = None
    transfer.commit(ended, last=True)
    populate(pipe, writer.dataset)


def _beginning(transfer: Transfer, config: str, tracking: Tracking | None, head: int) -> Changes:
    """The state in which a full run begins: no offset, and its marker."""
    source = transfer.pipe.source
    seen = (f"{offsets.FULL_RUN}:", f"{offsets.BACKGROUND}:")
    changes: Changes = {key: None for key in transfer.writer.state if key.startswith(seen)}
    changes |= {
        offsets.OFFSET: None,
        offsets.OUT_OF_SYNC: None,
        offsets.CONFIG: encode(config),
        offsets.BACKGROUND: None,
    }
    if tracking is not None:
        changes |= tracking.state_changes()
    if source.supports_since and comes_in_order(source, None):
        changes[offsets.FULL_RUN] = encode(
            {
                "run": transfer.result.run_id,
                "head": head,
                "config": config,
                "started": transfer.result.started,
            }
        )
    return changes


def _spare_failed(transfer: Transfer, seen: Seen) -> bool:
    """Keep what the sink has of entities that failed; false where that cannot be told apart."""
    pipe, ids = transfer.pipe, transfer.retries.failed_ids.union(transfer.retries.waiting)
    if ids and not pipe.emits_own_id:
        log.warning(
            "nothing is deleted at the end of this full run: %d entities failed, and what they "
            "would have become is not known",
            len(ids),
            extra={"pipe": pipe.id, "run": transfer.result.run_id},
        )
        return False
    versions = transfer.writer.dataset.get_many([pipe.sink_id(name) for name in ids])
    seen.mark(version.seq for version in versions if version is not None)
    return True


def delete_unseen(transfer: Transfer, seen: Seen) -> Changes:
    """Delete what the run did not meet; gives the change of state that forgets what it met."""
    writer = transfer.writer
    sink: Any = transfer.pipe.sink
    if not _spare_failed(transfer, seen):
        return seen.removed()
    for deletes in unseen_deletes(writer.dataset, seen, mark_tracked=sink.mark_deletion_tracked):
        transfer.check_cancelled()
        writer.pending.extend(deletes)
        if writer.is_due():
            transfer.commit({})
    return seen.removed()
