"""What transforms share that change some properties of an entity and look nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.pipes.transforms.without_datasets import WithoutDatasets
from sesam_node.pipes.trigger import trigger

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.dtl import Runtime
    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context


class InPlaceTransform(WithoutDatasets):
    """The base of such transforms; `path` is where they stand in the pipe."""

    emits_own_id = True

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        place: tuple[str | int, ...] = (context.position,) if context.in_list else ()
        self.path: tuple[str | int, ...] = ("transform", *place)
        self._trigger = trigger(options["trigger_on"])

    def changed(self, entity: Entity) -> Entity:
        """The entity that goes on instead; the one given is left as it is."""
        raise NotImplementedError

    def bind(self, _runtime: Runtime) -> Callable[[Entity, list[Entity]], None]:
        changed = self.changed

        def run(entity: Entity, out: list[Entity]) -> None:
            out.append(changed(entity))

        return run if self._trigger is None else self._trigger(run)
