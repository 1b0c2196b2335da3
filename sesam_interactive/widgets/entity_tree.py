"""One entity as a tree, with its versions and what changed from one to the next."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Protocol

import traitlets

from sesam_interactive.display.html import pre
from sesam_interactive.display.json_text import content, pretty
from sesam_interactive.widgets.base import View, request

if TYPE_CHECKING:
    from sesam_node.model import Entity

SHOWN = 4_000
"""How many characters the text of an entity has at most."""


class Versions(Protocol):
    """What the tree asks of the side of the node."""

    def versions(self, entity_id: str) -> dict[str, Any]: ...
    def version(self, entity_id: str, offset: int | None = None) -> Entity: ...


class EntityTree(View, module="entity_tree"):
    """An entity that folds and is searched.

    With `before` what is different from that; with `versions` a slider over its life.
    """

    entity = traitlets.Dict().tag(sync=True)
    before = traitlets.Dict(None, allow_none=True).tag(sync=True)
    entity_id = traitlets.Unicode(None, allow_none=True).tag(sync=True)

    def __init__(
        self, entity: Entity, before: Entity | None = None, *, versions: Versions | None = None
    ) -> None:
        self._versions = versions
        entity_id = entity.get("_id") if versions is not None else None
        super().__init__(entity=entity, before=before, entity_id=entity_id)

    def still(self) -> str:
        return pre(escape(_cut(pretty(content(self.entity)))))

    def __repr__(self) -> str:
        return _cut(pretty(content(self.entity)))

    @request(apart=True)
    def versions(self, entity_id: str) -> dict[str, Any]:
        if self._versions is None:
            return {"changes": [], "complete": True}
        return self._versions.versions(entity_id)

    @request(apart=True)
    def version(self, entity_id: str, offset: int | None = None) -> Entity:
        return self.entity if self._versions is None else self._versions.version(entity_id, offset)


def _cut(text: str) -> str:
    return (
        text if len(text) <= SHOWN else f"{text[:SHOWN]}\n… {len(text) - SHOWN:,} more characters"
    )
