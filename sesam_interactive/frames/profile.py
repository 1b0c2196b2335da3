"""What the values of a property are like: types, how many are there, how they are spread.

Counting is exact for up to two million values of a property. Of more, distinct values are estimated
and what they are like is told of an even sample; `is_exact` says which.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sesam_interactive.frames.typed import NUMBERS

if TYPE_CHECKING:
    from sesam_interactive.frames.typed import TypedColumn

EXACT_MOST = 2_000_000
BINS = 20
TOP = 10
SHARES = 500
"""How many of the most frequent values are kept to compare profiles by."""

TIMES = ("date", "datetime")
LOOKS = {
    "integers": r"^\s*-?\d{1,18}\s*$",
    "decimals": r"^-?\d{1,18}(\.\d+)?$",
    "decimals with a comma": r"^-?\d{1,18}(,\d+)?$",
    "datetimes": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$",
    "times": r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$",
    "dates": r"^\d{4}-\d{2}-\d{2}$",
    "dates with the year last": r"^\d{1,2}[./-]\d{1,2}[./-]\d{4}$",
    "booleans": r"^(?i:true|false|yes|no)$",
    "UUIDs": r"^(?i:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
    "addresses of mail": r"^\S+@\S+\.\S+$",
    "URLs": r"^https?://\S+$",
}
READS = {
    "integers": "integer",
    "decimals": "decimal",
    "datetimes": "datetime",
    "times": "datetime-parse",
    "dates": "datetime-parse",
    "dates with the year last": "datetime-parse",
}
"""The functions that make values of what looks like some."""

LOOKS_LEAST = 0.9
NUMERIC = ("integers", "decimals", "decimals with a comma")
BLANK = r"^\s|\s$"


@dataclass(frozen=True)
class Bin:
    """A stretch of a histogram, `low` included; `high` too in the last one."""

    low: Any
    high: Any
    count: int


@dataclass(frozen=True)
class PropertyProfile:
    """What is known of one property.

    `total` counts entities, or elements for what is in lists (`lines[].sku`); `filled` those that
    have a value, `nulls` those that have null. `least` and `most` are values as the kernel has
    them, of what has an order. `lengths` are the least, mean and greatest number of characters or
    elements. `top` has the most frequent values with their counts. `quantiles` are the 0th to 100th
    hundredth of numbers, and of times as seconds since 1970; `shares` the most frequent values by
    their share, both for comparing. `notes` tell what one should know before using it.
    """

    path: str
    total: int
    filled: int
    nulls: int
    types: dict[str, int]
    distinct: int | None = None
    is_exact: bool = True
    least: Any = None
    most: Any = None
    mean: float | None = None
    lengths: tuple[int, float, int] | None = None
    top: list[tuple[str, int]] = field(default_factory=list)
    histogram: list[Bin] = field(default_factory=list)
    quantiles: list[float] = field(default_factory=list)
    shares: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def filled_share(self) -> float:
        """How much of the total has a value, 0 to 1."""
        return self.filled / self.total if self.total else 0.0

    @property
    def is_unique(self) -> bool:
        """Has each of them a value of its own?"""
        return bool(self.filled) and self.distinct == self.filled

    @property
    def type_text(self) -> str:
        """The types, the most frequent first, with shares where there are several."""
        counts = {name: count for name, count in self.types.items() if name != "null"}
        total = sum(counts.values())
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if len(ordered) == 1:
            return ordered[0][0]
        return ", ".join(f"{name} {percent(count / total)}" for name, count in ordered)


def percent(share: float) -> str:
    """A share as text: 0 % and 100 % mean exactly that."""
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    return f"{min(max(share * 100, 0.1), 99.9):.{0 if 0.1 <= share < 0.995 else 1}f} %"


def profile_column(column: TypedColumn) -> PropertyProfile:
    """The profile of one column."""
    nulls = column.types.get("null", 0)
    base: dict[str, Any] = {
        "path": column.path,
        "total": column.total,
        "filled": column.filled,
        "nulls": nulls,
    }
    if not column.filled:
        return PropertyProfile(**base, types=column.types, notes=("never has a value",))
    values = column.values.drop_nulls()
    found: dict[str, Any] = {"types": column.types}
    if column.kind == "list":
        return PropertyProfile(**base, **found, lengths=_lengths(values.list.len()))
    if column.kind in ("dict", "bytes"):
        return PropertyProfile(**base, **found)
    found["is_exact"] = len(values) <= EXACT_MOST
    sample = values
    if not found["is_exact"]:
        found["distinct"] = int(values.approx_n_unique())
        sample = values.gather_every(-(-len(values) // EXACT_MOST))
    counted = _counted(sample)
    if found["is_exact"]:
        found["distinct"] = counted.height
    scale = len(values) / len(sample)
    found["top"] = [(_text(v), round(n * scale)) for v, n in counted.head(TOP).iter_rows()]
    found["shares"] = {_text(v): n / len(sample) for v, n in counted.head(SHARES).iter_rows()}
    if column.kind in NUMBERS or column.kind in TIMES:
        found |= _spread(values, column.kind)
    elif column.kind != "boolean":
        found |= _texts(values)
    notes = _notes(column, counted, sample) if column.kind in ("string", "json") else ()
    return PropertyProfile(**base, **found, notes=tuple(notes))


def _counted(values: Any) -> Any:
    """Each value with how often it is there, the most frequent first."""
    import polars as pl

    counted = values.rename("value").value_counts()
    return counted.sort(["count", "value"], descending=[True, False]).select(
        pl.col("value"), pl.col("count")
    )


def _lengths(lengths: Any) -> tuple[int, float, int]:
    return int(lengths.min()), float(lengths.mean()), int(lengths.max())


def _texts(values: Any) -> dict[str, Any]:
    return {
        "least": values.min(),
        "most": values.max(),
        "lengths": _lengths(values.str.len_chars()),
    }


def _spread(values: Any, kind: str) -> dict[str, Any]:
    """Least, greatest, mean and histogram of numbers and times."""
    import polars as pl

    numbers = values
    if kind in TIMES:
        numbers = values.cast(pl.Datetime("us")).dt.epoch("us") / 1_000_000
    numbers = numbers.cast(pl.Float64)
    finite = numbers.filter(numbers.is_finite())
    found: dict[str, Any] = {"least": values.min(), "most": values.max()}
    if not len(finite):
        return found
    ordered = finite.sort()
    places = [round(step * (len(ordered) - 1) / 100) for step in range(101)]
    found["quantiles"] = ordered.gather(places).to_list()
    found["histogram"] = _histogram(finite, kind)
    if kind in NUMBERS:
        found["mean"] = float(finite.mean())
    return found


def _histogram(numbers: Any, kind: str) -> list[Bin]:
    """At most 20 bins of one width; of a few integers one bin each."""
    import polars as pl

    low, high = float(numbers.min()), float(numbers.max())
    if low == high:
        return [Bin(_edge(low, kind), _edge(high, kind), len(numbers))]
    bins, width = BINS, (high - low) / BINS
    if kind in ("integer", "date"):
        step = 86_400 if kind == "date" else 1
        width = step * -(-(int((high - low) / step) + 1) // BINS)
        bins = int((high - low) // width) + 1
    at = ((numbers - low) / width).floor().clip(0, bins - 1).cast(pl.Int32).rename("bin")
    counts = dict(at.value_counts().iter_rows())
    edges = [low + place * width for place in range(bins + 1)]
    return [
        Bin(_edge(edges[place], kind), _edge(edges[place + 1], kind), counts.get(place, 0))
        for place in range(bins)
    ]


def _edge(value: float, kind: str) -> Any:
    if kind == "integer":
        return int(value)
    if kind in TIMES:
        moment = datetime.fromtimestamp(0, UTC).timestamp() + value
        made = datetime.fromtimestamp(moment, UTC)
        return made.date() if kind == "date" else made
    return value


def _notes(column: TypedColumn, counted: Any, sample: Any) -> list[str]:
    """What texts hide: numbers and dates in text, stray blanks, empty texts, several types."""
    notes = []
    kinds = [name for name in column.types if name != "null"]
    if len(kinds) > 1:
        notes.append(f"values of {len(kinds)} types: `eq` and joins tell them apart")
    if column.kind == "json" and "string" not in kinds:
        return notes
    texts, counts, total = counted["value"], counted["count"], len(sample)

    def share(which: Any) -> float:
        return float(counts.filter(which).sum() or 0) / total

    empty = share(texts == "")
    if empty:
        notes.append(f"{percent(empty)} are empty")
    if blank := share((texts != "") & texts.str.contains(BLANK)):
        notes.append(f"{percent(blank)} have blanks at an end: `strip`")
    for name, pattern in LOOKS.items():
        fits = texts.str.contains(pattern)
        found = share(fits)
        if found >= LOOKS_LEAST and len(kinds) == 1:
            notes.append(_look(name, found, counted, fits))
            break
        if name in NUMERIC and len(kinds) == 1:
            # Few markers, such as "NA", beside numbers.
            others = counted.filter(~fits)
            if found >= 0.5 and others.height <= 5:
                notes.append(_look(name, found, counted, fits))
                break
    return notes


def _look(name: str, found: float, counted: Any, fits: Any) -> str:
    others = counted.filter(~fits)
    if name == "integers" and counted["value"].filter(fits).str.contains(r"^0\d").any():
        zeros = "with zeros in front that a number would lose"
        return f"{percent(found)} look like integers, some {zeros}{_others(others)}"
    function = f" (`{READS[name]}`)" if name in READS else ""
    return f"{percent(found)} look like {name}{function}{_others(others)}"


def _others(others: Any) -> str:
    if not others.height:
        return ""
    shown = ", ".join(f'"{value[:20]}"' for value in others["value"].head(3).to_list())
    return f", others: {shown}{', ...' if others.height > 3 else ''}"


def _text(value: Any) -> str:
    """A value as people read it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def moment_text(value: date) -> str:
    """A date, or a time as short as it can be told."""
    if not isinstance(value, datetime):
        return value.isoformat()
    if (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0):
        return value.date().isoformat()
    return value.isoformat(timespec="minutes").replace("+00:00", "Z")


def span(least: Any, most: Any) -> str:
    """From where to where, in few characters."""
    first, last = value_text(least), value_text(most)
    return first if first == last else f"{first} \N{EN DASH} {last}"


def bin_text(found: Bin) -> str:
    """The stretch of a bin; of integers what is in it."""
    if type(found.low) is int and found.high > found.low:
        return span(found.low, found.high - 1)
    return span(found.low, found.high)


def value_text(value: Any, width: int = 24) -> str:
    """A value in few characters."""
    if value is None:
        return ""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        # Years and other small numbers read better without separators.
        text = str(value) if -10_000 < value < 10_000 else f"{value:,}"
    elif isinstance(value, float):
        text = f"{value:,.6g}"
    else:
        text = " ".join(_text(value).split())
    return text if len(text) <= width else f"{text[: width - 1]}…"
