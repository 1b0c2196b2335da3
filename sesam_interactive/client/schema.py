"""What entities look like, as a notebook shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_interactive.display.html import table
from sesam_node.errors import preview

if TYPE_CHECKING:
    from collections.abc import Iterator

SHOWN = 60


class EntityType(dict[str, Any]):
    """A JSON schema with counts (`x-count`), shown as a table of its properties."""

    def rows(self) -> list[dict[str, Any]]:
        """A row a property, those of dicts with their path: types, count, examples."""
        return list(_rows(self, ""))

    def plot(self) -> Any:
        """How many of the entities, or of the dicts, have each property, as a figure."""
        from sesam_interactive.plots.filled import filled_figure

        total = int(self.get("x-entities", 0))
        shares = [(row["property"], row["count"], total, row["types"]) for row in self.rows()]
        title = str(self.get("$id", "")).removeprefix("dataset:")
        return filled_figure(title, shares, still=self._repr_html_())

    def types(self, name: str) -> list[str]:
        """The types that were seen of a property, in the words of DTL."""
        return list(_types(self["properties"][name]))

    def __repr__(self) -> str:
        lines = [f"{self.get('$id', '')}: {self.get('x-entities', 0):,} entities"]
        lines.extend(
            f"  {row['property']}: {row['types']}, in {row['count']:,}; {row['examples']}"
            for row in self.rows()
        )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return table(self.rows())


def _rows(schema: dict[str, Any], path: str) -> Iterator[dict[str, Any]]:
    for name, found in schema.get("properties", {}).items():
        where = f"{path}{name}"
        yield {
            "property": where,
            "types": " or ".join(_types(found)),
            "count": found.get("x-count", 0),
            "examples": ", ".join(preview(item, SHOWN) for item in found.get("examples", ())),
        }
        for inner in _objects(found):
            yield from _rows(inner, f"{where}.")


def _types(found: dict[str, Any]) -> Iterator[str]:
    for one in found.get("anyOf", [found]):
        yield str(one.get("x-type") or one.get("type"))


def _objects(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for one in found.get("anyOf", [found]):
        if "properties" in one:
            yield one
        elif "items" in one:
            yield from _objects(one["items"])
