"""Indexes that a dataset sink declares, beside those that hops ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model import Entity, Value
    from sesam_node.pipes.pipe import Pipe


def declared_indexes(pipe: Pipe) -> list[tuple[str, Callable[[Entity], list[Value]]]]:
    """Id and key function of each declared index."""
    sink: Any = pipe.sink
    return [] if not sink.indexes else []
