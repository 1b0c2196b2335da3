"""Which old versions a compaction may drop: rules as plain data, and what they mean for one entity.

A version counts by those that came after it. Let `n` be the `keep_versions`-th version after it: it
may go once `n` lies before the bound, that is before the floor, and was written before `until`. So
what is dropped of an entity are always its oldest versions, in order, and the history stays whole
from a head on (`exact_from`). A floor is the lowest head at which somebody still has to read the
dataset as it was: dependency tracking, or a source with history. The reference store applies
`droppable` to whole histories; LMDB comes to the same by walking the log once (tests/store compare
them).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sesam_node.model.entity import decode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_node.store.api import Version


class Retention(NamedTuple):
    """What a compaction keeps.

    `keep_versions` newest versions of each entity, and those that a version of `until` or later (in
    microseconds since 1970; null: of any time) has made old. With 0 versions to keep an entity goes
    altogether when it was last written before `until`, which must be given then. Entities deleted
    before `deletes_until` go with all their versions (null: they stay). With `retract` only one
    version is kept of an entity that says `"$retract": true`. `floor` is the lowest head at which
    the dataset is still read as it was, `read_floor` the lowest one up to which every reader has
    come: no delete after it goes. Null stands for the head.
    """

    keep_versions: int = 2
    until: int | None = None
    deletes_until: int | None = None
    retract: bool = False
    floor: int | None = None
    read_floor: int | None = None


class Compacted(NamedTuple):
    """What a compaction did: versions dropped, `entities` of them gone altogether.

    `done` is false where it was stopped before its end.
    """

    versions: int = 0
    entities: int = 0
    done: bool = True


class Bounds(NamedTuple):
    """Heads: what may go because of a version before `versions`; deletes before `deletes`."""

    versions: int
    entities: int
    deletes: int


def bounds(retention: Retention, head: int, until: int, deletes_until: int) -> Bounds:
    """The bounds of a compaction; `until` and `deletes_until` are the heads at those times."""
    floor = min(head, head if retention.floor is None else retention.floor)
    read = min(floor, head if retention.read_floor is None else retention.read_floor)
    versions = floor if retention.until is None else min(floor, until)
    whole = retention.keep_versions == 0 and retention.until is not None
    return Bounds(
        versions,
        min(read, versions) if whole else 0,
        0 if retention.deletes_until is None else min(read, deletes_until),
    )


def retracts(body: bytes) -> bool:
    """Does an entity say that its earlier versions are to go?"""
    return b'"$retract":true' in body and decode(body).get("$retract") is True


def droppable(history: Sequence[Version], retention: Retention, limits: Bounds) -> int:
    """How many versions may go of an entity's history, which is oldest first."""
    latest = history[-1]
    if latest.seq < limits.entities or (latest.deleted and latest.seq < limits.deletes):
        return len(history)
    keep = max(1, retention.keep_versions)
    dropped = sum(version.seq < limits.versions for version in history[keep:])
    if retention.retract:
        for position, version in enumerate(history):
            if version.seq < limits.versions and retracts(version.body):
                dropped = max(dropped, position)
    return dropped
