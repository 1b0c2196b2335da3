"""The transform functions: statements that write the target, emit entities or stop.

- `setting`: add, add-if, default
- `copying`: copy, remove, rename, make-ni
- `merging`: merge, merge-union
- `emitting`: create, create-child, filter, discard, fail!, trip!, sleep!, comment
- `branches`: if, case, case-eq
"""

from __future__ import annotations

# In the order in which completion offers the names.
# isort: off
from sesam_node.dtl.functions.transforms import setting, copying, merging, emitting, branches

__all__ = ["branches", "copying", "emitting", "merging", "setting"]
