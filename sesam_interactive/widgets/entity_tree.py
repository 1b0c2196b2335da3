"""One entity as a tree."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import traitlets

from sesam_interactive.display.json_text import pretty
from sesam_interactive.widgets.base import View

if TYPE_CHECKING:
    from sesam_node.model import Entity


class EntityTree(View, module="entity_tree"):
    """An entity, folded out as far as it fits."""

    entity = traitlets.Dict().tag(sync=True)

    def __init__(self, entity: Entity) -> None:
        super().__init__(entity=entity)

    def still(self) -> str:
        return f"<pre>{escape(pretty(self.entity))}</pre>"

    def __repr__(self) -> str:
        name: Any = self.entity.get("_id")
        return f"<EntityTree {name!r}>"
