"""Finds the names of rules, aliases and datasets in a text, each with all places that mean it.

An alias is known in its specification: in its conditions, what it returns, and in hops within
those, unless one of them gives its name to another dataset. A rule is known in its rule set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.calls import function_of, transform_of
from sesam_node.dtl.hop_specs import HopReader, hop_specs
from sesam_node.dtl.parse import parse
from sesam_node.dtl.syntax import VARIABLES, Block, Call, Literal, Node, Path
from sesam_node.errors import json_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.dtl.source_text import SourceText
    from sesam_node.dtl.syntax import At

APPLYING = ("apply", "apply-hops")
HOPPING = ("hops", "apply-hops")
CONFIGURATION = frozenset(["_id", "type", "source", "transform", "sink", "pump"])
MAX_SETS = 1_000
WORD = re.compile(r"[^,\s](?:[^,]*[^,\s])?")

Symbols = Mapping[str, "Symbol"]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A place of a name: `start` to `end` of the text, within the string from `string[0]`.

    `before` and `after` are what else the string says, for one whose name is written with escapes:
    then `start` and `end` are those of all that is between the quotes.
    """

    start: int
    end: int
    string: tuple[int, int]
    before: str = ""
    after: str = ""


@dataclass(eq=False)
class Symbol:
    """A name with its places in order of the text. `definition` is one of them, or null.

    `taken` are names that it cannot have: they mean something else where it is known.
    """

    kind: str
    name: str
    occurrences: list[Occurrence] = field(default_factory=list)
    definition: Occurrence | None = None
    taken: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Env:
    """What is known where an expression stands: aliases of hops, and the other variables."""

    rules: dict[str, Symbol]
    aliases: Symbols = field(default_factory=dict)
    variables: frozenset[str] = VARIABLES


class Scopes:
    """The symbols of a text. `symbols` is complete after it is made."""

    def __init__(self, source: SourceText) -> None:
        self.source = source
        self.listed: At | None = None
        self.symbols: list[Symbol] = []
        self.datasets: dict[str, Symbol] = {}
        for rules, at, listed in islice(rule_sets(source.value), MAX_SETS):
            self.rule_set(rules, at, listed=listed)
        for symbol in self.symbols:
            symbol.occurrences.sort(key=lambda one: one.start)

    # -- rules -------------------------------------------------------------------------------------

    def rule_set(self, rules: dict[str, Any], at: At, *, listed: bool) -> None:
        self.listed = None
        known: dict[str, Symbol] = {}
        for name in rules:
            symbol = known[name] = self.symbol("rule", name)
            symbol.taken = set(rules)
            if not listed:
                symbol.definition = self.occurrence(symbol, self.key((*at, name)), name)
        tree = parse(rules, at)
        for name, block in getattr(tree, "rules", {}).items():
            if isinstance(block, Block):
                self.listed = (*at, name) if listed else None
                self.block(block, Env(known))

    def symbol(self, kind: str, name: str) -> Symbol:
        found = Symbol(kind, name)
        self.symbols.append(found)
        return found

    # -- expressions and transforms ----------------------------------------------------------------

    def block(self, block: Block, env: Env) -> None:
        for item in block.items:
            self.transform(item, env)

    def transform(self, node: Node, env: Env) -> None:
        if isinstance(node, Block):
            self.block(node, env)
        elif isinstance(node, Call):
            self.call(node, transform_of(node) or function_of(node), env)

    def expression(self, node: Node, env: Env) -> None:
        if isinstance(node, Path):
            self.path(node, env)
        elif isinstance(node, Block):
            for item in node.items:
                self.expression(item, env)
        elif isinstance(node, Call):
            self.call(node, function_of(node) or transform_of(node), env)

    def call(self, node: Call, found: Any, env: Env) -> None:
        if node.name in APPLYING and node.arguments:
            self.applied(node.arguments[0], env)
        if found is None:
            # Not finished, or unknown: what its arguments are is known nonetheless.
            for argument in node.arguments:
                self.expression(argument, env)
        else:
            for argument, slot in zip(node.arguments, found[1], strict=True):
                if slot.kind == "transforms":
                    self.transform(argument, env)
                elif not slot.is_constant:
                    self.expression(argument, env)
        if node.name in HOPPING:
            for reader in hop_specs(node, 0 if node.name == "hops" else 1):
                self.hop(reader, env)

    def applied(self, node: Node, env: Env) -> None:
        if not isinstance(node, Literal | Path) or type(node.raw) is not str:
            return
        symbol = env.rules.get(node.raw)
        if symbol is None:
            # A rule that is named elsewhere.
            symbol = env.rules[node.raw] = self.symbol("rule", node.raw)
        self.occurrence(symbol, self.span(node.at), node.raw)

    def path(self, node: Path, env: Env) -> None:
        symbol = env.aliases.get(node.variable)
        if symbol is not None:
            rest = node.raw[len(node.variable) :]
            self.occurrence(symbol, self.span(node.at), node.variable, after=rest)
        elif node.variable not in env.variables:
            # Text, which would be a path if an alias were called so.
            for alias in env.aliases.values():
                alias.taken.add(node.variable)

    # -- hops --------------------------------------------------------------------------------------

    def hop(self, reader: HopReader, env: Env) -> None:
        spec = reader.spec
        if spec is None:
            return
        own = {name: self.symbol("alias", name) for name in spec.aliases}
        raw = self.raw(spec.at)
        for position, text in enumerate(raw["datasets"]):
            dataset, alias = text.split() if type(text) is str and " " in text else (text, "")
            span = self.span((*spec.at, "datasets", position))
            if alias in own:
                begin = text.rindex(alias)
                parts = text[:begin], text[begin + len(alias) :]
                own[alias].definition = self.occurrence(own[alias], span, alias, *parts)
            if type(text) is str and text.split():
                self.dataset(dataset, span, text)
        known = {**env.aliases, **own}
        for symbol in known.values():
            symbol.taken.update(known)
        inner = Env(env.rules, known, env.variables)
        for node in spec.where:
            self.expression(node, inner)
        if isinstance(spec.returned, tuple):
            self.returned(raw.get("return"), (*spec.at, "return"), own)
        else:
            self.expression(spec.returned, inner)
        for alias, (node, _) in spec.subsets.items():
            symbol = own[alias]
            self.occurrence(symbol, self.key((*spec.at, "subsets", alias)), alias)
            self.expression(node, Env(env.rules, {alias: symbol}, frozenset(["_S", "_"])))

    def returned(self, text: Any, at: At, own: Symbols) -> None:
        if type(text) is not str:
            return
        for word in WORD.finditer(text):
            if word[0] in own:
                before, after = text[: word.start()], text[word.end() :]
                self.occurrence(own[word[0]], self.span(at), word[0], before, after)

    def dataset(self, name: str, span: tuple[int, int], text: str) -> None:
        if name not in self.datasets:
            self.datasets[name] = self.symbol("dataset", name)
        begin = text.index(name)
        after = text[begin + len(name) :]
        self.occurrence(self.datasets[name], span, name, text[:begin], after)

    # -- places ------------------------------------------------------------------------------------

    def span(self, at: At) -> tuple[int, int]:
        return self.source.spans[json_path(self.written(at))]

    def key(self, at: At) -> tuple[int, int]:
        return self.source.keys[json_path(self.written(at))]

    def written(self, at: At) -> At:
        """The place in the text: a list of transforms alone is the default rule."""
        if self.listed is None:
            return at
        return (*self.listed[:-1], *at[len(self.listed) :])

    def raw(self, at: At) -> dict[str, Any]:
        value = self.source.value
        for step in self.written(at):
            value = value[step]
        found: dict[str, Any] = value
        return found

    def occurrence(
        self, symbol: Symbol, span: tuple[int, int], name: str, before: str = "", after: str = ""
    ) -> Occurrence:
        """Notes a name in a string that says `before`, the name, `after`."""
        start, end = span
        inner = self.source.text[start + 1 : end - 1]
        if inner == before + name + after:
            begin = start + 1 + len(before)
            found = Occurrence(begin, begin + len(name), span)
        else:
            found = Occurrence(start + 1, end - 1, span, before, after)
        symbol.occurrences.append(found)
        return found


def rule_sets(value: Any) -> Iterator[tuple[dict[str, Any], At, bool]]:
    """The rule sets of a text with their places; whether one is a list, of its default rule alone.

    The text is a list of transforms, an object of rules, or one or several configurations.
    """
    if type(value) is dict:
        if CONFIGURATION & value.keys():
            yield from _configured(value, ())
        else:
            yield value, (), False
    elif type(value) is list:
        if value and type(value[0]) is dict:
            yield from _configured(value, ())
        else:
            yield {"default": value}, (), True


def _configured(value: Any, at: At) -> Iterator[tuple[dict[str, Any], At, bool]]:
    waiting: list[tuple[Any, At]] = [(value, at)]
    while waiting:
        one, place = waiting.pop()
        inner = one.items() if type(one) is dict else enumerate(one)
        for step, part in inner:
            if step == "rules" and one.get("type") == "dtl":
                if type(part) is dict:
                    yield part, (*place, "rules"), False
                elif type(part) is list:
                    yield {"default": part}, (*place, "rules"), True
            elif type(part) in (dict, list):
                waiting.append((part, (*place, step)))
