"""`validation_expression` of a receiver: a template that may refuse a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.secrets import asked_in_templates
from sesam_node.errors import ConfigError, InputError, preview

if TYPE_CHECKING:
    from collections.abc import Mapping


def named_secrets(expression: Any) -> set[str]:
    """The secrets that an expression asks for by their names."""
    return asked_in_templates(expression) if type(expression) is str else set()


class Headers:
    """Headers of a request, found in any case."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._values = {name.lower(): value for name, value in headers.items()}

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def get(self, name: str, default: str | None = None) -> str | None:
        return self._values.get(name.lower(), default)


def check_request(
    expression: str,
    secrets: Mapping[str, str],
    url: str,
    parameters: Mapping[str, str],
    headers: Mapping[str, str],
) -> None:
    """Raises InputError with the text that the template makes of a request, if it makes any.

    The template knows `url`, `request_params`, `request_headers` and `secret(name)`.
    """
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def secret(name: str) -> str:
        if name not in secrets:
            raise ConfigError(f'the secret "{name}" does not exist')
        return secrets[name]

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    try:
        verdict = environment.from_string(expression).render(
            url=url,
            request_params=dict(parameters),
            request_headers=Headers(headers),
            secret=secret,
        )
    except TemplateError as error:
        message = f'the "validation_expression" failed: {preview(str(error))}'
        raise InputError(message) from None
    if verdict.strip():
        raise InputError(verdict.strip())
