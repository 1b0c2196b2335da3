"""Lists of permissions as they are written: `["allow" or "deny", [roles], [permissions]]` each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sesam_node.errors import Problem, preview, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.config.options import Path

    At = Callable[[Path], str]

PERMISSIONS: Final = {
    "pipe": ("read_config", "write_config", "run_pump_operation", "read_data", "write_data"),
    "system": (
        *("read_config", "write_config", "read_data", "write_data"),
        *("read_proxy", "write_proxy"),
    ),
    "node": (
        *("read_config", "write_config", "run_pump_operation"),
        *("add_components", "write_permissions", "read_metrics"),
    ),
}
"""What may stand in a list of permissions, by what has it."""


def check_permissions(kind: str, permissions: Any, at: At) -> list[Problem]:
    """The problems of the `permissions` of a pipe, a system or the node: `at` makes their paths."""
    known = PERMISSIONS[kind]
    problems = []
    for i, rule in enumerate(permissions if type(permissions) is list else ()):
        right = (
            type(rule) is list
            and len(rule) == 3
            and type(rule[0]) is str
            and rule[0].lower() in ("allow", "deny")
            and all(
                type(names) is list and all(type(name) is str for name in names)
                for names in rule[1:]
            )
        )
        if not right:
            message = f'expected ["allow" or "deny", [roles], [permissions]], got {preview(rule)}'
            problems.append(Problem(at(("permissions", i)), "wrong-type", message))
            continue
        for j, name in enumerate(rule[2]):
            if name not in known:
                place = at(("permissions", i, 2, j))
                message = f"unknown permission {preview(name)}"
                hint = suggestion(name, known) or f"there are {', '.join(known)}"
                problems.append(Problem(place, "unknown-permission", message, hint, "warning"))
    return problems
