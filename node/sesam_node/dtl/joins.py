"""What an expression depends on, which `eq` of a `where` are joins, and index expressions.

An `eq` joins when each side refers to exactly one of `_S` and the aliases, and the two differ.
Only one join counts between the same two; further ones, and all else, are filters on rows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.calls import function_of
from sesam_node.dtl.hop_specs import hop_specs
from sesam_node.dtl.syntax import Block, Call, HopSpec, Literal, Node, Path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sesam_node.dtl.registry import Function
    from sesam_node.dtl.syntax import RuleContext

HOPPING = ("hops", "apply-hops")


def references(node: Node, known: frozenset[str]) -> frozenset[str]:
    """Those of the `known` variables that a value depends on."""
    if isinstance(node, Path):
        return known & {node.variable}
    if isinstance(node, Block):
        return _all(node.items, known)
    if not isinstance(node, Call):
        return frozenset()
    found = function_of(node)
    if found is None:
        return _all(node.arguments, known)
    used: frozenset[str] = frozenset()
    for argument, slot in zip(node.arguments, found[1], strict=True):
        if slot.kind == "function-expression":
            used |= references(argument, known - {"_"})
        elif not slot.is_constant:
            used |= references(argument, known)
    if node.name in HOPPING:
        used |= _hop_references(node, known)
    return used


def _all(nodes: Iterable[Node], known: frozenset[str]) -> frozenset[str]:
    used: frozenset[str] = frozenset()
    for node in nodes:
        used |= references(node, known)
    return used


def _hop_references(call: Call, known: frozenset[str]) -> frozenset[str]:
    used: frozenset[str] = frozenset()
    visible = known
    for reader in hop_specs(call, 0 if call.name == "hops" else 1):
        if reader.spec is not None:
            inner = visible - frozenset(reader.spec.aliases)
            used |= _all(reader.spec.where, inner)
            if not isinstance(reader.spec.returned, tuple):
                used |= references(reader.spec.returned, inner)
        visible = known - {"_S"}  # from the second on, `_S` is what the one before found
    return used


@dataclass(frozen=True)
class Join:
    """An `eq` between two variables; `sides` maps each to its expression."""

    node: Node
    sides: dict[str, Node]

    @property
    def pair(self) -> frozenset[str]:
        return frozenset(self.sides)


@dataclass(frozen=True)
class Joins:
    """A `where` taken apart. `surplus` are the filters that repeat a join of the same two."""

    joins: tuple[Join, ...]
    filters: tuple[Node, ...]
    surplus: tuple[Node, ...]
    unconnected: tuple[str, ...]


def find_joins(spec: HopSpec) -> Joins:
    """The joins and filters of one specification, and the aliases that no join reaches."""
    ends = frozenset(["_S", *spec.aliases])
    joins: list[Join] = []
    filters: list[Node] = []
    surplus: list[Node] = []
    for node in spec.where:
        join = _join(node, ends)
        if join is None:
            filters.append(node)
        elif any(join.pair == other.pair for other in joins):
            filters.append(node)
            surplus.append(node)
        else:
            joins.append(join)
    reached = {"_S"}
    for _ in spec.aliases:
        for join in joins:
            if join.pair & reached:
                reached |= join.pair
    unconnected = tuple(alias for alias in spec.aliases if alias not in reached)
    return Joins(tuple(joins), tuple(filters), tuple(surplus), unconnected)


def _join(node: Node, ends: frozenset[str]) -> Join | None:
    if not isinstance(node, Call) or node.name != "eq" or len(node.arguments) != 2:
        return None
    left, right = node.arguments
    left_ends, right_ends = references(left, ends), references(right, ends)
    if len(left_ends) != 1 or len(right_ends) != 1 or left_ends == right_ends:
        return None
    return Join(node, {min(left_ends): left, min(right_ends): right})


def is_primary_key(node: Node) -> bool:
    """Is it `alias._id`?"""
    return isinstance(node, Path) and node.names == ("_id",)


def is_pure(node: Node, variable: str, known: frozenset[str]) -> bool:
    """Is it a function of one variable alone (and of constants)?"""
    return references(node, known | {"_"}) <= {variable} and all(
        entry.pure for entry in _functions(node)
    )


def _functions(node: Node) -> Iterator[Function]:
    if isinstance(node, Call):
        found = function_of(node)
        if found is None:
            return
        yield found[0]
        for argument, slot in zip(node.arguments, found[1], strict=True):
            if not slot.is_constant:
                yield from _functions(argument)


def index_text(
    node: Node, variable: str, context: RuleContext, known: frozenset[str]
) -> str | None:
    """The id of the index over an expression of one variable; None where it depends on more.

    It is JSON: the expression with the variable as `_S`, and the namespaces where they matter.
    """
    if not is_pure(node, variable, known):
        return None
    document: dict[str, Any] = {"expression": _renamed(node, variable, known)}
    needs_context = any(entry.context for entry in _functions(node))
    if context.namespaced or needs_context:
        document["namespaced"] = context.namespaced
        document["identity"] = context.identity_namespace
        document["property"] = context.property_namespace
    if needs_context:
        document["pipe"] = context.pipe_id
        document["namespaces"] = dict(context.namespaces)
    if len(document) == 1:
        return json.dumps(document["expression"], ensure_ascii=False, sort_keys=True)
    return json.dumps(document, ensure_ascii=False, sort_keys=True)


def _renamed(node: Node, variable: str, known: frozenset[str]) -> Any:
    if isinstance(node, Path):
        if node.variable == variable:
            return "_S." + node.raw[len(variable) + 1 :]
        return node.raw
    if isinstance(node, Literal):
        return node.raw
    if not isinstance(node, Call):
        return node.raw
    found = function_of(node)
    if found is None:
        return node.raw
    return [
        node.name,
        *(
            node.constant(position) if slot.is_constant else _renamed(argument, variable, known)
            for position, (argument, slot) in enumerate(zip(node.arguments, found[1], strict=True))
        ),
    ]
