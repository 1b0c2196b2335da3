"""A moment in the life of a dataset, as people write it: an offset, or a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

from sesam_node.errors import InputError, Problem, preview
from sesam_node.model.values import EPOCH


class Moment(NamedTuple):
    """Right after the version at `offset` was written, or at `time` (microseconds since 1970)."""

    offset: int | None = None
    time: int | None = None


def read_moment(value: object, path: str = "$.as_of") -> Moment:
    """The moment that a text (or whole number) means. Raises InputError.

    `"17"` is an offset as found in `_updated`; `"2024-01-31T12:00:00Z"` a time. A time without a
    zone is UTC, a date its first instant.
    """
    text = str(value).strip().removeprefix("~t") if isinstance(value, str | int) else ""
    if re.fullmatch(r"\d{1,18}", text) and not isinstance(value, bool):
        return Moment(offset=int(text))
    try:
        # A "+" of a zone that was not encoded in a URL comes as a blank.
        found = datetime.fromisoformat(re.sub(r" (?=\d\d:?\d\d$)", "+", text))
        moment = found if found.tzinfo else found.replace(tzinfo=UTC)
        delta = moment - EPOCH
    except (ValueError, OverflowError):
        problem = Problem(
            path,
            "wrong-moment",
            f"expected an offset or a time, got {preview(value)}",
            'for example 17 (as in "_updated") or 2024-01-31T12:00:00Z',
        )
        raise InputError("this is no moment", [problem]) from None
    seconds = delta.days * 86_400 + delta.seconds
    return Moment(time=max(0, seconds * 1_000_000 + delta.microseconds))
