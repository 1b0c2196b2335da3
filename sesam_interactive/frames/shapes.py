"""What JSON values look like before their tags are read: the schema by which lines are parsed.

Arrow's parser is strict: values that the schema does not hold are an error, never something else.
So what has once been parsed needs no second look; what fails widens the shape and is parsed again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from sesam_node.model.arrow.columns import MAX_FIELDS, MAX_LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LARGE: Final = 10**18
"""Integers from here on are no 64-bit integers in a frame."""

KINDS: Final = {bool: "boolean", int: "integer", float: "float", str: "text"}
NUMBERS: Final = {"integer", "float"}


@dataclass(slots=True)
class Shape:
    """The JSON type of a property: null, boolean, integer, float, text, list, struct or mixed.

    "mixed" has no parse schema: large integers, several types, what is nested too deeply.
    """

    kind: str = "null"
    inner: Shape | None = None
    fields: dict[str, Shape] = field(default_factory=dict)

    def add_all(self, values: Iterable[Any], level: int = 0) -> None:
        """Widen the shape by values; nulls say nothing."""
        present = [value for value in values if value is not None]
        for kind in set(map(type, present)):
            some: list[Any] = [value for value in present if type(value) is kind]
            if kind is dict or kind is list:
                self._add_nested(kind, some, level)
            else:
                self._become(KINDS[kind])
                if kind is int and (min(some) <= -LARGE or max(some) >= LARGE):
                    self.kind = "mixed"

    def _become(self, kind: str) -> None:
        if self.kind in ("null", kind):
            self.kind = kind
        else:
            self.kind = "float" if {self.kind, kind} == NUMBERS else "mixed"

    def _add_nested(self, kind: type, values: Sequence[Any], level: int) -> None:
        self._become("list" if kind is list else "struct")
        if level >= MAX_LEVELS:
            self.kind = "mixed"
        if self.kind == "list":
            self.inner = self.inner or Shape()
            self.inner.add_all(chain.from_iterable(values), level + 1)
        elif self.kind == "struct":
            for name in dict.fromkeys(chain.from_iterable(values)):
                inner = self.fields.setdefault(name, Shape())
                inner.add_all([value.get(name) for value in values], level + 1)
            if len(self.fields) > MAX_FIELDS:
                self.kind = "mixed"

    @property
    def is_mixed(self) -> bool:
        """Is something in it that has no type to be parsed by?"""
        if self.kind == "list":
            return self.inner is not None and self.inner.is_mixed
        return self.kind == "mixed" or any(inner.is_mixed for inner in self.fields.values())

    def arrow_type(self) -> Any:
        """The type that Arrow parses it by."""
        import pyarrow as pa

        if self.kind == "list":
            return pa.list_((self.inner or Shape()).arrow_type())
        if self.kind == "struct":
            return pa.struct([(name, inner.arrow_type()) for name, inner in self.fields.items()])
        plain = {
            "null": pa.null(),
            "boolean": pa.bool_(),
            "integer": pa.int64(),
            "float": pa.float64(),
            "text": pa.string(),
        }
        return plain[self.kind]
