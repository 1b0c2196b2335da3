"""Transforms that the manual has given up; a DTL transform does what they did. Declared only."""

from __future__ import annotations

from sesam_node.pipes.component import declare_transform

_INSTEAD = "use a dtl transform"

declare_transform("lower_keys", doc="Property names in lower case.", deprecated=_INSTEAD)
declare_transform("upper_keys", doc="Property names in upper case.", deprecated=_INSTEAD)
declare_transform(
    "properties_to_curies", doc="Property names as compact URIs.", deprecated=_INSTEAD
)
declare_transform("uris_to_curies", doc="URIs as compact URIs.", deprecated=_INSTEAD)
declare_transform("undirected_graph", doc="Edges in both directions.", deprecated=_INSTEAD)
