"""Property names under namespaced identifiers: which properties a name reads, where it writes.

Written names get the property namespace unless they are qualified, escaped or reserved. A name
that reads is exact when it is qualified or escaped; else it stands for that identifier in every
namespace, none included. The last colon separates. Without namespaced identifiers a name is text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.registry import EXPRESSIONS
from sesam_node.dtl.wildcards import has_wildcards, wildcard
from sesam_node.model.namespaces import split_name

if TYPE_CHECKING:
    from sesam_node.dtl.syntax import RuleContext
    from sesam_node.model.values import Entity, Value

MAX_CACHED = 4096


def written_name(name: str, context: RuleContext) -> str:
    """The property that `add name` sets."""
    if not context.namespaced or name[:1] in ("_", "$"):
        return name
    if name[:2] == "::":
        return name[2:]
    namespace = context.property_namespace
    plain = name.removeprefix(":")
    if ":" in plain or not namespace:
        return plain
    return f"{namespace}:{plain}"


def read_name(name: str, context: RuleContext) -> str | None:
    """The one property that a name reads, or None where it reads across namespaces."""
    if not context.namespaced or name[:1] in ("_", "$"):
        return name
    if name[:2] == "::":
        return name[2:]
    if name[:1] == ":":
        return written_name(name, context)
    return name if ":" in name else None


class Everywhere:
    """Reads an identifier in every namespace of a dict; remembers the names by shape of dict."""

    __slots__ = ("identifier", "shapes", "suffix")

    def __init__(self, identifier: str) -> None:
        self.identifier = identifier
        self.suffix = ":" + identifier
        self.shapes: dict[tuple[str, ...], tuple[str, ...]] = {}

    def names(self, entity: Entity) -> tuple[str, ...]:
        """The properties of a dict with this identifier, sorted."""
        shape = tuple(entity)
        names = self.shapes.get(shape)
        if names is None:
            names = tuple(
                sorted(
                    name for name in shape if name == self.identifier or name.endswith(self.suffix)
                )
            )
            if len(self.shapes) >= MAX_CACHED:
                self.shapes.clear()
            self.shapes[shape] = names
        return names

    def __call__(self, entity: Entity) -> Value:
        """The value of the one such property, or all their values as a flat list."""
        names = self.names(entity)
        if not names:
            return None
        if len(names) == 1:
            return entity[names[0]]
        found: list[Value] = []
        for name in names:
            value = entity[name]
            if type(value) is list:
                found.extend(value)
            elif value is not None:
                found.append(value)
        return found


class Identities:
    """Reads `$ids`: the stored ones, else the `_id` as a namespaced identifier."""

    __slots__ = ("namespace",)

    def __init__(self, namespace: str | None) -> None:
        self.namespace = namespace

    def __call__(self, entity: Entity) -> Value:
        if "$ids" in entity:
            return entity["$ids"]
        entity_id = entity.get("_id")
        if type(entity_id) is not str:
            return None
        if ":" in entity_id or not self.namespace:
            return [f"~:{entity_id}"]
        return [f"~:{self.namespace}:{entity_id}"]


Reader = Callable[[Any], Any]


def reader(name: str, context: RuleContext) -> str | Reader:
    """How a step of a path reads a dict: by one property name, or through a callable."""
    if context.namespaced and name == "$ids":
        return Identities(context.identity_namespace)
    exact = read_name(name, context)
    return Everywhere(name) if exact is None else exact


def walk_with(value: Value, read: Reader) -> Value:
    """One step of a path through a callable: as `runtime.walk`."""
    if type(value) is dict:
        return read(value)
    if type(value) is not list:
        return None
    found: list[Value] = []
    for item in value:
        result = walk_with(item, read)
        if type(result) is list:
            found.extend(result)
        elif result is not None:
            found.append(result)
    return found


def patterns_of(raw: Any) -> list[Any]:
    """The patterns that an argument stands for: one, `["list", ...]`, or a list of them alone.

    A list that begins with the name of another function is one pattern, and none that is valid.
    """
    if type(raw) is not list or not raw:
        return [raw]
    if raw[0] == "list":
        return raw[1:]
    plain = all(type(pattern) is str for pattern in raw) and raw[0] not in EXPRESSIONS
    return raw if plain else [raw]


def _matcher(pattern: str, context: RuleContext) -> Callable[[str], bool]:
    exact = read_name(pattern, context)
    if exact is not None and not has_wildcards(exact):
        return exact.__eq__
    if not context.namespaced:
        matches = wildcard(pattern)
        return lambda name: matches(name) is not None
    # Namespace and identifier are matched apart; an unqualified pattern crosses namespaces.
    namespace, identifier = split_name(pattern if exact is None else exact)
    identifies = wildcard(identifier)
    within = None if namespace is None else wildcard(namespace)
    plain_only = pattern[:2] == "::" and within is None

    def qualified(name: str) -> bool:
        found, rest = split_name(name)
        if plain_only and found is not None:
            return False
        if within is not None and (found is None or within(found) is None):
            return False
        return identifies(rest) is not None

    return qualified


class Selection(dict[str, bool]):
    """`selection[name]`: does a property match one of the patterns, and none of those excluded?"""

    def __init__(self, include: list[str], exclude: list[str], context: RuleContext) -> None:
        super().__init__()
        self.include = [_matcher(pattern, context) for pattern in include]
        self.exclude = [_matcher(pattern, context) for pattern in exclude]

    def __missing__(self, name: str) -> bool:
        chosen = any(matches(name) for matches in self.include) and not any(
            matches(name) for matches in self.exclude
        )
        if len(self) >= MAX_CACHED:
            self.clear()
        self[name] = chosen
        return chosen
