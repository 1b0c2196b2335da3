"""Finds everything that is wrong with a rule set, before it runs.

Names, numbers of arguments, constants, variables, rules, joins, datasets: every problem at once,
each with the JSON path of what it is about. Warnings (`level`) do not keep a rule set from running.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.joins import HOPPING, find_joins, is_pure
from sesam_node.dtl.names import patterns_of
from sesam_node.dtl.parse import constant_problem, hop_specs
from sesam_node.dtl.registry import EXPRESSIONS, TRANSFORMS
from sesam_node.dtl.syntax import (
    VARIABLES,
    Block,
    Call,
    HopSpec,
    Literal,
    Malformed,
    Node,
    Path,
    Rules,
)
from sesam_node.errors import Problem, json_path, preview, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sesam_node.dtl.registry import Function
    from sesam_node.dtl.signature import Parameter
    from sesam_node.dtl.syntax import At, RuleContext

CONSTANT_TYPES: Mapping[str, tuple[tuple[type, ...], str]] = {
    "integer": ((int,), "an integer"),
    "number": ((int, float), "a number"),
    "boolean": ((bool,), "true or false"),
    "object": ((dict,), "an object"),
    "string/object": ((str, dict), "a string or an object"),
    "string/integer": ((str, int), "a string or an integer"),
}
TEXT = ((str,), "a string")
ANYTHING = ("value", "anything")
LOOKS_LIKE_VARIABLE = re.compile(r"_[A-Za-z]\w*")
LOOKS_LIKE_PATH = re.compile(r"_[STPRB](\.[\w:$-]+)+")


@dataclass(frozen=True)
class Env:
    """Where an expression stands: the rule, the variables that have a value there."""

    rule: str
    variables: frozenset[str]


class Checker:
    """Walks a rule set and collects its problems."""

    def __init__(self, rules: Rules, context: RuleContext) -> None:
        self.rules = rules
        self.context = context
        self.problems: list[Problem] = []
        self.applies: dict[str, list[tuple[str, At]]] = {}
        self.hopping: set[str] = set()
        self.called: set[str] = set()

    def report(self, at: At, code: str, message: str, hint: str = "", level: str = "error") -> None:
        self.problems.append(Problem(json_path(at), code, message, hint, level))

    # -- blocks and transforms ---------------------------------------------------------------------

    def block(self, node: Node, env: Env) -> None:
        """One transform or a list of transforms."""
        if isinstance(node, Block):
            for item in node.items:
                self.transform(item, env)
        else:
            self.transform(node, env)

    def transform(self, node: Node, env: Env) -> None:
        if isinstance(node, Malformed):
            self.malformed(node)
        elif not isinstance(node, Call):
            hint = 'a transform is a list such as ["copy", "*"]'
            empty = isinstance(node, Block) and not node.items
            code = "empty-list" if empty else "wrong-shape"
            self.report(node.at, code, f"expected a transform, got {preview(node.raw)}", hint)
        elif node.name not in TRANSFORMS:
            self.unknown(node, TRANSFORMS, EXPRESSIONS, "transform", "expression")
        else:
            self.call(TRANSFORMS[node.name], node, env)

    def malformed(self, node: Malformed) -> None:
        self.report(node.at, node.code, node.message, node.hint)

    def unknown(
        self,
        node: Call,
        table: Mapping[str, Function],
        other: Mapping[str, Function],
        what: str,
        otherwise: str,
    ) -> None:
        if node.name in other:
            hint = f"it is {_article(otherwise)}, and cannot stand here"
        else:
            hint = suggestion(node.name, table)
        word = "function" if what == "expression" else what
        self.report((*node.at, 0), "unknown-function", f"unknown {word} {preview(node.name)}", hint)

    # -- expressions -------------------------------------------------------------------------------

    def expression(self, node: Node, env: Env) -> None:
        if isinstance(node, Malformed):
            self.malformed(node)
        elif isinstance(node, Path):
            self.path(node, env)
        elif isinstance(node, Block):
            hint = 'a constant list is written ["list", ...]'
            if node.items:
                message = f"expected a function name, got {preview(node.items[0].raw)}"
                self.report(node.at, "no-name", message, hint)
            else:
                self.report(node.at, "empty-list", "an empty list is no call", hint)
        elif isinstance(node, Call):
            entry = EXPRESSIONS.get(node.name)
            if entry is None:
                self.unknown(node, EXPRESSIONS, TRANSFORMS, "expression", "transform")
                if node.name not in TRANSFORMS:
                    for argument in node.arguments:
                        if not isinstance(argument, Block | Malformed):
                            self.expression(argument, env)
            else:
                self.call(entry, node, env)

    def path(self, node: Path, env: Env) -> None:
        if node.variable in env.variables:
            if node.problem:
                self.report(node.at, "wrong-path", node.problem)
            if node.variable in ("_P", "_R") and node.names[:1] not in ((), ("_S",), ("_T",)):
                if node.variable == "_P" and node.names[0] == "_P":
                    return
                parts = '"_S" or "_T"' if node.variable == "_R" else '"_S", "_T" or "_P"'
                message = f"{node.variable} has {parts}, not {preview(node.names[0])}"
                self.report(node.at, "unknown-variable", message, "the value is null", "warning")
        elif node.variable in VARIABLES:
            why = "a function expression" if node.variable == "_" else "an applied rule"
            message = f'"{node.variable}" has a value in {why} only'
            self.report(node.at, "unknown-variable", message, "here it is null", "warning")
        elif LOOKS_LIKE_VARIABLE.fullmatch(node.variable):
            message = f"unknown variable {preview(node.variable)}; {preview(node.raw)} is text"
            hint = suggestion(node.variable.upper(), VARIABLES | env.variables)
            self.report(node.at, "unknown-variable", message, hint, "warning")

    # -- calls -------------------------------------------------------------------------------------

    def call(self, entry: Function, node: Call, env: Env) -> None:
        given = len(node.arguments)
        if entry.signature.match(given) is None:
            message = (
                f"{preview(entry.name)} takes {_arguments(entry.signature.arity)}, got {given}"
            )
            self.report(node.at, "arity", message, entry.signature.text)
            for argument in node.arguments:
                if isinstance(argument, Call) and argument.name in EXPRESSIONS:
                    self.expression(argument, env)
            return
        for position, slot in enumerate(entry.signature.slots(given)):
            self.argument(entry, slot, node, position, env)
        if node.name in HOPPING and entry.kind == "special":
            self.hops(node, env)
        if entry.kind == "special" and node.name in ("apply", "apply-hops"):
            self.apply(node, env)
        if node.name in ("lookup-entity", "completeness"):
            for argument, slot in zip(node.arguments, entry.signature.slots(given), strict=True):
                if slot.kind == "dataset" and type(argument.raw) is str:
                    self.dataset(argument.raw, argument.at)

    def argument(
        self, entry: Function, slot: Parameter, node: Call, position: int, env: Env
    ) -> None:
        argument = node.arguments[position]
        check = entry.checks.get(slot.name)
        if slot.kind == "transforms":
            self.block(argument, env)
        elif slot.kind == "function-expression":
            self.expression(argument, replace(env, variables=env.variables | {"_"}))
        elif not slot.is_constant:
            self.expression(argument, env)
            known = isinstance(argument, Literal) or (
                isinstance(argument, Path) and argument.variable not in env.variables
            )
            if check is not None and known:
                message = check(argument.value)  # type: ignore[union-attr]
                if message:
                    self.report(argument.at, "wrong-constant", message)
        elif slot.kind not in ("hops-spec", "anything"):
            message = self.constant(slot, argument, node.constant(position))
            if message is None and check is not None:
                message = check(node.constant(position))
            if message:
                self.report(argument.at, "wrong-constant", message)

    def constant(self, slot: Parameter, node: Node, raw: Any) -> str | None:
        """What is wrong with an argument that must be a constant."""
        if slot.kind == "value":
            return constant_problem(raw)
        if slot.kind == "pattern":
            return _pattern_problem(raw)
        types, wanted = CONSTANT_TYPES.get(slot.kind, TEXT)
        if type(raw) in types:
            if isinstance(node, Path) and LOOKS_LIKE_PATH.fullmatch(raw):
                return f"{slot.name} must be a constant, got the path {preview(raw)}"
            return constant_problem(raw)
        if type(raw) is list:
            return f"{slot.name} must be a constant, got the expression {preview(raw)}"
        return f"{slot.name} must be {wanted}, got {preview(raw)}"

    def apply(self, node: Call, env: Env) -> None:
        name = node.constant(0)
        if type(name) is not str:
            return
        at = node.arguments[0].at
        if name not in self.rules.rules:
            hint = suggestion(name, self.rules.rules)
            self.report(at, "unknown-rule", f"unknown rule {preview(name)}", hint)
            return
        self.called.add(name)
        if node.name == "apply":
            self.applies.setdefault(env.rule, []).append((name, at))

    # -- hops --------------------------------------------------------------------------------------

    def hops(self, node: Call, env: Env) -> None:
        self.hopping.add(env.rule)
        for reader in hop_specs(node, 0 if node.name == "hops" else 1):
            self.problems.extend(reader.problems)
            if reader.spec is not None:
                self.hop(reader.spec, env, complete=not reader.problems)

    def hop(self, spec: HopSpec, env: Env, *, complete: bool) -> None:
        inner = replace(env, variables=env.variables | frozenset(spec.aliases))
        for position, dataset in enumerate(spec.aliases.values()):
            self.dataset(dataset, (*spec.at, "datasets", position))
        for node in spec.where:
            self.expression(node, inner)
        if not isinstance(spec.returned, tuple):
            self.expression(spec.returned, inner)
        for alias, (node, _) in spec.subsets.items():
            entity = frozenset(["_S", "_"]) | {alias}
            self.expression(node, replace(env, variables=entity))
            if not is_pure(node, "_S", VARIABLES) and not is_pure(node, alias, VARIABLES | entity):
                message = "a subset is a function of its entity alone"
                self.report(node.at, "wrong-subset", message, 'which is "_S" here')
        if not complete:
            return
        joins = find_joins(spec)
        for alias in joins.unconnected:
            position = list(spec.aliases).index(alias)
            self.report(
                (*spec.at, "datasets", position),
                "disconnected-join",
                f'no join in "where" connects {preview(alias)} to "_S"',
                f'add one such as ["eq", "_S.key", "{alias}.key"]',
            )
        for node in joins.surplus:
            message = "a second join of the same two is a filter: it compares whole values"
            hint = 'for a composite key use ["tuples", ...] on both sides'
            self.report(node.at, "second-join", message, hint, "warning")

    def dataset(self, name: str, at: At) -> None:
        known = self.context.datasets
        if known is not None and name not in known:
            hint = suggestion(name, known)
            self.report(at, "unknown-dataset", f"unknown dataset {preview(name)}", hint)

    # -- whole rule sets ---------------------------------------------------------------------------

    def barred(self) -> None:
        """Report each `apply` of a rule that reaches hops."""
        reaching = set(self.hopping)
        for _ in self.applies:
            for rule, calls in self.applies.items():
                if any(name in reaching for name, _ in calls):
                    reaching.add(rule)
        for calls in self.applies.values():
            for name, at in calls:
                if name in reaching:
                    message = f"the rule {preview(name)} hops, which apply does not allow"
                    self.report(at, "apply-hops-in-apply", message, "use apply-hops")

    def run(self) -> None:
        rules = self.rules.rules
        if "default" not in rules:
            hint = suggestion("default", rules)
            self.report(self.rules.at, "missing-default", 'there is no rule "default"', hint)
        # The callers of a rule decide whether it has a `_P`, so `default` comes last.
        for name in sorted(rules, key=lambda name: name == "default"):
            rule = rules[name]
            has_caller = name != "default" or name in self.called
            variables = VARIABLES - {"_"} if has_caller else VARIABLES - {"_", "_P"}
            if isinstance(rule, Malformed):
                self.malformed(rule)
            else:
                self.block(rule, Env(name, variables))
        self.barred()


def _article(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def _arguments(arity: str) -> str:
    return f"{arity} argument" if arity.endswith(" 1") or arity == "1" else f"{arity} arguments"


def _pattern_problem(raw: Any) -> str | None:
    for pattern in patterns_of(raw):
        if type(pattern) is not str:
            return f'expected a pattern or ["list", patterns...], got {preview(pattern)}'
    return None


def check(rules: Rules | Malformed, context: RuleContext) -> list[Problem]:
    """Every problem of a rule set, warnings too, sorted by path."""
    if isinstance(rules, Malformed):
        return [Problem(json_path(rules.at), rules.code, rules.message, rules.hint)]
    checker = Checker(rules, context)
    checker.run()
    return sorted(set(checker.problems))


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Those problems that keep a rule set from running."""
    return [problem for problem in problems if problem.level == "error"]
