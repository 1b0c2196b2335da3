"""JSON to tree. Knows shapes, no names: nothing here raises, what has no shape is `Malformed`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.limits import LARGEST, MAX_DIGITS
from sesam_node.dtl.syntax import Block, Call, Literal, Malformed, Node, Path, Rules
from sesam_node.errors import preview
from sesam_node.model.transit import normalise
from sesam_node.model.values import as_string

if TYPE_CHECKING:
    from sesam_node.dtl.syntax import At

MAX_HEIGHT = 64
MAX_CONSTANT_DEPTH = 100
MAX_STEPS = 64
SCALARS = (str, int, float, bool, type(None))
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
                return f"expected an integer of less than {MAX_DIGITS + 1} digits"
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
