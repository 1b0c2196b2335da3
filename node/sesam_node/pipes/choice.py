"""Components that stand for one of several: the effective configuration holds the chosen one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.options import Option
from sesam_node.errors import ConfigError, preview, suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

CHOICE = (
    Option("condition", "any", doc="the value that chooses, normally $ENV(…)"),
    Option("alternatives", "object", doc="value to component", env=False),
)


def chosen(kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The alternative that the condition names.

    Raises ConfigError when there is none of that name.
    """
    condition = options.get("condition")
    alternatives = options.get("alternatives") or {}
    found = alternatives.get(condition if type(condition) is str else preview(condition))
    if type(found) is not dict:
        hint = suggestion(str(condition), alternatives)
        message = f"the conditional {kind} has no alternative {preview(condition)}"
        raise ConfigError(f"{message}; {hint}" if hint else message)
    return found
