"""What is no rule set, no entity, no dataset: random JSON, and programs broken by chance."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.registry import EXPRESSIONS, TRANSFORMS

from .programs import make_program
from .values import MALFORMED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .programs import Program

TEXTS = (
    "", "_S.", "_S.a", "_T.", "_P._S", "_R.", "_.", "_B.x", "_S.'", "_S.'a'b", "_S.'a", "_Z.x",
    "_S..", ".a", "__import__('os')", "'\"\\", "a\nb", "\x00", "\x02", "\x023\x03", "\x03",
    "\ud800", "\udfff.x",
    "_S.\ud800", "🎈", "{S}", "{0}", "%s", "%", "%q", "None", "NaN", "Infinity", "T", "S",
    "default", "$SECRET(password)", "$SECRET(no-such)", "$SECRET(", "*", "?", "**?**", "~", "~~",
    "~rx",
    "people p", "people  p q", "p", "1e999999999", "9" * 5000, "1²3",
    "-", "0x", "0xzz", "year", "murmur3",
)  # fmt: skip
NUMBERS = (
    0, 1, -1, 2**31, 2**63, -(2**63) - 1, 10**400, 10**5000, 0.0, -0.0, 1e308, 5e-324, 1.5,
    float("inf"), float("-inf"), float("nan"),
)  # fmt: skip
NO_JSON = (b"bytes", (1, 2), {1, 2}, object, 1j)
"""What only a caller in Python could hand in."""

NAMES = sorted({*EXPRESSIONS, *TRANSFORMS})
KEYS = (
    "default", "", "_id", "_deleted", "datasets", "where", "return", "recurse", "max_depth", "$x",
    "a.b", "__class__", "~rx", "\ud800", "'", "\n", "subsets",
)  # fmt: skip


class Garbage:
    """Makes broken things; `wild` also what is no JSON at all."""

    def __init__(self, chance: Random, *, wild: bool = False) -> None:
        self.chance = chance
        self.wild = wild

    def text(self) -> str:
        pick = self.chance.random()
        if pick < 0.4:
            return self.chance.choice(NAMES)
        if pick < 0.9:
            return self.chance.choice(TEXTS)
        return self.chance.choice(MALFORMED)

    def scalar(self) -> Any:
        pick = self.chance.random()
        if self.wild and pick < 0.03:
            return self.chance.choice(NO_JSON)
        if pick < 0.55:
            return self.text()
        if pick < 0.8:
            return self.chance.choice(NUMBERS)
        return self.chance.choice([None, True, False])

    def value(self, depth: int = 4) -> Any:
        """Any JSON data, with lists that look like calls."""
        pick = self.chance.random()
        if depth == 0 or pick < 0.4:
            return self.scalar()
        if pick < 0.75:
            head = [self.text()] if self.chance.random() < 0.8 else []
            return [*head, *(self.value(depth - 1) for _ in range(self.chance.randint(0, 4)))]
        return {self.key(): self.value(depth - 1) for _ in range(self.chance.randint(0, 3))}

    def key(self) -> Any:
        if self.wild and self.chance.random() < 0.03:
            return self.chance.choice([1, None, True, (1,)])
        return self.chance.choice(KEYS) if self.chance.random() < 0.7 else self.text()

    def deep(self) -> Any:
        """Nested further than anything should be."""
        value: Any = self.scalar()
        wrap = self.chance.choice(["list", "dict", "call", "transforms", "if"])
        for _ in range(self.chance.choice([30, 63, 64, 65, 100, 101, 300, 900, 3000])):
            if wrap == "dict":
                value = {"a": value}
            else:
                head = {"list": [], "call": ["upper"], "transforms": [[]], "if": ["if", True]}
                value = [*head[wrap], value]
        return value

    # -- rule sets ---------------------------------------------------------------------------------

    def rules(self) -> Any:
        """Something in the place of a rule set."""
        pick = self.chance.random()
        if pick < 0.1:
            return self.value()
        if pick < 0.2:
            return {"default": self.value(5)}
        if pick < 0.25:
            return {"default": [["add", "a", self.deep()]]}
        if pick < 0.28:
            return {"default": self.deep()}
        block = [self.value(5) for _ in range(self.chance.randint(0, 4))]
        return {"default": [["copy", "_id"], *block], self.text(): [self.value()]}

    def mutated(self, rules: dict[str, Any]) -> Any:
        """A rule set with one to four changes somewhere in it."""
        made = copy.deepcopy(rules)
        for _ in range(self.chance.randint(1, 4)):
            holder, key = self.chance.choice(list(places(made)))
            self.change(holder, key)
        return made

    def change(self, holder: Any, key: Any) -> None:
        value = holder[key]
        pick = self.chance.randrange(8)
        if pick == 0 or (pick < 4 and type(value) is not list):
            holder[key] = self.value(2)
        elif pick == 1 and len(value) > 2:
            one, other = self.chance.sample(range(1, len(value)), 2)
            value[one], value[other] = value[other], value[one]
        elif pick == 2 and value:
            value.pop(self.chance.randrange(len(value)))
        elif pick == 3:
            value.insert(self.chance.randint(0, len(value)), self.value(2))
        elif pick == 4:
            holder[key] = self.scalar()
        elif pick == 5:
            holder[key] = [value]
        elif pick == 6 and type(value) is dict:
            value[self.key()] = self.value(2)
        elif pick == 6 and type(holder) is dict:
            holder[self.key()] = holder.pop(key)
        else:
            holder[key] = self.deep() if self.chance.random() < 0.2 else self.scalar()

    # -- entities ----------------------------------------------------------------------------------

    def entity(self, entity: dict[str, Any]) -> dict[str, Any]:
        """An entity whose properties may have any value; its `_id` is a text most of the time."""
        made = copy.deepcopy(entity)
        for key in list(made):
            if key != "_id" and self.chance.random() < 0.3:
                made[key] = finite(self.value(3))
        for _ in range(self.chance.randint(0, 3)):
            made[self.text()] = finite(self.value(3))
        if self.chance.random() < 0.05:
            made["_id"] = finite(self.scalar())
        elif self.chance.random() < 0.3:
            made["_id"] = self.text()
        return made


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in JSON data that something can be put in: holder, and key or position."""
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        for key in holder if type(holder) is dict else range(len(holder)):
            yield holder, key
            if type(holder[key]) in (dict, list):
                waiting.append(holder[key])


def finite(value: Any) -> Any:
    """JSON data as it could have come in: what JSON has no words for is null."""
    if type(value) is float:
        return value if value - value == 0 else None
    if type(value) is list:
        return [finite(item) for item in value]
    if type(value) is dict:
        return {str(key): finite(item) for key, item in value.items()}
    if type(value) is int and abs(value) >= 10**4299:
        return None  # longer integers are refused where JSON is read
    return value if type(value) in (str, int, bool) else None


def garbage(count: int, seed: int = 0) -> Iterator[Program]:
    """Broken programs, one after the other; the same for the same seed."""
    for number in range(count):
        chance = Random(f"garbage/{seed}/{number}")
        made = Garbage(chance, wild=chance.random() < 0.2)
        program = make_program(chance)
        rules = made.rules() if chance.random() < 0.4 else made.mutated(program.rules)
        if chance.random() < 0.2:
            rules = program.rules
        datasets = {
            name: unique([made.entity(entity) for entity in entities])
            for name, entities in program.datasets.items()
        }
        yield replace(
            program,
            rules=rules,
            entities=[made.entity(entity) for entity in program.entities],
            datasets=datasets,
            parameters=made.entity(program.parameters),
        )


def unique(entities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a dataset can hold: entities with a text as `_id`."""
    return [entity for entity in entities if type(entity.get("_id")) is str and entity["_id"]]


def is_json(value: Any) -> bool:
    """Is it JSON data, that reads the same after it was written?"""
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return json.dumps(json.loads(text)) == text
