"""The empty source: nothing, for pipes that are kept for their dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.pipes.component import source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.pipes.batch import Batch, Context, Offset


@source("empty", is_since_comparable=True, is_chronological=True, fixed=True)
class EmptySource:
    """No entities at all."""

    datasets: tuple[str, ...] = ()

    def __init__(self, _options: dict[str, Any], _context: Context) -> None:
        pass

    def read(self, since: Offset) -> Iterator[Batch]:  # noqa: ARG002 - there is nothing
        return iter(())
