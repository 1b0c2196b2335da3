"""A value has the same effect as a constant and as a path: folded, prepared, special or plain.

As `test_constants_and_paths`, for the functions of text, numbers, dates, logic and encodings. Where
one is a plain function it is also called by itself, without any compiler.
"""

from __future__ import annotations

import json
import random
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from sesam_node.dtl import Runtime, run_rules
from sesam_node.dtl.registry import EXPRESSIONS, all_functions
from sesam_node.dtl.runtime import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.dtl.signature import Parameter

GROUPS = (
    *("strings", "numbers", "arithmetic", "dates", "booleans", "boolean_logic", "comparisons"),
    *("conditionals", "byte_strings", "phonenumbers", "uris", "uuids"),
)
FUNCTIONS = [
    entry.name for entry in all_functions() if entry.group in GROUPS and entry.name != "now"
]
ALL, SOME = 80, 40  # up to so many combinations are all tried, of more of them some

VALUES: list[Any] = [
    *(None, True, False, 0, 1, -3, 10**30, -(10**30), 0.0, -2.5, 1.5, 2.0, 1e22, 5e-324, "", "a"),
    *("A b", "12", " 12 ", "0x00ff", "1.5", "true", "æøå", "ß", "~", "~~", "~zfoo", "~~rfoo"),
    *("~rhttp://a/b c", "~rtel:+47-22-22-22-22", "~f1.50", "~f-0", "~f1E+500", "~t2015-07-28"),
    *("~t2015-07-28T09:46:00.12345Z", "~t0005-02-28T00:00:00Z", "~t9999-12-31T23:59:59.999999999Z"),
    *("~u9f598f65-eea5-4906-a8f5-82f6d8e69726", "~:a:b", "~bYWJj", "~b/w==", "~tabc", "~f1x"),
    *("2015-07-28T09:46:00Z", "2015-07-28", "YWJj", "+4722222222", 22225555, "%C3%A5", "a*"),
    *("9f598f65-eea5-4906-a8f5-82f6d8e69726", "_S.x", {}, {"a": 1}, {"a": "b", "b": "~rx"}),
    *([], [None], [None, "a", 1], ["b", "a"], [["a"], ["b"]], [1, 2.5, "~f3", "x", None, True]),
    *([{}], [[]], ["~~rfoo", "~rx"], ["~t2015-07-28T09:46:00Z", "~t2015-07-28"], [0], [False]),
]  # fmt: skip
ZONES = ["UTC", "Europe/Oslo", "Etc/GMT+5"]
CHARACTERS = ["", "a", "~", " ", "~~rx"]
FIXED: dict[str, list[Any]] = {
    "SEPARATOR": ["", "-", " ", "~", "~rx"],
    "CHARACTERS": CHARACTERS,
    "SAFE_CHARS": CHARACTERS,
    "OLD_STRING": CHARACTERS,
    "NEW_STRING": ["", "b", "~", "~r"],
    "START_INDEX": [0, 1, -2, 10**30],
    "END_INDEX": [0, 2, -1],
    "VALUE": [0, -1, 13, 10**30],
    "DATEPART": ["year", "month", "week", "day", "nanosecond"],
    "TIMEZONE_NAME": ZONES,
    "FROM_TIMEZONE": ZONES,
    "TO_TIMEZONE": ZONES,
    "FORMATSTRING": ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%d.%m.%y %I %p %e", "%Y", "%%", "~rx%Y"],
    "DEFAULT_REGION": ["NO", "US"],
    "FORMAT_STRING": ["e164", "national", "isocode"],
    "FUNCTION": [["string", "_."], "n/a", None, "_.", ["list", "_.", 1], ["gt", "_.", 1], True],
}
"""What arguments that are no values may be, by name."""


def is_fixed(slot: Parameter) -> bool:
    """Is it an argument that is no value: a constant, or a function expression?"""
    return slot.is_constant or slot.kind == "function-expression"


def calls_of(name: str) -> list[tuple[Any, ...]]:
    """Arguments for a function: all combinations, or some of them by chance (always the same)."""
    entry = EXPRESSIONS[name]
    calls: list[tuple[Any, ...]] = []
    for count in range(6):
        if entry.signature.match(count) is None:
            continue
        slots = entry.signature.slots(count)
        pools = [FIXED[slot.name] if is_fixed(slot) else VALUES for slot in slots]
        chance = random.Random(f"{name} {count}")
        possible = 1
        for pool in pools:
            possible *= len(pool)
        if possible <= ALL:
            calls += product(*pools)
        else:
            calls += [tuple(map(chance.choice, pools)) for _ in range(SOME)]
    return calls


def results(name: str, calls: list[tuple[Any, ...]], literal: Callable[[int], bool]) -> list[str]:
    """What the calls give where `literal(position)` says which values stand in the rules."""
    source: dict[str, Any] = {"_id": "x"}
    transforms: list[Any] = [["copy", "_id"]]
    for number, call in enumerate(calls):
        arguments: list[Any] = []
        slots = EXPRESSIONS[name].signature.slots(len(call))
        for position, (value, slot) in enumerate(zip(call, slots, strict=True)):
            if is_fixed(slot):
                arguments.append(value)
            elif literal(position):
                arguments.append(["literal", value])
            else:
                source[f"a{number}_{position}"] = value
                arguments.append(f"_S.a{number}_{position}")
        transforms.append(["add", f"r{number}", [name, *arguments]])
    before = json.dumps(source)
    runtime = Runtime(new_uuid=lambda: "~u9f598f65-eea5-4906-a8f5-82f6d8e69726")
    target = run_rules({"default": transforms}, [source], runtime=runtime)[0]
    assert json.dumps(source) == before, "the source was changed"
    return [json.dumps(target.get(f"r{number}"), sort_keys=True) for number in range(len(calls))]


def called(name: str, call: tuple[Any, ...]) -> str | None:
    """What the function itself gives; null where it is no plain function of values."""
    entry = EXPRESSIONS[name]
    found = entry.signature.match(len(call))
    if entry.kind != "function" or found is None:
        return None
    arguments: list[Any] = []
    rest = list(call)
    for parameter, count in zip(found[0].parameters, found[1], strict=True):
        if parameter.kind == "function-expression" and count:
            return None
        if count == 0 and not parameter.is_repeated:
            arguments.append(ABSENT)
        arguments += [rest.pop(0) for _ in range(count)]
    return json.dumps(entry.code(*arguments), sort_keys=True)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_as_constants_and_as_paths_give_the_same(name: str) -> None:
    calls = calls_of(name)
    paths = results(name, calls, lambda _: False)
    variants = {
        "constants": results(name, calls, lambda _: True),
        "first constants": results(name, calls, lambda position: position % 2 == 0),
        "last constants": results(name, calls, lambda position: position % 2 == 1),
    }
    for number, call in enumerate(calls):
        assert called(name, call) in (None, paths[number]), call
        for variant, found in variants.items():
            assert found[number] == paths[number], (variant, call)
