"""The replicated_dataset sink: a dataset with the offsets of its source. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import BITSET_COMMIT_INTERVAL, INDEXES, SET_INITIAL_OFFSET
from sesam_node.pipes.component import Option, declare_sink

declare_sink(
    "replicated_dataset",
    Option("dataset", "string", None, "the dataset to write; the pipe's id if null"),
    SET_INITIAL_OFFSET,
    INDEXES,
    Option("change_tracking", "boolean", default=True, doc="are unchanged entities left out?"),
    BITSET_COMMIT_INTERVAL,
    Option("allow_normal_dataset", "boolean", default=False, doc="write an ordinary one too?"),
    Option(
        "auto_migrate_to_replicated_dataset",
        "boolean",
        default=False,
        doc="turn an ordinary dataset into a replicated one?",
    ),
    doc="Writes a dataset and keeps the offsets of the source.",
    writes=True,
)
