"""Entities by a piece of text in any of their values, whatever its case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.model import encode
from sesam_node.model.values import plain_text

if TYPE_CHECKING:
    from sesam_node.model import Entity, Value


class TextMatch:
    """A text that is looked for: in strings, numbers, times and the like, at any depth."""

    def __init__(self, text: str) -> None:
        self._text = text.casefold()
        self._written = encode(text)[1:-1].decode().casefold()

    def may_be_in(self, body: bytes) -> bool:
        """Is it worth decoding an entity? Also says yes to names of properties."""
        return self._written in body.decode().casefold()

    def is_in(self, entity: Entity) -> bool:
        """Is it in a value? What the node keeps of the entity does not count, its id does."""
        return any(
            self._found(value) for name, value in entity.items() if name[0] != "_" or name == "_id"
        )

    def _found(self, value: Value) -> bool:
        if isinstance(value, dict):
            return any(map(self._found, value.values()))
        if isinstance(value, list | tuple):
            return any(map(self._found, value))
        if value is None:
            return False
        shown = plain_text(value) if isinstance(value, str) else encode(value).decode()
        return self._text in shown.casefold()
