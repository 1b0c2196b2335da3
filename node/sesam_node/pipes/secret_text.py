"""`$SECRET(name)` in the configuration of a system, replaced where the system is made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRET = re.compile(r"\$SECRET\(([^()]*)\)")


def with_secrets(config: Any, secrets: Mapping[str, str]) -> Any:
    """The same configuration with the values of its secrets.

    Raises ConfigError naming a secret that does not exist (and never a value).
    """
    if type(config) is str:
        return SECRET.sub(lambda match: _value(match[1], secrets), config)
    if type(config) is dict:
        return {key: with_secrets(value, secrets) for key, value in config.items()}
    if type(config) is list:
        return [with_secrets(value, secrets) for value in config]
    return config


def _value(name: str, secrets: Mapping[str, str]) -> str:
    if name not in secrets:
        raise ConfigError(f'the secret "{name}" does not exist')
    return secrets[name]
