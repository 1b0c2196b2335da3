"""The merge_datasets source: entities with the same _id in several datasets. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import DATASET_IDS
from sesam_node.pipes.component import Option, declare_source

declare_source(
    "merge_datasets",
    DATASET_IDS,
    Option("strategy", "string", "latest", "which versions come out", ("latest", "all")),
    doc="Several datasets in the order of time; entities with the same _id become one.",
    reads="datasets",
    supports_since=True,
    is_since_comparable=True,
    is_chronological=True,
    fixed=True,
)
