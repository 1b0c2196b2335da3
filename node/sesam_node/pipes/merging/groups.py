"""Which live entities of a state are the same thing: groups, found by walking the equalities.

A walk goes breadth first from many entities at once and asks each index once a round, so that a
store far away is asked as seldom as a near one. A value that was asked for once is remembered: the
entities that share it are linked through it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_node.errors import PipeError, preview
from sesam_node.model import decode
from sesam_node.model.values import identity
from sesam_node.pipes.batch import PLACE_BITS
from sesam_node.pipes.merging.rules import PRIMARY_KEY, End

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sesam_node.model import Entity, Value
    from sesam_node.pipes.merging.rules import Rules
    from sesam_node.pipes.merging.view import View
    from sesam_node.store.api import Version

Member = tuple[int, str]
"""Position of the dataset, and id."""

Slot = tuple[int, str, "Value"]
"""Position, index and (a stand-in for) a key."""


UNKNOWN: Any = object()


class Group(NamedTuple):
    """Live entities that are one thing, in the order of their datasets, then of their ids.

    `first` is the (position, seq) of the one that a full run meets first. A deleted entity is a
    group of its own.
    """

    members: list[tuple[Member, Version, Entity]]
    first: tuple[int, int]
    deleted: bool = False

    @property
    def place(self) -> int:
        """The place of `first` in the order of a full run."""
        return self.first[0] << PLACE_BITS | self.first[1]

    def is_same(self, other: Group | None) -> bool:
        """Has the other the same members in the same versions?"""
        if other is None or other.deleted != self.deleted:
            return False
        if len(self.members) != len(other.members):
            return False
        return all(
            one[0] == two[0] and one[1][0] == two[1][0]
            for one, two in zip(self.members, other.members, strict=True)
        )


def lone(member: Member, version: Version) -> Group:
    """A deleted entity: it is merged with nothing and comes out alone."""
    first = (member[0], version.seq)
    return Group([(member, version, decode(version.body))], first, deleted=True)


class Node:
    """A member during a walk. Groups are rings: `ring` lists all of its own, shared by all."""

    __slots__ = ("entity", "member", "ring", "version")

    def __init__(self, member: Member, version: Version) -> None:
        self.member = member
        self.version = version
        self.entity: Entity = decode(version[2])
        self.ring: list[Node] = [self]


class Groups:
    """The groups of one state. `views` are its datasets by position, null where there is none.

    Raises PipeError where a group has more than `max_merged` members.
    """

    def __init__(self, rules: Rules, views: Sequence[View | None], max_merged: int | None) -> None:
        self._rules = rules
        self.views = views
        self._limit = max_merged

    def get(self, members: Iterable[Member]) -> dict[Member, Version]:
        """The versions of those members that are there, deleted ones too."""
        wanted: dict[int, dict[str, None]] = {}
        for position, entity_id in members:
            wanted.setdefault(position, {})[entity_id] = None
        found: dict[Member, Version] = {}
        for position, ids in wanted.items():
            view = self.views[position]
            if view is not None:
                for version in view.get_many(list(ids)):
                    if version is not None:
                        found[position, version[1]] = version
        return found

    def of(self, members: Iterable[Member]) -> dict[Member, Group]:
        """The group of each of these members that is live; the same object for all of a group."""
        versions = self.get(members)
        return self.of_versions(
            {member: version for member, version in versions.items() if not version[4]}
        )

    def of_versions(self, starts: dict[Member, Version], above: int = 0) -> dict[Member, Group]:
        """As `of`, where the live versions are at hand.

        Those that are linked with one of a dataset before the position `above` may be left out.
        """
        walk = _Walk(self._rules, self.views, self._limit)
        nodes = walk.walk(starts, above)
        groups: dict[int, Group] = {}
        found: dict[Member, Group] = {}
        for member, node in nodes.items():
            group = groups.get(id(node.ring))
            if group is None:
                group = groups[id(node.ring)] = _group(node.ring)
            found[member] = group
        return found


def _group(ring: list[Node]) -> Group:
    ring.sort(key=_by_member)
    first = min((node.member[0], node.version[0]) for node in ring)
    return Group([(node.member, node.version, node.entity) for node in ring], first)


def _by_member(node: Node) -> Member:
    return node.member


Asked = dict[End, dict["Value", tuple["Value", list[Node]]]]
"""By dataset and index the keys to look up, each with the nodes that ask for it."""


class _Walk:
    def __init__(self, rules: Rules, views: Sequence[View | None], limit: int | None) -> None:
        self._rules = rules
        self._views = views
        self._limit = limit
        self._nodes: dict[Member, Node] = {}
        self._slots: dict[Slot, Node | None] = {}

    def walk(self, starts: dict[Member, Version], above: int) -> dict[Member, Node]:
        nodes = self._nodes
        frontier = [Node(member, version) for member, version in starts.items()]
        if above:
            frontier = self._without_lower(frontier, above)
        for node in frontier:
            nodes[node.member] = node
        while frontier:
            frontier = self._round(frontier)
        return nodes

    def _round(self, frontier: list[Node]) -> list[Node]:
        """Follow the links of these; gives the members that were not known."""
        reached: list[Node] = []
        for slot, askers, row in self._answers(self._asked(frontier)):
            self._hit(slot, askers, row, reached)
        return reached

    def _without_lower(self, frontier: list[Node], position: int) -> list[Node]:
        """Those of one dataset that no link leads from to one before it: most groups end here."""
        dropped: set[Node] = set()
        for slot, askers, row in self._answers(self._asked(frontier, position)):
            if row:
                dropped.update(askers)
            else:
                self._slots[slot] = None
        return [node for node in frontier if node not in dropped]

    def _answers(self, asked: Asked) -> Iterator[tuple[Slot, list[Node], Sequence[Version]]]:
        """What the indexes have of each slot, and who asked."""
        for (position, index), slots in asked.items():
            view = self._views[position]
            keys = [key for key, _ in slots.values()]
            rows = _rows(view, index, keys) if view is not None else [[]] * len(keys)
            for (name, (_, askers)), row in zip(slots.items(), rows, strict=True):
                yield (position, index, name), askers, row

    def _asked(self, frontier: list[Node], below: int | None = None) -> Asked:
        """The slots that are new; only those of datasets before the position `below`, if any."""
        asked: Asked = {}
        slots, links_of, keys_of = self._slots, self._rules.links, self._rules.keys
        for node in frontier:
            for index, ends in links_of[node.member[0]].items():
                for key in keys_of[index](node.entity):
                    name = key if type(key) is str and key[:1] != "~" else identity(key)
                    for end in ends:
                        if below is not None and end[0] >= below:
                            continue
                        known = slots.get((*end, name), UNKNOWN)
                        if known is not UNKNOWN:
                            if known is not None:
                                self._join(known, node)
                            continue
                        new = asked.get(end)
                        if new is None:
                            new = asked[end] = {}
                        if name in new:
                            new[name][1].append(node)
                        else:
                            new[name] = (key, [node])
        return asked

    def _hit(
        self, slot: Slot, askers: list[Node], row: Sequence[Version], reached: list[Node]
    ) -> None:
        self._slots[slot] = askers[0] if row else None
        if not row:
            return
        position, nodes, first = slot[0], self._nodes, askers[0]
        for asker in askers[1:]:
            self._join(first, asker)
        for version in row:
            member = (position, version[1])
            node = nodes.get(member)
            if node is None:
                node = nodes[member] = Node(member, version)
                reached.append(node)
            self._join(first, node)

    def _join(self, one: Node, other: Node) -> None:
        if one.ring is other.ring:
            return
        large, small = one.ring, other.ring
        if len(large) < len(small):
            large, small = small, large
        large += small
        for node in small:
            node.ring = large
        if self._limit is not None and len(large) > self._limit:
            raise too_many(self._rules, self._limit, [node.member for node in large])


def too_many(rules: Rules, limit: int, members: Iterable[Member]) -> PipeError:
    """These members are one group, and more than `max_merged` allows."""
    place, entity_id = min(members)
    return PipeError(
        f'more than {limit} entities, as many as "max_merged" allows, are the same '
        f"as {preview(entity_id)} of {preview(rules.datasets[place])}; an equality "
        "links too much, or the limit is too low"
    )


def _rows(view: View, index: str, keys: list[Value]) -> list[list[Version]]:
    if index != PRIMARY_KEY:
        return view.lookup_many(index, keys)
    ids = [key for key in keys if type(key) is str and key]
    known = {
        version[1]: version
        for version in view.get_many(ids)
        if version is not None and not version[4]
    }
    return [[known[key]] if type(key) is str and key in known else [] for key in keys]
