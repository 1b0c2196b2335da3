"""Entities to data frames and back, types kept."""

from sesam_interactive.frames.from_frame import checked, entity_batches, from_frame
from sesam_interactive.frames.lines import (
    NotKept,
    cast,
    frames_of_lines,
    from_lines,
    learn,
    read_lines,
)
from sesam_interactive.frames.to_frame import RESERVED, as_pandas, from_arrow, to_pandas, to_polars

__all__ = [
    "RESERVED",
    "NotKept",
    "as_pandas",
    "cast",
    "checked",
    "entity_batches",
    "frames_of_lines",
    "from_arrow",
    "from_frame",
    "from_lines",
    "learn",
    "read_lines",
    "to_pandas",
    "to_polars",
]
