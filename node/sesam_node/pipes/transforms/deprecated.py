"""Transforms that the manual has given up; a DTL transform does what they did.

Those that say all of what they do run; the two that need the registry of RDF prefixes, which is no
part of this node, are checked only.
"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any, ClassVar

from sesam_node.errors import PipeError, Problem, preview
from sesam_node.model.values import as_string, kind, plain_text
from sesam_node.pipes.component import Option, declare_transform, transform
from sesam_node.pipes.transforms.in_place import InPlaceTransform
from sesam_node.pipes.transforms.without_datasets import WithoutDatasets
from sesam_node.pipes.trigger import TRIGGER

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.dtl import Runtime
    from sesam_node.model import Entity, Value
    from sesam_node.pipes.batch import Context

_INSTEAD = "use a dtl transform"
RECURSE = Option("recurse", "boolean", default=False, doc="the keys of nested objects, too?")


class KeysTransform(InPlaceTransform):
    """The base of those that change the case of keys; of keys that become one the last counts.

    Keys of the entity itself that begin with `_` or `$` mean something to the node, and stay.
    """

    case: ClassVar[Callable[[str], str]]

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        super().__init__(options, context)
        self._recurse: bool = options["recurse"]

    def changed(self, entity: Entity) -> Entity:
        case = type(self).case
        return {
            name if name[:1] in ("_", "$") else case(name): self._value(value)
            for name, value in entity.items()
        }

    def _value(self, value: Value) -> Value:
        if not self._recurse:
            return value
        if isinstance(value, list):
            return [self._value(item) for item in value]
        if isinstance(value, dict):
            case = type(self).case
            return {case(name): self._value(item) for name, item in value.items()}
        return value


@transform("lower_keys", RECURSE, TRIGGER, deprecated=_INSTEAD)
class LowerKeys(KeysTransform):
    """Property names in lower case."""

    case = str.lower


@transform("upper_keys", RECURSE, TRIGGER, deprecated=_INSTEAD)
class UpperKeys(KeysTransform):
    """Property names in upper case."""

    case = str.upper


@transform(
    "undirected_graph",
    Option("nodes", "string-list", ["_id", "sameAs"], "the properties that hold the nodes"),
    Option("from", "string", "from", "the property that takes where an edge begins"),
    Option("to", "string", "to", "the property that takes where it ends"),
    deprecated=_INSTEAD,
)
class UndirectedGraph(WithoutDatasets):
    """Instead of an entity the edges between all of its nodes, in both directions."""

    emits_own_id = False
    keeps_deletes = True

    def __init__(self, options: dict[str, Any], _context: Context) -> None:
        self._nodes: list[str] = options["nodes"]
        self._from: str = options["from"]
        self._to: str = options["to"]

    def bind(self, _runtime: Runtime) -> Callable[[Entity, list[Entity]], None]:
        return self._edges

    def _edges(self, entity: Entity, out: list[Entity]) -> None:
        """Append the edges; those of a deleted entity are deleted. Raises PipeError."""
        gone = {"_deleted": True} if entity.get("_deleted") is True else {}
        found = dict.fromkeys(node for name in self._nodes for node in _nodes(entity, name))
        for start, end in permutations(found, 2):
            entity_id = as_string(f"{plain_text(start)}.{plain_text(end)}")
            out.append({"_id": entity_id, self._from: start, self._to: end, **gone})


def _nodes(entity: Entity, name: str) -> list[str]:
    """The nodes that a property holds. Raises PipeError for what is neither text nor URI."""
    value = entity.get(name)
    values = value if isinstance(value, list) else [value]
    for one in values:
        if one is not None and kind(one) not in ("string", "uri"):
            problem = Problem(
                f"$.{name}",
                "wrong-type",
                f"expected text or a URI as node of a graph, got {preview(one)}",
                "leave it out in DTL",
            )
            raise PipeError(f"no graph can be made of entity {preview(entity['_id'])}", [problem])
    return [one for one in values if one is not None]


declare_transform(
    "properties_to_curies",
    Option("rule", "string", None, "the entry of the registry that has the prefixes"),
    Option("id", "string", None, "the prefix of _id"),
    Option("properties", "array", None, "prefixes, each with a list of patterns behind it"),
    Option("quote_safe_characters", "string", "/", "characters that are not quoted"),
    doc="Property names as compact URIs.",
    deprecated=_INSTEAD,
)
declare_transform(
    "uris_to_curies",
    Option("prefix_includes", "string-list", None, "entries of the registry that have prefixes"),
    doc="URIs as compact URIs.",
    deprecated=_INSTEAD,
)
