"""What the functions of one generated source share: globals, rules, places of lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sesam_node.dtl import names
from sesam_node.dtl.runtime import ABSENT, walk
from sesam_node.errors import json_path

if TYPE_CHECKING:
    from sesam_node.dtl.plan import Plan
    from sesam_node.dtl.syntax import At, Node

BREAK, END = "\x02", "\x03"
PLACE = re.compile(f"{BREAK}(\\d+){END}")
WORDS = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*""")


def words_of(source: str) -> set[str]:
    """The names in a Python source; the insides of its strings are left out."""
    return {word for word in WORDS.findall(source) if word[0] not in "'\""}


class Module:
    """What the functions of one generated source share."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.context = plan.context
        self.names: dict[str, Any] = {"walk": walk, "walk_with": names.walk_with, "ABSENT": ABSENT}
        self.known: dict[int, str] = {}
        self.folded: dict[int, tuple[Node, Any]] = {}
        self.places: list[At] = []
        self.functions: list[list[tuple[int, str, At]]] = []
        self.rules: dict[str, str] = {}
        self.waiting: list[str] = []
        self.count = 0

    def fresh(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def name(self, value: Any, prefix: str) -> str:
        """The global that holds an object; the same object has one name."""
        name = self.known.get(id(value))
        if name is None:
            name = prefix if prefix not in self.names else self.fresh(prefix + "_")
            self.names[name] = value  # also keeps the object, so that its id stays its own
            self.known[id(value)] = name
        return name

    def mark(self, at: At) -> str:
        """A line break after which the source belongs to `at`."""
        self.places.append(at)
        return f"{BREAK}{len(self.places) - 1}{END}"

    def rule(self, name: str) -> str:
        """The function of an applied rule, which is then emitted too."""
        if name not in self.rules:
            plain = re.sub(r"\W", "_", name, flags=re.ASCII)
            self.rules[name] = self.fresh(f"rule_{plain}_")
            self.waiting.append(name)
        return self.rules[name]

    def assemble(self) -> tuple[str, dict[int, str]]:
        """The source of all functions and the JSON path of each line."""
        text: list[str] = ["def bind(runtime):"]
        places: list[At] = [()]
        for statement in (
            "lookup = runtime.lookup",
            "entity, find = lookup.entity, lookup.find",
            "B = runtime.parameters",
        ):
            text.append(f"    {statement}")
            places.append(())
        for body in self.functions:
            for indent, statement, at in body:
                parts = PLACE.split(statement)
                text.append("    " * (indent + 1) + parts[0])
                places.append(at)
                for position in range(1, len(parts), 2):
                    text.append("    " * (indent + 2) + parts[position + 1])
                    places.append(self.places[int(parts[position])])
        text.append("    return run")
        places.append(())
        lines = {number: json_path(at) for number, at in enumerate(places, start=1) if at}
        return "\n".join(text) + "\n", lines
