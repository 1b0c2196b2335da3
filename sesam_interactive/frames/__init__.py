"""Entities to data frames and back, types kept."""

from sesam_interactive.frames.from_frame import from_frame
from sesam_interactive.frames.to_frame import as_pandas, from_arrow, to_pandas, to_polars

__all__ = ["as_pandas", "from_arrow", "from_frame", "to_pandas", "to_polars"]
