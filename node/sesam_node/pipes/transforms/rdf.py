"""The rdf transform: the entity as N-Triples, in a property."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.model.values import as_string
from sesam_node.pipes.component import Option, transform
from sesam_node.pipes.rdf.entities import Writer
from sesam_node.pipes.rdf.names import Names
from sesam_node.pipes.rdf.terms import lines
from sesam_node.pipes.transforms.in_place import InPlaceTransform
from sesam_node.pipes.trigger import TRIGGER

if TYPE_CHECKING:
    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context


@transform(
    "rdf",
    Option("rdf-property", "string", doc="the property that takes the N-Triples"),
    TRIGGER,
)
class RdfTransform(InPlaceTransform):
    """Writes the entity as N-Triples into one of its properties."""

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        super().__init__(options, context)
        self._property: str = options["rdf-property"]
        self._names = Names.of(context)

    def changed(self, entity: Entity) -> Entity:
        said = {name: value for name, value in entity.items() if name != self._property}
        # Each entity numbers its own blank nodes: what it becomes depends on nothing else.
        text = "".join(lines(Writer(self._names).triples(said)))
        return {**entity, self._property: as_string(text)}
