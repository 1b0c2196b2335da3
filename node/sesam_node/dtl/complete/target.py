"""What the transforms before a place have put into the target entity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl.complete.place import Place, call_name, text_at
from sesam_node.dtl.registry import TRANSFORMS
from sesam_node.dtl.schema import Property
from sesam_node.dtl.wildcards import has_wildcards, wildcard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sesam_node.dtl.complete.shapes import Shapes
    from sesam_node.dtl.schema import Shape
    from sesam_node.dtl.written_text import Written


def write_before(shapes: Shapes, block: Written, place: Place, found: dict[str, Property]) -> None:
    """Put the properties that `_T` may have at a place of a rule into `found`, in order."""
    _Target(shapes, place, found).block(block)


class _Target:
    def __init__(self, shapes: Shapes, place: Place, found: dict[str, Property]) -> None:
        self.shapes = shapes
        self.place = place
        self.found = found
        self.source = by_name(shapes.of_rule(place.rule))

    def block(self, block: Written) -> None:
        """Transforms that stand before the place, and those around it as far as they do."""
        for node in [block] if call_name(block) else block.items:
            if node.start >= self.place.offset:
                return
            for item in node.items:
                # The branches of `if` and `case`: one of them may have run.
                if item.kind == "list" and item.items and item.items[0].kind == "list":
                    self.block(item)
            name = call_name(node) or ""
            over = self.place.offset > node.end or (self.place.offset == node.end and node.closed)
            if over and name in TRANSFORMS and name in WRITES:
                WRITES[name](self, node)

    def drop(self, patterns: Sequence[str]) -> None:
        for name in [name for name in self.found if _matches(name, patterns)]:
            del self.found[name]

    def add(self, node: Written) -> None:
        shapes = []
        if len(node.items) > 2:
            shapes = self.shapes.of_expression(node.items[-1], self.place)
        for name in texts_at(node, 1):
            self.found[name] = _made(name, shapes)

    def copy(self, node: Written) -> None:
        included, excluded = texts_at(node, 1), texts_at(node, 2)
        copied = {name: _made(name) for name in included if not has_wildcards(name)}
        copied |= {n: seen for n, seen in self.source.items() if _matches(n, included)}
        self.found |= {n: seen for n, seen in copied.items() if not _matches(n, excluded)}

    def rename(self, node: Written) -> None:
        for old, new in zip(texts_at(node, 1), texts_at(node, 2), strict=False):
            shape = self.source[old].shape if old in self.source else None
            self.found[new] = _made(new, [shape] if shape else [])

    def make_ni(self, node: Written) -> None:
        name = text_at(node, 3) or f"{text_at(node, 2)}-ni"
        self.found[name] = _made(name)

    def remove(self, node: Written) -> None:
        self.drop(texts_at(node, 1))

    def merge(self, node: Written) -> None:
        if len(node.items) > 1:
            value = node.items[1]
            self.found |= by_name(self.shapes.of_expression(value, self.place))
            if call_name(value) == "dict":
                names = [str(key.value) for key in value.items[1::2] if key.kind == "string"]
                self.found |= {name: _made(name) for name in names}


WRITES: Mapping[str, Callable[[_Target, Written], None]] = {
    "add": _Target.add,
    "add-if": _Target.add,
    "default": _Target.add,
    "copy": _Target.copy,
    "rename": _Target.rename,
    "make-ni": _Target.make_ni,
    "remove": _Target.remove,
    "merge": _Target.merge,
    "merge-union": _Target.merge,
}


def by_name(shapes: Sequence[Shape]) -> dict[str, Property]:
    """The properties of these dicts; of a name that several have the first."""
    found: dict[str, Property] = {}
    for shape in shapes:
        for one in shape.properties:
            found.setdefault(one.name, one)
    return found


def texts_at(node: Written, position: int) -> list[str]:
    """The constant names or patterns of an argument: one, or those of a list."""
    if position >= len(node.items):
        return []
    argument = node.items[position]
    if argument.kind == "string":
        return [str(argument.value)]
    items = argument.items[1:] if call_name(argument) == "list" else argument.items
    return [str(item.value) for item in items if item.kind == "string"]


def _made(name: str, shapes: Sequence[Shape] = ()) -> Property:
    """A property that a transform writes: its values were not seen."""
    return Property(name, 0, 0.0, (), shape=shapes[0] if shapes else None)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(wildcard(pattern)(name) is not None for pattern in patterns)
