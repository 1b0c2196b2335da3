"""What a draft of a pipe would change, as a notebook shows it."""

from __future__ import annotations

from html import escape
from typing import Any

from sesam_interactive.display.html import table
from sesam_node.errors import preview

SHOWN = 60
KINDS = ("added", "changed", "deleted", "unchanged", "errors")


class Diff(dict[str, Any]):
    """The answer of the node: `counts`, `properties` and `examples`, shown as text or a table."""

    @property
    def counts(self) -> dict[str, int]:
        """How many entities would be added, changed, deleted, stay unchanged, or fail."""
        found: dict[str, int] = self["counts"]
        return found

    @property
    def is_empty(self) -> bool:
        """Would nothing change, and nothing fail?"""
        return not any(count for kind, count in self.counts.items() if kind != "unchanged")

    def _head(self) -> str:
        of = "all" if self["complete"] else "a sample of"
        return (
            f'pipe "{self["pipe"]}" against dataset "{self["dataset"]}", '
            f"over {of} {self['read']:,} source entities"
        )

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {
                "property": name,
                "changed": found["changed"],
                "added": found["added"],
                "removed": found["removed"],
                "example": _example(found["examples"]),
            }
            for name, found in self["properties"].items()
        ]

    def __repr__(self) -> str:
        counts = ", ".join(f"{self.counts[kind]:,} {kind}" for kind in KINDS)
        lines = [self._head(), f"  {counts}"]
        for row in self._rows():
            numbers = ", ".join(
                f"{row[kind]:,} {kind}" for kind in ("changed", "added", "removed") if row[kind]
            )
            lines.append(f"  {row['property']}: {numbers}; {row['example']}")
        for kind in ("added", "deleted", "errors"):
            lines.extend(
                f"  {kind}: {preview(entity, 2 * SHOWN)}"
                for entity in self["examples"].get(kind, ())
            )
        if "note" in self:
            lines.append(f"  note: {self['note']}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        counts = table([{kind: self.counts[kind] for kind in KINDS}])
        rows = self._rows()
        shown = table(rows) if rows else ""
        note = f"<p>{escape(self['note'])}</p>" if "note" in self else ""
        return f"<div><b>{escape(self._head())}</b>{counts}{shown}{note}</div>"


def _example(examples: list[dict[str, Any]]) -> str:
    if not examples:
        return ""
    first = examples[0]
    old = preview(first["old"], SHOWN) if "old" in first else "nothing"
    new = preview(first["new"], SHOWN) if "new" in first else "nothing"
    return f"{first['_id']}: {old} \N{RIGHTWARDS ARROW} {new}"
