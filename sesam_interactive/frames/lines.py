"""Entities that come as lines of JSON to a polars frame, as fast as they can be parsed.

Blocks of whole lines are parsed by Arrow in threads while the next ones come in, by a schema that
holds nothing but what was seen (`shapes.py`); then the tags of each column are read (`tagged.py`).
A block that does not fit widens the schema and is parsed again. Columns whose type only the values
tell (several JSON types under one name, large integers) are made at the end, value by value, from
a temporary file that the lines are kept in. The frame is exactly that of `to_frame.to_polars`.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from itertools import chain, repeat
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sesam_interactive.frames.blocks import (
    BLOCK_BYTES,
    THREADS,
    Blocks,
    first_lines,
    raw_lines,
    values_in,
)
from sesam_interactive.frames.known import Known
from sesam_interactive.frames.plan import DoesNotFit, Part, Plan, framed, series_from_arrow
from sesam_interactive.frames.shapes import Shape
from sesam_interactive.frames.tagged import merged, plain_type
from sesam_interactive.frames.to_frame import RESERVED, series_of
from sesam_node.model.arrow.columns import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Future

SAMPLE_LINES: Final = 1_000
ABSENT: Final = (Column(), None)
OWN: Final = {
    "_updated": Shape("integer"),
    "_previous": Shape("integer"),
    "_ts": Shape("integer"),
    "_hash": Shape("text"),
    "_deleted": Shape("boolean"),
}
"""What entities have beside their properties, unless they are asked for without."""

decode_lines: Any = msgspec.json.Decoder().decode_lines


class NotKept(Exception):  # noqa: N818 - no error for people
    """Values have to be looked at once more, and lines were not kept."""


def from_lines(
    chunks: Iterable[bytes],
    *,
    schema: Mapping[str, Any] | None = None,
    reserved: bool = False,
    keep: bool = True,
    block_bytes: int = BLOCK_BYTES,
) -> Any:
    """The polars frame of entities that come as chunks of NDJSON, cut anywhere.

    Memory holds the frame and some blocks of lines. `schema` and `reserved` are those of
    `to_polars`. Without `keep` nothing is written to a file, which is quicker; raises NotKept where
    it turns out to be needed.
    """
    options: dict[str, Any] = {"keep": keep, "block_bytes": block_bytes}
    return cast(read_lines(chunks, reserved=reserved, **options)[0], schema)


def read_lines(
    chunks: Iterable[bytes],
    *,
    reserved: bool = False,
    keep: bool = True,
    block_bytes: int = BLOCK_BYTES,
) -> tuple[Any, dict[str, Column]]:
    """The frame of `from_lines`, and what is known of each of its columns."""
    with TemporaryFile() if keep else nullcontext() as kept:
        reader = Reader(kept, reserved=reserved)
        reader.read(Blocks(chunks, block_bytes))
        return reader.frame(), reader.kinds


def frames_of_lines(
    chunks: Iterable[bytes],
    size: int,
    *,
    schema: Mapping[str, Any] | None = None,
    reserved: bool = False,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[Any]:
    """The frame of `from_lines` in parts of `size` rows, all with its types.

    Memory holds some blocks of lines and a part; a temporary file holds the lines, because the
    types are known when all have come.
    """
    import polars as pl

    with TemporaryFile() as kept:
        reader = Reader(kept, reserved=reserved, twice=True)
        reader.read(Blocks(chunks, block_bytes))
        waiting: list[Any] = []
        for frame in reader.frames():
            waiting.append(frame)
            rows = sum(part.height for part in waiting)
            if rows < size:
                continue
            whole = pl.concat(waiting)
            last = rows - rows % size
            for at in range(0, last, size):
                yield cast(whole[at : at + size], schema)
            waiting = [whole[last:]] if last < rows else []
        if waiting:
            yield cast(pl.concat(waiting), schema)


def learn(chunks: Iterable[bytes]) -> Known:
    """The types of all columns of entities that come as lines; memory holds some blocks."""
    with TemporaryFile() as kept:
        reader = Reader(kept, twice=True)
        reader.read(Blocks(chunks))
        return reader.known()


def cast(frame: Any, schema: Mapping[str, Any] | None) -> Any:
    """The frame with other types for some of its columns."""
    casts: Any = {name: kind for name, kind in (schema or {}).items() if name in frame.columns}
    return frame.cast(casts) if casts else frame


class Reader:
    """One reading: what has been seen of the schema, and the parts that are done."""

    def __init__(self, kept: Any, *, reserved: bool = False, twice: bool = False) -> None:
        self._kept = kept
        # What is read twice is parsed twice: memory holds a block.
        self._twice = twice
        self._sizes: list[int] = []
        self._dropped = frozenset() if reserved else RESERVED
        self._shapes = {"_id": Shape()}
        self._plan: Plan | None = None
        self._parts: list[Part] = []
        self.columns: dict[str, Column] = {}
        """The columns that are made value by value."""
        self.kinds: dict[str, Column] = {}
        """All columns, once a frame has been made."""

    def read(self, blocks: Blocks) -> None:
        """Take in all blocks; threads parse some of them at a time."""
        pool = ThreadPoolExecutor(THREADS, "sesam-frame")
        try:
            self._read(blocks, pool)
        finally:
            pool.shutdown(cancel_futures=True)

    def _read(self, blocks: Blocks, pool: ThreadPoolExecutor) -> None:
        pending: deque[tuple[memoryview, Plan, Future[Part]]] = deque()
        for block in blocks:
            plan = self._plan or self._widened(first_lines(block, SAMPLE_LINES))
            if self._kept is not None:
                self._kept.write(block)
                self._sizes.append(len(block))
            pending.append((block, plan, pool.submit(plan.parse, block)))
            while len(pending) > THREADS:
                self._take(*pending[0])
                blocks.give_back(pending.popleft()[0])
        for waiting in pending:
            self._take(*waiting)

    def _take(self, block: memoryview, plan: Plan, future: Future[Part]) -> None:
        """Keep what came of a block; parse it again where that did not fit."""
        tries: list[Callable[[], Part]] = [future.result, lambda: self._newest.parse(block)]
        for attempt in tries if plan is not self._plan else tries[:1]:
            with suppress(DoesNotFit):
                self._keep(attempt())
                return
        plan = self._widened(block)
        try:
            self._keep(plan.parse(block))
        except DoesNotFit:
            self._keep(Part(0, dict.fromkeys(self._shapes)))

    def _keep(self, part: Part) -> None:
        if self._kept is None and None in part.columns.values():
            raise NotKept
        if self._twice:
            kinds = {name: found and (found[0], None) for name, found in part.columns.items()}
            part = Part(part.rows, kinds)
        self._parts.append(part)

    @property
    def _newest(self) -> Plan:
        return self._plan or Plan({}, frozenset(), self._dropped)

    def _widened(self, block: memoryview) -> Plan:
        """The plan that holds the entities of a block too; later blocks are parsed by it."""
        entities = decode_lines(block)
        for name in dict.fromkeys(chain.from_iterable(entities)):
            shape = self._shapes.setdefault(name, Shape())
            shape.add_all([entity.get(name) for entity in entities])
        left_out = {name for name, shape in self._shapes.items() if shape.is_mixed}
        if self._kept is None and left_out:
            raise NotKept
        schema = {
            name: shape.arrow_type() for name, shape in self._shapes.items() if name not in left_out
        }
        self._plan = Plan(schema, frozenset(left_out), self._dropped)
        return self._plan

    # -- frames ------------------------------------------------------------------------------------

    def frame(self) -> Any:
        """The frame of all that has been read."""
        import polars as pl
        import pyarrow as pa

        names, types = self._types()
        arrays = {
            name: pa.chunked_array([part.array(name, kind) for part in self._parts], kind)
            for name, kind in types.items()
        }
        self._parts.clear()
        series = series_from_arrow(arrays)
        values = [self._by_value(columns) for columns in self._values()]
        for name in self.columns:
            series[name] = pl.concat([block.pop(name) for block in values])
        return framed(names, series)

    def frames(self) -> Iterator[Any]:
        """The same frame in parts, one for each block, made one after the other."""
        names, types = self._types()
        values = self._values() if self.columns else repeat({})
        for part, block, columns in zip(self._parts, self._kept_blocks(), values, strict=False):
            again = self._newest.parse(block) if types else part
            arrays = {name: again.array(name, kind) for name, kind in types.items()}
            yield framed(names, series_from_arrow(arrays) | self._by_value(columns))

    def known(self) -> Known:
        """What has been found of the types of all columns."""
        names, parsed = self._kinds()
        own = {name: kind.arrow_type() for name, kind in OWN.items()}
        plan = Plan(self._newest.schema | own, self._newest.left_out, self._dropped)
        return Known(names, plan, parsed, self.columns)

    def _types(self) -> tuple[list[str], dict[str, Any]]:
        """The names of all columns, and the types of those that were parsed."""
        names, kinds = self._kinds()
        self.kinds = kinds | self.columns
        return names, {name: plain_type(column) for name, column in kinds.items()}

    def _kinds(self) -> tuple[list[str], dict[str, Column]]:
        names = [name for name in self._shapes if name not in self._dropped]
        if self._parts and self._shapes["_id"].kind == "null":
            names.remove("_id")
        found = {name: self._column(name) for name in names}
        self.columns = {name: Column() for name in names if found[name] is None}
        if self._kept is None and self.columns:
            raise NotKept
        for values in self._values():
            for name, column in self.columns.items():
                column.add_all(values[name], tagged=True)
        if not self._parts:
            found["_id"] = Column("text")
        return names, {name: column for name, column in found.items() if column is not None}

    def _column(self, name: str) -> Column | None:
        """The kind of a column from all parts; None where only the values tell."""
        if name in self._newest.left_out:
            return None
        both: Column | None = Column()
        for part in self._parts:
            found = part.columns.get(name, ABSENT)
            both = None if found is None or both is None else merged(both, found[0])
        return both

    def _by_value(self, values: dict[str, list[Any]]) -> dict[str, Any]:
        return {
            name: series_of(name, column, values[name]) for name, column in self.columns.items()
        }

    def _values(self) -> Iterator[dict[str, list[Any]]]:
        """The values of these columns, block by block, from what was kept."""
        for block in self._kept_blocks() if self.columns else ():
            rows = raw_lines(block)
            yield {name: values_in(rows, name) for name in self.columns}

    def _kept_blocks(self) -> Iterator[bytes]:
        at = 0
        for size in self._sizes:
            self._kept.seek(at)
            yield self._kept.read(size)
            at += size
