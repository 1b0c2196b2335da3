"""What to try instead: names that were meant, and how what stands there is written."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.registry import EXPRESSIONS, TRANSFORMS
from sesam_node.dtl.syntax import Literal, Path
from sesam_node.errors import preview, suggestion

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sesam_node.dtl.registry import Function
    from sesam_node.dtl.syntax import Call, Node

A_LIST = 'a constant list is written ["list", ...]'
PATH = re.compile(r"_[STPRB](\.[\w:$-]+)+|_\.[\w:$-]*")
WORDS = re.compile(r"(\w[\w-]*)((?:\.[\w:$-]+)+)")
NEAR = 0.6
MAX_COMPARED = 20_000
"""Names that a check compares in search of what was meant: beside hundreds of problems nobody
misses another hint, and the search is slow."""

NEAR_NAME = 0.7
OTHER_NAMES = {
    other: name
    for name, others in (
        ("eq", "== = === equals equal is"),
        ("neq", "!= <> ne not-equals not-eq"),
        ("gt", "> greater greater-than"),
        ("gte", ">= ge"),
        ("lt", "< less less-than"),
        ("lte", "<= le"),
        ("and", "&&"),
        ("or", "||"),
        ("not", "!"),
        ("upper", "uppercase to-upper toupper ucase"),
        ("lower", "lowercase to-lower tolower lcase"),
        ("strip", "trim"),
        ("lstrip", "ltrim"),
        ("rstrip", "rtrim"),
        ("substring", "substr"),
        ("length", "len strlen"),
        ("count", "size"),
        ("concat", "concatenate strcat ||"),
        ("string", "str to-string tostring text"),
        ("integer", "int to-int to-integer parse-int number"),
        ("boolean", "bool to-bool"),
        ("datetime", "date to-date to-datetime timestamp"),
        ("datetime-parse", "parse-date date-parse strptime to-timestamp"),
        ("datetime-format", "format-date date-format strftime"),
        ("now", "today current-date current-time sysdate getdate"),
        ("matches", "like regex match regexp"),
        ("in", "contains includes"),
        ("if-null", "ifnull nvl default-value"),
        ("is-null", "isnone is-none"),
        ("map", "foreach for-each"),
        ("apply", "call call-rule run-rule"),
        ("hops", "join-dataset lookup hop"),
        ("case", "switch choose"),
        ("plus", "add"),
        ("minus", "subtract"),
        ("dict", "object"),
        ("list", "array"),
        ("add", "set assign let put"),
        ("remove", "delete drop del unset"),
        ("copy", "select project include"),
        ("rename", "move"),
        ("filter", "where reject"),
        ("create", "emit"),
        ("merge", "update extend"),
        ("fail!", "fail raise throw error"),
        ("sleep!", "sleep wait"),
        ("trip!", "trip"),
    )
    for other in others.split()
}


class Suggestions:
    """Did-you-mean for one check, until it has compared too many names."""

    def __init__(self) -> None:
        self.left = MAX_COMPARED

    def spend(self, count: int) -> bool:
        """May so many names be compared?"""
        self.left -= count
        return self.left >= 0

    def near(self, name: str, known: Collection[str]) -> str:
        """`did you mean "order"?` where a known name is near."""
        return suggestion(name, known) if self.spend(len(known)) else ""


def near_name(name: str, table: Mapping[str, Function]) -> str:
    """`did you mean "upper"?` for a name that another language, or a slip, has written."""
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name.strip()).casefold().replace("_", "-")
    squeezed = {known.replace("-", ""): known for known in table}
    for meant in (plain, OTHER_NAMES.get(plain, ""), squeezed.get(plain.replace("-", ""), "")):
        if meant in table:
            return f'did you mean "{meant}"?'
    near = get_close_matches(plain, table, 1, NEAR_NAME)
    return f'did you mean "{near[0]}"?' if near else ""


def for_unknown_transform(node: Call) -> str:
    """What to write for a transform that there is not."""
    entry = EXPRESSIONS.get(node.name)
    if entry is None:
        return near_name(node.name, TRANSFORMS) or near_name(node.name, EXPRESSIONS)
    kind = "a condition stands in" if entry.boolean else "its value is set with"
    around = '["filter", ...] or ["if", ...]' if entry.boolean else '["add", name, ...]'
    return f"it is an expression, and cannot stand here; {kind} {around}"


def for_unknown_function(node: Call, variables: frozenset[str]) -> str:
    """What to write for an expression that there is not."""
    if node.name in TRANSFORMS:
        return "it is a transform, and cannot stand here"
    if PATH.fullmatch(node.name) or node.name.partition(".")[0] in variables:
        return f'a list is a call; a list of values is written ["list", {preview(node.name)}, ...]'
    near = near_name(node.name, EXPRESSIONS)
    words = [raw for raw in node.raw if type(raw) is str]
    calls = any(type(raw) in (list, dict) for raw in node.raw)
    if not calls and not any("." in word for word in words):
        return f"{near} {A_LIST}".strip()
    return near


def for_arity(entry: Function, node: Call) -> str:
    """How a call with a wrong number of arguments is written."""
    given = len(node.arguments)
    if entry.kind == "transform":
        if entry.name in ("copy", "remove") and given > 1:
            return f'several patterns stand in one list: ["{entry.name}", ["list", "a*", "b*"]]'
        if entry.name == "if" and given > 3:
            return 'several transforms stand in one list: ["if", condition, [transform, transform]]'
        if entry.name in ("add", "default") and given > 2:
            return f'several values stand in one list: ["{entry.name}", name, ["list", ...]]'
        if entry.name in ("filter", "discard") and given > 1:
            return f'several conditions: ["{entry.name}", ["and", ...]]'
    if entry.name in ("eq", "neq") and given > 2:
        return f'one of several values: ["in", value, ["list", ...]]; {entry.signature.text}'
    if entry.name == "if" and given > 3:
        return 'more conditions: ["case", condition, value, condition, value, ..., else]'
    if entry.name == "dict" and given % 2:
        return "keys and values alternate: " + entry.signature.text
    return entry.signature.text


def forgotten(argument: Node) -> str:
    """How a property is written, for text that may have been meant as one."""
    if not isinstance(argument, Literal | Path) or type(argument.raw) is not str:
        return ""
    if argument.raw == "_":
        return 'the current value is "_."'
    name = argument.raw.removeprefix("S.")
    return f'a property is written "_S.{name}"' if name.replace(".", "").isidentifier() else ""


def near_alias(text: str, aliases: Mapping[str, str]) -> str:
    """The path that was meant by text such as `ord.amount`, where `orders` have the alias `o`.

    Nothing where the first word is near neither an alias nor the dataset of one.
    """
    found = WORDS.fullmatch(text)
    if found is None:
        return ""
    word, rest = found[1].casefold(), found[2]
    folded = {alias.casefold(): alias for alias in aliases}
    by_dataset = {dataset.casefold(): alias for alias, dataset in aliases.items()}
    near = get_close_matches(word, folded, 1, NEAR)
    if near:
        return folded[near[0]] + rest
    if len(word) < 3:
        return ""
    for dataset, alias in by_dataset.items():
        if dataset.startswith(word) or word == f"{dataset}s" or word in dataset.split("-"):
            return alias + rest
    near = get_close_matches(word, by_dataset, 1, 0.8)
    return by_dataset[near[0]] + rest if near else ""


def in_dict(value: Any) -> str | None:
    """A path that stands as text in a constant dict; None where there is none."""
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if type(inner) is dict:
            waiting.extend(inner.values())
        elif type(inner) is list:
            waiting.extend(inner)
        elif type(inner) is str and PATH.fullmatch(inner):
            return inner
    return None
