"""What is different between two profiles: of two moments, or of two datasets.

How far a distribution has moved is told as a share: of numbers and times the greatest distance of
their cumulated shares (Kolmogorov and Smirnov), of other values half the sum of the differences of
their shares. 0 is the same, 1 is nothing in common.
"""

from __future__ import annotations

from bisect import bisect_right
from html import escape
from typing import TYPE_CHECKING, Any

from sesam_interactive.display.aligned import aligned
from sesam_interactive.display.html import table

if TYPE_CHECKING:
    from sesam_interactive.client.profile import Profile
    from sesam_interactive.frames.profile import PropertyProfile

MOVED = 0.05
FILLED = 0.01
TIMES_AS_MANY = 1.5
Row = dict[str, Any]


class Drift:
    """The differences from `before` to `after`, the properties that changed most first."""

    def __init__(self, before: Profile, after: Profile) -> None:
        self.before = before
        self.after = after
        old = {found.path: found for found in before}
        new = {found.path: found for found in after}
        rows = [_row(path, old.get(path), new.get(path)) for path in dict.fromkeys([*old, *new])]
        self.rows: list[Row] = sorted(rows, key=lambda row: (-row["weight"], row["property"]))

    @property
    def changed(self) -> list[Row]:
        """The properties of which there is something to say."""
        return [row for row in self.rows if row["changes"]]

    def to_polars(self) -> Any:
        """A row a property: `moved` (0 to 1), shares filled and distinct before and after."""
        import polars as pl

        kinds: dict[str, Any] = {"property": pl.String, "moved": pl.Float64}
        kinds |= dict.fromkeys(("filled_before", "filled_after"), pl.Float64)
        kinds |= dict.fromkeys(("distinct_before", "distinct_after"), pl.Int64)
        kinds["changes"] = pl.List(pl.String)
        return pl.DataFrame([{n: row[n] for n in kinds} for row in self.rows], schema=kinds)

    def plot(self) -> Any:
        """How far each property has moved, and how much of it is filled, as a figure."""
        from sesam_interactive.plots.drift import drift_figure

        return drift_figure(self._head, self.rows, still=self._repr_html_(), text=repr(self))

    @property
    def _head(self) -> str:
        return (
            f"{self.before.title} ({self.before.rows:,}) \N{RIGHTWARDS ARROW} "
            f"{self.after.title} ({self.after.rows:,})"
        )

    def _shown(self) -> list[Row]:
        return [
            {"property": row["property"], "what changed": "; ".join(row["changes"])}
            for row in self.changed
        ]

    def __repr__(self) -> str:
        same = len(self.rows) - len(self.changed)
        lines = aligned(self._shown(), width=60)
        return "\n".join(
            [self._head, *lines, f"{same:,} of {len(self.rows):,} properties the same"]
        )

    def _repr_html_(self) -> str:
        same = len(self.rows) - len(self.changed)
        return (
            f"<div><b>{escape(self._head)}</b>{table(self._shown()) if self.changed else ''}"
            f"<p>{same:,} of {len(self.rows):,} properties the same</p></div>"
        )


def _row(path: str, old: PropertyProfile | None, new: PropertyProfile | None) -> Row:
    moved = moved_share(old, new) if old and new else None
    changes = _changes(old, new, moved)
    gone = old is None or new is None
    filled = abs((new.filled_share if new else 0) - (old.filled_share if old else 0))
    return {
        "property": path,
        "moved": moved,
        "filled_before": old.filled_share if old else None,
        "filled_after": new.filled_share if new else None,
        "distinct_before": old.distinct if old else None,
        "distinct_after": new.distinct if new else None,
        "changes": changes,
        "weight": (2.0 if gone else max(moved or 0.0, filled)) if changes else -1.0,
    }


def _changes(
    old: PropertyProfile | None, new: PropertyProfile | None, moved: float | None
) -> list[str]:
    from sesam_interactive.client.profile_text import span_text
    from sesam_interactive.frames.profile import percent

    if old is None or new is None:
        return ["new"] if old is None else ["gone"]
    changes = []
    if set(old.types) - {"null"} != set(new.types) - {"null"}:
        changes.append(f"types {old.type_text or 'none'} → {new.type_text or 'none'}")
    if abs(new.filled_share - old.filled_share) >= FILLED or (not old.filled) != (not new.filled):
        changes.append(f"filled {percent(old.filled_share)} → {percent(new.filled_share)}")
    if old.is_unique != new.is_unique and old.filled and new.filled:
        changes.append("unique → values come twice" if old.is_unique else "is unique now")
    elif old.distinct and new.distinct and not old.is_unique:
        more, less = max(old.distinct, new.distinct), min(old.distinct, new.distinct)
        if more / less >= TIMES_AS_MANY:
            changes.append(f"distinct {old.distinct:,} → {new.distinct:,}")
    if moved is not None and moved >= MOVED:
        changes.append(f"{percent(moved)} of the values moved" + _gained(old, new))
    if old.quantiles and new.quantiles and _out_of_span(old, new):
        changes.append(f"span {span_text(old)} → {span_text(new)}")
    return changes


def _out_of_span(old: PropertyProfile, new: PropertyProfile) -> bool:
    return bool(new.quantiles[0] < old.quantiles[0] or new.quantiles[-1] > old.quantiles[-1])


def _gained(old: PropertyProfile, new: PropertyProfile) -> str:
    """The value whose share has grown most, where it is one of few."""
    from sesam_interactive.frames.profile import percent

    if new.quantiles or new.is_unique or old.is_unique or not new.shares:
        return ""
    value = max(new.shares, key=lambda v: (new.shares[v] - old.shares.get(v, 0.0), v))
    before = old.shares.get(value, 0.0)
    if new.shares[value] - before < MOVED / 2:
        return ""
    return f', most of all to "{value[:30]}" ({percent(before)} → {percent(new.shares[value])})'


def moved_share(old: PropertyProfile, new: PropertyProfile) -> float | None:
    """How far the distribution of a property has moved, 0 to 1; null where that says nothing."""
    if old.quantiles and new.quantiles:
        return _distance(old.quantiles, new.quantiles)
    if not old.shares or not new.shares or old.is_unique or new.is_unique:
        return None
    values = old.shares.keys() | new.shares.keys()
    apart = sum(abs(old.shares.get(v, 0.0) - new.shares.get(v, 0.0)) for v in sorted(values))
    rest = abs(sum(old.shares.values()) - sum(new.shares.values()))
    return min(1.0, (apart + rest) / 2)


def _distance(old: list[float], new: list[float]) -> float:
    """The greatest distance of two cumulated distributions, told by their quantiles."""
    apart = 0.0
    for value in sorted({*old, *new}):
        apart = max(apart, abs(_cumulated(old, value) - _cumulated(new, value)))
    return apart


def _cumulated(quantiles: list[float], value: float) -> float:
    return bisect_right(quantiles, value) / len(quantiles)
