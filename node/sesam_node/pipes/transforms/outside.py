"""What transforms share that ask a service what becomes of an entity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.pipes.transforms.without_datasets import WithoutDatasets
from sesam_node.pipes.trigger import matcher, trigger

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.dtl import Runtime
    from sesam_node.model import Entity


class OutsideTransform(WithoutDatasets):
    """The base of such transforms: they read no datasets, and anything may come out."""

    emits_own_id = False

    def __init__(self, options: dict[str, Any]) -> None:
        wanted = options["side_effects"]
        self.side_effects = True if wanted is None else bool(wanted)
        self._options = options
        self._trigger = trigger(options["trigger_on"])
        self._matches = matcher(options["trigger_on"])

    def asked(self, entity: Entity, out: list[Entity]) -> None:
        """Ask, and append what comes back."""
        raise NotImplementedError

    def takes(self, entity: Entity) -> bool:
        """Is it one to ask for? Others pass."""
        return "_filtered" not in entity and (self._matches is None or self._matches(entity))

    def bind(self, _runtime: Runtime) -> Callable[[Entity, list[Entity]], None]:
        return self.asked if self._trigger is None else self._trigger(self.asked)
