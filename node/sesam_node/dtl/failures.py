"""What an exception becomes that a rule has raised."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sesam_node.errors import DtlError, Problem

if TYPE_CHECKING:
    from sesam_node.model.values import Entity


def reason_of(error: Exception) -> tuple[str, str]:
    """Code and message of an exception, without the place where it was raised."""
    if isinstance(error, DtlError):
        return (error.problems[0].code if error.problems else "failed"), error.message
    if isinstance(error, RecursionError):
        return "failed", "the rules call each other too deeply"
    return "failed", f"{type(error).__name__}: {error}"


def failure(error: Exception, path: str, source: Entity) -> DtlError:
    """The error that names the entity and the JSON path of the rule that failed on it."""
    code, reason = reason_of(error)
    entity_id = json.dumps(source.get("_id"), ensure_ascii=False, default=str)
    message = f"the entity {entity_id} failed at {path or '$'}: {reason}"
    return DtlError(message, [Problem(path, code, reason)])
