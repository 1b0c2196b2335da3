"""The merge source: entities of several datasets that are the same thing, as one. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import ALIASED_DATASETS
from sesam_node.pipes.component import Option, declare_source

declare_source(
    "merge",
    ALIASED_DATASETS,
    Option("version", "integer", 1, "2 is current, 1 is deprecated", (1, 2)),
    Option("equality", "array", None, '["eq", …] joins, any of which links two entities'),
    Option("equality_sets", "array", None, "lists of expressions, neighbours are linked"),
    Option("identity", "string", "composite", "how _id is made", ("composite", "first")),
    Option(
        "strategy",
        "string",
        "default",
        "how the properties are combined",
        ("default", "compact", "list"),
    ),
    Option(
        "include_internal_properties",
        "boolean",
        default=False,
        doc='are "_ts" and its kind kept in "$merged" (strategy "list")?',
    ),
    Option("max_merged", "integer", None, "most entities merged into one; the node's if null"),
    doc="Entities of several datasets, those that are the same thing merged into one.",
    reads="datasets",
    supports_since=True,
    is_since_comparable=True,
    is_chronological=True,
    fixed=True,
)
