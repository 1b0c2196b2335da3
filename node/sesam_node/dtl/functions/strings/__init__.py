"""Group "strings": text in, text out; whatever is no string is left out.

Characters are Unicode code points. A function that changes each string goes through `each_text`,
which takes transit's escape off and puts it on again where a result would read as a tag.

- `joining`: concat, is-string, join, length
- `shaping`: ljust, rjust, lower, upper, strip, lstrip, rstrip
- `finding`: matches, replace, split
- `reading`: string, substring
"""

from __future__ import annotations

# In the order in which completion offers the names.
# isort: off
from sesam_node.dtl.functions.strings import joining, shaping, finding, reading

__all__ = ["finding", "joining", "reading", "shaping"]
