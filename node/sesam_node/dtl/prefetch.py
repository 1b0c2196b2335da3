"""Which look-ups a batch of entities will make: keys that can be told from the source alone.

For a store to which every request is a round trip, the keys of a whole batch are collected first
and asked for in one request a hop. Generated code follows the default rule: what every entity comes
by, and what stands under conditions on the source alone, which are evaluated. All else (keys from
other entities, from the target, in applied rules) is looked up on demand, as it is without this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl.emit import Emitted
from sesam_node.dtl.execute import executed
from sesam_node.dtl.joins import HOPPING, is_pure
from sesam_node.dtl.limits import begin
from sesam_node.dtl.module import Module
from sesam_node.dtl.plan import PRIMARY, STOPPING, may_stop
from sesam_node.dtl.registry import EXPRESSIONS, TRANSFORMS
from sesam_node.dtl.runtime import Runtime, as_list, first_value
from sesam_node.dtl.scope import Scope, transforms_of
from sesam_node.dtl.syntax import VARIABLES, Call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sesam_node.dtl.plan import Plan
    from sesam_node.dtl.syntax import Node
    from sesam_node.model.values import Entity, Value

FIRST_ONLY = ("if", "case", "case-eq", "and", "or", "not", "coalesce-args", "if-null")
"""Specials of which the first argument is evaluated in any case."""

ALL = ("apply", "dict", "eq", "neq", "gt", "gte", "lt", "lte")
"""Specials that evaluate all their arguments."""


class Prefetch:
    """The look-ups of a rule set whose keys the source tells: pairs of dataset and index id."""

    def __init__(self, plan: Plan) -> None:
        writer = KeyWriter(plan)
        self.lookups = tuple(writer.lookups)
        self._run = executed(writer.emitted(), "<prefetch>")(Runtime()) if self.lookups else None

    def keys(self, entities: Iterable[Entity]) -> list[list[Value]]:
        """For each of `lookups` the keys that these source entities will ask for, in order.

        Keys may repeat. What fails here fails again, and is told, where the entity is transformed.
        """
        wanted: list[list[Value]] = [[] for _ in self.lookups]
        if self._run is not None:
            for entity in entities:
                begin()
                try:
                    self._run(entity, wanted)
                except Exception:  # noqa: BLE001, S112 - the run itself will tell
                    continue
        return wanted


def add_keys(keys: list[Value], found: Value) -> None:
    keys.extend(key for key in as_list(found) if key is not None)


class KeyWriter:
    """Writes the function that collects keys."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.module = Module(plan)
        self.scope = Scope(self.module, {"_S": "S"}, frozenset(["S"]), "default")
        self.lookups: dict[tuple[str, str], int] = {}
        self.block(plan.rules.rules["default"])

    def emitted(self) -> Emitted:
        at = self.plan.rules.rules["default"].at
        body = self.scope.body or [(1, "pass", at)]
        self.module.functions.append([(0, "def run(S, wanted):", at), *body])
        text, lines = self.module.assemble()
        return Emitted(text, lines, self.module.names)

    def is_told(self, node: Node) -> bool:
        """Does a value depend on the source entity alone?"""
        return is_pure(node, "_S", VARIABLES)

    def block(self, node: Node) -> bool:
        """Write the keys of transforms in order; False where it is open how the rule goes on."""
        return all(self.transform(call) for call in transforms_of(node))

    def transform(self, call: Call) -> bool:
        if call.name in STOPPING:
            return self.stop(call)
        if call.name == "if":
            return self.branches(call)
        slots = TRANSFORMS[call.name].signature.slots(len(call.arguments))
        for argument, slot in zip(call.arguments, slots, strict=True):
            if slot.kind == "transforms":
                break  # a case: only its first condition is evaluated in any case
            if not slot.is_constant and slot.kind != "function-expression":
                self.expression(argument)
            if call.name in ("case", "case-eq"):
                break
        return not may_stop(call)

    def stop(self, call: Call) -> bool:
        if not call.arguments or call.name not in ("filter", "discard"):
            return False
        condition = call.arguments[0]
        self.expression(condition)
        if not self.is_told(condition):
            return False
        self.scope.line(f"if not ({self.scope.condition(condition)}):", call.at)
        self.scope.line("    return", call.at)
        return True

    def branches(self, call: Call) -> bool:
        condition, *branches = call.arguments
        self.expression(condition)
        if not self.is_told(condition):
            return not may_stop(call)
        words = [f"if {self.scope.condition(condition)}:", "else:"]
        for word, branch in zip(words, branches, strict=False):
            self.scope.line(word, branch.at)
            with self.scope.indented():
                if not self.block(branch):
                    self.scope.line("return", branch.at)
        return True

    def expression(self, node: Node) -> None:
        """Write the keys of those look-ups in an expression that are made in any case."""
        if not isinstance(node, Call):
            return
        if node.name in HOPPING:
            self.hops(node)
        elif node.name == "lookup-entity":
            self.expression(node.arguments[1])
            if self.is_told(node.arguments[1]):
                key = self.scope.call(
                    node.at, first_value, self.scope.expression(node.arguments[1])
                )
                self.wants(node.constant(0), PRIMARY, key, node)
        else:
            entry = EXPRESSIONS[node.name]
            slots = entry.signature.slots(len(node.arguments))
            certain = node.arguments[:1] if node.name in FIRST_ONLY else node.arguments
            if entry.kind == "special" and node.name not in (*FIRST_ONLY, *ALL):
                certain = ()
            for argument, slot in zip(certain, slots, strict=False):
                if not slot.is_constant and slot.kind != "function-expression":
                    self.expression(argument)

    def hops(self, call: Call) -> None:
        """The first look-up of the first specification starts from `_S`; the others from it."""
        first = self.plan.hops[call.at][0]
        step = first.steps[0]
        if (
            step.index is None
            or not self.is_told(step.key)
            or not all(map(self.is_told, first.early))
        ):
            return
        before = self.scope.depth
        for node in first.early:
            self.scope.line(f"if {self.scope.condition(node)}:", node.at)
            self.scope.depth += 1
        self.wants(step.dataset, step.index, self.scope.expression(step.key), step.key)
        self.scope.depth = before

    def wants(self, dataset: str, index: str, key: str, node: Node) -> None:
        number = self.lookups.setdefault((dataset, index), len(self.lookups))
        add: Callable[..., None] = add_keys
        self.scope.line(self.scope.call(node.at, add, f"wanted[{number}]", key), node.at)
