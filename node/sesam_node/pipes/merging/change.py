"""What changes from one state of the member datasets to another.

All that is connected with a changed entity, in either state, is found by one walk: an entity that
is the same in both is read, decoded and looked up once, and an index is asked once for a key,
whoever has it when. What the walk has met is then parted into the groups of each state, which asks
the store for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.model import decode
from sesam_node.model.values import identity
from sesam_node.pipes.batch import GONE
from sesam_node.pipes.merging.groups import Group, lone, too_many
from sesam_node.pipes.merging.outcome import Output, by_first
from sesam_node.pipes.merging.rules import PRIMARY_KEY
from sesam_node.pipes.merging.view import NOBODY, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sesam_node.model import Entity, Value
    from sesam_node.pipes.merging.combine import Combiner
    from sesam_node.pipes.merging.groups import Member
    from sesam_node.pipes.merging.rules import End, Rules
    from sesam_node.pipes.merging.view import TwoViews
    from sesam_node.store.api import Version

    Versions = tuple[Version | None, Version | None]

OLD, NEW, BOTH = 0, 1, 2
LIMIT_CHECKED = 1_000
NOWHERE = (None, None)


class Node:
    """A member in both states; `entities` are those of the live versions, else null.

    `distinct` are the live ones, each with its state; BOTH where it is the same one.
    """

    __slots__ = ("distinct", "entities", "member", "versions")

    def __init__(self, member: Member, versions: Versions) -> None:
        self.member = member
        self.versions = versions
        old, new = versions
        self.distinct: list[tuple[int, Entity]] = []
        before: Entity | None = None
        if old is not None and not old[4]:
            before = decode(old[2])
            same = new is not None and new[0] == old[0]
            self.distinct.append((BOTH if same else OLD, before))
            if same:
                self.entities = (before, before)
                return
        after: Entity | None = None
        if new is not None and not new[4]:
            after = decode(new[2])
            self.distinct.append((NEW, after))
        self.entities = (before, after)


class Slot:
    """A key in an index: who asks for it, by state, and which members have it, in each state."""

    __slots__ = ("askers", "rows")

    def __init__(self) -> None:
        self.askers: tuple[list[Member], list[Member], list[Member]] = ([], [], [])
        self.rows: tuple[Sequence[Member], Sequence[Member]] = ((), ())


class Change:
    """What comes out when the old state of the datasets becomes the new one.

    `views` are the datasets by position. Raises PipeError where a group has more than `limit`
    members.
    """

    def __init__(
        self, rules: Rules, views: Sequence[TwoViews], combiner: Combiner, limit: int | None
    ) -> None:
        self._rules = rules
        self._views = views
        self._combiner = combiner
        self._limit = limit

    def outputs(self, changed: Mapping[Member, Versions]) -> tuple[list[Output], set[Member]]:
        """Deletes of what is no longer, then what is new or other, in the order of a full run.

        All that these changed members have a part in, before or after; the second value tells
        which members that were.
        """
        walk = _Walk(self._rules, self._views, self._limit, names=not self._combiner.composite)
        nodes = walk.walk(changed)
        old, new = self._outcome(walk, OLD), self._outcome(walk, NEW)
        # Deleted ones too: rules may have made something of them that lives.
        gone = [group for name, group in old.items() if name not in new]
        outputs = [
            Output(self._combiner.replaced(group, lives_on=_lives_on(group, nodes)), GONE)
            for group in sorted(gone, key=by_first)
        ]
        now = [group for name, group in new.items() if not group.is_same(old.get(name))]
        now.sort(key=by_first)
        entity = self._combiner.entity
        outputs += [Output(entity(group), group.place) for group in now]
        return outputs, set(nodes)

    def _outcome(self, walk: _Walk, state: int) -> dict[str, Group]:
        """The groups of a state by the id that they come out under; see `outcome`."""
        found: dict[str, Group] = {}
        live: set[str] = set()
        first = not self._combiner.composite
        groups = walk.groups(state)
        if first:
            # What comes out under an id that several begin with is that of the last dataset.
            groups.sort(key=_by_first_member)
        for group in groups:
            found[self._combiner.entity_id(group)] = group
            if first:
                live.update([name for (_, name), _, _ in group.members])
        dead = [
            (node.member, version)
            for node in walk.nodes.values()
            if (version := node.versions[state]) is not None and version[4]
        ]
        for member, version in sorted(dead, reverse=first):
            if first:
                if member[1] not in live:
                    found[member[1]] = lone(member, version)
            else:
                group = lone(member, version)
                found[self._combiner.entity_id(group)] = group
        return found


def _by_first_member(group: Group) -> Member:
    return group.members[0][0]


def _lives_on(group: Group, nodes: Mapping[Member, Node]) -> bool:
    """Is one of its members live?"""
    return any(nodes[member].entities[NEW] is not None for member, _, _ in group.members)


class _Walk:
    """Finds all that is connected in either state.

    With `names` entities of several datasets that have the same id are, too.
    """

    def __init__(
        self, rules: Rules, views: Sequence[TwoViews], limit: int | None, *, names: bool
    ) -> None:
        self._rules = rules
        self._views = views
        self._limit = limit
        self._checked = max(LIMIT_CHECKED, 2 * (limit or 0))
        self._positions = range(len(views)) if names and len(views) > 1 else None
        self.nodes: dict[Member, Node] = {}
        self._absent: set[Member] = set()
        self._slots: dict[End, dict[Value, Slot]] = {
            end: {} for links in rules.links for ends in links.values() for end in ends
        }

    def walk(self, changed: Mapping[Member, Versions]) -> dict[Member, Node]:
        """The nodes of all members that are connected with these."""
        nodes = self.nodes
        frontier = [Node(member, versions) for member, versions in changed.items()]
        while frontier:
            for node in frontier:
                nodes[node.member] = node
            reached: dict[Member, Versions | None] = {}
            for end, keys in self._asked(frontier).items():
                self._look_up(end, keys, reached)
            if self._positions is not None:
                self._namesakes(frontier, reached)
            frontier = self._met(reached)
            if self._limit is not None and len(nodes) > self._checked:
                # Before a group that is too large has been read as a whole.
                self._checked = 2 * len(nodes)
                self.groups(OLD)
                self.groups(NEW)
        return nodes

    def _asked(self, frontier: Iterable[Node]) -> dict[End, dict[Value, Value]]:
        """By dataset and index the keys that are new, by their stand-ins."""
        asked: dict[End, dict[Value, Value]] = {}
        links_of, keys_of, slots_of = self._rules.links, self._rules.keys, self._slots
        for node in frontier:
            member = node.member
            for index, ends in links_of[member[0]].items():
                for state, entity in node.distinct:
                    for key in keys_of[index](entity):
                        name = key if type(key) is str and key[:1] != "~" else identity(key)
                        for end in ends:
                            slots = slots_of[end]
                            slot = slots.get(name)
                            if slot is None:
                                slot = slots[name] = Slot()
                                asked.setdefault(end, {})[name] = key
                            slot.askers[state].append(member)
        return asked

    def _look_up(
        self, end: End, keys: Mapping[Value, Value], reached: dict[Member, Versions | None]
    ) -> None:
        """Answer the slots of one index; who is met there for the first time is `reached`."""
        position, index = end
        view, nodes = self._views[position], self.nodes
        known: dict[str, Versions] = {}
        if index == PRIMARY_KEY:
            rows = _by_id(view, keys, known)
        else:
            rows = view.lookup_many(index, keys, known)
        slots = self._slots[end]
        for name, row in zip(keys, rows, strict=True):
            if row is NOBODY:
                continue
            old = [(position, entity_id) for entity_id in row.old]
            new = old if row.new == row.old else [(position, entity_id) for entity_id in row.new]
            slots[name].rows = (old, new)
            for member in old if new is old else old + new:
                if member not in nodes:
                    versions = known.get(member[1])
                    if versions is not None or member not in reached:
                        reached[member] = versions

    def _namesakes(self, frontier: Iterable[Node], reached: dict[Member, Versions | None]) -> None:
        nodes, absent = self.nodes, self._absent
        for node in frontier:
            name = node.member[1]
            for place in self._positions or ():
                member = (place, name)
                if member not in nodes and member not in absent and member not in reached:
                    reached[member] = None

    def _met(self, reached: Mapping[Member, Versions | None]) -> list[Node]:
        """Nodes of those that are there in one of the states."""
        unknown: dict[int, list[str]] = {}
        found: list[Node] = []
        for member, versions in reached.items():
            if versions is None:
                unknown.setdefault(member[0], []).append(member[1])
            else:
                found.append(Node(member, versions))
        for position, ids in unknown.items():
            for name, versions in zip(ids, self._views[position].get_many(ids), strict=True):
                if versions == NOWHERE:
                    self._absent.add((position, name))
                else:
                    found.append(Node((position, name), versions))
        return found

    def groups(self, state: int) -> list[Group]:
        """The groups of the live nodes of a state.

        Raises PipeError where one is too large.
        """
        rings = {
            member: [member]
            for member, node in self.nodes.items()
            if node.entities[state] is not None
        }
        for slots in self._slots.values():
            for slot in slots.values():
                row = slot.rows[state]
                askers = slot.askers
                if row and (askers[state] or askers[BOTH]):
                    self._join(rings, [*row, *askers[state], *askers[BOTH]])
        return [
            self._group(ring, state)
            for ring in ({id(ring): ring for ring in rings.values()}.values())
        ]

    def _join(self, rings: dict[Member, list[Member]], members: Sequence[Member]) -> None:
        large = rings.get(members[0])
        for member in members[1:]:
            small = rings.get(member)
            if small is None or large is None:  # it is only reached yet
                large = large or small
                continue
            if small is large:
                continue
            if len(large) < len(small):
                large, small = small, large
            large += small
            for other in small:
                rings[other] = large
            if self._limit is not None and len(large) > self._limit:
                raise too_many(self._rules, self._limit, large)

    def _group(self, ring: list[Member], state: int) -> Group:
        nodes = self.nodes
        version: Any
        if len(ring) == 1:
            node = nodes[ring[0]]
            version = node.versions[state]
            return Group(
                [(node.member, version, node.entities[state])],
                (node.member[0], version[0]),
            )
        ring.sort()
        members: list[tuple[Member, Version, Any]] = []
        for member in ring:
            node = nodes[member]
            version = node.versions[state]
            members.append((member, version, node.entities[state]))
        return Group(members, min([(member[0], version[0]) for member, version, _ in members]))


def _by_id(view: TwoViews, keys: Mapping[Value, Value], known: dict[str, Versions]) -> list[Row]:
    """As `TwoViews.lookup_many`, for the primary key."""
    ids = [key for key in keys.values() if type(key) is str and key]
    known.update(zip(ids, view.get_many(ids), strict=True))
    rows = []
    for key in keys.values():
        versions = known.get(key, NOWHERE) if type(key) is str else NOWHERE
        old, new = [[key] if _is_live(version) else [] for version in versions]
        rows.append(Row(old, new) if old or new else NOBODY)
    return rows


def _is_live(version: Version | None) -> bool:
    return version is not None and not version.deleted
