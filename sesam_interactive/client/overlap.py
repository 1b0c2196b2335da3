"""Which join would hit how much: `hub.overlap("orders.customer_id", "customers._id")`.

Only the columns that are asked for are read; matching is done here, by polars, with the node's own
notion of equality (`frames/keys.py`). Joins come as DTL, ready to copy.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.columns import Place, plain_path, read_columns
from sesam_interactive.client.errors import ClientError
from sesam_interactive.client.overlap_text import overlap_html, overlap_text, pairs_html, pairs_text
from sesam_node.errors import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sesam_interactive.client.connection import Connection
    from sesam_interactive.frames.overlap import Change, Side, Suggestion

MOST_PAIRS = 12
NO_KEYS = ("dict", "bytes", "boolean", "null", "float", "datetime", "date")
Names = tuple[str, tuple[str, ...]]


class Overlap:
    """How two properties meet; `left` and `right` have the counts of each side.

    `join` is the line of DTL for it, `hops` a whole hop from the left dataset. `suggestions` are
    changes of the keys that would hit more.
    """

    def __init__(
        self,
        names: tuple[Names, Names],
        sides: tuple[Side, Side],
        suggestions: Sequence[Suggestion] = (),
    ) -> None:
        self.names = names
        self.left, self.right = sides
        self.suggestions = list(suggestions)

    @property
    def datasets(self) -> tuple[str, str]:
        return self.names[0][0], self.names[1][0]

    @property
    def hit_share(self) -> float:
        """The share of the left entities that a hop would find something for, 0 to 1."""
        return self.left.hit_share

    @property
    def join(self) -> str:
        """The join as DTL, such as `["eq", "o.customer_id", "c._id"]`."""
        return _joined(self._equalities(None))

    @property
    def hops(self) -> str:
        """A hop from the entities of the left dataset to those of the right one, as DTL."""
        return self._hops(None)

    def join_for(self, found: Suggestion) -> str:
        """The join with the keys changed as a suggestion says."""
        return _joined(self._equalities(found))

    def hops_for(self, found: Suggestion) -> str:
        """The hop with the keys changed as a suggestion says."""
        return self._hops(found)

    def _equalities(self, found: Suggestion | None, left: str | None = None) -> list[Any]:
        one, two = _aliases(*self.datasets)
        one = one if left is None else left
        lefts = [f"{one}.{plain_path(path)}" for path in self.names[0][1]]
        rights = [f"{two}.{plain_path(path)}" for path in self.names[1][1]]
        change: Change | None = found.change if found else None
        marks = found.marks if found else ""
        return [
            [
                "eq",
                _expression(a, change.left if change else (), marks),
                _expression(b, change.right if change else (), marks),
            ]
            for a, b in zip(lefts, rights, strict=True)
        ]

    def _hops(self, found: Suggestion | None) -> str:
        alias = _aliases(*self.datasets)[1]
        equalities = self._equalities(found, "_S")
        where = equalities[0] if len(equalities) == 1 else equalities
        hop = {"datasets": [f"{self.datasets[1]} {alias}"], "where": where}
        return json.dumps(["hops", hop], ensure_ascii=False)

    def to_polars(self) -> Any:
        """A row for each side, with all counts."""
        import polars as pl

        return pl.DataFrame([_side_row(name, side) for name, side in self.sides()])

    def sides(self) -> list[tuple[str, Side]]:
        """Both sides with their names, such as `orders.customer_id`."""
        return list(zip(map(side_name, self.names), (self.left, self.right), strict=True))

    def plot(self) -> Any:
        """What hits, what does not, and what has no key, on both sides, as a figure."""
        from sesam_interactive.plots.overlap import overlap_figure

        return overlap_figure(self.sides(), still=self._repr_html_(), text=repr(self))

    def __repr__(self) -> str:
        return overlap_text(self)

    def _repr_html_(self) -> str:
        return overlap_html(self)


class Overlaps:
    """The pairs of properties of two datasets that meet, the likeliest joins first."""

    def __init__(self, datasets: tuple[str, str], pairs: list[Overlap], left_out: int = 0) -> None:
        self.datasets = datasets
        self.pairs = pairs
        self.left_out = left_out

    def __iter__(self) -> Iterator[Overlap]:
        return iter(self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def __getitem__(self, place: int) -> Overlap:
        return self.pairs[place]

    def to_polars(self) -> Any:
        """A row a pair."""
        import polars as pl

        from sesam_interactive.client.overlap_text import PAIR_COLUMNS, pair_row

        return pl.DataFrame([pair_row(pair) for pair in self.pairs], schema=PAIR_COLUMNS)

    def plot(self) -> Any:
        """The share of both sides that hits, a pair of bars a pair of properties."""
        from sesam_interactive.plots.overlap import overlaps_figure

        title = f"{self.datasets[0]} and {self.datasets[1]}"
        pairs = [pair.sides() for pair in self.pairs]
        return overlaps_figure(title, pairs, still=self._repr_html_(), text=repr(self))

    def __repr__(self) -> str:
        return pairs_text(self)

    def _repr_html_(self) -> str:
        return pairs_html(self)


def side_name(names: Names) -> str:
    dataset, paths = names
    return " + ".join(f"{dataset}.{path}" for path in paths)


def _side_row(name: str, side: Side) -> dict[str, Any]:
    row = {"side": name, "entities": side.entities, "filled": side.filled, "keys": side.keys}
    row |= {"hit": side.hit, "hit_share": side.hit_share, "matched_keys": side.matched}
    row |= {"matches_mean": side.matches, "matches_most": side.most}
    return row | {"types": ", ".join(side.groups)}


# -- the DTL ---------------------------------------------------------------------------------------


def _aliases(left: str, right: str) -> tuple[str, str]:
    """Short names for both datasets in a join: first letters, or initials, where they differ."""
    for short in (_first_letter, _initials):
        one, two = short(left), short(right)
        if one != two:
            return one, two
    return one, f"{two}2"


def _first_letter(name: str) -> str:
    return _initials(name)[:1]


def _initials(name: str) -> str:
    words = re.findall(r"[a-z]+", name.rpartition(":")[2].lower())
    return "".join(word[0] for word in words) or "d"


def _joined(equalities: list[Any]) -> str:
    return ", ".join(json.dumps(equality, ensure_ascii=False) for equality in equalities)


def _expression(path: str, steps: Sequence[str], marks: str) -> Any:
    made: Any = path
    for step in steps:
        made = ["replace", dict.fromkeys(marks, ""), made] if step == "digits" else [step, made]
    return made


# -- asking ----------------------------------------------------------------------------------------

Asked = str | list[str] | tuple[str, ...]


def read_overlap(
    connection: Connection, left: Asked, right: Asked, limit: int | None = None
) -> Overlap:
    """How two properties meet, or two lists of properties of one dataset each.

    `limit` takes the first left entities only. Raises ClientError for names that are nowhere.
    """
    from sesam_interactive.frames.keys import composite, key_frame

    names = sorted(item["_id"] for item in connection.get("/datasets"))
    asked = [_several(value, names) for value in (left, right)]
    if len(asked[0][1]) != len(asked[1][1]):
        counts = f"{len(asked[0][1])} and {len(asked[1][1])}"
        raise ClientError(f"expected as many properties on both sides, got {counts}")
    frames, totals = [], []
    for (dataset, paths), most in zip(asked, (limit, None), strict=True):
        table = read_columns(Place(connection, dataset), list(dict.fromkeys(paths)), most)
        read = [key_frame(table.columns, plain_path(path)) for path in paths]
        frames.append(composite(read) if len(read) > 1 else read[0])
        totals.append(table.rows)
    return _overlap((asked[0], asked[1]), frames, totals)


def _overlap(names: tuple[Names, Names], frames: list[Any], totals: list[int]) -> Overlap:
    from sesam_interactive.frames.overlap import GAIN, meet, suggestions

    left, right = meet(frames[0], frames[1], totals[0], totals[1])
    found: list[Suggestion] = []
    may_gain = left.filled and right.filled and left.hit < left.entities * (1 - GAIN)
    if len(names[0][1]) == 1 and may_gain:
        found = suggestions(frames[0], frames[1], totals[0], left.hit)
    return Overlap(names, (left, right), found)


def _several(asked: Asked, datasets: list[str]) -> Names:
    """Dataset and paths of `orders.customer_id`, or of a list of such, all of one dataset."""
    listed = [asked] if isinstance(asked, str) else list(asked)
    if not listed:
        raise ClientError('expected properties such as "orders.customer_id", got none')
    found = [split_name(item, datasets) for item in listed]
    names = {dataset for dataset, _ in found}
    if len(names) > 1:
        told = ", ".join(sorted(names))
        raise ClientError(f"expected properties of one dataset on a side, got those of {told}")
    return found[0][0], tuple(path for _, path in found)


def split_name(asked: str, datasets: list[str]) -> tuple[str, str]:
    """Dataset and path of `orders.customer_id`; the dataset with the longest name that fits."""
    for end in range(len(asked) - 1, 0, -1):
        if asked[end] == "." and asked[:end] in datasets:
            return asked[:end], asked[end + 1 :]
    if asked in datasets:
        raise ClientError(f'expected a property, such as "{asked}._id", got a dataset')
    name = asked.partition(".")[0]
    hint = suggestion(name, datasets)
    text = f'there is no dataset "{name}"'
    raise ClientError(f"{text}; {hint}" if hint else text, status=404)


def read_overlaps(
    connection: Connection, left: str, right: str, limit: int | None = None
) -> Overlaps:
    """The pairs of properties of two datasets that meet; `orders.name` narrows a side to one."""
    from sesam_interactive.frames.candidates import Keys, candidates
    from sesam_interactive.frames.keys import key_frame

    names = sorted(item["_id"] for item in connection.get("/datasets"))
    frames: list[dict[str, Any]] = []
    places, totals = [], []
    for asked, most in ((left, limit), (right, None)):
        dataset, path = (asked, None) if asked in names else split_name(asked, names)
        place = Place(connection, dataset)
        paths = [path] if path is not None else _key_like(place)
        table = read_columns(place, paths, most, missing_ok=path is None)
        known = dict.fromkeys(plain_path(c.path) for c in table.columns if c.kind not in NO_KEYS)
        read = {path: key_frame(table.columns, path) for path in known}
        frames.append({path: frame for path, frame in read.items() if frame.height})
        places.append(dataset)
        totals.append(table.rows)
    found = candidates(Keys(places[0], totals[0], frames[0]), Keys(places[1], totals[1], frames[1]))
    pairs = [
        _overlap(
            ((places[0], (pair.left,)), (places[1], (pair.right,))),
            [frames[0][pair.left], frames[1][pair.right]],
            totals,
        )
        for pair in found[:MOST_PAIRS]
    ]
    return Overlaps((places[0], places[1]), pairs, max(0, len(found) - MOST_PAIRS))


def _key_like(place: Place) -> list[str]:
    """The properties whose values can be keys: texts, integers, identifiers."""
    from sesam_interactive.client.schema import EntityType

    schema = EntityType(place.connection.get(f"{place.path}/schema"))
    return [row["property"] for row in schema.rows() if _is_key_like(row["types"].split(" or "))]


def _is_key_like(types: list[str]) -> bool:
    return any(kind not in (*NO_KEYS, "object", "number") for kind in types)
