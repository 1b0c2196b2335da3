"""Which kinds of value an expression can give, and which of them a function can use.

A function that leaves out what it cannot use says nothing about it: `["upper", 5]` is null, without
an error. The tables here are the documented rules of such functions, so that the checker can tell
where an argument never fits, or two sides never compare. Only what is certain is said: an
expression that may give anything has no kinds (None). The tests put values of every kind to every
function of the tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.calls import function_of
from sesam_node.dtl.check.hints import forgotten
from sesam_node.dtl.parse import clean, constant_problem
from sesam_node.dtl.registry import EXPRESSIONS
from sesam_node.dtl.syntax import VARIABLES, Call, Literal, Node, Path
from sesam_node.errors import preview
from sesam_node.model.values import kind, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.dtl.calls import Slots
    from sesam_node.dtl.registry import Function
    from sesam_node.dtl.signature import Parameter


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


NUMBER = _set("integer float decimal")
EVERY = _set(
    "null boolean integer float decimal string date datetime uri ni uuid bytes list dict tuple"
)
STRING, DATETIME, DICT = _set("string"), _set("datetime"), _set("dict")
BOOLEANS = _set("string boolean")

# -- what functions can use ------------------------------------------------------------------------

TAKES: Mapping[str, frozenset[str]] = {
    name: kinds
    for names, kinds in (
        (
            "upper lower strip lstrip rstrip substring ljust rjust replace length concat join",
            STRING,
        ),
        ("split matches url-quote url-unquote datetime-parse bytes base64-decode", STRING),
        ("json-parse json-transit-parse encrypt encrypt-pki encrypt-pgp decrypt-pgp", STRING),
        ("uri", _set("string uri")),
        ("uuid", _set("string uuid")),
        ("ni-id ni-ns", _set("string ni")),
        ("ni", _set("string ni uri")),
        ("boolean", BOOLEANS),
        ("integer float decimal", NUMBER | STRING),
        ("datetime", _set("string integer datetime")),
        ("datetime-format datetime-plus datetime-shift datetime-diff", DATETIME),
        ("+ - * / % ^ plus minus multiply divide mod pow", NUMBER),
        ("abs ceil floor round sin cos tan sqrt sum", NUMBER),
        ("hex", _set("integer")),
        ("hash128", _set("string bytes")),
        ("base64-encode decrypt decrypt-pki", _set("bytes")),
        ("phonenumber-parse", _set("string integer")),
        ("phonenumber-format", _set("uri")),
        ("keys values items key-values map-dict map-values", DICT),
    )
    for name in names.split()
}
"""Of the last argument (of all for those in `ALIKE`): other kinds are left out or give null."""

ALIKE = _set("concat datetime-diff + - * / % ^")

USED_BY_TRANSFORMS = {"merge": DICT, "merge-union": DICT, "create": DICT, "create-child": DICT}

USED_BY_KIND = {
    "numeric-expression": NUMBER,
    "integer-expression": _set("integer"),
    "string-expression": STRING,
    "character-expression": STRING,
    "dict-expression": DICT,
}

WITH_DEFAULT = _set("boolean integer float decimal datetime json-parse json-transit-parse")
"""Casts: what they cannot use goes to their first argument, where there are two."""

TESTS = {"add-if": "CONDITION", **dict.fromkeys(["filter", "any", "all", "coalesce"], "FUNCTION")}
"""Function expressions whose result counts as true or false."""

IN_WORDS = {
    "integer": "an integer",
    "uri": "a URI",
    "ni": "an NI",
    "uuid": "a UUID",
    "bytes": "bytes",
    "null": "null",
}
PLURAL = {
    STRING: "strings",
    NUMBER: "numbers",
    DATETIME: "datetimes",
    DICT: "dicts",
    _set("integer"): "integers",
    _set("bytes"): "bytes",
    _set("boolean"): "booleans",
    _set("float"): "floats",
    _set("decimal"): "decimals",
    _set("ni"): "NIs",
    _set("uuid"): "UUIDs",
    _set("uri"): "URIs",
}
TO_STRING = 'make a string of it with "string"'
TO_NUMBER = 'make a number of it with "integer", "float" or "decimal"'
TO_DATETIME = 'make a datetime of it with "datetime-parse" or "datetime"'

# -- what functions give ---------------------------------------------------------------------------

GIVES: Mapping[str, tuple[str, frozenset[str]]] = {
    name: (shape, kinds)
    for names, shape, kinds in (
        ("upper lower strip lstrip rstrip substring ljust rjust replace string", "each", STRING),
        ("url-quote url-unquote hex json json-transit datetime-format", "each", STRING),
        ("base64-encode decrypt decrypt-pki decrypt-pgp encrypt-pgp", "each", STRING),
        ("ni-id ni-ns phonenumber-format", "each", STRING),
        ("length hash128 integer", "each", _set("integer")),
        ("bytes base64-decode encrypt encrypt-pki", "each", _set("bytes")),
        ("datetime datetime-parse datetime-plus datetime-shift", "each", DATETIME),
        ("ni", "each", _set("ni")),
        ("uri phonenumber-parse", "each", _set("uri")),
        ("float", "each", _set("float")),
        ("decimal", "each", _set("decimal")),
        ("boolean", "each", _set("boolean")),
        ("plus minus multiply divide mod pow", "each", NUMBER),
        ("abs ceil floor round sin cos tan sqrt", "each", NUMBER),
        ("+ - * / % ^ sum", "one", NUMBER),
        ("datetime-diff", "one", _set("integer")),
        ("completeness", "one", DATETIME),
        ("lookup-entity", "one", DICT),
        ("concat join", "sure", STRING),
        ("count", "sure", _set("integer")),
        ("now", "sure", DATETIME),
        ("dict group-by", "sure", DICT),
        ("split", "list", STRING),
        ("keys", "list", STRING),
        ("tuples", "list", _set("tuple")),
        ("values items map-values map filter distinct flatten combine reversed", "list", EVERY),
        ("union intersection difference group hops apply-hops", "list", EVERY),
    )
    for name in names.split()
}
"""Shape and kinds of results. "each": one for one and a list for a list, null where there is none;
"one": a single one or null; "sure": a single one, never null; "list": always a list of them."""


@dataclass(frozen=True)
class Kinds:
    """What a value can be: the kinds of a single value, and of the elements if it can be a list."""

    single: frozenset[str]
    items: frozenset[str] | None = None

    def __or__(self, other: Kinds) -> Kinds:
        items = self.items
        if other.items is not None:
            items = other.items if items is None else items | other.items
        return Kinds(self.single | other.single, items)

    @property
    def values(self) -> frozenset[str]:
        """The kinds of single values and of elements, without null."""
        return (self.single | (self.items or frozenset())) - {"null"}

    @property
    def is_true(self) -> bool:
        """Does it always count as true, whatever the value is?"""
        return self.items is None and bool(self.single) and not self.single & {"null", "boolean"}

    def __str__(self) -> str:
        """In words, with an article."""
        if self.values <= NUMBER and len(self.values) > 1:
            return "a number"
        return " or ".join(sorted(IN_WORDS.get(name, f"a {name}") for name in self.values))


BOOLEAN = Kinds(_set("boolean null"))
NULL = Kinds(_set("null"))


def kinds_of_value(value: Any) -> Kinds:
    if type(value) is list:
        return Kinds(frozenset(), frozenset(kind(item) for item in value))
    return Kinds(frozenset([kind(value)]))


def kinds_of(node: Node, variables: frozenset[str]) -> Kinds | None:
    """The kinds that an expression can give where these variables have a value; None: any."""
    if isinstance(node, Literal):
        return kinds_of_value(node.value)
    if isinstance(node, Path):
        return None if node.variable in variables | VARIABLES else kinds_of_value(node.value)
    if not isinstance(node, Call):
        return None
    found = function_of(node)
    return None if found is None else _kinds_of_call(*found, node, variables)


def _kinds_of_call(
    entry: Function, slots: Slots, node: Call, variables: frozenset[str]
) -> Kinds | None:
    name, arguments = node.name, node.arguments
    if entry.boolean:
        return BOOLEAN
    if name == "literal":
        raw = node.constant(0)
        return None if constant_problem(raw) else kinds_of_value(clean(raw))
    if name == "list":
        return _list_of(arguments, variables)
    if name == "uuid":
        given = arguments or None
        return _each(_set("uuid"), arguments[0], variables) if given else Kinds(_set("uuid"))
    if name in ("if", "case", "case-eq", "coalesce-args", "if-null"):
        return _one_of(slots, node, variables)
    if name not in GIVES or (name in WITH_DEFAULT and len(arguments) > 1):
        return None
    shape, kinds = GIVES[name]
    if shape == "each":
        return _each(kinds, arguments[-1], variables)
    if shape == "list":
        return Kinds(frozenset(), kinds)
    return Kinds(kinds if shape == "sure" else kinds | {"null"})


def _each(kinds: frozenset[str], values: Node, variables: frozenset[str]) -> Kinds:
    given = kinds_of(values, variables)
    listed = given is None or given.items is not None
    return Kinds(kinds | {"null"}, kinds if listed else None)


def _list_of(arguments: tuple[Node, ...], variables: frozenset[str]) -> Kinds:
    items: frozenset[str] = frozenset()
    for argument in arguments:
        given = kinds_of(argument, variables)
        if given is None:
            return Kinds(frozenset(), EVERY)
        items |= given.single if given.items is None else given.single | {"list"}
    return Kinds(frozenset(), items)


def _one_of(slots: Slots, node: Call, variables: frozenset[str]) -> Kinds | None:
    """Of a function that gives one of its arguments: the kinds of all that it may be."""
    branching = node.name in ("if", "case", "case-eq")
    total = Kinds(frozenset()) if any(slot.name == "ELSE" for slot in slots) else NULL
    for argument, slot in zip(node.arguments, slots, strict=True):
        if branching and slot.name not in ("THEN", "ELSE"):
            continue
        given = kinds_of(argument, variables)
        if given is None:
            return None
        total |= given
    return total


# -- what never fits -------------------------------------------------------------------------------


def misfit(
    entry: Function, slot: Parameter, node: Call, position: int, variables: frozenset[str]
) -> tuple[str, str] | None:
    """Message and hint for an argument that the function can never use; None where it can."""
    argument = node.arguments[position]
    if slot.kind == "boolean-expression" or TESTS.get(entry.name) == slot.name:
        given = kinds_of(argument, variables)
        if given is None or not given.is_true:
            return None
        hint = forgotten(argument)
        if isinstance(argument, Call):
            hint = 'test what you mean, as ["gt", ..., 0] or ["is-not-empty", ...]'
        return f"{_told(argument, given)}, which always counts as true", hint
    if slot.kind == "function-expression" and isinstance(argument, Literal):
        return _no_function(slot, argument)
    wanted = _wanted(entry, slot, node, position)
    if wanted is None:
        return None
    given = kinds_of(argument, variables)
    if given is None or not given.values:
        return None
    if slot.kind == "character-expression" and given.values & STRING:
        return _no_character(slot, argument)
    if given.values & wanted:
        return None
    taken = PLURAL.get(wanted) or " or ".join(sorted(PLURAL[frozenset([one])] for one in wanted))
    message = f"{preview(entry.name)} takes {taken} for {slot.name}; {_told(argument, given)}"
    return message, _conversion(wanted, given)


def _wanted(entry: Function, slot: Parameter, node: Call, position: int) -> frozenset[str] | None:
    if slot.kind in USED_BY_KIND:
        return USED_BY_KIND[slot.kind]
    if slot.kind != "value-expression":
        return None
    if entry.kind == "transform":
        return USED_BY_TRANSFORMS.get(entry.name)
    if entry.name in WITH_DEFAULT and len(node.arguments) > 1:
        return None
    if entry.name in ALIKE or position == len(node.arguments) - 1:
        return TAKES.get(entry.name)
    return None


def _no_function(slot: Parameter, argument: Literal) -> tuple[str, str] | None:
    if argument.raw == "_" or (type(argument.raw) is str and argument.raw in EXPRESSIONS):
        written = '"_."' if argument.raw == "_" else f'["{argument.raw}", "_."]'
        hint = f"{slot.name} is an expression of the current value, as {written}"
        return f"{preview(argument.raw)} is text, the same for every value", hint
    return None


def _no_character(slot: Parameter, argument: Node) -> tuple[str, str] | None:
    if not isinstance(argument, Literal) or type(argument.value) is not str:
        return None
    if len(text_of(argument.value)) == 1:
        return None
    return f"{slot.name} takes one character, got {preview(argument.raw)}; the result is null", ""


def _told(argument: Node, given: Kinds) -> str:
    if isinstance(argument, Call):
        return f"{preview(argument.name)} gives {given}"
    if given.single == STRING and isinstance(argument, Literal | Path):
        return f"{preview(argument.raw)} is text"
    return f"{preview(argument.raw)} is {given}"


def _conversion(wanted: frozenset[str], given: Kinds) -> str:
    if wanted == DATETIME and given.values <= _set("string integer date"):
        return TO_DATETIME
    if wanted & NUMBER and given.values <= STRING:
        return TO_NUMBER
    if "string" in wanted and not given.values & _set("list dict tuple") and wanted != BOOLEANS:
        return TO_STRING
    return ""


GROUPS = {**dict.fromkeys(NUMBER, "number"), "date": "time", "datetime": "time"}


def _groups(kinds: frozenset[str]) -> frozenset[str]:
    return frozenset(GROUPS.get(name, name) for name in kinds)


def never_equal(left: Kinds | None, right: Kinds | None) -> bool:
    """Can no two such values be equal, as `eq` has it?"""
    if left is None or right is None:
        return False
    both_null = "null" in left.single and "null" in right.single
    both_lists = left.items is not None and right.items is not None  # both may be empty
    return not (both_null or both_lists or _groups(left.values) & _groups(right.values))


def comparison(node: Call, variables: frozenset[str]) -> tuple[str, str] | None:
    """Message and hint for a comparison whose sides can never meet."""
    if node.name not in ("eq", "neq", "gt", "gte", "lt", "lte") or len(node.arguments) != 2:
        return None
    left, right = (kinds_of(argument, variables) for argument in node.arguments)
    ordered = node.name not in ("eq", "neq")
    if ordered and NULL in (left, right):
        return f"{preview(node.name)} with null is never true", 'use "is-null" or "is-not-null"'
    if left is None or right is None or not left.values or not right.values:
        return None
    if ordered:
        apart = not _groups(left.values) & _groups(right.values)
    else:
        apart = never_equal(left, right)
    if not apart:
        return None
    always = "true" if node.name == "neq" else "false"
    message = f"{preview(node.name)} compares {left} with {right}: always {always}"
    hint = ""
    for wanted, given in ((left, right), (right, left)):
        hint = hint or _conversion(wanted.values, given)
    return message, hint
