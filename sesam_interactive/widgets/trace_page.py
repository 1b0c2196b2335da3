"""A trace as a page of its own: the same view, its script and style within, no network."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from sesam_interactive.widgets.base import STATIC

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>body {{ margin: 1rem; background: Canvas; color: CanvasText }}
{style}</style>
<main id="trace" class="sesam"></main>
<noscript>This page shows a trace by a script that is part of it.</noscript>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</html>
"""


def trace_page(session: dict[str, Any], answers: list[dict[str, Any]]) -> str:
    """The HTML of a page that shows a session; `answers` are what it may be asked."""
    data = json.dumps({"session": session, "answers": answers}, ensure_ascii=False)
    return PAGE.format(
        title=escape(f"Trace of {session['title']}"),
        style=(STATIC / "widgets.css").read_text(),
        # Nothing in the data ends the element that it stands in.
        data=data.replace("<", "\\u003c"),
        script=(STATIC / "trace_page.js").read_text().replace("</script", "<\\/script"),
    )
