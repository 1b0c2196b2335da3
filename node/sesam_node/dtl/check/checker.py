"""Finds everything that is wrong with a rule set, before it runs.

Names, numbers of arguments, constants, variables, rules, joins, datasets: every problem at once,
each with the JSON path of what it is about. Errors are what the manual calls a wrong configuration.
What runs, but never does what it seems to (an argument of a kind that is left out, a branch that is
never taken, a property that nothing has) is a warning: `kinds`, `reachability` and `properties`
know about it, `hints` about what to write instead. `codes` explains every code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.calls import slots_for
from sesam_node.dtl.check import hints
from sesam_node.dtl.check.kinds import TAKES, comparison, kinds_of, misfit
from sesam_node.dtl.check.properties import placed_patterns, unknown_properties
from sesam_node.dtl.check.reachability import (
    dead_arguments,
    dead_branches,
    dead_transforms,
    unused_rules,
)
from sesam_node.dtl.hop_specs import hop_specs
from sesam_node.dtl.joins import HOPPING, find_joins, is_pure
from sesam_node.dtl.names import patterns_of
from sesam_node.dtl.parse import constant_problem
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

    from sesam_node.dtl.check.reachability import Dead
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
OPERATORS = {"==": "eq", "!=": "neq", "<>": "neq", ">=": "gte", "<=": "lte", ">": "gt", "<": "lt"}
"""Those that no property has in its name; `-` and `/` are in many."""

OPERATOR = re.compile(f"\\s({'|'.join(map(re.escape, OPERATORS))})\\s")
ANYTHING = ("value", "anything")
MAX_CANDIDATES = 20
WHOLE = VARIABLES - {"_"}
"""Variables that were meant where their name stands alone; "_" is also a common separator."""

LOOKS_LIKE_VARIABLE = re.compile(r"_[A-Za-z]\w*")
LOOKS_LIKE_PATH = re.compile(r"_[STPRB](\.[\w:$-]+)+")


@dataclass(frozen=True)
class Env:
    """Where an expression stands: the rule, the variables that have a value there.

    `aliases` maps those of the hops around it to their datasets.
    """

    rule: str
    variables: frozenset[str]
    aliases: Mapping[str, str] = field(default_factory=dict)


class Checker:
    """Walks a rule set and collects its problems."""

    def __init__(self, rules: Rules, context: RuleContext) -> None:
        self.rules = rules
        self.context = context
        self.problems: list[Problem] = []
        self.applies: dict[str, list[tuple[str, At]]] = {}
        self.hopping: set[str] = set()
        self.called: set[str] = set()
        self.unknown_rules: dict[str, None] = {}
        self.suggestions = hints.Suggestions()

    def report(self, at: At, code: str, message: str, hint: str = "", level: str = "error") -> None:
        self.problems.append(Problem(json_path(at), code, message, hint, level))

    def warn(self, at: At, code: str, message: str, hint: str = "") -> None:
        self.report(at, code, message, hint, "warning")

    def dead(self, found: Iterable[Dead]) -> None:
        for one in found:
            self.warn(one.node.at, "unreachable", one.message, one.hint)

    # -- blocks and transforms ---------------------------------------------------------------------

    def block(self, node: Node, env: Env) -> None:
        """One transform or a list of transforms."""
        if isinstance(node, Block):
            for item in node.items:
                self.transform(item, env)
            self.dead(dead_transforms(node, env.variables))
        else:
            self.transform(node, env)

    def transform(self, node: Node, env: Env) -> None:
        if isinstance(node, Malformed):
            self.malformed(node)
        elif not isinstance(node, Call):
            hint = 'a transform is a list such as ["copy", "*"]'
            empty = isinstance(node, Block) and not node.items
            if isinstance(node, Block) and node.items:
                hint = "there is one list too many around it"
            code = "empty-list" if empty else "wrong-shape"
            self.report(node.at, code, f"expected a transform, got {preview(node.raw)}", hint)
        elif node.name not in TRANSFORMS:
            message = f"unknown transform {preview(node.name)}"
            known = self.suggestions.spend(len(TRANSFORMS) + len(EXPRESSIONS))
            hint = hints.for_unknown_transform(node) if known else ""
            self.report((*node.at, 0), "unknown-function", message, hint)
        else:
            self.call(TRANSFORMS[node.name], node, env)

    def malformed(self, node: Malformed) -> None:
        self.report(node.at, node.code, node.message, node.hint)

    # -- expressions -------------------------------------------------------------------------------

    def expression(self, node: Node, env: Env) -> None:
        if isinstance(node, Malformed):
            self.malformed(node)
        elif isinstance(node, Path):
            self.path(node, env)
        elif isinstance(node, Literal):
            self.literal(node)
        elif isinstance(node, Block):
            hint = hints.A_LIST
            if node.items:
                message = f"expected a function name, got {preview(node.items[0].raw)}"
                self.report(node.at, "no-name", message, hint)
            else:
                self.report(node.at, "empty-list", "an empty list is no call", hint)
        elif isinstance(node, Call):
            entry = EXPRESSIONS.get(node.name)
            if entry is None:
                message = f"unknown function {preview(node.name)}"
                known = self.suggestions.spend(len(EXPRESSIONS))
                hint = hints.for_unknown_function(node, env.variables) if known else ""
                self.report((*node.at, 0), "unknown-function", message, hint)
                if node.name not in TRANSFORMS:
                    for argument in node.arguments:
                        if not isinstance(argument, Block | Malformed):
                            self.expression(argument, env)
            else:
                self.call(entry, node, env)

    def literal(self, node: Literal) -> None:
        """Constants that look like something that is evaluated."""
        if type(node.raw) is str and node.raw in WHOLE:
            message = f"{preview(node.raw)} is text here"
            self.warn(node.at, "unknown-variable", message, f'the variable is "{node.raw}."')
        elif type(node.raw) is dict:
            path = hints.in_dict(node.raw)
            if path is not None:
                message = f"a dict is a constant: {preview(path)} in it is text"
                hint = 'to evaluate it use ["dict", key, value, ...]'
                self.warn(node.at, "constant-dict", message, hint)
        elif type(node.raw) is str and "$SECRET(" in node.raw:
            message = f"a secret is put in as a key of encryption only; {preview(node.raw)}"
            hint = 'as in ["encrypt", "$SECRET(key)", "_S.text"]'
            self.warn(node.at, "misplaced-secret", f"{message} is text", hint)

    def path(self, node: Path, env: Env) -> None:
        if node.variable in env.variables:
            if node.problem:
                self.report(node.at, "wrong-path", node.problem)
            elif "" in node.names and "'" not in node.raw:
                message = f"{preview(node.raw)} reads a property with an empty name"
                hint = f'did you mean "{_tidy(node.raw)}"?'
                self.warn(node.at, "wrong-path", message, hint)
            elif "'" not in node.raw and (found := OPERATOR.search(node.raw)):
                call = OPERATORS[found[1]]
                message = f"{preview(node.raw)} reads a property of just that name"
                hint = f'operators are calls: ["{call}", "{node.raw[: found.start()]}", ...]'
                self.warn(node.at, "wrong-path", message, hint)
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
            meant = node.variable[:2].upper()
            hint = f'did you mean "{meant}"?' if meant in VARIABLES else ""
            self.warn(node.at, "unknown-variable", message, hint)
        else:
            meant = hints.near_alias(node.raw, env.aliases)
            if meant:
                message = f"{preview(node.raw)} is text: {preview(node.variable)} is no alias here"
                self.warn(node.at, "unknown-variable", message, f'did you mean "{meant}"?')

    # -- calls -------------------------------------------------------------------------------------

    def call(self, entry: Function, node: Call, env: Env) -> None:
        given = len(node.arguments)
        slots = slots_for(entry, given)
        if slots is None:
            message = (
                f"{preview(entry.name)} takes {_arguments(entry.signature.arity)}, got {given}"
            )
            self.report(node.at, "arity", message, hints.for_arity(entry, node))
            for argument in node.arguments:
                if isinstance(argument, Call) and argument.name in EXPRESSIONS:
                    self.expression(argument, env)
            return
        for position, slot in enumerate(slots):
            self.argument(entry, slot, node, position, env)
        self.dead(dead_branches(node, env.variables))
        if entry.kind != "transform":
            self.dead(dead_arguments(node, env.variables))
            apart = comparison(node, env.variables)
            if apart is not None:
                self.warn(node.at, "wrong-kind", *apart)
        if node.name in HOPPING and entry.kind == "special":
            self.hops(node, env)
        if entry.kind == "special" and node.name in ("apply", "apply-hops"):
            self.apply(node, env)
        if node.name == "lookup-entity":
            for argument, slot in zip(node.arguments, slots, strict=True):
                if slot.kind == "dataset" and type(argument.raw) is str and not _is_path(argument):
                    self.dataset(argument.raw, argument.at)

    def argument(
        self, entry: Function, slot: Parameter, node: Call, position: int, env: Env
    ) -> None:
        argument = node.arguments[position]
        check = entry.checks.get(slot.name)
        if slot.kind == "transforms":
            self.block(argument, env)
        elif slot.kind == "function-expression":
            inner = replace(env, variables=env.variables | {"_"})
            self.expression(argument, inner)
            self.kind(entry, slot, node, position, inner)
        elif not slot.is_constant:
            self.expression(argument, env)
            known = isinstance(argument, Literal) or (
                isinstance(argument, Path) and argument.variable not in env.variables
            )
            if check is not None and known:
                message = check(argument.value)  # type: ignore[union-attr]
                if message:
                    self.report(argument.at, "wrong-constant", message)
                    return
            self.kind(entry, slot, node, position, env)
            if isinstance(argument, Literal) and argument.raw == "_" and "_" in env.variables:
                self.underscore(entry, node, argument)
        elif slot.kind not in ("hops-spec", "anything"):
            message = self.constant(slot, argument, node.constant(position))
            if message is None and check is not None:
                message = check(node.constant(position))
            if message:
                hint = ""
                if slot.kind == "rule" and (type(argument.raw) is not str or _is_path(argument)):
                    hint = f'the name of the rule comes first: ["{entry.name}", "rule", ...]'
                self.report(argument.at, "wrong-constant", message, hint)
            else:
                self.doubtful(slot, node, position)

    def doubtful(self, slot: Parameter, node: Call, position: int) -> None:
        """Constants that are allowed, but do nothing useful."""
        raw = node.constant(position)
        if slot.kind == "pattern":
            for pattern, at in placed_patterns(node, position):
                if LOOKS_LIKE_PATH.match(pattern):
                    message = f"{preview(pattern)} is a property name here, no path"
                    hint = f'did you mean "{pattern.partition(".")[2]}"?'
                    self.warn(at, "wrong-constant", message, hint)
        elif slot.name == "FORMATSTRING" and "%" not in raw:
            message = f"{preview(raw)} has no part of a date: each begins with %"
            hint = 'as "%Y-%m-%dT%H:%M:%S"'
            self.warn(node.arguments[position].at, "wrong-constant", message, hint)

    def underscore(self, entry: Function, node: Call, argument: Node) -> None:
        """A lone underscore where a value is changed: nobody writes that constant there."""
        changes = entry.name in TAKES and entry.name not in ("concat", "join")
        if changes and argument is node.arguments[-1]:
            hint = 'the current value is "_."'
            self.warn(argument.at, "unknown-variable", '"_" is text here', hint)

    def kind(self, entry: Function, slot: Parameter, node: Call, position: int, env: Env) -> None:
        argument = node.arguments[position]
        if isinstance(argument, Literal) and type(argument.raw) is str and argument.raw in WHOLE:
            return  # it has been told that this is text
        found = misfit(entry, slot, node, position, env.variables)
        if found is not None:
            self.warn(argument.at, "wrong-kind", *found)

    def constant(self, slot: Parameter, node: Node, raw: Any) -> str | None:
        """What is wrong with an argument that must be a constant."""
        if slot.kind == "value":
            return constant_problem(raw)
        if slot.kind == "pattern":
            return _pattern_problem(raw)
        types, wanted = CONSTANT_TYPES.get(slot.kind, TEXT)
        if type(raw) in types:
            if _is_path(node):
                return f"{slot.name} must be a constant, got the path {preview(raw)}"
            return constant_problem(raw)
        if type(raw) is list:
            return f"{slot.name} must be a constant, got the expression {preview(raw)}"
        return f"{slot.name} must be {wanted}, got {preview(raw)}"

    def apply(self, node: Call, env: Env) -> None:
        name = node.constant(0)
        if type(name) is not str or _is_path(node.arguments[0]):
            return
        at = node.arguments[0].at
        if name not in self.rules.rules:
            self.unknown_rules.setdefault(name)
            hint = self.suggestions.near(name, self.rules.rules)
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
        inner = replace(
            env,
            variables=env.variables | frozenset(spec.aliases),
            aliases={**env.aliases, **spec.aliases},
        )
        for position, dataset in enumerate(spec.aliases.values()):
            self.dataset(dataset, (*spec.at, "datasets", position))
        for node in spec.where:
            self.expression(node, inner)
            given = kinds_of(node, inner.variables)
            if given is not None and given.is_true:
                message = f"{preview(node.raw)} always counts as true"
                self.warn(node.at, "wrong-kind", message, 'a join is ["eq", "_S.key", "alias.key"]')
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
            hint = self.suggestions.near(name, known)
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
            hint = suggestion("default", rules) or 'the rule that runs is named "default"'
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
        if "default" in rules:
            self.unused()
            self.problems.extend(unknown_properties(self.rules, self.context))

    def unused(self) -> None:
        unknown = list(self.unknown_rules)[:MAX_CANDIDATES]
        for name in unused_rules(self.rules):
            known = self.suggestions.spend(len(unknown))
            meant = get_close_matches(name, unknown, 1) if known else []
            hint = f"there is an apply of {preview(meant[0])}, which is no rule" if meant else ""
            message = (
                f'the rule {preview(name)} is never applied: nothing from "default" leads to it'
            )
            self.warn(self.rules.rules[name].at, "unused-rule", message, hint)


def _is_path(node: Node) -> bool:
    return isinstance(node, Path) and LOOKS_LIKE_PATH.fullmatch(node.raw) is not None


def _tidy(path: str) -> str:
    """A path without its empty names; a variable alone keeps its dot."""
    variable, _, rest = path.partition(".")
    return f"{variable}.{'.'.join(name for name in rest.split('.') if name)}"


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
