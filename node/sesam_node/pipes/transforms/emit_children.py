"""The emit_children transform: the children of an entity instead of the entity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.pipes.component import transform
from sesam_node.pipes.transforms.without_datasets import WithoutDatasets

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.dtl import Runtime
    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context


@transform("emit_children")
class EmitChildren(WithoutDatasets):
    """Entities in `$children` that have an `_id`; their parent is left out."""

    emits_own_id = False
    keeps_deletes = True

    def __init__(self, _options: dict[str, Any], _context: Context) -> None:
        pass

    def bind(self, _runtime: Runtime) -> Callable[[Entity, list[Entity]], None]:
        return emit_children


def emit_children(entity: Entity, out: list[Entity]) -> None:
    """Append the children; those of a deleted parent are deleted."""
    children = entity.get("$children")
    if type(children) is dict:
        children = [children]
    if type(children) is not list:
        return
    gone = entity.get("_deleted") is True
    out.extend(
        {**child, "_deleted": True} if gone else child
        for child in children
        if type(child) is dict and type(child.get("_id")) is str and child["_id"]
    )
