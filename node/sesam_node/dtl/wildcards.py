"""Patterns of names: `*` is any text, `?` one character."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@lru_cache(maxsize=1024)
def wildcard(pattern: str) -> Callable[[str], object]:
    """What is true of a text that matches as a whole: `*` is any text, `?` one character."""
    # Each piece between two stars is matched at its first place, atomically: the first place is
    # always as good as a later one, and no text can make the search try all combinations.
    first, *rest = (
        "".join("." if one == "?" else re.escape(one) for one in piece)
        for piece in pattern.split("*")
    )
    middle = "".join(f"(?>.*?{piece})" for piece in rest[:-1] if piece)
    last = f".*{rest[-1]}" if rest else ""
    return re.compile(first + middle + last, re.DOTALL).fullmatch


def has_wildcards(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern
