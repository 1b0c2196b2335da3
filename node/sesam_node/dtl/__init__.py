"""DTL: rule sets checked, planned and compiled to Python functions. Pure, no I/O.

`compile_rules` is the way in; `run_rules` runs a rule set over entities in memory, `functions` is
the reference. The phases are modules of this package, in the order that `compile` shows.
"""

from sesam_node.dtl.compile import (
    CompiledRules,
    compile_index,
    compile_rules,
    problems_of,
    run_rules,
)
from sesam_node.dtl.dependencies import Tracker
from sesam_node.dtl.reference import functions
from sesam_node.dtl.runtime import Lookup, Runtime
from sesam_node.dtl.syntax import RuleContext

__all__ = [
    "CompiledRules",
    "Lookup",
    "RuleContext",
    "Runtime",
    "Tracker",
    "compile_index",
    "compile_rules",
    "functions",
    "problems_of",
    "run_rules",
]
