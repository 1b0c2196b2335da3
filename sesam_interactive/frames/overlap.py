"""How much the keys of two properties meet: what a join of them would hit.

Where it hits little, changes of the keys are tried that people make in rules: types made alike,
blanks and case, digits alone, the id of a namespaced identifier.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

GAIN = 0.005
"""What a change of the keys must add to the share of entities that hit, to be told."""

EXAMPLES = 3
MOST_MARKS = 12
APART = 0.97
"""How many of the keys that differ must still differ after a change."""


@dataclass(frozen=True)
class Side:
    """One side of a join: `entities` there are, those `filled`, `keys` that differ.

    `hit` entities have a match, `matched` keys. `matches` is how many entities of the other side
    one that hits meets on average, `most` at most. `groups` are the types of the keys with counts,
    `missing` the most frequent keys without a match.
    """

    entities: int
    filled: int
    keys: int
    hit: int
    matched: int
    matches: float
    most: int
    groups: dict[str, int] = field(default_factory=dict)
    missing: list[tuple[str, int]] = field(default_factory=list)

    @property
    def hit_share(self) -> float:
        """The share of all entities that have a match, 0 to 1."""
        return self.hit / self.entities if self.entities else 0.0

    @property
    def is_unique(self) -> bool:
        """Has each entity that has a key one of its own?"""
        return bool(self.keys) and self.keys == self.filled


@dataclass(frozen=True)
class Change:
    """A change of keys: its name, what it makes of texts, and the DTL for it on either side."""

    name: str
    left: tuple[str, ...] = ()
    right: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suggestion:
    """A change that would hit more: the share of left entities, and the marks that it removes."""

    change: Change
    hit_share: float
    marks: str = ""


KEYS = ["group", "text"]


def meet(left: Any, right: Any, left_total: int, right_total: int) -> tuple[Side, Side]:
    """Both sides of the join of two key frames (`keys.key_frame`), over so many entities."""
    one, two = counted(left), counted(right)
    return _side(left, one, two, left_total), _side(right, two, one, right_total)


def counted(frame: Any) -> Any:
    """The keys that differ, with how many entities have each."""
    return frame.group_by(KEYS).len("count")


def _one_each(frame: Any) -> bool:
    """Has each entity one key at most?"""
    return bool(frame["row"].n_unique() == frame.height)


def _side(frame: Any, own: Any, other: Any, total: int) -> Side:
    import polars as pl

    matched = own.join(other, on=KEYS, suffix="_other")
    if _one_each(frame):
        hits, matches, filled = int(matched["count"].sum()), pl.col("count_other"), frame.height
        pairs = int(matched.select(pl.col("count").cast(pl.Int64) * matches).sum().item())
        most = int(matched["count_other"].max() or 0)
    else:
        met = frame.join(other, on=KEYS).group_by("row").agg(pl.col("count").sum())
        hits, pairs, most = met.height, int(met["count"].sum()), int(met["count"].max() or 0)
        filled = int(frame["row"].n_unique())
    missing = own.join(other, on=KEYS, how="anti")
    shown = missing.top_k(1_000, by="count").sort(["count", "text"], descending=[True, False])
    groups = frame.group_by("group").len("count").sort(["count", "group"], descending=[True, False])
    return Side(
        entities=total,
        filled=filled,
        keys=own.height,
        hit=hits,
        matched=matched.height,
        matches=pairs / hits if hits else 0.0,
        most=most,
        groups=dict(groups.iter_rows()),
        missing=list(shown.head(EXAMPLES).select("text", "count").iter_rows()),
    )


# -- what would hit more ---------------------------------------------------------------------------


def suggestions(left: Any, right: Any, left_total: int, hit: int) -> list[Suggestion]:
    """The changes of the keys that add to what hits, the best first; simple ones are preferred.

    One that makes different keys of a side the same is none: it would join what is not the same.
    """
    found: list[Suggestion] = []
    best = hit / left_total if left_total else 0.0
    possible = int(left["row"].n_unique()) / left_total if left_total else 0.0
    one, two, rows = counted(left), counted(right), None if _one_each(left) else left
    for change in _changes(_groups(one), _groups(two)):
        if best + GAIN > possible:
            break
        marks = ""
        if "digits" in change.left + change.right:
            marks = _marks(one, two)
            if not marks:
                continue
        changed = _changed(one, change.left), _changed(two, change.right)
        share = _hits(*changed, rows) / left_total
        if share >= best + GAIN and all(map(_keeps_apart, changed)):
            found.append(Suggestion(change, share, marks))
            best = share
    return found[::-1]


def _hits(left: Any, right: Any, rows: Any) -> int:
    """How many entities have a key that matches; `rows` are all keys where some have several."""
    hits = left.join(right.select(KEYS).unique(), on=KEYS, how="semi")
    if rows is None:
        return int(hits["count"].sum())
    old = hits.select(group="old_group", text="old_text")
    return int(rows.join(old, on=KEYS, how="semi")["row"].n_unique())


def _keeps_apart(changed: Any) -> bool:
    """Are keys that differed still different, but for a few? Those that went do not count."""
    return bool(changed["text"].n_unique() >= APART * changed.height)


def _groups(frame: Any) -> set[str]:
    return set(frame["group"].unique())


def _changes(left: set[str], right: set[str]) -> list[Change]:
    """What to try, the simplest first."""
    alike = _alike(left, right)
    found = [change for change in alike if change.left or change.right]
    for base in alike:
        if "integer" in base.left + base.right or not _is_text(base, left, right):
            continue
        for name, steps in (
            ("blanks", ("strip",)),
            ("case", ("lower",)),
            ("blanks and case", ("strip", "lower")),
            ("digits only", ("digits",)),
        ):
            joined = f"{base.name}, {name}" if base.name else name
            found.append(Change(joined, base.left + steps, base.right + steps))
    return found


def _is_text(change: Change, left: set[str], right: set[str]) -> bool:
    return (bool(change.left) or left == {"string"}) and (bool(change.right) or right == {"string"})


def _alike(left: set[str], right: set[str]) -> list[Change]:
    """The ways to make the types of both sides the same."""
    if left == right and len(left) == 1:
        both = [Change("")]
        if left == {"ni"}:
            both.append(Change("ids without namespaces", ("ni-id",), ("ni-id",)))
        if left == {"string"}:
            both.append(Change("as integers", ("integer",), ("integer",)))
        return both
    if left | right == {"number", "string"} and len(left) == len(right) == 1:
        text_left = left == {"string"}
        return [
            Change("as text", () if text_left else ("string",), ("string",) if text_left else ()),
            Change(
                "as integers", ("integer",) if text_left else (), () if text_left else ("integer",)
            ),
        ]
    ways = [Change("as text", _to_text(left), _to_text(right))]
    if "ni" in left | right:
        ids = Change("the id of namespaced identifiers", _to_id(left), _to_id(right))
        ways.insert(0, ids)
    return ways


def _to_text(groups: set[str]) -> tuple[str, ...]:
    return () if groups == {"string"} else ("string",)


def _to_id(groups: set[str]) -> tuple[str, ...]:
    return ("ni-id",) if groups == {"ni"} else _to_text(groups)


def _changed(frame: Any, steps: Sequence[str]) -> Any:
    import polars as pl

    frame = frame.with_columns(old_group="group", old_text="text")
    for step in steps:
        text, group_ = STEPS[step](pl.col("text"))
        kept = frame.with_columns(text.alias("text"), pl.lit(group_).alias("group"))
        frame = kept.filter(pl.col("text").is_not_null() & (pl.col("text") != ""))
    return frame


def _integer(text: Any) -> Any:
    """The integer in a text, as `integer` reads it."""
    import polars as pl

    plain = text.str.strip_chars()
    fits = plain.str.contains(r"^[+-]?\d{1,18}$")
    return pl.when(fits).then(plain.cast(pl.Int64, strict=False).cast(pl.String)), "number"


STEPS: dict[str, Callable[[Any], tuple[Any, str]]] = {
    "string": lambda text: (text, "string"),
    "ni-id": lambda text: (text.str.replace(r"^.*?:", ""), "string"),
    "strip": lambda text: (text.str.strip_chars(), "string"),
    "lower": lambda text: (text.str.to_lowercase(), "string"),
    "digits": lambda text: (text.str.replace_all(r"\D", ""), "string"),
    "integer": _integer,
}


def _marks(left: Any, right: Any) -> str:
    """The characters between digits, where they are few and no letters: a rule can name them."""
    import polars as pl

    found: set[str] = set()
    for frame in (left, right):
        texts = frame["text"].unique().to_frame()
        texts = texts.filter(pl.col("text").str.contains(r"\d"))["text"]
        for text in texts.str.replace_all(r"\d", "").unique().to_list():
            found |= set(text)
            if len(found) > MOST_MARKS or any(mark.isalnum() for mark in found):
                return ""
    return "".join(sorted(found))
