"""Which properties of two datasets might belong together: all pairs, compared in one join."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

LEAST_SCORE = 0.05
OF_THE_BEST = 0.25
"""A pair that is less likely than this part of the likeliest one is left out."""

UNIQUE, NOT_UNIQUE = 0.9, 0.3
LEAST_KEYS = 2
SAME_NAME, NAMED_AFTER = 0.1, 0.2


@dataclass(frozen=True)
class Candidate:
    """A pair of paths and how likely it is meant to be joined, about 0 to 1."""

    left: str
    right: str
    score: float


@dataclass(frozen=True)
class Keys:
    """The key frames of a dataset by path, and how many entities it has."""

    name: str
    entities: int
    frames: Mapping[str, Any]


def candidates(left: Keys, right: Keys) -> list[Candidate]:
    """The pairs of properties that meet, the likeliest first.

    Keys are compared loosely: as text without blanks, case and namespace. A pair is likely where
    many entities of the left side hit and one of the sides has few entities a key; names help.
    """
    import polars as pl

    lefts, rights = _loose(left.frames), _loose(right.frames)
    if not lefts or not rights:
        return []
    both = pl.concat(lefts.values()).join(pl.concat(rights.values()), on="hash", suffix="_right")
    pairs = both.group_by("path", "path_right").agg(
        pl.col("count").sum().alias("left_hit"), pl.col("count_right").sum().alias("right_hit")
    )
    found = []
    for row in pairs.iter_rows(named=True):
        one, two = lefts[row["path"]], rights[row["path_right"]]
        hits = row["left_hit"] / left.entities, row["right_hit"] / right.entities
        score = _score(one, two, *hits)
        if score >= LEAST_SCORE:
            score += _by_name(row["path"], row["path_right"], left.name, right.name)
            found.append(Candidate(row["path"], row["path_right"], score))
    best = max((pair.score for pair in found), default=0.0)
    likely = [pair for pair in found if pair.score >= best * OF_THE_BEST]
    return sorted(likely, key=lambda c: (-round(c.score, 6), c.left, c.right))


def _loose(frames: Mapping[str, Any]) -> dict[str, Any]:
    """Hashes of the loosened keys by path, with how many entities have each."""
    import polars as pl

    text = pl.col("text")
    tail = pl.when(pl.col("group") == "ni").then(text.str.replace(r"^.*?:", "")).otherwise(text)
    plain = tail.str.strip_chars().str.to_lowercase()
    found = {}
    for path, frame in frames.items():
        counted = frame.select(plain.hash().alias("hash")).group_by("hash").len("count")
        if counted.height >= LEAST_KEYS or frame.height == 1:
            found[path] = counted.with_columns(pl.lit(path).alias("path"))
    return found


def _score(left: Any, right: Any, left_share: float, right_share: float) -> float:
    unique = max(keys.height / int(keys["count"].sum()) for keys in (left, right))
    # A few entities that all belong to many (departments) count as well as the other way round.
    share = max(left_share, right_share * 0.5)
    # Small numbers meet by chance; where neither side is nearly unique that is likely.
    return float(unique * share * (1.0 if unique >= UNIQUE else NOT_UNIQUE))


def _by_name(left: str, right: str, left_name: str, right_name: str) -> float:
    """What names say: the same, or named after the other dataset (`customer_id`, `customers`)."""
    one, two = (_stem(path.replace("[]", "").rpartition(".")[2]) for path in (left, right))
    bonus = SAME_NAME if one == two else 0.0
    for path, other in ((one, right_name), (two, left_name)):
        stem = _stem(other)
        if stem and (path.startswith(stem) or path.endswith(stem)):
            bonus += NAMED_AFTER
    return bonus


def _stem(name: str) -> str:
    """A name without namespace, mark and ending: `crm:Customer_ID` and `customers` are alike."""
    plain = name.rpartition(":")[2].lower().strip("_")
    for ending in ("_id", "-id", "_no", "-no", "_key"):
        plain = plain.removesuffix(ending)
    return plain.removesuffix("s")
