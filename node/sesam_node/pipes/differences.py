"""What changed in a dataset: between two moments, and in the life of one entity."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sesam_node.errors import InputError, NotFoundError, Problem, preview
from sesam_node.model import decode, encode
from sesam_node.model.changes import property_changes
from sesam_node.model.values import EPOCH
from sesam_node.pipes.past import head_then

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.model.moment import Moment
    from sesam_node.store.api import Dataset, Store, Version

PAGE = 1_000
MOST_CHANGES = 1_000


def diff_dataset(
    store: Store,
    *,
    dataset: str,
    start: Moment,
    end: Moment | None,
    limit: int | None = None,
    after: int | None = None,
) -> Iterator[bytes]:
    """What is different at `end` (null: now) from `start`, as the chunks of one JSON object.

    `from` and `to` are offsets; `changes` a list in the order of the log: `_id`, `change` ("added",
    "changed" or "deleted"), `_updated` (the version at the end), `_previous` (the one at the start)
    and `properties`. With `limit` there may be a `next`: the `after` that goes on. `counts` are
    those of the whole difference; they are left out of what goes on. Raises InputError,
    ExpiredError.
    """
    stored = store.dataset(dataset, create=False)
    first = head_then(stored, start)
    last = stored.head() if end is None else head_then(stored, end)
    if first > last:
        problem = Problem("$.from", "wrong-order", "this is later than `to`", "swap the two")
        raise InputError("the difference ends before it begins", [problem])
    return _diff(stored, first, last, limit, after)


def _diff(
    dataset: Dataset, first: int, last: int, limit: int | None, after: int | None
) -> Iterator[bytes]:
    yield b'{"from":%d,"to":%d,"changes":[' % (first - 1, last - 1)
    counts = {"added": 0, "changed": 0, "deleted": 0}
    told, more, reached = 0, False, None
    since = first - 1 if after is None else max(after, first - 1)
    while versions := dataset.changes(since, PAGE, as_of=last):
        since = versions[-1].seq
        olds = dataset.get_many([version.entity_id for version in versions], as_of=first)
        parts: list[bytes] = []
        for old, new in zip(olds, versions, strict=True):
            change = _kind(old, new)
            if change is None:
                continue
            counts[change] += 1
            if limit is not None and told >= limit:
                more = True
                continue
            told += 1
            reached = new.seq
            parts.append(encode(_change(change, old, new)))
        if parts:
            comma = b"," if told > len(parts) else b""
            yield comma + b",".join(parts)
        if more and after is not None:
            break
    ending: dict[str, Any] = {"next": reached if more else None}
    if after is None:
        ending["counts"] = counts
    yield b"]," + encode(ending)[1:]


def _kind(old: Version | None, new: Version) -> str | None:
    """What became of an entity; null where it is as it was."""
    was = old is not None and not old.deleted
    if new.deleted:
        return "deleted" if was else None
    if not was:
        return "added"
    return None if old is not None and old.hash == new.hash else "changed"


def _change(change: str, old: Version | None, new: Version) -> dict[str, Any]:
    before = decode(old.body) if old is not None and change != "added" else None
    now = None if change == "deleted" else decode(new.body)
    return {
        "_id": new.entity_id,
        "change": change,
        "_updated": new.seq,
        "_previous": None if old is None else old.seq,
        "properties": property_changes(before, now),
    }


# -- one entity ------------------------------------------------------------------------------------


def entity_history(
    store: Store,
    *,
    dataset: str,
    entity_id: str,
    limit: int | None = None,
    before: int | None = None,
) -> dict[str, Any]:
    """The life of an entity as `changes`, newest first; at most 1,000 at a time.

    Each has `_updated`, `_previous`, `time`, `change` ("created", "changed", "deleted",
    "undeleted"; "unknown" where the version before is gone) and `properties`. `next` is the
    `before` that goes on, `complete` says whether no version is missing. Raises NotFoundError.
    """
    stored = store.dataset(dataset, create=False)
    version = stored.get(entity_id)
    if version is None:
        raise NotFoundError(f'the dataset "{dataset}" has no entity {preview(entity_id)}')
    most = MOST_CHANGES if limit is None else min(limit, MOST_CHANGES)
    changes: list[dict[str, Any]] = []
    complete = True
    while version is not None:
        older = None if version.previous is None else stored.at(version.previous)
        lost = version.previous is not None and older is None
        complete = complete and not lost
        if before is None or version.seq < before:
            if len(changes) >= most:
                break
            changes.append(_step(version, older, lost=lost))
        version = older
    following = changes[-1]["_updated"] if version is not None and changes else None
    return {"_id": entity_id, "changes": changes, "next": following, "complete": complete}


def _step(version: Version, older: Version | None, *, lost: bool) -> dict[str, Any]:
    if lost:
        change = "unknown"
    elif older is None:
        change = "created"
    elif version.deleted != older.deleted:
        change = "deleted" if version.deleted else "undeleted"
    else:
        change = "changed"
    old = None if older is None else decode(older.body)
    return {
        "_updated": version.seq,
        "_previous": version.previous,
        "time": time_text(version.ts),
        "change": change,
        "properties": [] if lost else property_changes(old, decode(version.body)),
    }


def time_text(micros: int) -> str:
    """A time of the store (microseconds since 1970) as ISO text."""
    return (EPOCH + timedelta(microseconds=micros)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
