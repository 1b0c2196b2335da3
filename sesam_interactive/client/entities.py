"""Entities of a dataset or pipe, read as they are iterated over."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.framed import Framed
from sesam_interactive.client.lines import open_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from sesam_interactive.client.connection import Connection
    from sesam_interactive.client.lines import Lines
    from sesam_node.model import Entity

PAGE = 10_000


class Entities(Framed):
    """A lazy, re-iterable sequence of entities; each iteration reads anew, page by page.

    Reading takes constant memory and no long transaction on the node. `since` is exclusive.
    """

    def __init__(self, connection: Connection, path: str, **parameters: Any) -> None:
        self._connection = connection
        self._path = path
        self._since: int | None = parameters.pop("since", None)
        self._limit: int | None = parameters.pop("limit", None)
        self._parameters = parameters
        self._is_cheap = path.startswith("/datasets/")
        asked = [parameters.get(name) for name in ("as_of", "history", "deleted")]
        if self._is_cheap and self._since is None and self._limit is None and not any(asked):
            self._origin = f"{connection.url}{path.removesuffix('/entities')}"

    def __repr__(self) -> str:
        options = dict(since=self._since, limit=self._limit, **self._parameters)
        text = ", ".join(f"{name}={value}" for name, value in options.items() if value is not None)
        return f"<Entities {self._path} {text}>".replace(" >", ">")

    def pages(self) -> Iterator[list[Entity]]:
        """The entities in lists of up to 10,000, in the order of the log."""
        since, left = self._since, self._limit
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            page = self._connection.get(self._path, since=since, limit=size, **self._parameters)
            if page:
                yield page
            if len(page) < size:
                return
            since = page[-1]["_updated"]
            left = None if left is None else left - len(page)

    def __iter__(self) -> Iterator[Entity]:
        for page in self.pages():
            yield from page

    def head(self, count: int = 5) -> list[Entity]:
        """The first entities as a list."""
        size = count if self._limit is None else min(count, self._limit)
        page = self._connection.get(self._path, since=self._since, limit=size, **self._parameters)
        return list(page)

    def _open_lines(
        self, *, columns: Sequence[str] | None, reserved: bool
    ) -> AbstractContextManager[Lines]:
        names = None if columns is None else json.dumps(list(columns), ensure_ascii=False)
        return open_lines(
            self._connection,
            self._path,
            since=self._since,
            limit=self._limit,
            properties=names,
            reserved=reserved,
            **self._parameters,
        )
