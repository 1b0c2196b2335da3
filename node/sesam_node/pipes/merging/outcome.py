"""What comes out of a state of the member datasets; `change` tells what changes between two.

An outcome is a map from the ids that come out to their groups. A deleted entity is a group of its
own. With the identity "first" an id may stand for entities of several datasets: what comes out
under it is the live group whose first member has that id (that of the last such dataset, as in a
full run, which writes it last), else nothing while one of them lives on in another group, else the
deleted one. So an outcome depends on the state alone, not on the way there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sesam_node.pipes.merging.groups import Group, lone

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sesam_node.model import Entity
    from sesam_node.pipes.merging.combine import Combiner
    from sesam_node.pipes.merging.groups import Groups, Member
    from sesam_node.store.api import Version

BOUNDARY = re.compile(r"\|[0-9]+\|")


class Output(NamedTuple):
    """One entity that comes out, and its place in the order of a full run."""

    entity: Entity
    place: int


class State:
    """The outcome at one state: of what a full run reads, of some ids, of a region."""

    def __init__(self, groups: Groups, combiner: Combiner, positions: int) -> None:
        self.groups = groups
        self._combiner = combiner
        self._positions = range(positions)

    def outputs(self, position: int, versions: Iterable[Version]) -> list[Output]:
        """What a full run brings when it meets these versions: groups that begin with them."""
        members = {(position, version.entity_id): version for version in versions}
        live = {member: version for member, version in members.items() if not version.deleted}
        begun = {(position, version.seq) for version in live.values()}
        found = self._distinct(self.groups.of_versions(live, position).values())
        wanted = [group for group in found if group.first in begun]
        wanted += [lone(member, version) for member, version in members.items() if version.deleted]
        wanted.sort(key=by_first)
        if not self._combiner.composite:
            wanted = self._winners(wanted)
        entity = self._combiner.entity
        return [Output(entity(group), group.place) for group in wanted]

    def of_members(self, versions: dict[Member, Version]) -> list[Group]:
        """The groups of these members, those of deleted ones too."""
        live = {member: version for member, version in versions.items() if not version.deleted}
        found = self._distinct(self.groups.of_versions(live).values())
        return found + [lone(*item) for item in versions.items() if item[1].deleted]

    @staticmethod
    def _distinct(groups: Iterable[Group]) -> list[Group]:
        return list({id(group): group for group in groups}.values())

    def _winners(self, groups: list[Group]) -> list[Group]:
        """Those of the groups that come out under their id, with the identity "first"."""
        ids = {group.members[0][0][1] for group in groups}
        if len(self._positions) == 1:
            return groups
        own = {group.members[0][0] for group in groups}
        others = self.groups.get(
            (place, name) for name in ids for place in self._positions if (place, name) not in own
        )
        if not others:
            return groups
        contested = {name for _, name in others}
        settled = self.of_ids(contested)
        return [
            group
            for group in groups
            if (name := group.members[0][0][1]) not in contested
            or ((winner := settled.get(name)) is not None and winner.first == group.first)
        ]

    # -- some ids ----------------------------------------------------------------------------------

    def of_ids(self, ids: Collection[str]) -> dict[str, Group]:
        """The groups that come out under these ids; ids that are none are left out."""
        return self._composites(ids) if self._combiner.composite else self._firsts(ids)

    def _firsts(self, ids: Collection[str]) -> dict[str, Group]:
        versions = self.groups.get((place, name) for name in ids for place in self._positions)
        live = {member: version for member, version in versions.items() if not version.deleted}
        return self.settled(ids, versions, self.groups.of_versions(live))

    def settled(
        self, ids: Iterable[str], versions: dict[Member, Version], groups: dict[Member, Group]
    ) -> dict[str, Group]:
        """As `of_ids` with the identity "first"; all entities with these ids are at hand."""
        found: dict[str, Group] = {}
        for name in ids:
            there = [place for place in self._positions if (place, name) in versions]
            live = [place for place in there if not versions[place, name].deleted]
            winners = [
                place for place in live if groups[place, name].members[0][0] == (place, name)
            ]
            if winners:
                found[name] = groups[winners[-1], name]
            elif there and not live:
                found[name] = lone((there[0], name), versions[there[0], name])
        return found

    def _composites(self, ids: Collection[str]) -> dict[str, Group]:
        """Tries what the first member may be: an id may hold what looks like the next member."""
        found: dict[str, Group] = {}
        guesses = {name: _first_members(name, len(self._positions)) for name in ids}
        while guesses:
            tried = {name: member for name, left in guesses.items() if (member := next(left, None))}
            versions = self.groups.get(tried.values())
            live = [member for member, version in versions.items() if not version.deleted]
            groups = self.groups.of(live)
            for name, member in tried.items():
                group = groups.get(member)
                if group is None and member in versions:
                    group = lone(member, versions[member])
                if group is not None and self._combiner.entity_id(group) == name:
                    found[name] = group
            guesses = {name: guesses[name] for name in tried if name not in found}
        return found


def by_first(group: Group) -> tuple[int, int]:
    return group.first


def _first_members(name: str, positions: int) -> Iterator[Member]:
    """What the first member of a composite id may be, the shortest first."""
    number, bar, rest = name.partition("|")
    if not bar or not number.isascii() or not number.isdecimal() or int(number) >= positions:
        return
    for match in BOUNDARY.finditer(rest):
        if match.start():
            yield int(number), rest[: match.start()]
    if rest:
        yield int(number), rest
