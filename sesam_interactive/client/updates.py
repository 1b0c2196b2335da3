"""What became of a dataset since a frame was read: changed rows, deleted ids, the frame as of now.

The price is that of what has changed, not of the dataset.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.errors import ClientError
from sesam_interactive.client.lines import open_lines

if TYPE_CHECKING:
    from sesam_interactive.client.connection import Connection
    from sesam_node.model.arrow.columns import Column

TRIES = 5
UNKNOWN = (
    "this frame does not tell how far it was read; pass since=, an offset as in `_updated`, read "
    "it with reserved=True, or pass the very frame that to_polars() gave"
)


@dataclass(frozen=True)
class Updates:
    """What is different from `since` on.

    `changed` is a polars frame of the entities that are new or changed, as they are now, `deleted`
    has the ids of those that are gone, `offset` is where the next updates begin. `anew` says that
    the dataset was made again: `changed` is all of it then, and nothing else is there.
    """

    since: int | None
    offset: int | None
    changed: Any
    deleted: list[str]
    anew: bool = False
    kinds: dict[str, Column] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        text = f"{self.changed.height:,} changed, {len(self.deleted):,} deleted"
        return f"<Updates since {self.since}: {text}, up to {self.offset}>"

    def __len__(self) -> int:
        return int(self.changed.height) + len(self.deleted)


def read_updates(
    connection: Connection, path: str, frame: Any = None, since: int | None = None
) -> Updates:
    """What became of a dataset since `frame` was read, or since an offset. Raises ClientError."""
    generation = ""
    if since is None:
        since, generation = _start(connection, path, frame)
    entities = f"{path}/entities"
    ids = {"history": False, "deleted": True, "properties": "[]"}
    live = {"history": False, "deleted": False, "reserved": False}
    for last in (False,) * TRIES + (True,):
        gone, _, offset, now = _rows(connection, entities, since=since, **ids)
        anew = generation not in ("", now)
        start = None if anew else since
        try:
            changed, kinds, _, after = _rows(
                connection, entities, since=start, as_of=offset, **live
            )
        except ClientError as error:
            if error.status != 410 or last:
                raise
            continue  # compacted in between: what is newer now is read
        if after == now:
            break
    deleted = gone.filter("_deleted")["_id"].to_list() if gone.height and not anew else []
    return Updates(start, offset, changed, deleted, anew, kinds)


def _rows(
    connection: Connection, path: str, **parameters: Any
) -> tuple[Any, dict[str, Column], int | None, str]:
    from sesam_interactive.frames import read_lines

    with open_lines(connection, path, **parameters) as lines:
        frame, kinds = read_lines(lines, reserved=parameters.get("reserved", True))
        return frame, kinds, lines.offset, lines.generation


def _start(connection: Connection, path: str, frame: Any) -> tuple[int | None, str]:
    """The offset that a frame was read to, and the generation of its dataset."""
    from sesam_interactive.frames.origins import origin_of

    origin = origin_of(frame)
    if origin is not None:
        if origin.dataset != f"{connection.url}{path}":
            raise ClientError("this frame is of another dataset")
        return origin.offset, origin.generation
    if "_updated" in getattr(frame, "columns", ()):
        newest = frame["_updated"].max()
        return (None if newest is None else int(newest)), ""
    raise ClientError(UNKNOWN)


def updated(connection: Connection, path: str, frame: Any, again: Any) -> Any:
    """The frame as it would be read now; `again` reads it whole where rows alone do not tell."""
    import polars as pl

    from sesam_interactive.frames.origins import Origin, origin_of, remember, stacked

    origin = origin_of(frame)
    if origin is None or origin.kinds is None or not isinstance(frame, pl.DataFrame):
        return again()
    updates = read_updates(connection, path, frame)
    if updates.anew:
        return again()
    if not len(updates):
        return frame
    gone = [*updates.deleted, *updates.changed.get_column("_id")]
    kept = frame.filter(~pl.col("_id").is_in(gone))
    found = stacked(kept, updates.changed, origin.kinds, updates.kinds)
    if found is None:
        return again()
    remember(found[0], Origin(origin.dataset, updates.offset, origin.generation, found[1]))
    return found[0]
