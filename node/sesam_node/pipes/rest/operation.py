"""One operation of a REST system: what is asked, and what the answers hold.

An operation is a dict of options; what a source, sink or transform sets wins over what the system
says (REST system, operation properties).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sesam_node.errors import ConfigError, PipeError, preview, suggestion
from sesam_node.model import encode
from sesam_node.pipes.plain import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.model import Value

OVERRIDES = (
    "properties",
    "payload",
    "payload_property",
    "response_property",
    "response_headers_property",
    "response_status_property",
    "id_expression",
    "updated_expression",
    "since_property_name",
    "since_property_location",
    "allowed_status_codes",
    "ignored_status_codes",
    "rate_limiting_retries",
    "rate_limiting_delay",
)
"""What a source, sink or transform may say instead of the operation."""

TYPES = {
    "json": "application/json",
    "json-transit": "application/json",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain; charset=utf-8",
}
DEFAULTS = {"allowed_status_codes": "200-299"}
"""Options whose default is no wish of whoever wrote the component."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request with every template rendered. Two that are equal ask the same."""

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


def operation_of(
    name: str | None, component: Mapping[str, Any], system: Mapping[str, Any], owner: str
) -> dict[str, Any]:
    """The options of an operation for a component. Raises ConfigError where there is none."""
    mine, theirs = component.get("operations") or {}, system.get("operations") or {}
    if name is None:
        raise ConfigError(f'{owner}: no "operation" is named')
    found = mine.get(name, theirs.get(name))
    if found is None:
        hint = suggestion(str(name), [*mine, *theirs])
        message = f"{owner} has no operation {preview(name)}"
        raise ConfigError(f"{message}; {hint}" if hint else message)
    made = {option: value for option, value in found.items() if value is not None}
    for option in OVERRIDES:
        value = component.get(option)
        if value is not None and (option not in made or value != DEFAULTS.get(option)):
            made[option] = value
    return made


def body_of(payload: Value, kind: str, headers: dict[str, str]) -> bytes | None:
    """The bytes of a payload; sets the type in `headers` where none is set."""
    if payload is None:
        return None
    given = {name.lower() for name in headers}
    if kind == "multipart-form":
        return _multipart(payload, headers)
    if "content-type" not in given:
        headers["Content-Type"] = TYPES[kind]
    if kind == "form":
        return urlencode(_fields(payload)).encode()
    if isinstance(payload, str):
        return str(plain(payload)).encode()
    if kind == "json-transit":
        return encode(payload)
    return json.dumps(plain(payload), ensure_ascii=False).encode()


def _fields(payload: Value) -> dict[str, str]:
    if not isinstance(payload, dict):
        raise PipeError(f"a form is a dict of its fields, got {preview(payload)}")
    return {
        str(name): value if isinstance(value, str) else encode(value).decode()
        for name, value in payload.items()
    }


def _multipart(payload: Value, headers: dict[str, str]) -> bytes:
    import httpx

    files: Any = {name: (None, value) for name, value in _fields(payload).items()}
    made = httpx.Request("POST", "http://form", files=files)
    for name in [name for name in headers if name.lower() == "content-type"]:
        # It has to name the boundary.
        del headers[name]
    headers["Content-Type"] = made.headers["Content-Type"]
    return made.read()


def part_of(body: Any, path: str | None) -> Any:
    """The part of an answer that `payload_property` names: a key, or a path with dots."""
    if path is None:
        return body
    if isinstance(body, dict) and path in body:
        return body[path]
    found = body
    for name in path.split("."):
        if not isinstance(found, dict) or name not in found:
            return None
        found = found[name]
    return found
