"""Triples as entities, and entities as triples.

Each subject with a URI is an entity, its predicates are the properties; blank nodes are dicts
inside it, collections `{"@list": […]}`. A blank node that several statements name is told in each
of those places. The way back gives the same triples, but for the names of blank nodes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sesam_node.errors import InputError, PipeError, Problem, json_path, preview
from sesam_node.model.values import sort_key
from sesam_node.pipes.rdf.terms import (
    BLANK,
    FIRST,
    NIL,
    REST,
    Literal,
    absolute_iri,
    is_blank,
)
from sesam_node.pipes.rdf.values import (
    LIST,
    is_literal,
    read_literal,
    written_literal,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from sesam_node.model import Entity, Value
    from sesam_node.pipes.rdf.names import Names
    from sesam_node.pipes.rdf.terms import Term, Triple

DEEPEST = 64
MOST_VALUES = 100_000
"""Values inside the blank nodes of one entity. Each node may be told many times, so that a short
text could mean a lot."""


class Graph:
    """Statements by subject, each once, in the order they came in."""

    def __init__(self, triples: Iterable[Triple] = ()) -> None:
        self._about: dict[str, dict[tuple[str, Term], None]] = {}
        for triple in triples:
            self.add(triple)

    def add(self, triple: Triple) -> None:
        subject, predicate, value = triple
        self._about.setdefault(subject, {})[predicate, value] = None

    def subjects(self) -> Iterator[str]:
        """Those that are URIs."""
        return (subject for subject in self._about if not is_blank(subject))

    def about(self, subject: str) -> Collection[tuple[str, Term]]:
        """What is said of a subject: predicate and object."""
        return self._about.get(subject, {}).keys()


@dataclass(slots=True)
class Reader:
    """Makes entities of statements. `sort_lists` puts values of one predicate in order."""

    names: Names
    sort_lists: bool = True
    exact: bool = True
    _path: list[str] = field(default_factory=list)
    _inside: int = 0

    def entities(self, graph: Graph) -> Iterator[Entity]:
        """Every subject that is a URI. Raises InputError."""
        return (self.entity(graph, subject) for subject in graph.subjects())

    def entity(self, graph: Graph, subject: str) -> Entity:
        """A subject; deleted where nothing is said of it. Raises InputError."""
        self._path, self._inside = [], 0
        entity: Entity = {"_id": self.names.name(subject)}
        try:
            properties = self._properties(graph, subject)
        except InputError as error:
            message = f"the subject <{subject}> cannot be read"
            raise InputError(message, error.problems) from None
        return entity | (properties or {"_deleted": True})

    def _properties(self, graph: Graph, subject: str) -> Entity:
        found: dict[str, list[Value]] = {}
        for predicate, value in graph.about(subject):
            name = self.names.property_name(predicate)
            found.setdefault(name, []).append(self._value(graph, value))
        for values in found.values():
            if self.sort_lists and len(values) > 1:
                values.sort(key=sort_key)
        return {n: values[0] if len(values) == 1 else values for n, values in found.items()}

    def _value(self, graph: Graph, term: Term) -> Value:
        self._inside += bool(self._path)
        if isinstance(term, Literal):
            return read_literal(term, exact=self.exact)
        if not is_blank(term):
            return self.names.value(term)
        if term in self._path:
            raise _tangled("a blank node leads back to itself", "name it by a URI")
        if len(self._path) >= DEEPEST or self._inside > MOST_VALUES:
            raise _tangled(
                f"its blank nodes are nested more than {DEEPEST} deep, or hold more than "
                f"{MOST_VALUES:,} values",
                "name those by URIs that are used in many places",
            )
        self._path.append(term)
        try:
            items = collection(graph, term)
            if items is not None:
                return {LIST: [self._value(graph, item) for item in items]}
            return self._properties(graph, term)
        finally:
            self._path.pop()


def collection(graph: Graph, node: str) -> list[Term] | None:
    """The items of a well-formed RDF collection that begins at a node; null for another node."""
    items: list[Term] = []
    met = set()
    while node != NIL:
        said = graph.about(node)
        links = dict(said)
        if len(said) != len(links) or links.keys() != {FIRST, REST}:
            return None
        rest = links[REST]
        if node in met or isinstance(rest, Literal) or not (is_blank(rest) or rest == NIL):
            return None
        met.add(node)
        items.append(links[FIRST])
        node = rest
    return items


def _tangled(message: str, hint: str) -> InputError:
    return InputError("", [Problem("", "tangled-rdf", message, hint)])


class Writer:
    """Makes statements of entities; blank nodes are numbered through all that it writes."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._nodes = 0

    def subject(self, entity: Entity) -> str:
        """The IRI of an entity. Raises PipeError."""
        try:
            return self._names.iri(entity["_id"])
        except ValueError as error:
            raise _refused(entity, ["_id"], error) from None

    def triples(self, entity: Entity) -> list[Triple]:
        """What is said of an entity, none of a deleted one. Raises PipeError."""
        if entity.get("_deleted") is True:
            return []
        out: list[Triple] = []
        path: list[str | int] = []
        try:
            self._properties(self.subject(entity), entity, out, path)
        except ValueError as error:
            raise _refused(entity, path, error) from None
        return out

    def _properties(
        self, subject: str, value: Mapping[str, Value], out: list[Triple], path: list[str | int]
    ) -> None:
        for name, item in value.items():
            if name[:1] not in "_$":
                path.append(name)
                predicate = self._names.property_iri(name)
                for one in item if type(item) is list else [item]:
                    if one is not None:
                        out.append((subject, predicate, ""))
                        place = len(out) - 1
                        # The statement stands before those of the blank node that it leads to.
                        out[place] = (subject, predicate, self._term(one, out, path))
                path.pop()

    def _term(self, value: Value, out: list[Triple], path: list[str | int]) -> Term:
        if type(value) is list:
            return self._collection(value, out, path)
        if type(value) is dict:
            if is_literal(value):
                return written_literal(value)
            if value.keys() == {LIST} and type(value[LIST]) is list:
                return self._collection(value[LIST], out, path)
            if len(path) > 2 * DEEPEST:
                raise ValueError(f"it is nested more than {2 * DEEPEST} deep")
            node = self._node()
            self._properties(node, value, out, path)
            return node
        if type(value) is str and value[:2] == "~r":
            return absolute_iri(value[2:])
        if type(value) is str and value[:2] == "~:":
            return self._names.iri(value[2:])
        return written_literal(value)

    def _collection(self, values: list[Value], out: list[Triple], path: list[str | int]) -> Term:
        items = [item for item in values if item is not None]
        if len(path) > 2 * DEEPEST:
            raise ValueError(f"it is nested more than {2 * DEEPEST} deep")
        nodes = [self._node() for _ in items]
        for position, item in enumerate(items):
            path.append(position)
            rest = nodes[position + 1] if position + 1 < len(nodes) else NIL
            term = self._term(item, out, path)
            out += [(nodes[position], FIRST, term), (nodes[position], REST, rest)]
            path.pop()
        return nodes[0] if nodes else NIL

    def _node(self) -> str:
        self._nodes += 1
        return f"{BLANK}x{self._nodes}"


def _refused(entity: Entity, path: list[str | int], error: Exception) -> PipeError:
    problem = Problem(json_path(path), "refused-value", str(error))
    return PipeError(f"the entity {preview(entity.get('_id'))} cannot be written as RDF", [problem])
