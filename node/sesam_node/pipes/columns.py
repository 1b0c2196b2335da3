"""Schema definitions: the columns of a table that takes the entities of a dataset or pipe.

Read of a sample of entities, as ranges and sizes matter. Manual: SQL sink, schema definition
format. Values without a column type of their own (lists, dicts, mixes of types) become text.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sesam_node.errors import InputError
from sesam_node.model import decode, encode
from sesam_node.model.values import kind, plain_text
from sesam_node.pipes.build import build_pipe
from sesam_node.pipes.evaluate import EntityError
from sesam_node.pipes.operations import evaluator_of
from sesam_node.pipes.samples import Sample, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sesam_node.model import Entity
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.store.api import Store

Told = dict[str, Any]

SAMPLE = 1_000
MOST = 100_000
SECONDS = 15.0
NUMBERS = frozenset(["integer", "float", "decimal"])
COLUMNS = {
    "string": "string",
    "uri": "string",
    "ni": "string",
    "list": "string",
    "dict": "string",
    "bytes": "binary",
}


def pipe_columns(
    definition: PipeDefinition, store: Store, *, sample_size: int = SAMPLE, keys_only: bool = False
) -> Any:
    """The columns for what a pipe makes of the first entities of its source; nothing is written.

    With `keys_only` the names of the properties.
    """
    pipe = build_pipe(definition, store)
    try:
        if any(getattr(transform, "side_effects", False) for transform in pipe.transforms):
            raise InputError("a transform with side effects cannot be tried")
        evaluator = evaluator_of(pipe)
        if getattr(pipe.source, "is_receiver", False):
            # What came in is not kept but for what was made of it.
            evaluator.run = None

        def made() -> Iterator[Entity]:
            wanted = Wanted(limit=min(sample_size, MOST), seconds=SECONDS)
            for one in Sample(pipe, wanted):
                try:
                    for _, entities in evaluator.emitted(one):
                        yield from entities
                except EntityError:
                    continue

        return columns_of(made(), keys_only=keys_only)
    finally:
        pipe.close()


def dataset_columns(
    store: Store, *, dataset: str, sample_size: int = SAMPLE, keys_only: bool = False
) -> Any:
    """The columns for the first live entities of a dataset. Raises NotFoundError."""
    found = store.dataset(dataset, create=False)
    versions = found.changes(None, min(sample_size, MOST), deleted=False)
    return columns_of((decode(version.body) for version in versions), keys_only=keys_only)


def columns_of(entities: Iterable[Entity], *, keys_only: bool = False) -> Any:
    """The columns of these entities, `_id` first; deleted and filtered ones are left out."""
    columns: dict[str, Column] = {"_id": Column("_id")}
    count = 0
    for entity in entities:
        if entity.get("_deleted") is True or "_filtered" in entity:
            continue
        count += 1
        for name, value in entity.items():
            if name[:1] == "_" and name != "_id":
                continue
            column = columns.get(name)
            if column is None:
                column = columns[name] = Column(name)
            column.add(value)
    if keys_only:
        return ["_id", *sorted(columns.keys() - {"_id"})]
    ordered = [columns.pop("_id"), *(columns[name] for name in sorted(columns))]
    return [column.to_json(count) for column in ordered]


@dataclass(slots=True)
class Column:
    """The values of one property."""

    name: str
    count: int = 0
    kinds: set[str] = field(default_factory=set)
    sizes: list[int] = field(default_factory=lambda: [1 << 62, 0])
    bytes_: list[int] = field(default_factory=lambda: [1 << 62, 0])
    range: list[int] | None = None
    whole: int = 1
    scale: int = 0

    def add(self, value: Any) -> None:
        kind_ = kind(value)
        if kind_ == "null":
            return
        self.count += 1
        self.kinds.add(kind_)
        text = plain_text(value) if type(value) is str else encode(value).decode()
        _widen(self.sizes, len(text))
        if kind_ == "integer":
            self.range = [value, value] if self.range is None else self.range
            _widen(self.range, value)
            self.whole = max(self.whole, len(str(abs(value))))
        elif kind_ == "decimal":
            digits = Decimal(text).as_tuple()
            exponent = digits.exponent if isinstance(digits.exponent, int) else 0
            self.scale = max(self.scale, -exponent)
            self.whole = max(self.whole, len(digits.digits) + exponent)
        elif kind_ == "bytes":
            _widen(self.bytes_, len(b64decode(text)))

    def type(self) -> str:
        """The column type that takes all values."""
        kinds = self.kinds
        if len(kinds) == 1:
            (only,) = kinds
            return COLUMNS.get(only, only)
        if kinds and kinds <= NUMBERS:
            return "float" if "float" in kinds else "decimal"
        return "datetime" if kinds == {"date", "datetime"} else "string"

    def to_json(self, entities: int) -> Told:
        type_ = self.type()
        told: Told = {"source_property": self.name, "name": self.name, "type": type_}
        if type_ == "string" and self.count:
            told |= {"min_size": self.sizes[0], "max_size": self.sizes[1]}
        elif type_ == "binary":
            told |= {"min_size": self.bytes_[0], "max_size": self.bytes_[1]}
        elif type_ == "integer" and self.range is not None:
            told |= {"min_value": self.range[0], "max_value": self.range[1]}
        elif type_ == "decimal":
            told |= {"precision": self.whole + self.scale, "scale": self.scale}
        key = self.name == "_id"
        told |= {"allow_null": self.count < entities, "primary_key": key, "index": False}
        if key:
            told["allow_null"] = False
        return told


def _widen(limits: list[int], value: int) -> None:
    limits[0] = min(limits[0], value)
    limits[1] = max(limits[1], value)
