"""The debugger: recorded runs of rules, walked about in from Python. See `docs/debugger.md`.

`Session` is what one works with. This layer knows neither client nor widgets: it is handed what it
needs (`node.Node`).
"""

from sesam_interactive.debugger.errors import DebuggerError
from sesam_interactive.debugger.node import Subject
from sesam_interactive.debugger.recording import record
from sesam_interactive.debugger.session import Session

__all__ = ["DebuggerError", "Session", "Subject", "record"]
