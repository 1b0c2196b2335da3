"""Reading parts of entities whose types are known from all of them."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_interactive.frames.blocks import THREADS, Blocks, raw_lines, values_in
from sesam_interactive.frames.plan import DoesNotFit, Plan, framed, series_from_arrow
from sesam_interactive.frames.tagged import plain_type
from sesam_interactive.frames.to_frame import polars_type, series_of
from sesam_node.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from sesam_node.model.arrow.columns import Column


@dataclass(frozen=True)
class Known:
    """The types of all columns: of those that are `parsed`, and those made value by value."""

    names: list[str]
    plan: Plan
    parsed: dict[str, Column]
    by_value: dict[str, Column]

    @property
    def schema(self) -> dict[str, Any]:
        """The polars types by name."""
        columns = self.parsed | self.by_value
        return {name: polars_type(columns[name]) for name in self.names}

    def frames(self, chunks: Iterable[bytes], names: Sequence[str]) -> Iterator[Any]:
        """The columns `names` of entities that come as lines, as they come, typed as all were.

        Raises InputError for lines that are not among those whose types are known.
        """
        blocks = Blocks(chunks)
        types = {name: plain_type(self.parsed[name]) for name in names if name in self.parsed}
        pool = ThreadPoolExecutor(THREADS, "sesam-frame")
        pending: deque[tuple[memoryview, Future[Any]]] = deque()
        try:
            for block in blocks:
                pending.append((block, pool.submit(self._frame, block, names, types)))
                if len(pending) > THREADS:
                    yield pending[0][1].result()
                    blocks.give_back(pending.popleft()[0])
            for _, future in pending:
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)

    def _frame(self, block: memoryview, names: Sequence[str], types: dict[str, Any]) -> Any:
        """The frame of a block of lines."""
        try:
            part = self.plan.parse(block, types)
        except DoesNotFit:
            raise _changed() from None
        if None in part.columns.values():
            raise _changed()
        series = series_from_arrow({name: part.array(name, kind) for name, kind in types.items()})
        by_value = [name for name in names if name in self.by_value]
        rows = raw_lines(block) if by_value else []
        for name in by_value:
            series[name] = series_of(name, self.by_value[name], values_in(rows, name))
        return framed(names, series)


def _changed() -> InputError:
    return InputError("the entities have other types than they had; ask for the frame anew")
