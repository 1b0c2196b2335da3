"""The xml transform: the entity as XML, in a property."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.options import further_flaws
from sesam_node.model.values import as_string
from sesam_node.pipes.common_options import XML
from sesam_node.pipes.component import Option, transform
from sesam_node.pipes.transforms.in_place import InPlaceTransform
from sesam_node.pipes.trigger import TRIGGER
from sesam_node.pipes.xml_writer import XmlWriter, flaws

if TYPE_CHECKING:
    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context


@transform(
    "xml",
    Option("xml-property", "string", doc="the property that takes the XML"),
    *XML,
    TRIGGER,
    further=further_flaws(flaws),
)
class XmlTransform(InPlaceTransform):
    """Writes the entity as XML into one of its properties."""

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        super().__init__(options, context)
        self._property: str = options["xml-property"]
        self._writer = XmlWriter(options, self.path)

    def changed(self, entity: Entity) -> Entity:
        if not self._writer.takes(entity):
            return entity
        return {**entity, self._property: as_string(self._writer.text(entity))}
