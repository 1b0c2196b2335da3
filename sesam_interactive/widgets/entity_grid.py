"""A dataset of any size as a table: pages of it are read from the node as they are looked at."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import traitlets

from sesam_interactive.display.aligned import aligned
from sesam_interactive.display.json_text import content, plain_value
from sesam_interactive.display.progress import in_notebook
from sesam_interactive.widgets.base import View, request
from sesam_interactive.widgets.grid_answers import WAIT_S, GridAnswers
from sesam_node.errors import InputError, SesamError, preview

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_interactive.widgets.grid_answers import Table

STILL_ROWS, STILL_COLUMNS, STILL_WIDTH = 20, 12, 60
TEXT_ROWS, TEXT_COLUMNS = 10, 8


class EntityGrid(GridAnswers, View, module="entity_grid"):
    """The rows of a dataset, to be scrolled, filtered and put in order.

    `view` is what it begins with; what is chosen in the page is `chosen`.
    """

    name = traitlets.Unicode().tag(sync=True)
    moment = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    height = traitlets.Int(460).tag(sync=True)
    view = traitlets.Dict().tag(sync=True)

    def __init__(self, table: Table, view: Mapping[str, Any], *, height: int = 460) -> None:
        self._table = table
        View.__init__(self, name=table.name, moment=table.moment, view=dict(view), height=height)

    def still(self) -> str:
        """The first rows as an HTML table."""
        try:
            page, names = self._beginning(STILL_ROWS, STILL_COLUMNS)
        except SesamError as error:
            return f"<p>{escape(str(error))}</p>"
        heads = "".join(f"<th style='text-align:left'>{escape(name)}</th>" for name in names)
        body = "".join(
            "<tr>" + "".join(_still_cell(row, name) for name in names) + "</tr>"
            for row in page["rows"]
        )
        title = f"<b>{escape(self.name)}</b> {escape(self._told(page))}"
        return (
            f"<div>{title}<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
        )

    def __repr__(self) -> str:
        try:
            page, names = self._beginning(TEXT_ROWS, TEXT_COLUMNS)
        except SesamError as error:
            return f"{self.name}: {error}"
        rows = [{name: _text(row, name) for name in names} for row in page["rows"]]
        return "\n".join([f"{self.name}: {self._told(page)}", *aligned(rows)])

    def _beginning(self, rows: int, columns: int) -> tuple[dict[str, Any], list[str]]:
        page = self._first_rows(rows)
        names = list(dict.fromkeys(name for row in page["rows"] for name in content(row)))
        front = ["_id"] if "_id" in names else []
        return page, (front + [name for name in names if name not in ("_id", "_deleted")])[:columns]

    def _first_rows(self, limit: int) -> dict[str, Any]:
        """The first rows; `count` is null where all would have to be looked at for it."""
        view = self.view
        if (view.get("where") or view.get("text")) and not view.get("order_by"):
            rows = self._table.first(view, limit + 1)
            count = len(rows) if len(rows) <= limit else None
            return {"rows": rows[:limit], "count": count}
        # In a notebook the grid itself shows them once they are found.
        return self._table.rows(view, 0, limit, None, WAIT_S if in_notebook() else None)

    def _told(self, page: Mapping[str, Any]) -> str:
        count, shown = page["count"], len(page["rows"])
        if page.get("pending"):
            return "the rows are still being found"
        if count is None:
            return f"more than {shown} entities, the first {shown}"
        what = "entity" if count == 1 else "entities"
        first = f", the first {shown}" if shown < count else ""
        then = f", as of {self.moment}" if self.moment else ""
        return f"{count:,} {what}{then}{first}"

    # -- what only a page with a kernel asks -------------------------------------------------------

    @request(apart=True)
    def debug(self, pipe: str, entity_id: str) -> None:
        """Show the debugger of an entity below the grid."""
        self.show_below(self._table.debug(pipe, entity_id))

    @request(apart=True)
    def bind(self, view: dict[str, Any], name: str, as_of: int | None = None) -> str:
        """Bind the rows as a frame to a variable of the notebook; says what it has."""
        from keyword import iskeyword

        from IPython.core.getipython import get_ipython

        if not name.isidentifier() or iskeyword(name):
            raise InputError(f"expected the name of a variable, got {preview(name)}")
        frame = self._table.frame(view, as_of)
        shell = get_ipython()
        if shell is None:
            raise InputError("there is no notebook to bind a name in")
        shell.user_ns[name] = frame
        rows, columns = frame.shape
        return f"{name}: {rows:,} rows, {columns} columns"


def _text(row: Mapping[str, Any], name: str) -> str:
    if name not in row:
        return ""
    return "null" if row[name] is None else plain_value(row[name], STILL_WIDTH)


def _still_cell(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    side = "right" if number or (isinstance(value, str) and value.startswith("~f")) else "left"
    text = "<i>null</i>" if name in row and value is None else escape(_text(row, name))
    return f"<td style='text-align:{side}'>{text}</td>"
