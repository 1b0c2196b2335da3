"""Parameters of queries and forms: declared beside the operation, read from texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sesam_node.api.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.api.operations import Operation, Parameter


def read_parameters(declared: Operation, where: str, given: Mapping[str, str]) -> dict[str, Any]:
    return {
        parameter.name: _value(parameter, given.get(parameter.name))
        for parameter in declared.parameters
        if parameter.where == where
    }


def _value(parameter: Parameter, text: str | None) -> Any:
    if text is None or (not text and parameter.kind != "string"):
        if parameter.required:
            raise ApiError(400, f'the parameter "{parameter.name}" is missing', parameter.doc)
        return parameter.default
    return parameter.read(text)


def last_texts(arguments: Mapping[str, list[bytes]]) -> dict[str, str]:
    """The last value of each parameter, as text."""
    return {name: read_text(values[-1]) for name, values in arguments.items()}


def read_text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise ApiError(400, "a parameter is no UTF-8 text") from None


def plain_text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
