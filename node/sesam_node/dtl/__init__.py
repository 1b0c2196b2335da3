"""DTL: rule sets checked, planned and compiled to Python functions. Pure, no I/O.

`compile_rules` is the way in; `run_rules` runs a rule set over entities in memory, `functions` is
the reference. The phases are modules of this package, in the order that `compile` shows. What
explains rules and helps writing them is imported where it is used: `explain`, `record`, `trace`,
`format`, `complete`, `codes`.
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
from sesam_node.dtl.schema import Schema, schema_of
from sesam_node.dtl.syntax import RuleContext

__all__ = [
    "CompiledRules",
    "Lookup",
    "RuleContext",
    "Runtime",
    "Schema",
    "Tracker",
    "compile_index",
    "compile_rules",
    "functions",
    "problems_of",
    "run_rules",
    "schema_of",
]
