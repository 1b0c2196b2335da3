"""The rdf transform: the entity as N-Triples, in a property. Declared only."""

from __future__ import annotations

from sesam_node.pipes.component import Option, declare_transform

declare_transform(
    "rdf",
    Option("rdf-property", "string", doc="the property that takes the N-Triples"),
    doc="Writes the entity as N-Triples into one of its properties.",
)
