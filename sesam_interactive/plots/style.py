"""How all pictures look: colours that are readable on white and on black, and no background."""

from __future__ import annotations

from typing import Any

# Greys and hues of medium lightness: a contrast of four to one or more on white and on black.
TEXT, FAINT = "#787878", "rgba(128,128,128,0.25)"
BLUE, GREEN, AMBER, RED, PURPLE, GREY = (
    "#3d7edb",
    "#2a9461",
    "#b9770e",
    "#dc4a45",
    "#9a5fd0",
    "#8a8a8a",
)
SERIES = (BLUE, AMBER, GREEN, PURPLE, RED, GREY)
STATES = {
    "ok": GREEN,
    "running": BLUE,
    "failed": RED,
    "invalid": PURPLE,
    "disabled": GREY,
    "not run": GREY,
    "tripped": RED,
    "waiting": AMBER,
    "on request": GREEN,
}
FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif"
MAX_HEIGHT = 5_000


def layout(title: str, height: int, **more: Any) -> dict[str, Any]:
    """The layout of a figure: title to the left, thin grid, room for long labels."""
    axis = {"automargin": True, "gridcolor": FAINT, "zerolinecolor": FAINT, "linecolor": FAINT}
    return {
        "title": {"text": title, "x": 0, "xref": "paper", "xanchor": "left", "font": {"size": 15}},
        "height": min(height, MAX_HEIGHT),
        "margin": {"l": 20, "r": 20, "t": 60, "b": 40},
        "font": {"color": TEXT, "family": FONT, "size": 12},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "colorway": list(SERIES),
        "hoverlabel": {"align": "left"},
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        **{name: axis | more.pop(name, {}) for name in ("xaxis", "yaxis")},
        **more,
    }


def cut(text: str, width: int) -> str:
    """A text of at most `width` characters; what is left out is marked."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def count_text(count: int | None) -> str:
    """A count in few characters: 950, 12 k, 3.4 M."""
    if count is None:
        return ""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if count >= size:
            scaled = count / size
            return f"{scaled:.0f} {unit}" if scaled >= 10 else f"{scaled:.1f} {unit}"
    return f"{count:,}"
