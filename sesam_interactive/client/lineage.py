"""The lineage of properties, as a notebook shows it."""

from __future__ import annotations

from typing import Any

from sesam_interactive.display.html import table


class Lineage(dict[str, Any]):
    """The graph of the node: `nodes`, `edges`, `cycles`; shown edge by edge."""

    def rows(self) -> list[dict[str, str]]:
        """A row an edge: from, to, how, the pipe, the place in its rules."""
        return [
            {
                "from": _place(edge["from"]),
                "to": _place(edge["to"]),
                "how": edge["kind"],
                "pipe": edge["pipe"],
                "rule": edge["rule"],
            }
            for edge in self["edges"]
        ]

    def to_polars(self) -> Any:
        """The edges as a frame, a row an edge."""
        import polars as pl

        names = ("from", "to", "how", "pipe", "rule")
        return pl.DataFrame(self.rows(), schema=dict.fromkeys(names, pl.String))

    def plot(self) -> Any:
        """The graph as a figure: what comes first is left."""
        from sesam_interactive.plots.lineage import lineage_figure

        return lineage_figure(self, repr(self))

    def __repr__(self) -> str:
        lines = [f"{self['direction']} lineage, {len(self['nodes']):,} properties"]
        lines.extend(
            f'  {row["to"]} <- {row["from"]}, {row["how"]} in pipe "{row["pipe"]}"'
            for row in self.rows()
        )
        lines.extend(f"  leads back to {_place(place)}" for place in self["cycles"])
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from sesam_interactive.plots.lineage import lineage_svg

        return lineage_svg(self) + table(self.rows())


def _place(place: dict[str, str]) -> str:
    (kind,) = place.keys() - {"property"}
    name = place[kind]
    where = {"source": f"the source of {name}", "endpoint": f"what {name} publishes"}
    return f"{place['property']} of {where.get(kind, name)}"
