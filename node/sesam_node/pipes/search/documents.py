"""Entities as documents of a search engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import PipeError, Problem, preview
from sesam_node.model.values import plain_text
from sesam_node.pipes.plain import plain

if TYPE_CHECKING:
    from sesam_node.model import Entity


def document(entity: Entity) -> dict[str, Any]:
    """Its properties, without those at the root that begin with `_` or `$`, as plain JSON."""
    return {name: plain(value) for name, value in entity.items() if name[:1] not in "_$"}


def document_id(entity: Entity) -> str:
    return plain_text(entity["_id"])


def flat_document(what: str, entity: Entity) -> dict[str, Any]:
    """The same where documents hold single values, and lists of values of one type, only.

    Raises PipeError with every property that does not fit.
    """
    found = document(entity)
    problems = [
        Problem(f"$.{name}", "not-flat", flaw, "flatten it in DTL")
        for name, value in found.items()
        if (flaw := _flaw(value))
    ]
    if problems:
        text = f"{what}: the entity {preview(entity['_id'])} is no flat document"
        raise PipeError(text, problems)
    return {name: value for name, value in found.items() if value is not None}


def _flaw(value: Any) -> str:
    if isinstance(value, dict):
        return f"expected a single value or a list of them, got {preview(value)}"
    if isinstance(value, list):
        if any(isinstance(item, list | dict) for item in value):
            return f"expected a list of single values, got {preview(value)}"
        kinds = {_kind(item) for item in value if item is not None}
        if len(kinds) > 1:
            return f"expected values of one type, got {preview(value)}"
    return ""


def _kind(value: Any) -> str:
    return "number" if type(value) in (int, float) else type(value).__name__
