"""The fields of a JSON body: declared beside the operation, checked one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.api.errors import ApiError
from sesam_node.api.operations import ANYTHING
from sesam_node.errors import preview, suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sesam_node.api.operations import Parameter

SECRET_FIELDS = frozenset({"password", "token"})
"""What came in these is not repeated in a refusal."""

MAX_TEXT = 4_000_000
"""The most characters of a text of rules: what is asked for at every key must be quick."""

KINDS: dict[str, tuple[type, str]] = {
    "string": (str, "a string"),
    "integer": (int, "a whole number that is not negative"),
    "boolean": (bool, "true or false"),
    "array": (list, "a list"),
    "object": (dict, "an object"),
}


def read_fields(declared: Sequence[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """The declared fields by name, of a JSON object. Raises ApiError for any other."""
    known = {parameter.name: parameter for parameter in declared if parameter.where == "form"}
    for name in given:
        if name not in known:
            raise ApiError(400, f"unknown field {preview(name)}", hint=suggestion(name, known))
    return {name: _field(parameter, given.get(name)) for name, parameter in known.items()}


def _field(parameter: Parameter, value: Any) -> Any:
    """The value of a field. Raises ApiError where it does not fit."""
    if value is None:
        if parameter.required:
            raise ApiError(400, f'the field "{parameter.name}" is missing', parameter.doc)
        return parameter.default
    if parameter.kind == ANYTHING:
        return value
    type_, wanted = KINDS[parameter.kind]
    negative = type(value) is int and value < 0
    fits = type(value) is type_ and not negative
    if parameter.choices and value not in parameter.choices:
        fits, wanted = False, "one of " + ", ".join(parameter.choices)
    if not fits:
        got = "something else" if parameter.name in SECRET_FIELDS else preview(value)
        raise ApiError(
            400, f'the field "{parameter.name}" does not fit', f"expected {wanted}, got {got}"
        )
    if type_ is str and len(value) > MAX_TEXT:
        raise ApiError(413, f'the field "{parameter.name}" has more than {MAX_TEXT:,} characters')
    return value
