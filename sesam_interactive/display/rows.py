"""Rows of the same keys as an aligned table: a list to work with, text and HTML to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sesam_interactive.display.html import table
from sesam_node.errors import preview

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SHOWN = 60
WIDTH = 60


class Rows(list[dict[str, Any]]):
    """A list of dicts that is shown as a table: the first 60 rows, and how many more there are.

    `shown` picks and names the columns: `{"when": "created"}` shows the key `created` as "when".
    As text a value is cut at `width` characters.
    """

    def __init__(
        self,
        rows: Iterable[Mapping[str, Any]] = (),
        shown: Mapping[str, str] | Sequence[str] | None = None,
        none: str = "none",
        width: int = WIDTH,
    ) -> None:
        super().__init__(dict(row) for row in rows)
        if shown is None:
            shown = list(dict.fromkeys(key for row in self for key in row))
        named = shown if isinstance(shown, Mapping) else {name: name for name in shown}
        self._shown: dict[str, str] = dict(named)
        self._none = none
        self._width = width

    def _table(self) -> list[dict[str, Any]]:
        return [{title: row.get(key) for title, key in self._shown.items()} for row in self[:SHOWN]]

    @property
    def _rest(self) -> str:
        return f"… and {len(self) - SHOWN:,} more" if len(self) > SHOWN else ""

    def __repr__(self) -> str:
        if not self:
            return self._none
        return "\n".join(filter(None, [text_table(self._table(), self._width), self._rest]))

    def _repr_html_(self) -> str:
        return table(self._table()) + (f"<p><i>{self._rest}</i></p>" if self._rest else "")


class Listed:
    """What is shown as its list, asked for anew: `list` gives the rows."""

    def list(self) -> Rows:
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self.list())

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return repr(self.list())

    def _repr_html_(self) -> str:
        return self.list()._repr_html_()


def text_table(rows: Sequence[Mapping[str, Any]], width: int = WIDTH) -> str:
    """Rows of the same keys as aligned text; numbers to the right, long values cut."""
    if not rows:
        return "none"
    names = list(rows[0])
    texts = [[cell_text(row.get(name), width) for name in names] for row in rows]
    right = [any(_is_number(row.get(name)) for row in rows) for name in names]
    widths = [
        max(len(name), *(len(line[column]) for line in texts)) for column, name in enumerate(names)
    ]
    return "\n".join(
        "  ".join(
            text.rjust(size) if to_right else text.ljust(size)
            for text, size, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in [names, *texts]
    )


def cell_text(value: Any, width: int = WIDTH) -> str:
    """One value as text of at most `width` characters."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    value = _joined(value)
    text = value if isinstance(value, str) else preview(value, width)
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1] + "…"


def _joined(value: Any) -> Any:
    """A list of texts as one text."""
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
