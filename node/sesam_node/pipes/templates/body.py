"""A template's body of one's own: `{{@ name @}}` in it stands for a property."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError, preview, suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.config.options import Path

PLACE = re.compile(r"\{\{@\s*([^{}@\s]+)\s*@\}\}")


def filled(body: Any, properties: Mapping[str, Any]) -> list[tuple[Path, dict[str, Any]]]:
    """The transforms of a body, with the properties put in.

    A text that is nothing but a place becomes the value as it is, in others stands its text. Raises
    ConfigError for a property that is not given.
    """
    several = type(body) is list
    items = body if several else [body]
    found: list[tuple[Path, dict[str, Any]]] = []
    for position, item in enumerate(items):
        if type(item) is not dict:
            raise ConfigError(f"a template consists of transforms, got {preview(item)}")
        place: Path = ("template", position) if several else ("template",)
        found.append(((*place, "rules"), _put_in(item, properties)))
    return found


def _put_in(value: Any, properties: Mapping[str, Any]) -> Any:
    if type(value) is dict:
        return {
            str(_put_in(key, properties)): _put_in(item, properties) for key, item in value.items()
        }
    if type(value) is list:
        return [_put_in(item, properties) for item in value]
    if type(value) is not str:
        return value
    alone = PLACE.fullmatch(value)
    if alone is not None:
        return _property(alone[1], properties)
    return PLACE.sub(lambda match: _text(_property(match[1], properties)), value)


def _property(name: str, properties: Mapping[str, Any]) -> Any:
    if name not in properties:
        hint = suggestion(name, properties)
        message = f'the template asks for the property "{name}"'
        raise ConfigError(f"{message}; {hint}" if hint else message)
    return properties[name]


def _text(value: Any) -> str:
    return value if type(value) is str else preview(value, 1000)
