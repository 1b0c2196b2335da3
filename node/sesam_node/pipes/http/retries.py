"""`retry_strategy` of a system, retry options of the pump by HTTP status, and `Retry-After`."""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from sesam_node.config.options import Flaw
from sesam_node.errors import ConfigError, preview

if TYPE_CHECKING:
    from collections.abc import Mapping

STATUSES = re.compile(r"\s*(\d{3})\s*(?:-\s*(\d{3})\s*)?")
DEFAULT = "default"
LONGEST_WAIT_S: Final = 3600.0


def flaws(options: Mapping[str, Any]) -> list[Flaw]:
    """Keys of the `retry_strategy` of a system that stand for no status."""
    return [
        Flaw(
            ("retry_strategy", key),
            "bad-status",
            f"expected HTTP statuses, got {preview(key)}",
            'as "429", "400-428", "500,502", or "default"',
        )
        for key in options.get("retry_strategy") or {}
        if key != DEFAULT and not all(map(STATUSES.fullmatch, key.split(",")))
    ]


class RetryStrategy:
    """The retry options for a status; a pump's own options win over them."""

    def __init__(self, owner: str, strategy: Mapping[str, Mapping[str, Any]] | None) -> None:
        """Raises ConfigError where a key is no status, list or range of them."""
        self._default: dict[str, Any] = {}
        self._ranges: list[tuple[int, int, dict[str, Any]]] = []
        for key, given in (strategy or {}).items():
            options = {name: value for name, value in given.items() if value is not None}
            if key == DEFAULT:
                self._default = options
                continue
            for part in key.split(","):
                match = STATUSES.fullmatch(part)
                if match is None:
                    raise ConfigError(
                        f'{owner}: expected HTTP statuses as key of "retry_strategy" '
                        f'("429", "400-428", "500,502") or "default", got {preview(key)}'
                    )
                first, last = int(match[1]), int(match[2] or match[1])
                self._ranges.append((first, last, options))

    def options(self, status: int | None) -> dict[str, Any]:
        """The options for a status; null is a request that got no answer.

        A single status wins over a range that holds it, and both over "default".
        """
        if status is not None:
            fits = [item for item in self._ranges if item[0] <= status <= item[1]]
            if fits:
                return dict(min(fits, key=lambda item: item[1] - item[0])[2])
        return dict(self._default)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait as `Retry-After` says, a number or a date, at most an hour; else null."""
    text = str(headers.get("Retry-After") or headers.get("retry-after") or "").strip()
    if text.isdecimal() and text.isascii():
        return min(float(text), LONGEST_WAIT_S)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return min(max(0.0, moment.timestamp() - time.time()), LONGEST_WAIT_S)
