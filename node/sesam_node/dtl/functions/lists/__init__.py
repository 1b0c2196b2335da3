"""Lists: building, cutting, ordering, grouping and folding them.

Where a function takes VALUES, null holds no values, a list its elements (nulls included), anything
else is one value (`as_list`). Functions that say "gives a list" do so for a single value too. A
FUNCTION arrives as a Python callable and is called once for each value.

- `building`: combine, list, flatten, insert, range, enumerate
- `membership`: count, is-empty, is-not-empty, is-list, in, distinct
- `picking`: first, last, nth, slice, filter
- `mapping`: map, map-dict, map-values
- `ordering`: sorted, sorted-descending, reversed, max, min
- `grouping`: group, group-by, sum
"""

from __future__ import annotations

# In the order in which completion offers the names.
# isort: off
from sesam_node.dtl.functions import sets  # noqa: F401 - its names come before those of lists
from sesam_node.dtl.functions.lists import (
    building,
    membership,
    picking,
    mapping,
    ordering,
    grouping,
)

__all__ = ["building", "grouping", "mapping", "membership", "ordering", "picking"]
