"""The line of a magic: split as a shell does, with errors that say what was probably meant."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from sesam_interactive.magics.cell import CellError
from sesam_node.errors import suggestion

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

BIND = re.compile(r"^\s*([A-Za-z_]\w*)\s*<<\s*")
UNKNOWN = re.compile(r"unrecognized arguments: (\S+)")


def split(line: str) -> list[str]:
    """The words of a line; quotes hold a word together and go, backslashes are plain characters.

    Raises CellError for a quote that is not closed.
    """
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = lexer.escape = ""
    try:
        return list(lexer)
    except ValueError:
        raise CellError(f"a quote is not closed in: {line.strip()}") from None


def parse(magic: Callable[..., Any], line: str, name: str) -> argparse.Namespace:
    """The options of a line for a magic that is declared with `magic_arguments`.

    Raises CellError, with the option that was probably meant, or the usage.
    """
    parser: argparse.ArgumentParser = magic.parser  # type: ignore[attr-defined]
    words = split(line)
    try:
        options: argparse.Namespace = parser.parse_args(words)
    except UsageError as error:
        text = str(error)
        unknown = UNKNOWN.search(text)
        known = list(parser._option_string_actions)  # noqa: SLF001 - argparse has no other way
        hint = suggestion(unknown[1], known) if unknown else ""
        more = f"{name}? shows all options"
        raise CellError(f"{name}: {text}; {hint or more}") from None
    return options


def bound(line: str) -> tuple[str | None, str]:
    """The variable in front of `<<`, if any, and the rest of the line."""
    found = BIND.match(line)
    return (found[1], line[found.end() :]) if found else (None, line)
