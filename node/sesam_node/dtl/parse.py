"""JSON to tree. Knows shapes, no names: nothing here raises, what has no shape is `Malformed`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.syntax import Block, Call, HopSpec, Literal, Malformed, Node, Path, Rules
from sesam_node.errors import Problem, json_path, preview, suggestion
from sesam_node.model.transit import normalise
from sesam_node.model.values import as_string

if TYPE_CHECKING:
    from sesam_node.dtl.syntax import At

MAX_HEIGHT = 64
MAX_CONSTANT_DEPTH = 100
MAX_ALIASES = 12
MAX_STEPS = 64
MAX_DIGITS = 4300
LARGEST = 10 ** (MAX_DIGITS - 1)
"""Longer integers cannot be written as text."""

SCALARS = (str, int, float, bool, type(None))
HOP_OPTIONS = (
    "datasets",
    "where",
    "return",
    "recurse",
    "max_depth",
    "exclude_root",
    "subsets",
    "track-dependencies",
    "trace",
)
TRUE_LIST = 'a constant list is written ["list", ...]'


def parse(rules: Any, at: At) -> Rules | Malformed:
    """The tree of a rule set: an object of named lists of transforms."""
    if type(rules) is not dict:
        message = f"expected an object of rules, got {preview(rules)}"
        return Malformed(at, rules, "wrong-shape", message, 'as {"default": [["copy", "*"]]}')
    return Rules(at, {str(name): _rule(rule, (*at, str(name))) for name, rule in rules.items()})


def _rule(rule: Any, at: At) -> Block | Malformed:
    if type(rule) is not list:
        message = f"expected a list of transforms, got {preview(rule)}"
        hint = 'as [["copy", "*"]]'
        if at[-1] == "rules" and type(rule) is dict:
            hint = 'the rule set is what stands in "rules"'
        return Malformed(at, rule, "wrong-shape", message, hint)
    if rule and type(rule[0]) is str:
        message = f"expected a list of transforms, got one transform {preview(rule)}"
        return Malformed(at, rule, "wrong-shape", message, "put it in a list")
    items = tuple(parse_node(item, (*at, position)) for position, item in enumerate(rule))
    return Block(at, rule, items, 1 + max((item.height for item in items), default=0))


def parse_node(raw: Any, at: At, depth: int = 0) -> Node:
    """The node of one expression, transform or list of transforms."""
    if depth > MAX_HEIGHT:
        return Malformed(at, raw, "too-deep", f"nested deeper than {MAX_HEIGHT} levels")
    if type(raw) is str:
        return parse_path(raw, at)
    if type(raw) is not list:
        return _constant(raw, at)
    if raw and type(raw[0]) is str:
        arguments = tuple(
            parse_node(item, (*at, position), depth + 1)
            for position, item in enumerate(raw[1:], start=1)
        )
        return Call(at, raw, raw[0], arguments, 1 + max((a.height for a in arguments), default=0))
    if raw and type(raw[0]) is not list:
        message = f"expected a function name, got {preview(raw[0])}"
        return Malformed(at, raw, "no-name", message, TRUE_LIST)
    items = tuple(parse_node(item, (*at, n), depth + 1) for n, item in enumerate(raw))
    return Block(at, raw, items, 1 + max((item.height for item in items), default=0))


def parse_template(raw: Any, at: At, depth: int = 0) -> Node:
    """The node of an expression in which a dict is a call of `dict`: its values are evaluated."""
    if type(raw) is not dict or depth > MAX_HEIGHT or not all(type(name) is str for name in raw):
        return parse_node(raw, at, depth)
    arguments: list[Node] = []
    for name, value in raw.items():
        arguments.append(Literal((*at, name), ["literal", name], as_string(name)))
        arguments.append(parse_template(value, (*at, name), depth + 1))
    height = 1 + max((argument.height for argument in arguments), default=0)
    call = ["dict", *(argument.raw for argument in arguments)]
    return Call(at, call, "dict", tuple(arguments), height)


def _constant(raw: Any, at: At) -> Node:
    problem = constant_problem(raw)
    if problem:
        return Malformed(at, raw, "wrong-constant", problem)
    return Literal(at, raw, clean(raw))


def constant_problem(raw: Any) -> str | None:
    """What keeps a value from being a constant: too deep, no JSON."""
    level = [raw]
    for _ in range(MAX_CONSTANT_DEPTH):
        inner: list[Any] = []
        for value in level:
            if type(value) is dict:
                if not all(type(key) is str for key in value):
                    return "the keys of a constant must be strings"
                inner.extend(value.values())
            elif type(value) is list:
                inner.extend(value)
            elif type(value) not in SCALARS:
                return f"expected JSON data, got a {type(value).__name__}"
            elif type(value) is float and not math.isfinite(value):
                return f"expected a finite number, got {value}"
            elif type(value) is int and not -LARGEST < value < LARGEST:
                return f"expected an integer of less than {MAX_DIGITS} digits"
        if not inner:
            return None
        level = inner
    return f"a constant is nested deeper than {MAX_CONSTANT_DEPTH} levels"


def clean(raw: Any) -> Any:
    """A copy of a constant with its tagged texts in normal form."""
    return normalise(_copy(raw))


def _copy(raw: Any) -> Any:
    if type(raw) is dict:
        return {key: _copy(value) for key, value in raw.items()}
    if type(raw) is list:
        return [_copy(value) for value in raw]
    return raw


def parse_path(text: str, at: At) -> Literal | Path:
    """A string: a possible path where it has a dot, else a constant."""
    value = normalise(text)
    variable, dot, rest = text.partition(".")
    if not dot or not variable:
        return Literal(at, text, value)
    if not rest:
        return Path(at, text, variable, (), value)
    names = path_names(rest)
    if names is None:
        return Path(at, text, variable, (), value, "a quote in this path is not closed")
    if len(names) > MAX_STEPS:
        return Path(at, text, variable, (), value, f"a path has at most {MAX_STEPS} names")
    return Path(at, text, variable, names, value)


def path_names(text: str) -> tuple[str, ...] | None:
    """The names in `a.'b.c'.d`; None where a quote is not closed."""
    if "'" not in text:
        return tuple(text.split("."))
    names: list[str] = []
    position = 0
    while True:
        if text[position : position + 1] == "'":
            name = ""
            position += 1
            while True:
                end = text.find("'", position)
                if end < 0:
                    return None
                name += text[position:end]
                position = end + 1
                if text[position : position + 1] != "'":
                    break
                name += "'"
                position += 1
            if position < len(text) and text[position] != ".":
                return None
        else:
            end = text.find(".", position)
            end = len(text) if end < 0 else end
            name = text[position:end]
            position = end
        names.append(name)
        if position >= len(text):
            return tuple(names)
        position += 1


class HopReader:
    """Reads one hops specification; `problems` says what is wrong, `spec` is what could be read."""

    def __init__(self, raw: Any, at: At, *, last: bool) -> None:
        self.at = at
        self.problems: list[Problem] = []
        self.spec: HopSpec | None = None
        if type(raw) is not dict:
            self.problem((), "wrong-shape", f"expected a specification object, got {preview(raw)}")
            return
        for key in raw:
            if key not in HOP_OPTIONS:
                hint = suggestion(str(key), HOP_OPTIONS)
                self.problem((str(key),), "unknown-option", f"unknown option {preview(key)}", hint)
        aliases = self.aliases(raw)
        where = self.where(raw)
        recurse = self.flag(raw, "recurse", default=False)
        returned = self.returned(raw, aliases)
        given = raw.get("return") is not None
        if given and recurse:
            self.problem(("return",), "wrong-return", '"return" and "recurse" exclude each other')
        elif given and not last:
            message = 'only the last specification may have a "return"'
            self.problem(("return",), "wrong-return", message)
        spec = HopSpec(
            at,
            aliases,
            where,
            returned,
            recurse,
            self.max_depth(raw),
            self.flag(raw, "exclude_root", default=False),
            self.subsets(raw, aliases),
            self.flag(raw, "track-dependencies", default=True),
        )
        if aliases:
            self.spec = spec

    def problem(self, at: At, code: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(json_path((*self.at, *at)), code, message, hint))

    def flag(self, raw: dict[str, Any], name: str, *, default: bool) -> bool:
        value = raw.get(name, default)
        if type(value) is not bool:
            self.problem((name,), "wrong-type", f"expected true or false, got {preview(value)}")
            return default
        return value

    def max_depth(self, raw: dict[str, Any]) -> int | None:
        value = raw.get("max_depth", 10)
        if value is None or (type(value) is int and value >= 0):
            return value
        message = f"expected a number of rounds or null, got {preview(value)}"
        self.problem(("max_depth",), "wrong-type", message)
        return 10

    def aliases(self, raw: dict[str, Any]) -> dict[str, str]:
        example = 'as ["orders o"]'
        if "datasets" not in raw:
            self.problem((), "wrong-shape", 'missing "datasets"', f'"datasets": {example[3:]}')
            return {}
        datasets = raw["datasets"]
        if type(datasets) is not list or not datasets:
            message = f'expected a list of "dataset alias", got {preview(datasets)}'
            hint = f"as [{preview(datasets)}]" if type(datasets) is str else example
            self.problem(("datasets",), "wrong-shape", message, hint)
            return {}
        if len(datasets) > MAX_ALIASES:
            message = f"expected at most {MAX_ALIASES} datasets, got {len(datasets)}"
            self.problem(("datasets",), "too-many", message, "use further specifications")
            return {}
        aliases: dict[str, str] = {}
        for position, text in enumerate(datasets):
            parts = text.split() if type(text) is str else []
            at: At = ("datasets", position)
            if len(parts) != 2 or "." in parts[1]:
                message = f'expected "dataset alias", got {preview(text)}'
                self.problem(at, "wrong-shape", message, example)
            elif parts[1] in aliases or parts[1].startswith("_"):
                taken = "is taken" if parts[1] in aliases else "reads as a variable"
                self.problem(at, "wrong-alias", f"the alias {preview(parts[1])} {taken}")
            else:
                aliases[parts[1]] = parts[0]
        return aliases

    def where(self, raw: dict[str, Any]) -> tuple[Node, ...]:
        if "where" not in raw:
            return ()
        node = parse_node(raw["where"], (*self.at, "where"))
        return tuple(conjuncts(node))

    def returned(self, raw: dict[str, Any], aliases: dict[str, str]) -> tuple[str, ...] | Node:
        if raw.get("return") is None:
            return tuple(aliases)[-1:]
        value = raw["return"]
        if type(value) is str and "." not in value:
            names = tuple(name.strip() for name in value.split(","))
            for name in names:
                if name not in aliases and aliases:
                    own = [alias for alias, dataset in aliases.items() if dataset == name]
                    hint = f'its alias is "{own[0]}"' if own else suggestion(name, aliases)
                    message = f"unknown alias {preview(name)}"
                    self.problem(("return",), "unknown-alias", message, hint)
            return tuple(name for name in names if name in aliases)
        return parse_template(value, (*self.at, "return"))

    def subsets(self, raw: dict[str, Any], aliases: dict[str, str]) -> dict[str, tuple[Node, Any]]:
        subsets = raw.get("subsets", {})
        if type(subsets) is not dict:
            message = f"expected an object of subsets by alias, got {preview(subsets)}"
            self.problem(("subsets",), "wrong-shape", message)
            return {}
        found: dict[str, tuple[Node, Any]] = {}
        for alias, subset in subsets.items():
            at: At = ("subsets", str(alias))
            if alias not in aliases:
                hint = suggestion(str(alias), aliases)
                self.problem(at, "unknown-alias", f"unknown alias {preview(alias)}", hint)
            elif type(subset) is not list or len(subset) != 3 or subset[0] != "eq":
                message = f'expected ["eq", expression, value], got {preview(subset)}'
                self.problem(at, "wrong-shape", message)
            elif constant_problem(subset[2]):
                self.problem((*at, 2), "wrong-constant", constant_problem(subset[2]) or "")
            else:
                value = subset[2]
                if type(value) is list:
                    # As everywhere, a list is a call; only the constant list has a meaning here.
                    if value[:1] != ["list"]:
                        message = f"expected a constant, got {preview(value)}"
                        self.problem((*at, 2), "wrong-constant", message, TRUE_LIST)
                        continue
                    value = value[1:]
                found[alias] = (parse_node(subset[1], (*self.at, *at, 1)), clean(value))
        return found


def conjuncts(node: Node) -> list[Node]:
    """The conditions that must all hold: those of a list, of `and`, else the node alone."""
    if isinstance(node, Block):
        return [inner for item in node.items for inner in conjuncts(item)]
    if isinstance(node, Call) and node.name == "and" and node.arguments:
        return [inner for item in node.arguments for inner in conjuncts(item)]
    return [node]


def hop_specs(call: Call, first: int = 0) -> list[HopReader]:
    """The specifications among the arguments of `hops` or `apply-hops`, from position `first`."""
    end = len(call.arguments)
    return [
        HopReader(call.constant(position), call.arguments[position].at, last=position == end - 1)
        for position in range(first, end)
    ]
