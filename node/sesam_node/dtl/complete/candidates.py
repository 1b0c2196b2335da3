"""What may stand at a place: functions, properties, variables, rules, datasets, joins."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sesam_node.dtl.complete.joins import Side, joins_between, quoted_name
from sesam_node.dtl.complete.place import Place, Role, call_name
from sesam_node.dtl.complete.ranking import Candidate
from sesam_node.dtl.complete.shapes import Shapes, aliases_at
from sesam_node.dtl.complete.target import by_name
from sesam_node.dtl.hop_specs import HOP_OPTIONS
from sesam_node.dtl.registry import EXPRESSIONS, TRANSFORMS
from sesam_node.errors import preview

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sesam_node.dtl.registry import Function
    from sesam_node.dtl.schema import Counts, Property, Shape

VARIABLE_DOCS = {
    "_S": "the source entity of this rule",
    "_T": "the target entity, as far as it is made",
    "_P": "the rule that applied this one, with its _S and _T",
    "_R": "the default rule, with its _S and _T",
    "_B": "the parameters of the request that reads the entities",
    "_": "the value that the function is called with",
}
OPTION_DOCS: Mapping[str, tuple[str, str]] = {
    "datasets": ('["dataset alias", ...]', "the datasets to look in, each with an alias"),
    "where": ("conditions", "joins and filters that must all hold"),
    "return": ("aliases or expression", "what each row gives; the last alias if absent"),
    "recurse": ("boolean", "hop again from what was found"),
    "max_depth": ("integer", "so many rounds of recursion at most; null for no limit"),
    "exclude_root": ("boolean", "leave out the entity that recursion began with"),
    "subsets": ('{"alias": ["eq", expression, value]}', "the part of a dataset that is looked in"),
    "track-dependencies": ("boolean", "run again for entities that hop to what has changed?"),
    "trace": ("boolean", "write how the hop was carried out to the log"),
}
NAME_ROLES = (Role.PATTERN, Role.SOURCE_NAME, Role.TARGET_NAME)
EXPRESSION_ROLES = (Role.EXPRESSION, Role.WHERE, Role.RETURN, Role.TEMPLATE, *NAME_ROLES)


@dataclass
class Candidates:
    """All that may stand at one place; `ranked` chooses by what was typed."""

    place: Place
    shapes: Shapes
    datasets: tuple[str, ...]
    rules: tuple[str, ...]

    def all(self) -> Iterator[Candidate]:
        """Candidates for a whole value or key."""
        role, quoted = self.place.role, self.place.is_quoted
        if role is Role.TRANSFORM_NAME:
            yield from self.calls(TRANSFORMS.values())
        elif role is Role.FUNCTION_NAME:
            yield from self.function_names()
        elif role in (Role.TRANSFORM, Role.BLOCK):
            yield from self.calls(TRANSFORMS.values(), whole=not quoted)
        elif role is Role.HOP_KEY:
            yield from self.options()
        elif role is Role.SWITCH and not quoted:
            for word in ("true", "false"):
                yield Candidate(word, "value", word, raw=True)
        elif role in (Role.RULE, Role.RULE_KEY):
            yield from self.rule_names()
        elif role is Role.DATASET:
            yield from (Candidate(name, "dataset", name) for name in self.datasets)
        elif role is Role.HOP_DATASET:
            yield from self.hop_datasets()
        elif role is Role.ALIAS:
            yield from self.aliases("")
        elif role in EXPRESSION_ROLES:
            yield from self.expressions()

    # -- functions ---------------------------------------------------------------------------------

    def calls(self, entries: Iterable[Function], *, whole: bool = False) -> Iterator[Candidate]:
        """Functions by name; `whole`: as a call with its brackets."""
        for entry in entries:
            text = json.dumps([entry.name]) if whole else entry.name
            kind = "transform" if entry.kind == "transform" else "function"
            doc = entry.doc.partition("\n")[0]
            order = 5 if whole and kind == "function" else 1
            # Operators are quicker typed than chosen.
            order += not entry.name[0].isalpha()
            yield Candidate(entry.name, kind, text, entry.signature.text, doc, order, whole)

    def function_names(self) -> Iterator[Candidate]:
        call = self.place.call
        if call is not None and call.role is Role.PATTERN:
            yield from self.calls([EXPRESSIONS["list"]])
            return
        if call is not None and call.role is Role.WHERE and len(call.node.items) == 1:
            yield from self.joins(within=True)
        yield from self.calls(EXPRESSIONS.values())

    def expressions(self) -> Iterator[Candidate]:
        role, quoted = self.place.role, self.place.is_quoted
        if role in NAME_ROLES:
            yield from self.names()
        if role is Role.WHERE and not quoted:
            yield from self.joins(within=False)
        if role is Role.RETURN:
            yield from self.aliases("")
        if role not in NAME_ROLES:
            yield from self.opposite()
            yield from self.variables()
        if not quoted and role is not Role.PATTERN:
            yield from self.calls(EXPRESSIONS.values(), whole=True)
            for word in ("true", "false", "null"):
                yield Candidate(word, "value", word, order=4, raw=True)

    def variables(self) -> Iterator[Candidate]:
        yield from self.aliases(".")
        known = ["_S", "_T", "_R", "_B"]
        if self.place.rule != "default":
            known.insert(2, "_P")
        if any(s.slot and s.slot.kind == "function-expression" for s in self.place.steps):
            known.insert(0, "_")
        for position, name in enumerate(known):
            doc = VARIABLE_DOCS[name]
            yield Candidate(f"{name}.", "variable", f"{name}.", "variable", doc, 2 + (position > 1))

    def aliases(self, dot: str) -> Iterator[Candidate]:
        for alias in aliases_at(self.place):
            name = alias.name + dot
            yield Candidate(name, "alias", name, alias.dataset, "alias of a dataset", 2)

    # -- joins -------------------------------------------------------------------------------------

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Paths that a `where` may join: each alias with `_S` and with the aliases before it."""
        sides = [Side("_S", "", self.names_of("_S"))]
        for alias in aliases_at(self.place):
            joined = Side(alias.name, alias.dataset, self.names_of(alias.name))
            for known in sides:
                yield from joins_between(known, joined)
            sides.append(joined)

    def joins(self, *, within: bool) -> Iterator[Candidate]:
        """Joins as conditions; `within`: from the quote that was typed on."""
        for left, right in self.pairs():
            call = json.dumps(["eq", left, right], ensure_ascii=False)
            text = call[2:-2] if within else call
            yield Candidate(f"eq {left} {right}", "join", text, call, "join", raw=True)

    def opposite(self) -> Iterator[Candidate]:
        """The other side of an `eq` of a `where`, where its first is written."""
        call = self.place.call
        if call is None or call.role is not Role.WHERE or call_name(call.node) != "eq":
            return
        if call.position != 2:
            return
        first = call.node.items[1].value
        for left, right in self.pairs():
            if first in (left, right):
                other = right if first == left else left
                yield Candidate(other, "property", other, f"joins {first}")

    # -- properties --------------------------------------------------------------------------------

    def names_of(self, variable: str) -> tuple[str, ...]:
        return tuple(by_name(self.shapes.of_variable(variable, self.place)))

    def names(self) -> Iterator[Candidate]:
        """Property names as arguments of `copy`, `add`, `rename`, `remove`."""
        source = by_name(self.shapes.of_variable("_S", self.place))
        target = by_name(self.shapes.of_variable("_T", self.place))
        call = self.place.call
        of_target = call is not None and call_name(call.node) in ("remove", "default")
        if self.place.role is Role.TARGET_NAME and not of_target:
            # A property that is already there is rarely the next one to add.
            yield from properties(source, 1, without=target)
            yield from properties(target, 2)
            return
        if of_target:
            yield from properties(target, 1)
        yield from properties(source, 2, without=target if of_target else {})
        if self.place.role is Role.PATTERN:
            yield Candidate("*", "value", "*", "pattern", "all properties")

    def path(self, variable: str, names: tuple[str, ...]) -> Iterator[Candidate]:
        """What may follow `variable.name.` in a path."""
        if variable in ("_P", "_R") and all(name == "_P" for name in names):
            for name in ["_S", "_T", *(["_P"] if variable == "_P" else [])]:
                yield Candidate(name, "variable", name, "variable", VARIABLE_DOCS[name])
            return
        shapes: list[Shape] = self.shapes.of_path(variable, names, self.place)
        for one in properties(by_name(shapes), 1):
            yield Candidate(
                one.label, one.kind, quoted_name(one.text), one.detail, one.doc, one.order
            )

    # -- rules, datasets, options ------------------------------------------------------------------

    def rule_names(self) -> Iterator[Candidate]:
        known = self.shapes.rules
        if self.place.role is Role.RULE_KEY:
            for name in dict.fromkeys(["default", *self.shapes.applied]):
                if name and name not in known:
                    yield Candidate(name, "rule", name, "rule", "is applied, but not there yet")
            return
        for name in dict.fromkeys([*known, *self.rules]):
            if name != self.place.rule:
                count = len(known[name].items) if name in known else 0
                detail = f"{count} transform{'' if count == 1 else 's'}" if name in known else ""
                yield Candidate(name, "rule", name, detail, "rule")

    def hop_datasets(self) -> Iterator[Candidate]:
        taken = {alias.name for alias in aliases_at(self.place)}
        token = self.place.token
        aliased = token is not None and " " in str(token.value)
        for name in self.datasets:
            alias = "" if aliased else f" {_free_alias(name, taken)}"
            yield Candidate(name, "dataset", name + alias, "dataset and alias")

    def options(self) -> Iterator[Candidate]:
        spec = self.place.steps[-1].node
        there = {key.value for key in spec.keys if key is not self.place.token}
        for position, name in enumerate(HOP_OPTIONS):
            if name not in there:
                detail, doc = OPTION_DOCS.get(name, ("", ""))
                yield Candidate(name, "option", name, detail, doc, position)


def properties(
    found: Mapping[str, Property], order: int, without: Iterable[str] = ()
) -> Iterator[Candidate]:
    """Properties as candidates; those the node sets come last."""
    left_out = set(without)
    for name, one in found.items():
        if name not in left_out:
            last = 10 if name[:1] in ("_", "$") and name != "_id" else 0
            detail, doc = type_of(one), examples_of(one)
            yield Candidate(name, "property", name, detail, doc, order + last)


def type_of(one: Property) -> str:
    """The types of a property's values, the most frequent first, and how many entities have it."""
    if not one.types:
        return "written by this rule"
    items = " | ".join(_by_count(one.items))
    kinds = [f"list of {items}" if n == "list" and items else n for n in _by_count(one.types)]
    text = " | ".join(kinds)
    return text if one.share >= 1 else f"{text}, in {one.share:.0%}"


def _by_count(counts: Counts) -> list[str]:
    """Types, the most frequent first and null last."""
    return [name for name, _ in sorted(counts, key=lambda pair: (pair[0] == "null", -pair[1]))]


def examples_of(one: Property) -> str:
    """A few of a property's values."""
    return f"such as {', '.join(map(preview, one.examples))}" if one.examples else ""


def _free_alias(dataset: str, taken: set[str]) -> str:
    """A short alias: the first letter of the dataset, or of its words, or a number behind it."""
    words = [word for word in dataset.replace(":", "-").replace("_", "-").split("-") if word]
    letters = [word[0].lower() for word in words if word[0].isalpha()] or ["d"]
    for alias in (letters[-1], letters[0], "".join(letters)):
        if alias not in taken:
            return alias
    return next(f"{letters[0]}{n}" for n in range(2, 100) if f"{letters[0]}{n}" not in taken)
