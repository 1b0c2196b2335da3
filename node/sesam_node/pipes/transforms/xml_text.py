"""The xml transform: the entity as XML, in a property. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import XML
from sesam_node.pipes.component import Option, declare_transform

declare_transform(
    "xml",
    Option("xml-property", "string", doc="the property that takes the XML"),
    *XML,
    doc="Writes the entity as XML into one of its properties.",
)
