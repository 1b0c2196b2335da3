"""The template transform: a named chain of transforms. Declared only."""

from __future__ import annotations

from sesam_node.pipes.component import Option, declare_transform

declare_transform(
    "template",
    Option(
        "template",
        ("string", "object", "array"),
        doc='"transform-collect-rest", "transform-defaults-rest", "transform-share-rest" or a body',
    ),
    Option("properties", "object", doc="the parameters of the template"),
    doc="Stands for a chain of transforms that syncs two ways over REST.",
    side_effects=True,
)
