"""The parquet sink: what is live, as one Parquet file.

A Parquet file cannot be changed, only written anew, and then it must hold everything. So every run
that has something new is a full run (`takes_whole`), and one that has nothing leaves the file
alone. The entities wait in a file beside, by `_id`, until all are there; the new file takes the
place of the old one in one step, so that a reader sees the one or the other.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from sesam_node.errors import PipeError
from sesam_node.model import encode
from sesam_node.pipes.common_options import SYSTEM_ID, URL
from sesam_node.pipes.component import Option, sink
from sesam_node.pipes.parquet_file import MAGIC, write_parquet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context

PAGE = 1_000


@sink(
    "parquet",
    SYSTEM_ID,
    URL,
    Option(
        "compression",
        "string",
        "zstd",
        "how columns are packed",
        ("zstd", "snappy", "gzip", "none"),
    ),
    namespaces=True,
    system_types=("url",),
)
class ParquetSink:
    """Writes the live entities of the pipe to one Parquet file, types kept."""

    dataset: str | None = None
    is_endpoint = False
    begins_again = True
    takes_whole = True

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self._options = options
        self._context = context
        self._kept: sqlite3.Connection | None = None

    def is_current(self) -> bool:
        """Is the file there? What somebody took away is written again."""
        system = self._context.system(self._options["system"])
        return bool(system.exists(self._options["url"]))

    def begin(self, *, full: bool) -> None:
        """A run begins; one that is not full must bring nothing."""
        self._forget()
        if full:
            self._refuse_others()
            # A database without a name is a temporary file, which goes with its connection.
            kept = self._kept = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            kept.execute("PRAGMA journal_mode = OFF")
            kept.execute("PRAGMA synchronous = OFF")
            kept.execute("PRAGMA cache_size = -65536")
            kept.execute("CREATE TABLE entity (id TEXT PRIMARY KEY, body BLOB) WITHOUT ROWID")

    def write(self, entities: Sequence[Entity]) -> int:
        kept = self._kept
        if kept is None:
            raise PipeError("a Parquet file is written whole: the pipe needs a full run")
        # Of several entities with one id the last one counts.
        last = {entity["_id"]: entity for entity in entities}
        gone = [(name,) for name, entity in last.items() if entity.get("_deleted") is True]
        kept.execute("BEGIN")
        kept.executemany("DELETE FROM entity WHERE id = ?", gone)
        kept.executemany(
            "INSERT OR REPLACE INTO entity VALUES (?, ?)",
            [
                (name, encode(_shown(entity)))
                for name, entity in last.items()
                if entity.get("_deleted") is not True
            ],
        )
        kept.execute("COMMIT")
        return len(entities)

    def end(self) -> None:
        """The run has brought all that it had: the file is written, and put in its place."""
        if self._kept is None:
            return
        system = self._context.system(self._options["system"])
        with system.replacing(self._options["url"]) as file:
            compression = self._options["compression"].upper()
            write_parquet(file, self._pages(self._kept), compression=compression)
        self._forget()

    def _pages(self, kept: sqlite3.Connection) -> Iterator[list[bytes]]:
        with closing(kept.execute("SELECT body FROM entity ORDER BY id")) as rows:
            while page := rows.fetchmany(PAGE):
                yield [body for (body,) in page]

    def _refuse_others(self) -> None:
        """What is there is written over only where it is a Parquet file."""
        url = self._options["url"]
        system = self._context.system(self._options["system"])
        if not system.exists(url):
            return
        with system.open(url) as file:
            begins = file.read(len(MAGIC))
        if begins not in (MAGIC, b""):
            message = f"{system}: {url} is there and no Parquet file; it is not written over"
            raise PipeError(message)

    def _forget(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None


def _shown(entity: Entity) -> Entity:
    """What is a column: all but what belongs to the node, and hidden properties."""
    return {
        name: one for name, one in entity.items() if name == "_id" or name[:1] not in ("_", "$")
    }
