"""Finds everything that is wrong with a rule set, before it runs.

`check` gives every problem at once, each with the JSON path of what it is about. `checker` walks
the rules; `kinds`, `reachability` and `properties` know about what runs, but never does what it
seems to; `hints` says what to write instead.
"""

from sesam_node.dtl.check.checker import check, errors

__all__ = ["check", "errors"]
