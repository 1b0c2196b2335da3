"""What the debugger needs of a node, and what a session is about.

The client's connection has these methods; the debugger never imports the client.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

Overlay = dict[str, dict[str, Any]]
"""By dataset and `_id`, an entity in place of the stored one; None for one that is not there."""


class Node(Protocol):
    """The calls of a node's API; a call that is refused raises a SesamError with its Problems."""

    def json(self, method: str, path: str, **options: Any) -> Any:
        """The decoded JSON answer of one call."""

    def get(self, path: str, **parameters: Any) -> Any:
        """The decoded JSON answer of a GET."""


@dataclass(frozen=True)
class Subject:
    """Which rules over which entities: what every request of a session has in common.

    `rules` null means those of the pipe. `transform` is the position of the transform that is
    meant, of a pipe that has several. `overlay` and `as_of` say in which world the rules look;
    `source_dataset` is where the source entities are stored, if they are.
    """

    pipe: str | None = None
    dataset: str | None = None
    rules: Any = None
    transform: int | None = None
    overlay: Overlay = field(default_factory=dict)
    as_of: str | None = None
    source_dataset: str | None = None

    @property
    def title(self) -> str:
        """What is debugged, in words."""
        what = f'pipe "{self.pipe}"' if self.pipe else "rules"
        if self.dataset:
            what = f'rules on dataset "{self.dataset}"'
        elif self.rules is not None and self.pipe:
            what = f"a draft of {what}"
        changed = sum(map(len, self.overlay.values()))
        then = f", as of {self.as_of}" if self.as_of else ""
        return what + (f", {changed} overlaid" if changed else "") + then

    def asked(self, *, transform: bool = True) -> dict[str, Any]:
        """The fields of a request."""
        fields = {
            "pipe": self.pipe,
            "dataset": self.dataset,
            "rules": self.rules,
            "transform": self.transform if transform else None,
            "overlay": self.overlay or None,
            "as_of": self.as_of,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def with_overlay(self, overlay: Mapping[str, Mapping[str, Any]]) -> Subject:
        """The same in a world where more entities are others."""
        merged = {name: dict(entities) for name, entities in self.overlay.items()}
        for name, entities in overlay.items():
            merged.setdefault(name, {}).update(entities)
        return replace(self, overlay=merged)
