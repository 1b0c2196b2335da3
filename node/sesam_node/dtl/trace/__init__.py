"""What was recorded while rules ran: documents of format `sesam-dtl-trace`, and what they tell.

Pure functions over JSON: no rule runs here. `docs/trace-format.md` describes the documents. The
walker writes those of strength "full" (everything of a few entities), compiled rules those of
strength "counters" (figures of many).

    coverage, timings, rates, fold     figures by JSON path of the rules
    signatures, samples                which entities took the same way
    state                              `_S` and `_T` before or after an event
    why, why_not                       from an output value, or a missing one, back to its cause
"""

from sesam_node.dtl.trace.document import FORMAT, VERSION, validate
from sesam_node.dtl.trace.figures import coverage, fold, rates, timings
from sesam_node.dtl.trace.samples import samples, signatures
from sesam_node.dtl.trace.state import state
from sesam_node.dtl.trace.text import why_not_text, why_text
from sesam_node.dtl.trace.why import why
from sesam_node.dtl.trace.why_not import why_not

__all__ = [
    "FORMAT",
    "VERSION",
    "coverage",
    "fold",
    "rates",
    "samples",
    "signatures",
    "state",
    "timings",
    "validate",
    "why",
    "why_not",
    "why_not_text",
    "why_text",
]
