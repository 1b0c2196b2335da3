"""The tree of a rule set. Every node knows its JSON path (`at`) and the JSON it was read from.

What a node means depends on where it stands: a `Path` whose variable is not in scope is text, a
`Block` is a list of transforms where transforms are expected and an error elsewhere. The parser
knows shapes only, `check` decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.dtl.schema import Schema
    from sesam_node.model.values import Value

At = tuple[str | int, ...]

VARIABLES = frozenset(["_S", "_T", "_P", "_R", "_B", "_"])
"""The variables that every rule knows; aliases of hops come on top."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    at: At
    raw: Any
    value: Value
    height: int = 0


@dataclass(frozen=True, slots=True)
class Path:
    """A string `variable.name.name`; text where the variable is not in scope.

    `problem` says what is wrong with the path, if anything.
    """

    at: At
    raw: str
    variable: str
    names: tuple[str, ...]
    value: str
    problem: str = ""
    height: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """`[name, argument..]`: a function in an expression, a transform in a block."""

    at: At
    raw: list[Any]
    name: str
    arguments: tuple[Node, ...]
    height: int

    def constant(self, position: int) -> Any:
        """The JSON of an argument that must be a constant."""
        return self.raw[position + 1]


@dataclass(frozen=True, slots=True)
class Block:
    """A list that begins with a list, or is empty: transforms in order."""

    at: At
    raw: list[Any]
    items: tuple[Node, ...]
    height: int


@dataclass(frozen=True, slots=True)
class Malformed:
    """Something that has no meaning anywhere; `check` reports it where it would be evaluated."""

    at: At
    raw: Any
    code: str
    message: str
    hint: str = ""
    height: int = 0


Node = Literal | Path | Call | Block | Malformed


@dataclass(frozen=True)
class Rules:
    """A rule set: the block of each rule, or what is wrong with it."""

    at: At
    rules: Mapping[str, Block | Malformed]


@dataclass(frozen=True)
class HopSpec:
    """One specification of `hops`. `aliases` maps each alias to its dataset, in order.

    `returned` is a tuple of aliases, or a node that is evaluated for each row.
    """

    at: At
    aliases: Mapping[str, str]
    where: tuple[Node, ...]
    returned: tuple[str, ...] | Node
    recurse: bool = False
    max_depth: int | None = 10
    exclude_root: bool = False
    subsets: Mapping[str, tuple[Node, Value]] = field(default_factory=dict)
    track: bool = True


@dataclass(frozen=True)
class RuleContext:
    """What a rule set is compiled for: its pipe's id, namespaces and surroundings.

    `namespaced` turns the resolution of namespaced names on; `namespaces` are declared prefixes of
    URIs. `source_dataset` is where the source entities come from, where that is one dataset.
    `datasets` are the names that hops may use; None accepts any. `schema` is what the source
    entities look like: the checker then warns of properties that none of them has.
    """

    pipe_id: str = ""
    namespaced: bool = False
    identity_namespace: str | None = None
    property_namespace: str | None = None
    namespaces: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    id_required: bool = True
    source_dataset: str | None = None
    datasets: frozenset[str] | None = None
    schema: Schema | None = None
