"""`$ENV(x)` in configuration, replaced by the value of the variable.

Alone in a text it takes the type of the variable; inside a text it becomes text. Variables do not
nest: what is put in is not looked at again.
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from sesam_node.errors import Problem, json_path, preview, suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.config.options import Path

REFERENCE = re.compile(r"\$ENV\(([^()]*)\)")


def substitute_text(text: str, env: Mapping[str, Any], path: Path, problems: list[Problem]) -> Any:
    """The value of a text: with every variable replaced, what is wrong added to `problems`."""
    if "$ENV(" not in text:
        return text
    alone = REFERENCE.fullmatch(text)
    if alone:
        name = alone.group(1)
        if name in env:
            value = env[name]
            return deepcopy(value) if type(value) in (dict, list) else value
        problems.append(_missing(name, env, path))
        return text
    if "$ENV(" in REFERENCE.sub("", text):
        message = f'expected "$ENV(name)" with a plain name, got {preview(text)}'
        hint = "variables do not nest"
        problems.append(Problem(json_path(path), "bad-env", message, hint))
        return text

    def put_in(match: re.Match[str]) -> str:
        name = match.group(1)
        if name in env:
            return as_text(env[name])
        problems.append(_missing(name, env, path))
        return match.group()

    return REFERENCE.sub(put_in, text)


def substitute(value: Any, env: Mapping[str, Any], path: Path, problems: list[Problem]) -> Any:
    """A copy of a JSON value with every variable replaced; `comment`s are left as they are."""
    kind = type(value)
    if kind is str:
        return substitute_text(value, env, path, problems)
    if kind is list:
        return [substitute(item, env, (*path, i), problems) for i, item in enumerate(value)]
    if kind is dict:
        return {
            key: item if key == "comment" else substitute(item, env, (*path, key), problems)
            for key, item in value.items()
        }
    return value


def as_text(value: Any) -> str:
    """A variable inside a text: strings as they are, other values as JSON."""
    return value if type(value) is str else json.dumps(value, ensure_ascii=False)


def check_env(env: Any) -> list[Problem]:
    """What is wrong with a set of variables: it is an object, names have no parentheses."""
    if type(env) is not dict:
        message = f"expected an object of variables, got {preview(env)}"
        return [Problem("$", "wrong-type", message)]
    return [
        Problem(json_path((name,)), "bad-name", f"the variable {preview(name)} cannot be named")
        for name in env
        if not name or "(" in name or ")" in name
    ]


def _missing(name: str, env: Mapping[str, Any], path: Path) -> Problem:
    message = f'the environment variable "{name}" is not set'
    return Problem(json_path(path), "missing-env", message, suggestion(name, env))
