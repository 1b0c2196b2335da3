"""The observed schema of a dataset: counts of its live entities, kept up from its log.

It is worked out by walking the log, each version once: what a version replaces is taken away, what
it brings is added. So it is right under updates and deletes, costs a pump nothing, and each look
costs only what has changed since the last one. It is kept in the dataset itself, as a state of its
own that commits alone, and goes with the dataset. Of large datasets every so-manieth entity is
counted, chosen by its id, so that the same ones are counted whatever happens to them. Where
compaction has dropped a version before it was taken away, counting begins anew.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import xxhash

from sesam_node.errors import FenceError, NotFoundError
from sesam_node.model import decode, encode
from sesam_node.pipes.tallies import Tally, add, new_tally, schema_of_tally, take
from sesam_node.store.api import Commit

if TYPE_CHECKING:
    from sesam_node.dtl.schema import Schema
    from sesam_node.store.api import Dataset, Store, Version

OWNER = "system:schema"
"""In whose name the state is kept."""

POSITION, TALLY = "position", "tally"
PAGE = 1_000
WHOLE = 50_000
"""A dataset with at most so many versions is counted whole."""

GROWN = 8
"""When it has so many times the versions that the share was chosen for, counting begins anew."""


@dataclass(slots=True)
class Observed:
    """What is known: the counts of the versions before `until`, of one entity in `every`.

    `head` is where the log ended when it was looked at; `exact_from` is the dataset's when counting
    began.
    """

    until: int = 0
    head: int = 0
    every: int = 1
    exact_from: int = 0
    tally: Tally | None = None

    @property
    def counts(self) -> Tally:
        if self.tally is None:
            self.tally = new_tally()
        return self.tally

    @property
    def is_complete(self) -> bool:
        """Are all versions counted?"""
        return self.until >= self.head

    @property
    def schema(self) -> Schema:
        return schema_of_tally(self.counts)


def observe(store: Store, dataset: str, *, seconds: float = 2.0) -> Observed:
    """The observed schema, brought up to date for at most some seconds.

    Raises NotFoundError where there is no such dataset.
    """
    return _brought_up(store.dataset(dataset, create=False), seconds)


def known(dataset: Dataset) -> Observed:
    """What has been counted so far; nothing is counted now."""
    state = dataset.state(OWNER)
    head = dataset.head()
    if POSITION not in state or TALLY not in state:
        return _begun(dataset, head)
    position = decode(state[POSITION])
    return Observed(
        position["until"],
        head,
        position["every"],
        position["exact_from"],
        decode(state[TALLY]),
    )


def up_to_date(dataset: Dataset) -> Observed | None:
    """What was observed, brought up to date where that takes hardly any time; else None.

    None also where nobody has asked for the schema yet, or where only a share is counted.
    """
    found = known(dataset)
    if not found.until or found.every > 1 or found.head - found.until > PAGE:
        return None
    return found if found.is_complete else _brought_up(dataset, 1.0)


def discard(store: Store, dataset: str) -> None:
    """Forgets the observed schema of a dataset; the next look counts what is live then.

    Nothing happens where there is none.
    """
    try:
        found = store.dataset(dataset, create=False)
        if found.state(OWNER):
            found.write([], Commit(OWNER, {POSITION: None, TALLY: None}, None))
    except NotFoundError:
        return


def _begun(dataset: Dataset, head: int) -> Observed:
    every = 1
    while head > WHOLE * every:
        every *= 2
    return Observed(0, head, every, dataset.exact_from)


def _brought_up(dataset: Dataset, seconds: float) -> Observed:
    until = time.monotonic() + seconds
    observed = known(dataset)
    if observed.head > WHOLE * observed.every * GROWN:
        observed = _begun(dataset, observed.head)
    before = dataset.state(OWNER).get(POSITION)
    began = observed.until
    while True:
        versions = dataset.changes(
            observed.until - 1 if observed.until else None,
            PAGE,
            history=True,
            until=observed.head,
        )
        if not _counted(dataset, observed, versions):
            observed = _begun(dataset, observed.head)
            began = -1
            if time.monotonic() > until:
                break
            continue
        if len(versions) < PAGE:
            observed.until = observed.head
            break
        if time.monotonic() > until:
            break
    if observed.until != began:
        _keep(dataset, observed, before)
    return observed


def _counted(dataset: Dataset, observed: Observed, versions: list[Version]) -> bool:
    """Counts a page of the log; false where what a version replaces is not there any more."""
    tally, every = observed.counts, observed.every
    for version in versions:
        if every > 1 and xxhash.xxh3_64_intdigest(version.entity_id.encode()) % every:
            continue
        if version.previous is not None:
            replaced = dataset.at(version.previous)
            if replaced is None:
                # Not counted either, unless something was dropped since counting began.
                if dataset.exact_from != observed.exact_from:
                    return False
            elif not replaced.deleted:
                take(tally, decode(replaced.body))
        if not version.deleted:
            add(tally, decode(version.body), version.ts)
    if versions:
        observed.until = versions[-1].seq + 1
    return True


def _keep(dataset: Dataset, observed: Observed, before: bytes | None) -> None:
    position: dict[str, Any] = {
        "until": observed.until,
        "every": observed.every,
        "exact_from": observed.exact_from,
    }
    state = {POSITION: encode(position), TALLY: encode(observed.counts)}
    try:
        dataset.write([], Commit(OWNER, state, None, {POSITION: before}))
    except FenceError:
        # Somebody else has counted meanwhile; what is told here is right all the same.
        return
