"""Entities to data frames and back, types kept."""

from sesam_interactive.frames.from_frame import from_frame
from sesam_interactive.frames.to_frame import to_pandas, to_polars

__all__ = ["from_frame", "to_pandas", "to_polars"]
