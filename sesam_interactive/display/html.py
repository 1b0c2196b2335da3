"""Small HTML tables for rich reprs: escaped, without scripts, readable in light and dark."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from sesam_node.errors import preview

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sesam_node.model import Entity


SAMPLE_STYLE = "font-family:monospace;white-space:pre-wrap"
# Pages that notebooks are published on have no monospaced style for <pre> of their own.
PRE_STYLE = "font-family:monospace;font-size:12px;line-height:1.4;background:transparent;margin:0"


def pre(html: str, style: str = "") -> str:
    """Text that keeps its columns; `html` is escaped already."""
    return f"<pre style='{PRE_STYLE};{style}'>{html}</pre>"


def cell(value: Any) -> str:
    """One value as text in a table cell."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if value is None:
        return ""
    return escape(value if isinstance(value, str) else preview(value, 120))


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows of the same keys as a table; numbers to the right."""
    listed = list(rows)
    if not listed:
        return "<p><i>none</i></p>"
    heads = "".join(f"<th style='text-align:left'>{escape(str(key))}</th>" for key in listed[0])
    body = "".join(
        "<tr>"
        + "".join(
            f"<td style='text-align:{_side(value)};vertical-align:top'>{cell(value)}</td>"
            for value in row.values()
        )
        + "</tr>"
        for row in listed
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def _side(value: Any) -> str:
    return "right" if isinstance(value, int | float) and not isinstance(value, bool) else "left"


def properties_table(
    title: str, properties: Mapping[str, Any], samples: Iterable[Entity] = ()
) -> str:
    """A title, a table of properties, and sample entities as text."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th>"
        f"<td style='text-align:left'>{cell(value)}</td></tr>"
        for name, value in properties.items()
    )
    shown = "".join(
        f"<div style='{SAMPLE_STYLE}'>{escape(preview(item, 300))}</div>" for item in samples
    )
    return f"<div><b>{escape(title)}</b><table>{rows}</table>{shown}</div>"
