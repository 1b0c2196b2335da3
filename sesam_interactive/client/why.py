"""Why an entity is as it is, as a notebook shows it."""

from __future__ import annotations

from html import escape
from typing import Any

from sesam_interactive.display.html import pre
from sesam_node.dtl.trace.entity_text import entity_why_text


class Why(dict[str, Any]):
    """The answer of the node: data as `docs/why-and-what-if.md` describes it, shown as text."""

    @property
    def text(self) -> str:
        """The answer for people."""
        return entity_why_text(self)

    def __repr__(self) -> str:
        return self.text.rstrip()

    def _repr_html_(self) -> str:
        return pre(escape(self.text))
