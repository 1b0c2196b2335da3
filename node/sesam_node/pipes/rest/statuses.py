"""`allowed_status_codes` and `ignored_status_codes`: "200-299", "404,444-450"."""

from __future__ import annotations

import re

from sesam_node.errors import ConfigError, preview

PART = re.compile(r"(\d{3})(?:-(\d{3}))?")


class Statuses:
    """Some HTTP statuses. Raises ConfigError for a text that names none."""

    def __init__(self, name: str, text: str) -> None:
        self._ranges: list[tuple[int, int]] = []
        for part in text.split(",") if text else ():
            match = PART.fullmatch(part)
            if match is None:
                raise ConfigError(
                    f'"{name}": expected statuses as "200-299,404", got {preview(text)}'
                )
            self._ranges.append((int(match[1]), int(match[2] or match[1])))

    def __contains__(self, status: object) -> bool:
        return isinstance(status, int) and any(a <= status <= b for a, b in self._ranges)

    def overlaps(self, other: Statuses) -> bool:
        return any(a <= d and c <= b for a, b in self._ranges for c, d in other._ranges)
