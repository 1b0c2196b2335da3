"""Values as others write them: without tags, as templates, JSON and databases take them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sesam_node.model.values import as_string, kind_of_text, number, plain_text

if TYPE_CHECKING:
    from sesam_node.model import Value


def plain(value: Value) -> Any:
    """A value without tags, as JSON takes it: decimals are floats, all else is its text."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if type(value) is str and value[:1] == "~":
        if kind_of_text(value) == "decimal":
            found = number(value)
            return float(found) if isinstance(found, Decimal) else found
        return plain_text(value)
    return value


def as_values(value: Any) -> Value:
    """JSON that is no entity JSON as values: text that would read as a tag is escaped."""
    if isinstance(value, list):
        return [as_values(item) for item in value]
    if isinstance(value, dict):
        return {name: as_values(item) for name, item in value.items()}
    return as_string(value) if type(value) is str and value[:1] == "~" else value
