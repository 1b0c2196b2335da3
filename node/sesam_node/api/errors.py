"""What an error looks like to a client: one table from class to status, one JSON shape.

Every answer of 400 and up is an object with `message` and `detail`; `problems` (and, for a
configuration, `validation_errors`) where there are several, `hint` where there is something to
try, `request_id` to find it in the log. What is not an error of ours is logged and told without
its text: a traceback or a secret never leaves the node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import (
    ConfigError,
    ConflictError,
    DtlError,
    ExpiredError,
    FenceError,
    ForbiddenError,
    InputError,
    NotBuiltError,
    NotFoundError,
    OutdatedError,
    PipeError,
    SesamError,
    StoreError,
)
from sesam_node.pipes.http.answer import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sesam_node.errors import Problem


class ApiError(SesamError):
    """A request that is refused for what it is: no token, wrong method, too large."""

    def __init__(
        self,
        status: int,
        message: str,
        detail: str = "",
        *,
        hint: str = "",
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.detail = detail
        self.hint = hint
        self.headers = dict(headers or {})
        self.body = dict(body or {})


STATUS: tuple[tuple[type[SesamError], int], ...] = (
    (NotFoundError, 404),
    (ForbiddenError, 403),
    (OutdatedError, 412),
    (ConflictError, 409),
    (FenceError, 409),
    (ExpiredError, 410),
    (NotBuiltError, 501),
    (InputError, 400),
    (ConfigError, 400),
    (DtlError, 400),
    (StoreError, 500),
    (RequestError, 502),
    (PipeError, 500),
    (SesamError, 500),
)
"""Which status an error has; the first class that fits wins."""


def status_of(error: BaseException) -> int:
    """The HTTP status of an error; 500 for one that is not ours."""
    if isinstance(error, ApiError):
        return error.status
    return next((status for cls, status in STATUS if isinstance(error, cls)), 500)


def error_body(error: BaseException, request_id: str) -> dict[str, Any]:
    """The JSON object that tells of an error."""
    if not isinstance(error, SesamError):
        return {
            "message": "internal error",
            "detail": "an unexpected error; the node's log has it under this request_id",
            "request_id": request_id,
        }
    body: dict[str, Any] = {"message": error.message, "detail": error.message}
    if error.problems:
        body["detail"] = "; ".join(str(problem) for problem in error.problems[:3])
        body["problems"] = [problem_json(problem) for problem in error.problems]
        hint = next((problem.hint for problem in error.problems if problem.hint), "")
        if hint:
            body["hint"] = hint
    if isinstance(error, ConfigError):
        body["validation_errors"] = validation_errors(error.problems)
    if isinstance(error, ExpiredError):
        body["exact_from"] = error.exact_from
    if isinstance(error, ApiError):
        body["detail"] = error.detail or error.message
        if error.hint:
            body["hint"] = error.hint
        body = {**error.body, **body}
    body["request_id"] = request_id
    return body


def problem_json(problem: Problem) -> dict[str, str]:
    """A problem as the API shows it."""
    shown = {
        "path": problem.path,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
        "level": problem.level,
        "component": problem.component,
    }
    return {key: text for key, text in shown.items() if text}


def validation_errors(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Problems of a configuration, grouped by component, in the shape the official client reads."""
    grouped: dict[str, list[dict[str, Any]]] = {}
    for problem in problems:
        text = f"{problem.message}; {problem.hint}" if problem.hint else problem.message
        grouped.setdefault(problem.component, []).append(
            {
                "level": problem.level,
                "msg": f"{problem.path}: {text} [{problem.code}]" if problem.path else text,
                "elements": [problem.path] if problem.path else [],
            }
        )
    return [
        {"posted-config": {"_id": component}, "config-errors": errors}
        for component, errors in grouped.items()
    ]
