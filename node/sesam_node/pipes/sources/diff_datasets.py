"""The deprecated diff_datasets source. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import DATASET_IDS
from sesam_node.pipes.component import declare_source

declare_source(
    "diff_datasets",
    DATASET_IDS,
    doc="How the entities of datasets differ.",
    reads="datasets",
    deprecated="compare with hops in DTL",
)
