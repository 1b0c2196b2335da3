"""One entity of a group: its id, `$ids`, and the properties by strategy (manual: merge source)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.names import Identities
from sesam_node.dtl.runtime import as_list
from sesam_node.model.values import identity as stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sesam_node.model import Entity, Value
    from sesam_node.pipes.merging.groups import Group, Member
    from sesam_node.store.api import Version

    Part = tuple[Member, Version, Entity]
    Strategy = Callable[[Sequence[Part]], Entity]

COMPOSITE, FIRST = "composite", "first"


def composite_id(members: Sequence[Part]) -> str:
    """The id of a group: position and id of each member, as in `0|a1|1|b1`."""
    return "|".join([f"{member[0]}|{member[1]}" for member, _, _ in members])


class Combiner:
    """Makes the entities that come out. `namespaced` says that `$ids` are NIs."""

    def __init__(
        self,
        identity: str,
        strategy: str,
        *,
        namespaced: bool = False,
        namespace: str | None = None,
        internal: bool = False,
    ) -> None:
        self.composite = identity == COMPOSITE
        self._ids = Identities(namespace) if namespaced else _own_ids
        self._properties: Strategy = {
            "default": union,
            "compact": compact,
            "list": _listed_with_header if internal else _listed,
        }[strategy]

    def entity_id(self, group: Group) -> str:
        """The id under which a group comes out."""
        if self.composite:
            return composite_id(group.members)
        return group.members[0][0][1]

    def entity(self, group: Group) -> Entity:
        """The entity that a group comes out as."""
        parts = group.members
        out = self._properties(parts)
        out["_id"] = self.entity_id(group)
        if len(parts) == 1:
            ids = list(as_list(self._ids(parts[0][2])))
        else:
            ids = []
            for _, _, entity in parts:
                ids += as_list(self._ids(entity))
        out["$ids"] = list(dict.fromkeys(ids)) if len(ids) > 1 else ids
        if group.deleted:
            out["_deleted"] = True
        return out

    def replaced(self, group: Group, *, lives_on: bool) -> Entity:
        """The delete of an entity that is no longer: `lives_on` under another id, or is gone."""
        ids = [item for _, _, entity in group.members for item in as_list(self._ids(entity))]
        out: Entity = {"_id": self.entity_id(group), "$ids": list(dict.fromkeys(ids))}
        out["_deleted"] = True
        if lives_on:
            out["$replaced"] = True
        return out


def _own_ids(entity: Entity) -> Value:
    return entity["$ids"] if "$ids" in entity else entity["_id"]


def union(parts: Sequence[Part]) -> Entity:
    """All values of all, in order, none left out; a property that one alone has stays as it is."""
    first = parts[0][2]
    if len(parts) == 1:
        return dict(first)
    out: dict[str, Any] = dict(first)
    joined: set[str] = set()
    for _, _, entity in parts[1:]:
        for name, value in entity.items():
            if name not in out:
                out[name] = value
                continue
            if name not in joined:
                joined.add(name)
                before = out[name]
                out[name] = list(before) if type(before) is list else [before]
            if type(value) is list:
                out[name] += value
            else:
                out[name].append(value)
    out.pop("_deleted", None)
    return out


def compact(parts: Sequence[Part]) -> Entity:
    """As `union`: each value once, no empty lists, single values out of their lists."""
    out = {}
    for name, value in union(parts).items():
        if type(value) is not list:
            out[name] = value
            continue
        values = _each_once(value)
        if values:
            out[name] = values[0] if len(values) == 1 else values
    return out


def _each_once(values: Sequence[Value]) -> list[Value]:
    found: dict[Any, Value] = {}
    for value in values:
        found.setdefault(stand_in(value), value)
    return list(found.values())


def _listed(parts: Sequence[Part]) -> Entity:
    merged = [
        {name: value for name, value in entity.items() if name != "_deleted"}
        for _, _, entity in parts
    ]
    return {"$merged": merged}


def _listed_with_header(parts: Sequence[Part]) -> Entity:
    merged = [
        {
            **entity,
            "_deleted": version.deleted,
            "_hash": version.hash.hex(),
            "_previous": version.previous,
            "_ts": version.ts,
            "_updated": version.seq,
        }
        for _, version, entity in parts
    ]
    return {"$merged": merged}
