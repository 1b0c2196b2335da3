"""A plan to a Python function: its source, executed, and what becomes of errors in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.emit import NO_NAMES, Emitted, emit
from sesam_node.dtl.failures import failure
from sesam_node.dtl.limits import begin
from sesam_node.dtl.scope import Scope
from sesam_node.errors import DtlError, Problem, json_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from sesam_node.dtl.plan import Plan
    from sesam_node.dtl.runtime import Runtime
    from sesam_node.model.values import Entity


ALLOWED = {
    kind.__name__: kind
    for kind in (Exception, bool, dict, float, int, len, list, range, set, str, tuple, type)
}
"""The built-in names that generated code is made of."""


class Failure:
    """Turns an exception in generated code into a DtlError that names rule and entity."""

    def __init__(self, file: str, emitted: Emitted) -> None:
        self.file = file
        self.lines = emitted.lines

    def place(self, traceback: TracebackType | None) -> str:
        """The JSON path of the innermost generated line that was running."""
        path = ""
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == self.file:
                path = self.lines.get(traceback.tb_lineno, path)
            traceback = traceback.tb_next
        return path

    def __call__(self, error: Exception, source: Entity) -> DtlError:
        return failure(error, self.place(error.__traceback__), source)


def execute(
    plan: Plan, scope: type[Scope] = Scope, names: Mapping[str, Any] = NO_NAMES
) -> tuple[Emitted, Callable[[Runtime], Any]]:
    """The source of a planned rule set and the `bind` that it defines.

    `scope` writes the code, `names` are further globals of it. Raises DtlError where the source is
    more than Python takes.
    """
    name = plan.context.pipe_id or "rules"
    begin()  # for what is folded
    try:
        emitted = emit(plan, scope, names)
        return emitted, executed(emitted, f"<dtl {name!a} {id(plan):x}>")
    except (RecursionError, MemoryError, SyntaxError) as error:
        reason = getattr(error, "msg", None) or str(error)
        message = f"the rules are too large or too deep to compile: {reason}"
        raise DtlError(
            message, [Problem(json_path(plan.rules.at), "too-large", message)]
        ) from error


def executed(emitted: Emitted, file: str) -> Callable[[Runtime], Any]:
    """The `bind` of a source, which runs under the name of a file and knows `ALLOWED` alone."""
    namespace = {**emitted.names, "failure": Failure(file, emitted), "__builtins__": ALLOWED}
    exec(compile(emitted.source, file, "exec"), namespace)  # noqa: S102 - that is what a compiler does
    made: Callable[[Runtime], Any] = namespace["bind"]
    return made
