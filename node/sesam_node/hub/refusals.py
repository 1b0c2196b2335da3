"""What prevents a change of the configuration, and what is put right before it is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.document import NODE, Document, is_pipe, is_system
from sesam_node.config.effective import parts_of
from sesam_node.errors import ConfigError, Problem, preview

if TYPE_CHECKING:
    from collections.abc import Collection

    from sesam_node.config.diff import Difference
    from sesam_node.config.validate import Checked
    from sesam_node.hub.active import Active

MOST_REMOVED = 10
MOST_REMOVED_SHARE = 0.1
"""Where the circuit breaker is on, not more than both of these may go in one change."""


def checked_id(component: Any, kind: str) -> str:
    """The id of a component that is to be a pipe or system. Raises ConfigError."""
    if type(component) is not dict or type(component.get("_id")) is not str:
        raise ConfigError(f'expected a {kind} with an "_id", got {preview(component)}')
    if not (is_pipe(component) if kind == "pipe" else is_system(component)):
        wanted = '"pipe"' if kind == "pipe" else '"system:…"'
        name, given = component["_id"], preview(component.get("type"))
        problem = Problem("$.type", "wrong-type", f"expected {wanted}, got {given}", component=name)
        raise ConfigError(f'"{name}" is no {kind}', [problem])
    return str(component["_id"])


def with_ids(document: Document) -> Document:
    """The document without repetitions of an id, which cannot be marked."""
    unnamed = [
        component
        for component in document.components
        if type(component) is not dict or type(component.get("_id")) is not str
    ]
    if not unnamed and len(document.by_id) == len(document.components):
        return document
    return Document((*document.by_id.values(), *unnamed), document.warnings)


def refuse(
    checked: Checked,
    document: Document,
    old: Active,
    *,
    force: bool,
    only: Collection[str] | None,
) -> None:
    """Raise ConfigError for errors that prevent a change.

    A system comes before its own secrets, which can only be set where it is: that they are missing
    is told by its runtime and prevents its use, not its upload.
    """
    found = checked.errors
    waiting = {
        name
        for name in document.systems
        if all(problem.code == "unknown-secret" for problem in found.get(name, ()))
    }
    errors = {name for name in found if name not in waiting and not _waits(name, checked, waiting)}
    if only is not None:
        # Errors that were there before and are elsewhere are not made worse.
        errors -= old.invalid.difference(only)
    if force:
        # What has no id cannot be marked.
        errors -= set(document.by_id)
    if errors:
        problems = [problem for problem in checked.problems if problem.component in errors]
        count = sum(problem.level == "error" for problem in problems)
        what = "an error" if count == 1 else f"{count} errors"
        raise ConfigError(f"the configuration has {what}", problems)


def _waits(pipe: str, checked: Checked, waiting: Collection[str]) -> bool:
    """Is nothing wrong with a pipe but that its systems have no secrets yet?"""
    if any(problem.code != "broken-system" for problem in checked.errors[pipe]):
        return False
    parts = [part for _, _, part in parts_of(checked.effective[pipe]) if type(part) is dict]
    return all(part["system"] in waiting for part in parts if "system" in part)


def break_circuit(old: Active, difference: Difference) -> None:
    """Raise ConfigError for a change that would delete too much of the node.

    That is more than ten components and more than a tenth of all (the manual, "Service metadata",
    `use_config_circuit_breaker`); the configuration in force says whether it is asked for.
    """
    defaults = old.metadata.get("global_defaults")
    if type(defaults) is not dict or defaults.get("use_config_circuit_breaker") is not True:
        return
    there = [name for name in old.document.by_id if name != NODE]
    removed = [name for name in difference.removed if name != NODE]
    if len(removed) > max(MOST_REMOVED, MOST_REMOVED_SHARE * len(there)):
        names = ", ".join(map(preview, removed[:10])) + (", …" if len(removed) > 10 else "")
        problem = Problem(
            "$",
            "config-circuit-breaker",
            f"it would delete {len(removed)} of {len(there)} pipes and systems: {names}",
            "upload it with force=true where that is meant",
        )
        raise ConfigError("the circuit breaker of the configuration has tripped", [problem])
