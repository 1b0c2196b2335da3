"""What a sample of entities looks like: which properties there are, of what types, how often.

`schema_of` reads a sample once. A schema holds no entities, only counts and a few short values; it
can be pickled, and goes through JSON unchanged. What is too wide or too deep to list is `open`: it
may have properties that the schema does not know.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

from sesam_node.errors import InputError, Problem, preview
from sesam_node.model.values import kind, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sesam_node.model.values import Entity, Value

MAX_DEPTH = 16
MAX_NAMES = 1000
"""Different property names of one place; a dict with more is a table by key, not a record."""

MAX_PROPERTIES = 20_000
MAX_EXAMPLES = 3
MAX_EXAMPLE = 40
"""Characters of an example; longer text is cut."""

Counts = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Property:
    """One property of the dicts at one place.

    `count` is how many of them have it, `share` which part. `types` counts its values by DTL type
    (see `model.values.kind`), `items` the elements of those that are lists. `examples` are at most
    three different short values. `shape` has the dicts among values and elements.
    """

    name: str
    count: int
    share: float
    types: Counts
    items: Counts = ()
    examples: tuple[str | float | bool, ...] = ()
    shape: Shape | None = None

    @property
    def holds_values_only(self) -> bool:
        """Has every value and element seen been something without properties (and not null)?"""
        seen = dict(self.types)
        values = {**seen, **dict(self.items)}
        plain = values.keys() - {"null", "list", "dict"}
        return self.shape is None and bool(plain)


@dataclass(frozen=True)
class Shape:
    """The dicts at one place: how many were seen, and their properties, sorted by name."""

    seen: int
    properties: tuple[Property, ...]
    open: bool = False

    @cached_property
    def by_name(self) -> Mapping[str, Property]:
        return {found.name: found for found in self.properties}


@dataclass(frozen=True)
class Schema:
    """The properties of a sample of entities."""

    root: Shape

    @property
    def entities(self) -> int:
        """How many entities were seen."""
        return self.root.seen

    @property
    def properties(self) -> tuple[Property, ...]:
        return self.root.properties

    def at(self, names: Sequence[str]) -> Shape | None:
        """The dicts that a path of property names leads to; None where none were seen."""
        shape: Shape | None = self.root
        for name in names:
            found = shape.by_name.get(name) if shape else None
            shape = found.shape if found else None
        return shape

    def to_json(self) -> dict[str, Any]:
        """As JSON data: `{"entities", "open"?, "properties": {name: {"count", ...}}}`."""
        return {"entities": self.entities, **_shape_json(self.root)}

    @classmethod
    def from_json(cls, document: Any) -> Schema:
        """The schema that `to_json` has written. Raises InputError for anything else."""
        return cls(_read_shape(document, "entities", "$"))


# -- reading a sample ------------------------------------------------------------------------------


class _Place:
    """Collects the dicts at one place."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.seen = 0
        self.open = False
        self.properties: dict[str, _Values] = {}


class _Values:
    """Collects the values of one property."""

    def __init__(self, depth: int) -> None:
        self.count = 0
        self.types: Counter[str] = Counter()
        self.items: Counter[str] = Counter()
        self.examples: dict[tuple[type, Value], None] = {}
        self.place = _Place(depth + 1)


class _Sample:
    def __init__(self) -> None:
        self.root = _Place(0)
        self.properties = 0

    def dicts(self, place: _Place, entity: Entity) -> None:
        place.seen += 1
        if place.depth >= MAX_DEPTH:
            place.open = place.open or bool(entity)
            return
        for name, value in entity.items():
            values = place.properties.get(name)
            if values is None:
                if len(place.properties) >= MAX_NAMES or self.properties >= MAX_PROPERTIES:
                    place.open = True
                    continue
                self.properties += 1
                values = place.properties[name] = _Values(place.depth)
            values.count += 1
            values.types[kind(value)] += 1
            if type(value) is list:
                self.elements(values, value)
            else:
                self.single(values, value)

    def elements(self, values: _Values, items: list[Value]) -> None:
        values.items.update(map(kind, items))
        # As a path walks: lists in lists are one list. The outer ones are done with iterators.
        waiting = [iter(items)]
        while waiting:
            for item in waiting[-1]:
                if type(item) is list:
                    waiting.append(iter(item))
                    break
                self.single(values, item)
            else:
                waiting.pop()

    def single(self, values: _Values, value: Value) -> None:
        if type(value) is dict:
            self.dicts(values.place, value)
        elif value is not None and len(values.examples) < MAX_EXAMPLES:
            shown = plain_text(value) if type(value) is str else value
            if type(shown) is int and abs(shown) >= 10**MAX_EXAMPLE:
                return
            if type(shown) is str and len(shown) > MAX_EXAMPLE:
                shown = shown[: MAX_EXAMPLE - 3] + "..."
            values.examples.setdefault((type(shown), shown))


def schema_of(entities: Iterable[Entity]) -> Schema:
    """The properties of these entities: a sample, or a whole dataset. Reads them once.

    Dicts in properties are described too, as are those in lists; lists in lists count as one list,
    as paths walk them.
    """
    sample = _Sample()
    for entity in entities:
        sample.dicts(sample.root, entity)
    return Schema(_shape(sample.root))


def _shape(place: _Place) -> Shape:
    names = sorted(place.properties)
    found = tuple(_property(name, place.properties[name], place.seen) for name in names)
    return Shape(place.seen, found, place.open)


def _property(name: str, values: _Values, seen: int) -> Property:
    return Property(
        name,
        values.count,
        values.count / seen,
        tuple(sorted(values.types.items())),
        tuple(sorted(values.items.items())),
        tuple(shown for _, shown in values.examples),
        _shape(values.place) if values.place.seen else None,
    )


# -- JSON ------------------------------------------------------------------------------------------


def _shape_json(shape: Shape) -> dict[str, Any]:
    written: dict[str, Any] = {"open": True} if shape.open else {}
    written["properties"] = {found.name: _property_json(found) for found in shape.properties}
    return written


def _property_json(found: Property) -> dict[str, Any]:
    written: dict[str, Any] = {
        "count": found.count,
        "share": round(found.share, 6),
        "types": dict(found.types),
    }
    if found.items:
        written["items"] = dict(found.items)
    if found.examples:
        written["examples"] = list(found.examples)
    if found.shape:
        written |= {"dicts": found.shape.seen, **_shape_json(found.shape)}
    return written


def _read_shape(document: Any, counted: str, path: str) -> Shape:
    if type(document) is not dict:
        raise _fail(path, f"expected an object, got {preview(document)}")
    seen = _count(document, counted, path)
    properties = document.get("properties", {})
    if type(properties) is not dict or document.get("open", False) not in (True, False):
        raise _fail(path, 'expected an object of "properties" and a boolean "open"')
    found = (
        _read_property(name, properties[name], seen, f"{path}.properties.{name}")
        for name in sorted(properties)
    )
    return Shape(seen, tuple(found), document.get("open", False))


def _read_property(name: str, document: Any, seen: int, path: str) -> Property:
    if type(document) is not dict or path.count(".properties.") > MAX_DEPTH:
        raise _fail(path, f"expected an object, got {preview(document)}")
    count = _count(document, "count", path)
    examples = document.get("examples", [])
    if type(examples) is not list or not all(
        type(item) in (str, int, float, bool) for item in examples
    ):
        raise _fail(
            path, f'expected a list of single values for "examples", got {preview(examples)}'
        )
    return Property(
        name,
        count,
        count / max(seen, 1),
        _read_counts(document.get("types", {}), path),
        _read_counts(document.get("items", {}), path),
        tuple(examples),
        _read_shape(document, "dicts", path) if "dicts" in document else None,
    )


def _read_counts(counts: Any, path: str) -> Counts:
    if type(counts) is not dict:
        raise _fail(path, f"expected counts by type, got {preview(counts)}")
    return tuple(sorted((name, _count(counts, name, path)) for name in counts))


def _count(document: dict[str, Any], name: str, path: str) -> int:
    value = document.get(name)
    if type(value) is not int or value < 0:
        raise _fail(path, f"expected a number of {preview(name)}, got {preview(value)}")
    return value


def _fail(path: str, message: str) -> InputError:
    return InputError(f"this is no schema: {message}", [Problem(path, "wrong-schema", message)])


def names_in(shapes: Iterable[Shape]) -> list[str]:
    """All property names of these places."""
    return list(dict.fromkeys(chain.from_iterable(shape.by_name for shape in shapes)))
