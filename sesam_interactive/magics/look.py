"""How magics' results look: colours that do in light and dark, entities with what changed marked.

Styles are inline and colours half transparent, so that a page looks right in JupyterLab's themes,
in an exported notebook and where styles of outputs are taken away. What a colour says, a sign says
too: `+` new, `~` other value, `-` gone.
"""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from sesam_interactive.display.json_text import pretty

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sesam_node.model import Entity

LONGEST = 1_500
"""Characters of one property that are shown; the rest is said to be there."""

WIDTH = 56
LINE = "1px solid rgba(128,128,128,.35)"
CODE = (
    "font-family:var(--jp-code-font-family,monospace);font-size:12px;line-height:1.45;"
    "white-space:pre-wrap;overflow-wrap:anywhere;word-break:normal;text-align:left;margin:0;padding:0;"
    "background:transparent;border:0;color:inherit"
)
CELL = f"vertical-align:top;text-align:left;padding:6px 8px;border-top:{LINE}"
TABLE = "width:100%;table-layout:fixed;border-collapse:collapse;margin:4px 0;font-size:13px"
NEW, OTHER, GONE, SAME = "+", "~", "-", " "
GREEN, AMBER, RED = "46,160,67", "210,153,34", "218,54,51"
MARKS = {
    NEW: f"background:rgba({GREEN},.16);box-shadow:inset 3px 0 rgb({GREEN})",
    OTHER: f"background:rgba({AMBER},.18);box-shadow:inset 3px 0 rgb({AMBER})",
    GONE: "opacity:.62",
    SAME: "",
}


def value_text(value: Any, width: int = WIDTH, indent: str = "") -> str:
    """A value as JSON for people, cut where it is long."""
    text = pretty(value, width, indent)
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}… ({len(text):,} characters)"


def entity_lines(entity: Entity, marks: Mapping[str, str]) -> str:
    """An entity's properties, one block each, with the mark in front."""
    blocks = []
    for name, value in entity.items():
        mark = marks.get(name, SAME)
        indent = "    "
        text = f"{json.dumps(name, ensure_ascii=False)}: {value_text(value, WIDTH, indent)}"
        style = f"padding-left:8px;{MARKS[mark]}"
        blocks.append(f'<div style="{style}">{escape(f"{mark} {text}")}</div>')
    return f'<div style="{CODE}">{"".join(blocks)}</div>'


def marks_of(source: Entity, target: Entity) -> tuple[dict[str, str], dict[str, str]]:
    """What is gone from a source, and what is new or another value in its target."""
    gone = {name: GONE for name in source if name not in target}
    made = {
        name: NEW if name not in source else OTHER
        for name, value in target.items()
        if name not in source or source[name] != value
    }
    return gone, made


def entity_text(entity: Entity, indent: str = "    ") -> str:
    """An entity as indented JSON, long values cut."""
    short = {
        name: value if len(str(value)) <= LONGEST else f"{str(value)[:LONGEST]}…"
        for name, value in entity.items()
    }
    return pretty(short, indent=indent)


def note(text: str, colour: str = AMBER) -> str:
    """A remark beside a result."""
    style = f"{CODE};padding:2px 8px;margin:4px 0;box-shadow:inset 3px 0 rgb({colour})"
    return f'<div style="{style}">{escape(text)}</div>'


def heading(text: str, more: str = "") -> str:
    """The first line of a result."""
    beside = f' <span style="opacity:.7">{escape(more)}</span>' if more else ""
    return f'<div style="margin:2px 0"><b>{escape(text)}</b>{beside}</div>'


def code(text: str) -> str:
    return f'<pre style="{CODE}">{escape(text)}</pre>'


def rows_table(heads: Iterable[str], rows: Iterable[Iterable[str]], widths: Iterable[str]) -> str:
    """A table over the whole width; cells are HTML."""
    columns = "".join(f'<col style="width:{width}">' for width in widths)
    head = "".join(f'<th style="{CELL};border-top:0">{escape(one)}</th>' for one in heads)
    shown = ("".join(f'<td style="{CELL}">{one}</td>' for one in row) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in shown)
    return (
        f'<table style="{TABLE}"><colgroup>{columns}</colgroup><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def page(*parts: str) -> str:
    """The parts of a result as one block of HTML."""
    return f'<div style="max-width:100%">{"".join(parts)}</div>'
