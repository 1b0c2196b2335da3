"""What a dataset is like, property by property: `hub.datasets["orders"].profile()`.

The node sends the columns of a table, types told (`frames/typed.py`); everything is counted here,
by polars. Text, a table (`to_polars`), HTML with small bars, a picture (`plot`); two profiles make
a `Drift`.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.columns import read_columns
from sesam_interactive.client.errors import ClientError
from sesam_interactive.display.aligned import aligned
from sesam_interactive.display.html import pre
from sesam_node.errors import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_interactive.client.columns import Place
    from sesam_interactive.client.drift import Drift
    from sesam_interactive.frames.profile import PropertyProfile

ROWS = 60


class Profile:
    """What the properties of a dataset are like; `profile["name"]` is one of them."""

    def __init__(self, title: str, rows: int, properties: list[PropertyProfile]) -> None:
        self.title = title
        self.rows = rows
        self.properties = properties

    def __getitem__(self, path: str) -> OneProperty:
        for found in self.properties:
            if found.path == path:
                return OneProperty(self.title, found)
        hint = suggestion(path, [found.path for found in self.properties])
        text = f'no property "{path}" in {self.title}'
        raise ClientError(f"{text}; {hint}" if hint else text)

    def _ipython_key_completions_(self) -> list[str]:
        return [found.path for found in self.properties]

    def __iter__(self) -> Iterator[PropertyProfile]:
        return iter(self.properties)

    def __len__(self) -> int:
        """How many properties it has."""
        return len(self.properties)

    def __bool__(self) -> bool:
        return True

    def compare(self, later: Profile) -> Drift:
        """What is different in another profile: of a later moment, or of another dataset."""
        from sesam_interactive.client.drift import Drift

        return Drift(self, later)

    def to_polars(self) -> Any:
        """A row a property: counts, shares, extremes as text, notes."""
        import polars as pl

        rows = [
            {
                "property": found.path,
                "types": found.type_text,
                "total": found.total,
                "filled": found.filled,
                "filled_share": found.filled_share,
                "nulls": found.nulls,
                "distinct": found.distinct,
                "is_exact": found.is_exact,
                "least": _shown(found.least),
                "most": _shown(found.most),
                "mean": found.mean,
                "longest": found.lengths[2] if found.lengths else None,
                "top": [{"value": value, "count": count} for value, count in found.top],
                "notes": list(found.notes),
            }
            for found in self.properties
        ]
        return pl.DataFrame(rows, schema=_frame_schema())

    def plot(self, *properties: str) -> Any:
        """Histograms and most frequent values of all properties, or of some, as a figure."""
        from sesam_interactive.plots.profile import profile_figure

        chosen = [self[path].profile for path in properties] or self.properties
        return profile_figure(self.title, chosen, still=self._repr_html_(), text=repr(self))

    def plot_filled(self) -> Any:
        """How much of each property is filled, as a figure."""
        from sesam_interactive.plots.filled import filled_figure

        shares = [(p.path, p.filled, p.total, p.type_text) for p in self.properties]
        return filled_figure(self.title, shares, still=self._repr_html_())

    @property
    def _head(self) -> str:
        properties = "property" if len(self) == 1 else "properties"
        return f"{self.title}: {_entities(self.rows)}, {len(self):,} {properties}"

    def __repr__(self) -> str:
        from sesam_interactive.client.profile_text import notes_text, text_row

        rows = [text_row(found) for found in self.properties[:ROWS]]
        lines = [self._head, *aligned(rows, right=(2, 3)), *self._more()]
        return "\n".join(lines + notes_text(self.properties))

    def _more(self) -> list[str]:
        left = len(self) - ROWS
        return [f"... and {left:,} properties more: .to_polars() has all"] if left > 0 else []

    def _repr_html_(self) -> str:
        from sesam_interactive.client.profile_text import HTML_HEAD, html_row

        rows = "".join(html_row(found) for found in self.properties[:ROWS])
        more = "".join(f"<p>{escape(line)}</p>" for line in self._more())
        return (
            f"<div><b>{escape(self._head)}</b><div style='overflow-x:auto'><table>"
            f"<thead>{HTML_HEAD}</thead><tbody>{rows}</tbody></table></div>{more}</div>"
        )


class OneProperty:
    """The profile of one property in full: all of its most frequent values, its histogram."""

    def __init__(self, title: str, profile: PropertyProfile) -> None:
        self.title = title
        self.profile = profile

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.profile, name)

    def to_polars(self) -> Any:
        """The histogram, or the most frequent values where there is none."""
        import polars as pl

        found = self.profile
        if found.histogram:
            return pl.DataFrame(
                [{"low": b.low, "high": b.high, "count": b.count} for b in found.histogram]
            )
        return pl.DataFrame(found.top, schema={"value": str, "count": int}, orient="row")

    def plot(self) -> Any:
        """Its histogram, or its most frequent values, as a figure."""
        from sesam_interactive.plots.profile import profile_figure

        return profile_figure(self.title, [self.profile], still=self._repr_html_(), text=repr(self))

    def __repr__(self) -> str:
        from sesam_interactive.client.profile_text import one_text

        return one_text(self.title, self.profile)

    def _repr_html_(self) -> str:
        return pre(escape(repr(self)))


def read_profile(dataset: Place, properties: tuple[str, ...], limit: int | None) -> Profile:
    """The profile of a dataset, or of some of its properties, over all or the first entities."""
    from sesam_interactive.frames.profile import profile_column

    table = read_columns(dataset, list(properties) or None, limit, exact=True)
    part = "" if limit is None or table.rows < limit else f" (the first {limit:,})"
    return Profile(
        f"{dataset}{part}", table.rows, [profile_column(column) for column in table.columns]
    )


def _entities(count: int) -> str:
    return "1 entity" if count == 1 else f"{count:,} entities"


def _shown(value: Any) -> str | None:
    from sesam_interactive.frames.profile import moment_text

    if value is None:
        return None
    return moment_text(value) if hasattr(value, "isoformat") else str(value)


def _frame_schema() -> dict[str, Any]:
    import polars as pl

    kinds: dict[str, Any] = dict.fromkeys(("property", "types"), pl.String)
    kinds |= {"total": pl.Int64, "filled": pl.Int64, "filled_share": pl.Float64, "nulls": pl.Int64}
    kinds |= {"distinct": pl.Int64, "is_exact": pl.Boolean, "least": pl.String, "most": pl.String}
    kinds |= {"mean": pl.Float64, "longest": pl.Int64}
    kinds["top"] = pl.List(pl.Struct({"value": pl.String, "count": pl.Int64}))
    return kinds | {"notes": pl.List(pl.String)}
