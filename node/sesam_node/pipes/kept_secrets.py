"""What must not be told of a pipe: its secrets, and what its systems log in with.

Systems may hold what should be a secret as it is, or take it from a variable: passwords, tokens,
headers that log in, the user's part of a URL. It is hidden in messages just the same.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from sesam_node.config.secrets import REFERENCE
from sesam_node.errors import PipeError
from sesam_node.pipes.component import spec
from sesam_node.pipes.runs import PipeDefinition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sesam_node.config.options import Option

USER_OF_URL = re.compile(r"://([^/?#\s:@]*):([^/?#\s@]+)@")
LOGIN_HEADER = re.compile(r"authorization|cookie|api[-_]?key|token|secret|password", re.IGNORECASE)
SCHEME = re.compile(r"(basic|bearer|digest|token|apikey)\s+", re.IGNORECASE)


def kept_secrets(definition: PipeDefinition) -> set[str]:
    """The texts that nothing which is told of this pipe may hold."""
    found = set(definition.secrets.values())
    for system in definition.systems.values():
        found.update(_of_system(system))
    return {text for text in found if text}


def kept_in(payload: Mapping[str, Any]) -> set[str]:
    """Those of all definitions that an operation is given."""
    found: set[str] = set()
    for value in payload.values():
        several = value.values() if isinstance(value, dict) else value
        for item in several if isinstance(several, (list, tuple)) else [value, several]:
            if isinstance(item, PipeDefinition):
                found |= kept_secrets(item)
    return found


def _of_system(system: Mapping[str, Any]) -> Iterator[str]:
    try:
        declared = spec("system", str(system.get("type", ""))).options
    except PipeError:
        declared = ()
    yield from _secret_options(declared, system)
    for text in _texts(system):
        for user, password in USER_OF_URL.findall(text):
            for one in _literal(password):
                yield from (one, unquote(one))
                # What is sent of both.
                yield b64encode(f"{unquote(user)}:{unquote(one)}".encode()).decode()
    yield from _headers(system)


def _secret_options(options: Iterable[Option], config: Mapping[str, Any]) -> Iterator[str]:
    for option in options:
        value = config.get(option.name)
        if option.secret:
            for text in _texts(value):
                yield from _literal(text)
        elif option.fields and isinstance(value, dict):
            yield from _secret_options(option.fields, value)
        elif option.each:
            items = value.values() if isinstance(value, dict) else value or ()
            for item in items:
                if isinstance(item, dict):
                    yield from _secret_options(option.each, item)


def _headers(value: Any) -> Iterator[str]:
    """What headers log in with, at any depth: operations have headers of their own."""
    if isinstance(value, list):
        for item in value:
            yield from _headers(item)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if key == "headers" and isinstance(item, dict):
            for name, text in item.items():
                if isinstance(text, str) and LOGIN_HEADER.search(str(name)):
                    yield from _literal(SCHEME.sub("", text, count=1))
        else:
            yield from _headers(item)


def _literal(text: str) -> Iterator[str]:
    """A text that stands in the configuration itself; the values of secrets are known anyway."""
    if not REFERENCE.search(text) and "{{" not in text:
        yield text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
