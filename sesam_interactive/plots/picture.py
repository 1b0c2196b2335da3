"""A plotly figure that also shows where no script of plotly runs.

In JupyterLab, Notebook and VS Code it is the live figure. Beside it stand HTML without scripts (a
picture or a table of the same data), for pages made of notebooks, and plain text, for terminals and
diffs. Nothing is loaded from the network.
"""

from __future__ import annotations

import json
from typing import Any

import plotly.graph_objects as go

from sesam_interactive.plots.style import layout

PLOTLY = "application/vnd.plotly.v1+json"


class Picture(go.Figure):  # type: ignore[misc]  # plotly has no types
    """A figure with a still picture and a text; everything that plotly's figures can, it can."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        still, text = options.pop("still", ""), options.pop("text", "")
        super().__init__(*arguments, **options)
        # Figures take no attributes of others but by this way.
        object.__setattr__(self, "_still", still)
        object.__setattr__(self, "_text", text)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self._repr_mimebundle_(), raw=True)  # type: ignore[no-untyped-call]

    def _repr_mimebundle_(self, *_arguments: Any, **_options: Any) -> dict[str, Any]:
        data = json.loads(self.to_json())
        data["config"] = {"displaylogo": False, "responsive": True}
        return {PLOTLY: data, "text/html": self._repr_html_(), "text/plain": repr(self)}

    def _repr_html_(self) -> str:
        return str(self._still)

    def __repr__(self) -> str:
        return str(self._text)


def picture(
    traces: list[Any], title: str, height: int, *, still: str, text: str, **more: Any
) -> Picture:
    """A picture in the common style."""
    return Picture(data=traces, layout=layout(title, height, **more), still=still, text=text)


def empty(title: str, reason: str) -> Picture:
    """A picture that says why there is nothing to see."""
    from html import escape

    note = {"text": reason, "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5}
    hidden = {"visible": False}
    return picture(
        [],
        title,
        220,
        still=f"<p><b>{escape(title)}</b>: <i>{escape(reason)}</i></p>",
        text=f"{title}: {reason}",
        annotations=[note | {"showarrow": False, "font": {"size": 14}}],
        xaxis=hidden,
        yaxis=hidden,
    )
