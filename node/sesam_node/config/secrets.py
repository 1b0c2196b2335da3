"""`$SECRET(x)` in systems: which are named where, and their values, put in only in workers."""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError, Problem, json_path, suggestion

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sesam_node.config.options import At, Path

REFERENCE = re.compile(r"\$SECRET\(([^()]*)\)")
IN_TEMPLATE = re.compile(r"""\bsecret\(\s*(["'])([^"']+)\1\s*\)""")
"""How a template of a system asks for a secret (Jinja filters page)."""
HIDDEN = "*****"


class Secret:
    """A text that never prints itself; `reveal()` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(*****)"

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, _spec: str) -> str:
        return HIDDEN

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Secret):
            return hmac.compare_digest(self._value.encode(), other._value.encode())
        return NotImplemented

    def __hash__(self) -> int:
        return hash((Secret, self._value))


def find_secrets(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every place and name of a `$SECRET(name)` in a JSON value; comments are not looked at."""
    kind = type(value)
    if kind is str:
        if "$SECRET(" in value:
            for match in REFERENCE.finditer(value):
                yield path, match.group(1)
    elif kind is list:
        for i, item in enumerate(value):
            yield from find_secrets(item, (*path, i))
    elif kind is dict:
        for key, item in value.items():
            if key != "comment":
                yield from find_secrets(item, (*path, key))


def check_secrets(
    system: Mapping[str, Any], known: Collection[str] | None, at: At = json_path
) -> list[Problem]:
    """The secrets that a system names and that are not there; `known` null: any may be."""
    if known is None:
        return []
    return [
        Problem(
            at(path), "unknown-secret", f'the secret "{name}" is not set', suggestion(name, known)
        )
        for path, name in find_secrets(dict(system))
        if name not in known
    ]


def check_no_secrets(
    component: Mapping[str, Any], at: At = json_path, rules: Collection[Path] = ()
) -> list[Problem]:
    """Secrets named outside a system, where they are not put in.

    `rules` are the places of rules, which have secrets of their own and are checked elsewhere.
    """
    return [
        Problem(
            at(path),
            "misplaced-secret",
            f'the secret "{name}" is not put in here: only systems have secrets',
            "name it in the system",
        )
        for path, name in find_secrets(dict(component))
        if not any(path[: len(place)] == place for place in rules)
    ]


def asked_in_templates(value: Any) -> set[str]:
    """The names that templates in a JSON value ask for as `secret('name')`."""
    if isinstance(value, str):
        return {match[2] for match in IN_TEMPLATE.finditer(value)}
    if isinstance(value, dict):
        return set().union(*map(asked_in_templates, value.values()), set())
    if isinstance(value, list):
        return set().union(*map(asked_in_templates, value), set())
    return set()


def secrets_for(
    system: Mapping[str, Any], own: Mapping[str, str], shared: Mapping[str, str]
) -> dict[str, str]:
    """The secrets that a system names, by name: its own, else those of all systems."""
    names = {name for _, name in find_secrets(dict(system))} | asked_in_templates(dict(system))
    return {
        name: own[name] if name in own else shared[name]
        for name in sorted(names)
        if name in own or name in shared
    }


def resolve_secrets(value: Any, secrets: Mapping[str, str], path: Path = ()) -> Any:
    """A copy of a system with the values of its secrets; for the process that uses it.

    Raises ConfigError for a secret that is not there.
    """
    kind = type(value)
    if kind is list:
        return [resolve_secrets(item, secrets, (*path, i)) for i, item in enumerate(value)]
    if kind is dict:
        return {
            key: item if key == "comment" else resolve_secrets(item, secrets, (*path, key))
            for key, item in value.items()
        }
    if kind is not str or "$SECRET(" not in value:
        return value

    def put_in(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in secrets:
            message = f'the secret "{name}" is not set'
            raise ConfigError(message, [Problem(json_path(path), "unknown-secret", message)])
        return secrets[name]

    return REFERENCE.sub(put_in, value)


def redact(text: str, secrets: Collection[str]) -> str:
    """A text with the values of secrets hidden, for logs and error messages."""
    for value in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return text
