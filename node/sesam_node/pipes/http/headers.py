"""The `headers` of a component."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError, preview

if TYPE_CHECKING:
    from collections.abc import Mapping


def string_headers(given: Mapping[str, Any] | None) -> dict[str, str]:
    """The headers by lower-case name. Raises ConfigError where a value is no text."""
    for name, value in (given or {}).items():
        if type(value) is not str:
            raise ConfigError(f'the header "{name}" must be a string, got {preview(value)}')
    return {name.lower(): value for name, value in (given or {}).items()}
