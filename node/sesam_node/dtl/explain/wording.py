"""Expressions as people say them: `concat(_S.first, " ", _S.last)`, and what they read.

Paths stand bare, texts in quotes: that is what the JSON of an expression does not show.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.calls import function_of
from sesam_node.dtl.hop_specs import hop_specs
from sesam_node.dtl.joins import HOPPING
from sesam_node.dtl.parse import parse_node
from sesam_node.dtl.syntax import VARIABLES, Block, Call, Path
from sesam_node.errors import json_path, preview

if TYPE_CHECKING:
    from sesam_node.dtl.syntax import HopSpec, Node

LONG = 400
CONSTANT = 60
OPERATORS = frozenset("+-*/%^")
BARE = ("rule", "dataset", "namespace")
READING = ("apply", "lookup-entity", "completeness")
"""Impure functions whose reason to be so is told otherwise."""


def words(node: Node, known: frozenset[str] = VARIABLES) -> str:
    """An expression on one line of at most LONG characters; `known` are the variables in scope."""
    text = _words(node, known)
    if isinstance(node, Call) and node.name in OPERATORS and text[:1] == "(":
        text = text[1:-1]
    return text if len(text) <= LONG else text[: LONG - 3] + "..."


def _words(node: Node, known: frozenset[str]) -> str:
    if isinstance(node, Path) and node.variable in known:
        return node.raw.removesuffix(".")
    if isinstance(node, Block):
        return "; ".join(_words(item, known) for item in node.items)
    if not isinstance(node, Call):
        return preview(node.raw, CONSTANT)
    found = function_of(node)
    if found is None:
        return preview(node.raw, CONSTANT)
    parts: list[str] = []
    for position, (argument, slot) in enumerate(zip(node.arguments, found[1], strict=True)):
        if slot.kind == "hops-spec":
            continue
        raw = node.constant(position)
        if slot.is_constant:
            parts.append(str(raw) if slot.kind in BARE else preview(raw, CONSTANT))
        else:
            parts.append(_words(argument, known))
    if node.name in HOPPING:
        parts.extend(_hop_words(spec, known) for spec in specs_of(node))
    if node.name in OPERATORS and len(parts) > 1:
        return f"({f' {node.name} '.join(parts)})"
    return f"{node.name}({', '.join(parts)})"


def _hop_words(spec: HopSpec, known: frozenset[str]) -> str:
    """The datasets of a specification and what it returns; `hops` says how they are joined."""
    text = ", ".join(f"{dataset} {alias}" for alias, dataset in spec.aliases.items())
    if isinstance(spec.returned, tuple):
        if len(spec.aliases) > 1:
            text += f": {', '.join(spec.returned)}"
        return text
    return f"{text}: {_words(spec.returned, known | frozenset(spec.aliases))}"


def specs_of(call: Call) -> list[HopSpec]:
    """The specifications of a checked call of hops or apply-hops."""
    readers = hop_specs(call, 0 if call.name == "hops" else 1)
    return [reader.spec for reader in readers if reader.spec is not None]


def index_words(index: str) -> str:
    """The expression of an index id, with the properties of its entity by name: `customer`."""
    if not index:
        return "_id"
    document: Any = json.loads(index)
    if type(document) is dict:
        document = document["expression"]
    return words(_stripped(parse_node(document, ())))


def own_words(node: Node, alias: str, known: frozenset[str]) -> str:
    """An expression of one variable, whose properties stand by name alone."""
    return words(_stripped(node, alias), known)


def _stripped(node: Node, variable: str = "_S") -> Node:
    """The same expression with the paths of a variable made bare names."""
    if isinstance(node, Path) and node.variable == variable:
        bare = node.raw.partition(".")[2]
        return Path(node.at, bare or variable, "_S", node.names, node.value)
    if isinstance(node, Call):
        found = function_of(node)
        if found is None:
            return node
        arguments = tuple(
            argument if slot.is_constant else _stripped(argument, variable)
            for argument, slot in zip(node.arguments, found[1], strict=True)
        )
        return Call(node.at, node.raw, node.name, arguments, node.height)
    return node


@dataclass
class Reads:
    """What an expression depends on, each once, in order.

    `paths` are those of the variables, `properties` those of hopped datasets as `dataset.name`,
    `hops` JSON paths of hop calls, `other` what comes from outside: `now`, `uuid`.
    """

    paths: dict[str, None] = field(default_factory=dict)
    properties: dict[str, None] = field(default_factory=dict)
    datasets: dict[str, None] = field(default_factory=dict)
    hops: dict[str, None] = field(default_factory=dict)
    rules: dict[str, None] = field(default_factory=dict)
    other: dict[str, None] = field(default_factory=dict)

    def as_json(self) -> dict[str, list[str]]:
        """The lists that are not empty."""
        return {name: list(found) for name, found in vars(self).items() if found}


def reads(*nodes: Node) -> Reads:
    """What expressions read; of hops also the conditions."""
    found = Reads()
    for node in nodes:
        _reads(node, {}, found)
    return found


def _reads(node: Node, aliases: dict[str, str], found: Reads) -> None:
    if isinstance(node, Path):
        _read_path(node, aliases, found)
    slots = function_of(node) if isinstance(node, Call) else None
    if slots is None or not isinstance(node, Call):
        return
    entry = slots[0]
    for position, (argument, slot) in enumerate(zip(node.arguments, slots[1], strict=True)):
        if slot.kind == "rule":
            found.rules[str(node.constant(position))] = None
        elif slot.kind == "dataset":
            found.datasets[str(node.constant(position))] = None
        elif not slot.is_constant:
            _reads(argument, aliases, found)
    if node.name in HOPPING:
        _read_hops(node, aliases, found)
    elif not entry.pure and entry.name not in READING:
        found.other[entry.name] = None


def _read_path(node: Path, aliases: dict[str, str], found: Reads) -> None:
    if node.variable in aliases:
        place = node.raw.partition(".")[2]
        if place:
            found.properties[f"{aliases[node.variable]}.{place}"] = None
    elif node.variable in VARIABLES and node.variable != "_":
        found.paths[node.raw.removesuffix(".")] = None


def _read_hops(node: Call, aliases: dict[str, str], found: Reads) -> None:
    found.hops[json_path(node.at)] = None
    for spec in specs_of(node):
        found.datasets.update(dict.fromkeys(spec.aliases.values()))
        inner = {**aliases, **spec.aliases}
        for condition in spec.where:
            _reads(condition, inner, found)
        if not isinstance(spec.returned, tuple):
            _reads(spec.returned, inner, found)
