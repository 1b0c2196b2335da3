"""A function gives the same whether its arguments are constants or read from the source.

Constants are folded, prepared and written into the generated code; each combination of constants
and paths therefore runs another code.
"""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Any

import pytest

from sesam_node.dtl import RuleContext, run_rules
from sesam_node.dtl.registry import all_functions
from sesam_node.errors import DtlError
from sesam_node.model.entity import encode

if TYPE_CHECKING:
    from sesam_node.dtl.registry import Function
    from sesam_node.dtl.signature import Parameter

GROUPS = ("dictionaries", "lists", "nulls", "misc", "json_text", "sets", "namespaced_identifiers")
APART = ("completeness", "is-changed", "literal")  # they take no values
FUNCTIONS = [
    entry
    for entry in all_functions()
    if entry.kind != "transform"
    and (entry.group in GROUPS or entry.name == "path")
    and entry.name not in APART
]
ROUNDS = 8

VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 10**30, 1.5, 2.0, "", "a", "A", "é😀", "_S.a", "a:b", "~z", "~"),
    *("~~:x", "~~ru:x", "~~~x", "~:a:b", "~rhttp://example.org/x", "~t2020-01-01", "~f1.0"),
    *("~t2020-01-01T00:00:00Z", "~t0001-01-01T00:00:00.000000001Z", "~f-3.50", "~bYWJj"),
    *("null", '"~:a"', "[1,"),
    *([], [None], ["a", None, 1, "a"], [1, [2, [3]], []], [["a", 1], ["~~:k", 2], ["b", 1, 2]]),
    *({}, {"a": 1}, {"a": None, "b": [1, 2]}, {"_id": "q", "x:a": {"b": 1}, "$c": {"d": 1}}),
    *([{"a": 1}, {"a": 2}, {}], ["~:a:b", "~ru:x", "~t2020-01-01", "~f1"]),
]  # fmt: skip
WHOLE: list[Any] = [0, 1, 2, -1, 3, None, "a", 1.0]
FUNCTIONS_OF_VALUES: list[Any] = [
    *("_.", "_.a", None, ["upper", "_."], ["first", "_."], ["gt", "_.", 1], ["is-null", "_."]),
]
CONSTANTS: dict[str, list[Any]] = {
    "hash128": ["murmur3"],
    "apply-ns": ["n", {"recursive": False}, {"skip_dollar": False, "skip_underscore": False}],
    "ni": ["ns", "~x", ""],
}
CONTEXTS = {
    "plain": RuleContext(pipe_id="p"),
    "namespaced": RuleContext(
        pipe_id="p", namespaced=True, identity_namespace="i", property_namespace="n"
    ),
}


def result(expression: Any, source: dict[str, Any], context: RuleContext) -> bytes:
    """The canonical text of what an expression gives, or that it fails."""
    name = "::r" if context.namespaced else "r"
    rules = {"default": [["copy", "_id"], ["add", name, expression]]}
    try:
        (out,) = run_rules(rules, [{"_id": "x", **source}], context=context)
    except DtlError:
        return b"fails"
    return encode(out["r"])


def variants(
    entry: Function, slots: tuple[Parameter, ...], chance: random.Random, escape: str
) -> tuple[list[list[Any]], dict[str, Any]]:
    """The ways to write each argument, and the source that the paths among them read."""
    ways: list[list[Any]] = []
    source: dict[str, Any] = {}
    for position, slot in enumerate(slots):
        if slot.kind == "function-expression":
            ways.append([chance.choice(FUNCTIONS_OF_VALUES)])
        elif slot.is_constant:
            ways.append([chance.choice(CONSTANTS[entry.name])])
        else:
            value = chance.choice(WHOLE if slot.kind == "integer-expression" else VALUES)
            source[f"v{position}"] = value
            ways.append([["literal", value], f"_S.{escape}v{position}"])
    return ways, source


@pytest.mark.parametrize("name", CONTEXTS)
@pytest.mark.parametrize("entry", FUNCTIONS, ids=lambda entry: entry.name)
def test_constants_and_paths_give_the_same(entry: Function, name: str) -> None:
    context = CONTEXTS[name]
    chance = random.Random(f"{entry.name} {name}")
    for given in range(6):
        if entry.signature.match(given) is None:
            continue
        slots = entry.signature.slots(given)
        for _ in range(ROUNDS):
            ways, source = variants(entry, slots, chance, "::" if context.namespaced else "")
            calls = [[entry.name, *chosen] for chosen in itertools.product(*ways)]
            some = [calls[0], calls[-1], *chance.sample(calls, min(2, len(calls)))]
            results = {result(call, source, context) for call in some}
            assert len(results) == 1, (calls[0], source, results)
