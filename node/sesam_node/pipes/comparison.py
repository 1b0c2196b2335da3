"""What differs between what a sink has and what it would have: counts, properties, examples.

Bounded however much is compared: numbers, at most so many property names, a few short examples.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sesam_node.errors import preview
from sesam_node.model import decode, encode

Told = dict[str, Any]

MAX_EXAMPLES = 3
MAX_PROPERTIES = 1_000
MAX_BYTES = 4_000
"""How long an example may be as JSON; of longer ones the beginning is shown, as text."""

KINDS = ("added", "changed", "deleted", "unchanged", "errors")


@dataclass(slots=True)
class Property:
    """In how many changed entities a property is new, other or gone; a few of them."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    examples: list[Told] = field(default_factory=list)

    def to_json(self) -> Told:
        return {
            "added": self.added,
            "changed": self.changed,
            "removed": self.removed,
            "examples": self.examples,
        }


@dataclass(slots=True)
class Comparison:
    """Collects what is different; plain data, so that it can wait between two calls."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    properties: dict[str, Property] = field(default_factory=dict)
    examples: dict[str, list[Told]] = field(default_factory=dict)
    more_properties: bool = False

    def entity(self, old: bytes | None, new: bytes | None) -> None:
        """Takes one id: the body of the live entity before and after; None where none is live."""
        if old is None and new is None:
            return
        if old == new:
            self.counts["unchanged"] += 1
        elif old is None:
            self._example("added", new)
        elif new is None:
            self._example("deleted", old)
        else:
            self.counts["changed"] += 1
            self._changed(decode(old), decode(new))

    def _example(self, kind: str, body: bytes | None) -> None:
        self.counts[kind] += 1
        kept = self.examples.setdefault(kind, [])
        if len(kept) < MAX_EXAMPLES and body is not None:
            entity = decode(body)
            kept.append({name: short(value) for name, value in entity.items()})

    def _changed(self, old: Told, new: Told) -> None:
        for name in sorted(old.keys() | new.keys()):
            if name in old and name in new and encode(old[name]) == encode(new[name]):
                continue
            found = self.properties.get(name)
            if found is None:
                if len(self.properties) >= MAX_PROPERTIES:
                    self.more_properties = True
                    continue
                found = self.properties[name] = Property()
            if name not in old:
                found.added += 1
            elif name not in new:
                found.removed += 1
            else:
                found.changed += 1
            if len(found.examples) < MAX_EXAMPLES:
                sides = {"old": old, "new": new}.items()
                shown = {side: short(item[name]) for side, item in sides if name in item}
                found.examples.append({"_id": new["_id"], **shown})

    def error(self, entity_id: Any, error: Told) -> None:
        """Takes a source entity that failed."""
        self.counts["errors"] += 1
        kept = self.examples.setdefault("errors", [])
        if len(kept) < MAX_EXAMPLES:
            kept.append({"_id": entity_id, **error})

    def to_json(self) -> Told:
        """`counts`, `properties` by name (those that differ most first), `examples` by kind."""
        ordered = sorted(
            self.properties.items(),
            key=lambda item: (-item[1].added - item[1].changed - item[1].removed, item[0]),
        )
        told: Told = {
            "counts": dict(self.counts),
            "properties": {name: found.to_json() for name, found in ordered},
            "examples": self.examples,
        }
        if self.more_properties:
            told["more_properties"] = True
        return told


def short(value: Any) -> Any:
    """A value for an example: itself, or the beginning of a long one as text."""
    return value if len(encode(value)) <= MAX_BYTES else preview(value, 300)
