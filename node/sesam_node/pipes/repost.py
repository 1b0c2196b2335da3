"""Entities written straight into a dataset, past the pipe that fills it: for corrections by hand.

The commit is fenced like that of a run, under a name of its own, so that neither disturbs the
other: a node or a configuration that has been superseded writes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import InputError, Problem
from sesam_node.model.formats import read_entities_as
from sesam_node.pipes.evaluate import as_write
from sesam_node.store.api import Commit, Fence

if TYPE_CHECKING:
    from sesam_node.store.api import Store, Write

REPOST = "repost"
"""Whom the fences of reposts belong to; no pipe can have this claim by its own runs."""


def repost(
    store: Store,
    *,
    dataset: str,
    body: bytes,
    form: str,
    force: bool,
    epoch: int,
    revision: int,
    run: str,
    max_bytes: int = 0,
) -> dict[str, Any]:
    """Write the entities of a body, all or none, and tell what became of each.

    An entity with `_deleted` true is a delete. What equals the latest version is left out unless
    `force`. Gives `changed` and `unchanged` (numbers) and `entities`, each with `_id`, `_deleted`
    and `_updated`, the offset of its latest version; deletes of what is not there are not among
    them. Raises InputError, FenceError.
    """
    stored = store.dataset(dataset, create=False)
    batch = [as_write(entity) for entity in read_entities_as(body, form)]
    _check_sizes(batch, max_bytes)
    fence = Fence(epoch, revision, REPOST, run)
    stored.claim(fence)
    written = stored.write(batch, Commit(REPOST, {}, fence), force=force)
    entities = [
        {"_id": item.entity_id, "_deleted": item.deleted, "_updated": seq}
        for item, seq in zip(batch, written.seqs, strict=True)
        if seq >= 0
    ]
    return {
        "changed": written.changed,
        "unchanged": len(batch) - written.changed,
        "entities": entities,
    }


def _check_sizes(batch: list[Write], max_bytes: int) -> None:
    problems = [
        Problem(
            f"$[{position}]",
            "too-large",
            f"{len(item.body):,} bytes, more than the {max_bytes:,} that"
            ' "max_entity_bytes_size" allows',
        )
        for position, item in enumerate(batch)
        if 0 < max_bytes < len(item.body)
    ]
    if problems:
        raise InputError("the body holds entities that are too large", problems)
