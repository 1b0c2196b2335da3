"""Parquet files: entities as a table for anybody, and exactly as they were for those who know how.

The table is that of our Arrow streams (`model/arrow`). What the type of a column tells too little
of stands in the metadata of its field, and the few values that do not fit it in the metadata of the
file, by the number of their row; other readers see a plain table.
"""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any, Final

from sesam_node.errors import PipeError
from sesam_node.model import decode, encode
from sesam_node.model.arrow.read import batch_reader
from sesam_node.model.arrow.write import METADATA, to_arrow
from sesam_node.model.stream import check_entities
from sesam_node.pipes.http.answer import ChunkReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from sesam_node.model import Entity

log = logging.getLogger(__name__)

MAGIC: Final = b"PAR1"
GROUP_ROWS: Final = 128 * 1024
GROUP_BYTES: Final = 32 * 1024 * 1024
MAX_INEXACT_BYTES: Final = 16 * 1024 * 1024


def write_parquet(file: BinaryIO, pages: Iterable[list[bytes]], *, compression: str) -> None:
    """Writes entities, given as pages of their JSON, in constant memory.

    Raises InputError for more than 2,000 properties.
    """
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    stream = pa.ipc.open_stream(io.BufferedReader(ChunkReader(to_arrow(pages))))
    inexact: dict[str, Any] = {}
    inexact_bytes = 0
    row = 0
    # A stream of nothing has no columns, a table of nothing has one.
    schema = stream.schema if len(stream.schema) else pa.schema([("_id", pa.string())])
    with ParquetWriter(file, schema, compression=compression) as writer:
        group: list[Any] = []
        for batch, metadata in stream.iter_batches_with_custom_metadata():
            told = b"" if metadata is None else metadata.get(METADATA, b"")
            inexact_bytes += len(told)
            if told and inexact_bytes <= MAX_INEXACT_BYTES:
                inexact |= {str(row + int(place)): one for place, one in decode(told).items()}
            row += batch.num_rows
            group.append(batch)
            rows = sum(one.num_rows for one in group)
            if rows >= GROUP_ROWS or sum(one.nbytes for one in group) >= GROUP_BYTES:
                writer.write_table(pa.Table.from_batches(group), row_group_size=rows)
                group = []
        if group:
            writer.write_table(pa.Table.from_batches(group), row_group_size=GROUP_ROWS)
        if inexact_bytes > MAX_INEXACT_BYTES:
            log.warning("values of mixed types are in the Parquet file as their columns have them")
        writer.add_key_value_metadata({METADATA.decode(): encode(inexact).decode()})


def is_ours(parquet: Any) -> bool:
    """Was an open Parquet file written by us?"""
    return METADATA in (parquet.metadata.metadata or {})


def entities_of(parquet: Any, rows: int) -> Iterator[list[Entity]]:
    """The entities of a file that we wrote, as they were, some at a time."""
    try:
        inexact = decode(parquet.metadata.metadata[METADATA])
        read = batch_reader(parquet.schema_arrow)
    except ValueError as error:
        raise PipeError(f"the metadata of the Parquet file is broken: {error}") from None
    row = 0
    for batch in parquet.iter_batches(rows):
        count = batch.num_rows
        told = {
            str(place): inexact[str(row + place)]
            for place in (range(count) if inexact else ())
            if str(row + place) in inexact
        }
        entities = read(batch, {METADATA: encode(told)} if told else None)
        yield check_entities(entities, tagged=False)
        row += count
