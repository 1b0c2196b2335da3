"""What the variables look like at a place of an unfinished text: which properties they have.

`_S` of the default rule comes from the schema of the source, that of an applied rule from what it
is applied to; aliases come from the schemas of their datasets; `_T` from what the transforms before
the place write. Where nothing is known there are no shapes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from sesam_node.dtl.complete.place import (
    Place,
    Role,
    call_name,
    lists_of,
    locate,
    rule_blocks,
    text_at,
)
from sesam_node.dtl.complete.target import write_before
from sesam_node.dtl.parse import path_names
from sesam_node.dtl.schema import Shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sesam_node.dtl.schema import Property, Schema
    from sesam_node.dtl.written_text import Written, WrittenText

MAX_STEPS = 5_000
"""So many paths and expressions are followed for one place at most."""

MAX_NESTED = 60
"""So many of them inside of each other, applied rules included."""

MAX_CALLS = 20
"""So many calls of a rule are looked at."""

PASSING = frozenset(
    [
        *("filter", "first", "last", "nth", "slice", "sorted", "sorted-descending", "reversed"),
        *("distinct", "list", "flatten", "combine", "union", "intersection", "difference"),
        *("if-null", "coalesce", "literal", "if", "min", "max", "insert"),
    ]
)
"""Functions whose result has the dicts that are in their arguments."""

HOPPING = {"hops": 1, "apply-hops": 2}
"""Where the specifications of a call begin."""


@dataclass(frozen=True)
class Alias:
    """An alias of a hop: its dataset, and the specification that declares it."""

    name: str
    dataset: str
    spec: Written


@dataclass
class Shapes:
    """Answers for one text. `left` and `nested` bound the work.

    `applying` are the rules that are being followed, `making` what has been found so far of the
    target of a rule that is being walked through.
    """

    written: WrittenText
    schema: Schema | None
    datasets: Mapping[str, Schema]
    left: int = MAX_STEPS
    nested: int = 0
    applying: set[str] = field(default_factory=set)
    making: dict[str, dict[str, Property]] = field(default_factory=dict)
    made: dict[tuple[str, int], Shape] = field(default_factory=dict)

    @cached_property
    def rules(self) -> Mapping[str, Written]:
        """The rules of the text by name."""
        return rule_blocks(self.written)

    @cached_property
    def applied(self) -> Mapping[str, list[Written]]:
        """The calls that apply a rule, by its name, in order of the text."""
        found: dict[str, list[Written]] = {}
        if self.written.root is not None:
            for node in lists_of(self.written.root):
                if call_name(node) in ("apply", "apply-hops"):
                    found.setdefault(text_at(node, 1), []).append(node)
        return found

    def of_path(self, variable: str, names: Sequence[str], place: Place) -> list[Shape]:
        """The dicts that a path leads to at a place."""
        if self.left <= 0 or self.nested >= MAX_NESTED:
            return []
        self.left -= 1
        self.nested += 1
        found = self._of_path(variable, list(names), place)
        self.nested -= 1
        return found

    def _of_path(self, variable: str, steps: list[str], place: Place) -> list[Shape]:
        if variable in ("_P", "_R"):
            if not steps or steps[0] not in ("_S", "_T", "_P"):
                return []
            inner = steps.pop(0)
            places = self.callers(place.rule) if variable == "_P" else self.default_places()
            return [shape for one in places for shape in self.of_path(inner, steps, one)]
        return walked(self.of_variable(variable, place), steps)

    def of_variable(self, variable: str, place: Place) -> list[Shape]:
        if variable == "_S":
            return self.source(place)
        if variable == "_T":
            return [self.target(place)]
        if variable == "_":
            return self.element(place)
        for alias in aliases_at(place):
            if alias.name == variable:
                return self.dataset(alias.dataset)
        return []

    def dataset(self, name: str) -> list[Shape]:
        schema = self.datasets.get(name)
        return [schema.root] if schema else []

    # -- the source --------------------------------------------------------------------------------

    def source(self, place: Place) -> list[Shape]:
        """`_S`: in a further specification of a hop what the one before it returns."""
        for step in reversed(place.steps):
            if step.role is Role.HOPS:
                before = _specs_before(place, step.node)
                return self.returned(before, place) if before else self.of_rule(place.rule)
        return self.of_rule(place.rule)

    def of_rule(self, rule: str) -> list[Shape]:
        """What a rule is applied to: the source entities, or the values of its callers."""
        if rule == "default":
            return [self.schema.root] if self.schema else []
        if rule in self.applying:
            return []
        self.applying.add(rule)
        found: list[Shape] = []
        for place, call in self.calls_of(rule):
            if call_name(call) == "apply":
                for value in call.items[2:]:
                    found += self.of_expression(value, place)
            else:
                found += self.returned(call.items[HOPPING["apply-hops"] :], place)
        self.applying.discard(rule)
        return found

    def callers(self, rule: str) -> list[Place]:
        return [place for place, _ in self.calls_of(rule)]

    def default_places(self) -> list[Place]:
        block = self.rules.get("default")
        return [locate(self.written, block.end - block.closed)] if block else []

    def calls_of(self, rule: str) -> list[tuple[Place, Written]]:
        """The calls that apply a rule, with the place at which each stands."""
        calls = self.applied.get(rule, [])[:MAX_CALLS]
        return [(locate(self.written, call.start + 1), call) for call in calls]

    def returned(self, specs: Sequence[Written], place: Place) -> list[Shape]:
        """The entities that the last of these specifications gives."""
        aliases = _aliases(specs[-1]) if specs else []
        returned = specs[-1].get("return") if specs else None
        if not aliases:
            return []
        if returned is None:
            return self.dataset(aliases[-1].dataset)
        names = [name.strip() for name in str(returned.value).split(",")]
        chosen = [alias for alias in aliases if alias.name in names]
        if chosen:
            return [shape for alias in chosen for shape in self.dataset(alias.dataset)]
        inner = locate(self.written, returned.start + 1)
        return self.of_expression(returned, inner if inner.steps else place)

    # -- values ------------------------------------------------------------------------------------

    def element(self, place: Place) -> list[Shape]:
        """`_`: an element of the last argument of the call whose function it is in."""
        for step in reversed(place.steps):
            if step.slot is not None and step.slot.kind == "function-expression":
                if len(step.node.items) - 1 > step.position:
                    outer = locate(self.written, step.node.start + 1)
                    return self.of_expression(step.node.items[-1], outer)
                return []
        return []

    def of_expression(self, node: Written, place: Place) -> list[Shape]:
        """The dicts among the values of an expression at a place."""
        if self.left <= 0 or self.nested >= MAX_NESTED:
            return []
        self.left -= 1
        self.nested += 1
        found = self._of_expression(node, place)
        self.nested -= 1
        return found

    def _of_expression(self, node: Written, place: Place) -> list[Shape]:
        if node.kind == "string":
            parsed = parsed_path(str(node.value))
            return self.of_path(parsed[0], parsed[1], place) if parsed else []
        name = call_name(node)
        arguments = node.items[1:]
        if name == "hops":
            return self.returned(arguments, place)
        if name == "lookup-entity":
            return self.dataset(text_at(node, 1))
        if name in ("apply", "apply-hops"):
            return self.result_of(text_at(node, 1))
        if name == "map" and len(arguments) == 2:
            body = arguments[0]
            parsed = parsed_path(str(body.value)) if body.kind == "string" else None
            if parsed and parsed[0] == "_":
                return walked(self.of_expression(arguments[1], place), parsed[1])
            return []
        if name in PASSING:
            return [shape for one in arguments for shape in self.of_expression(one, place)]
        return []

    def result_of(self, rule: str) -> list[Shape]:
        """What a rule makes."""
        block = self.rules.get(rule)
        if block is None or rule in self.applying:
            return []
        self.applying.add(rule)
        shape = self.target(locate(self.written, block.end - block.closed))
        self.applying.discard(rule)
        return [shape]

    # -- the target --------------------------------------------------------------------------------

    def target(self, place: Place) -> Shape:
        """`_T`: what the transforms before a place of a rule can have written."""
        if place.rule in self.making:
            return Shape(0, tuple(self.making[place.rule].values()))
        key = (place.rule, place.offset)
        if key not in self.made:
            block = self.rules.get(place.rule)
            found: dict[str, Property] = {}
            if block is not None:
                self.making[place.rule] = found
                write_before(self, block, place, found)
                del self.making[place.rule]
            self.made[key] = Shape(0, tuple(found.values()))
        return self.made[key]


def walked(shapes: Sequence[Shape], names: Sequence[str]) -> list[Shape]:
    """The dicts that a path of names leads to from these."""
    for name in names:
        found = [shape.by_name.get(name) for shape in shapes]
        shapes = [one.shape for one in found if one is not None and one.shape is not None]
    return list(shapes)


def parsed_path(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Variable and names of a path; None for other text."""
    variable, dot, rest = text.partition(".")
    if not variable or not dot:
        return None
    names = path_names(rest) if rest else ()
    return None if names is None else (variable, names)


def aliases_at(place: Place) -> list[Alias]:
    """The aliases that are known at a place, the innermost first."""
    hops = [step.node for step in reversed(place.steps) if step.role is Role.HOPS]
    return [alias for spec in hops for alias in _aliases(spec)]


def _aliases(spec: Written) -> list[Alias]:
    datasets = spec.get("datasets")
    words = [str(item.value).split() for item in datasets.items] if datasets else []
    return [Alias(pair[1], pair[0], spec) for pair in words if len(pair) == 2]


def _specs_before(place: Place, spec: Written) -> list[Written]:
    for step in place.steps:
        name = call_name(step.node)
        if name in HOPPING and any(item is spec for item in step.node.items):
            specs = step.node.items[HOPPING[name] :]
            return [item for item in specs if item.start < spec.start and item.kind == "object"]
    return []
