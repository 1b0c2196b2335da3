"""JSON text of configuration: read with exact positions of errors, written as people read it."""

from __future__ import annotations

import json
from typing import Any

from sesam_node.errors import ConfigError, Problem, preview

MAX_DEPTH = 200


def read_json(data: bytes | str, name: str) -> tuple[Any, list[Problem]]:
    """The value in a JSON text, and warnings about it; `name` is the file in messages.

    A byte order mark at the start is allowed. Numbers keep their kind (`1.0` is not `1`) and
    integers their size; of a key that comes twice the last value counts, with a warning.

    Raises ConfigError, with file, line and column, for text that is no JSON.
    """
    text = _decode(data, name)
    twice: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) != len(items):
            names = [key for key, _ in items]
            twice.extend(sorted({key for key in names if names.count(key) > 1}))
        return found

    try:
        value = json.loads(
            text, object_pairs_hook=pairs, parse_constant=_refuse, parse_float=_float
        )
        check_depth(value)
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        place = f"{name}:{error.lineno}:{error.colno}"
        message = f"line {error.lineno}, column {error.colno}: {_readable(error)}"
        raise _broken(name, Problem(place, "broken-json", message)) from None
    except UnicodeEncodeError:
        message = "text holds half of a surrogate pair"
        raise _broken(name, Problem(name, "broken-json", message)) from None
    except RecursionError:
        message = f"nested more than {MAX_DEPTH} levels deep"
        raise _broken(name, Problem(name, "too-deep", message)) from None
    except ValueError as error:
        raise _broken(name, Problem(name, "broken-json", str(error))) from None
    warnings = [
        Problem(name, "duplicate-key", f"the key {preview(key)} comes twice", "", "warning")
        for key in twice
    ]
    return value, warnings


def check_depth(value: Any) -> None:
    """Raise RecursionError for a value nested more than MAX_DEPTH levels deep."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for outer in level
            if type(outer) in (dict, list)
            for item in (outer.values() if type(outer) is dict else outer)
        ]
        if not level:
            return
    raise RecursionError


def write_json(value: Any) -> str:
    """JSON as people read it: two blanks of indentation, characters as they are."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _decode(data: bytes | str, name: str) -> str:
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is no UTF-8"
        raise _broken(name, Problem(name, "broken-json", message)) from None


def _readable(error: json.JSONDecodeError) -> str:
    text = error.msg[:1].lower() + error.msg[1:]
    if error.pos >= len(error.doc.rstrip()):
        return f"{text}, but the text ends here"
    return f"{text}, got {preview(error.doc[error.pos : error.pos + 20].splitlines()[0])}"


def _broken(name: str, problem: Problem) -> ConfigError:
    return ConfigError(f"{name} is no JSON", [problem])


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number in JSON")


def _float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"the number {preview(text)} is too large")
    return number
