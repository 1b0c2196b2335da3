"""Entities by chance, and what happens to them: they come, change, move, go, and come back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

Entity = dict[str, Any]

IDS = ["1", "2", "3", "4", "5"]
KEYS = ["p", "q", "r"]
JOINED = ["k", "ref", "of", "ks", "refs", "ofs"]
"""The properties that joins go by."""


def values(chance: random.Random, entity_id: str, prefix: str) -> Entity:
    """The properties of an entity; `up` is a smaller id than its own, or none."""
    smaller = [other for other in IDS if other < entity_id]
    own = [f"{prefix}{other}" for other in IDS]
    made: Entity = {
        "k": chance.choice(KEYS),
        "v": chance.randint(1, 3),
        "t": chance.choice("xy"),
        "ref": chance.choice(IDS),
        "of": chance.choice(own),
    }
    if smaller and chance.random() < 0.7:
        made["up"] = chance.choice(smaller)
    for name, choices in (("ks", KEYS), ("refs", IDS), ("ofs", own), ("ts", ["x", "y"])):
        if chance.random() < 0.6:
            made[name] = chance.sample(choices, chance.randint(0, 2))
    if prefix and chance.random() < 0.6:
        made["$ids"] = [f"~:{chance.choice(own)}"]
        made["ofni"] = f"~:{chance.choice(own)}"
    if chance.random() < 0.15:
        del made[chance.choice(list(made))]
    return made


@dataclass
class Datasets:
    """The datasets of a history while it is made: what lives, what has gone, and past states.

    `prefixes` gives the namespace that the properties of a dataset are written with. `labels` says
    what has happened so far.
    """

    chance: random.Random
    names: list[str]
    prefixes: dict[str, str]
    live: dict[str, dict[str, Entity]] = field(default_factory=dict)
    gone: dict[str, dict[str, Entity]] = field(default_factory=dict)
    back: list[tuple[str, str, str, Any]] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)

    def fill(self) -> list[Any]:
        """The entities that are there before the first run."""
        puts = []
        for name in self.names:
            count = self.chance.choice([0, 2, 3, 4, 5])
            ids = self.chance.sample(IDS, count)
            if ids:
                puts.append(["put", name, [self.insert(name, entity_id) for entity_id in ids]])
        return puts

    def insert(self, name: str, entity_id: str) -> Entity:
        prefix = "n:" if any(self.prefixes.values()) else ""
        return self.keep(name, entity_id, values(self.chance, entity_id, prefix))

    def keep(self, name: str, entity_id: str, entity: Entity) -> Entity:
        """An entity as it is written; it lives from here on."""
        self.live.setdefault(name, {})[entity_id] = entity
        self.gone.get(name, {}).pop(entity_id, None)
        return self.written(name, entity_id, entity)

    def written(self, name: str, entity_id: str, entity: Entity) -> Entity:
        prefix = self.prefixes[name]
        named = {key if key[0] == "$" else prefix + key: value for key, value in entity.items()}
        return {"_id": entity_id, **named}

    # -- changes -----------------------------------------------------------------------------------

    def change(self) -> list[Any]:
        """One change: `["put", dataset, entities]`."""
        if self.back and self.chance.random() < 0.5:
            return self.move_back()
        name = self.chance.choice(self.names)
        live, gone = self.live.get(name, {}), self.gone.get(name, {})
        kinds = ["insert"]
        kinds += ["move", "move", "move", "update", "update", "delete"] if live else []
        kinds += ["return"] if gone else []
        kind = self.chance.choice(kinds)
        self.labels.add(kind)
        if kind == "insert":
            return ["put", name, [self.insert(name, self.chance.choice(IDS))]]
        if kind == "return":
            entity_id = self.chance.choice(list(gone))
            same = self.chance.random() < 0.5
            entity = gone[entity_id] if same else values(self.chance, entity_id, "")
            return ["put", name, [self.keep(name, entity_id, entity)]]
        entity_id = self.chance.choice(list(live))
        entity = live[entity_id]
        if kind == "delete":
            self.gone.setdefault(name, {})[entity_id] = live.pop(entity_id)
            return ["put", name, [{**self.written(name, entity_id, entity), "_deleted": True}]]
        fresh = values(self.chance, entity_id, "n:" if any(self.prefixes.values()) else "")
        changed = self.chance.choice(JOINED if kind == "move" else ["v", "v", "t", "ts", "up"])
        if kind == "move" and entity.get(changed) != fresh.get(changed):
            self.back.append((name, entity_id, changed, entity.get(changed)))
        return [
            "put",
            name,
            [self.keep(name, entity_id, with_value(entity, changed, fresh.get(changed)))],
        ]

    def move_back(self) -> list[Any]:
        """A key that moved becomes what it was."""
        name, entity_id, changed, before = self.back.pop()
        entity = self.live.get(name, {}).get(entity_id)
        if entity is None:
            return self.change()
        self.labels.add("move-back")
        return ["put", name, [self.keep(name, entity_id, with_value(entity, changed, before))]]


def with_value(entity: Entity, name: str, value: Any) -> Entity:
    changed = {key: old for key, old in entity.items() if key != name}
    return changed if value is None else {**changed, name: value}
