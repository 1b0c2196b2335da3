"""What generated code does with plain values itself is what the function gives for any value."""

from __future__ import annotations

from itertools import product

import pytest

from sesam_node.dtl import compile_rules
from sesam_node.dtl.functions.date_formats import reader, text_reader, text_writer, writer
from sesam_node.dtl.functions.timezones import zone_of
from sesam_node.dtl.registry import EXPRESSIONS
from sesam_node.dtl.runtime import ABSENT, OfText
from sesam_node.model.values import datetime_text, nanos

VALUES = [
    *(None, True, False, 0, 1, -7, 1.0, 2.5, "", " ", "a", "a-b", "A-~b", "~", "~~", "a~", "b~rx"),
    *(
        "12",
        "-12",
        "+3",
        " 4 ",
        "007",
        "0xff",
        "1.5",
        "1e3",
        "٣",
        "²",
        "9" * 18,
        "9" * 19,
        "9" * 30,
    ),
    *("~rfoo", "~~rfoo", "~f1.5", "~t2024-02-29T01:02:03Z", "~t2024-02-30T00:00:00Z", "~~f1"),
    *("~t2024-01-31", "~:a:b", "2024-02-29", "2023-02-29", "29.02.2024", "00.01.2024"),
    *([], [None], ["a-b", None, 1, "~rx", "~~rx", "c~-d", True], [["a-b"]], {"a": 1}, {}),
]
"""Plain, tagged and escaped text, all that reads like a number or a date, and every other type."""

CALLS = [
    *(("split", "-"), ("split", ""), ("split", ABSENT), ("split", "~"), ("split", "~~rx")),
    *(("substring", 0, 1), ("substring", -2, ABSENT), ("substring", 1, -1), ("substring", 5, 2)),
    *(("strip", ABSENT), ("strip", "a"), ("lstrip", "~"), ("rstrip", "b"), ("lstrip", ABSENT)),
    *(("replace", "a", "b"), ("replace", "a", "~"), ("replace", "", "x"), ("replace", "~~", "")),
    *(("upper",), ("lower",), ("length",), ("string",), ("integer", ABSENT)),
    *(("datetime-parse", ABSENT, "%Y-%m-%d"), ("datetime-parse", ABSENT, "%d.%m.%Y")),
    *(("datetime-format", ABSENT, "%d.%m.%Y"), ("datetime-format", ABSENT, "~%Y%m")),
    *(("datetime-format", "Europe/Oslo", "%Y-%m-%d %H"), ("datetime-parse", ABSENT, "%Y")),
]


def is_same(left, right):
    return type(left) is type(right) and left == right


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_quick_form_gives_what_the_function_gives(call):
    name, *constants = call
    given = [constant for constant in constants if constant is not ABSENT]
    rules = {"default": [["copy", "_id"], ["add", "r", [name, *given, "_S.x"]]]}
    run = compile_rules(rules).bind()
    function = EXPRESSIONS[name].code
    for value in VALUES:
        out = []
        run({"_id": "1", "x": value}, out)
        assert is_same(out[0]["r"], function(*constants, value)), value


def test_the_source_asks_for_plain_text_before_it_calls():
    source = compile_rules({"default": [["add", "a", ["split", "-", "_S.x"]]]}).source
    assert (
        "T['a'] = (text_split(t1) if type(t1 := S.get('x')) is str and '~' not in t1 else (\n"
        "                f_split(t1)))\n"
    ) in source


def test_both_forms_of_a_function_of_text_can_be_called():
    both = OfText(len, lambda value: value)
    assert (both.text("ab"), both("ab")) == (2, "ab")


DATES = [
    *("2024-02-29", "2023-02-29", "2024-01-31", "2024-04-31", "0000-01-01", "0001-01-01"),
    *("9999-12-31", "2024-13-01", "2024-00-10", "2024-1-1", "2024-02-29 ", "\uff12024-02-29", ""),
]
TIMES = ["00:00:00", "23:59:59", "24:00:00", "12:60:00", "1:2:3", ""]
FORMATS = [
    *("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y", "%Y%m%d", "%m/%d/%Y", "%Y-%m", "%H:%M"),
    *(
        "%d %d %Y",
        "%Y",
        "%y-%m-%d",
        "%e.%m.%Y",
        "%Y-%m-%d %I:%M %p",
        "%d%%%m",
        "%Y-%m-%dT%H:%M:%S%z",
    ),
    *("%Y-%m-%d %S.%f", "", "T%H"),
]


@pytest.mark.parametrize("text", FORMATS)
@pytest.mark.parametrize("zone", [None, "Europe/Oslo"])
def test_dates_read_as_text_are_those_that_are_computed(text, zone):
    place = zone and zone_of(zone)
    slow, quick = reader(text, place), text_reader(text, place)
    texts = [f"{day}T{hour}" if hour else day for day, hour in product(DATES, TIMES)]
    texts += ["29.02.2024", "31.04.2024", "01.01.0000", "20240229", "02/30/2024", "10:11", "29%02"]
    texts += ["2024", "2024-02", "29 29 2024", "1.2.2024", "2024-02-29 07.123", "T07"]
    for one in texts:
        at = slow(one)
        assert quick(one) == (None if at is None else datetime_text(at)), one


@pytest.mark.parametrize("text", FORMATS)
def test_dates_written_from_text_are_those_that_are_computed(text):
    quick, slow = text_writer(text, None), writer(text, None)
    values = [f"~t{day}T{hour}Z" for day, hour in product(DATES, [*TIMES, "01:02:03.000000001"])]
    for value in [*values, "~t2024-02-29", "2024-02-29T00:00:00Z", "~r2024"]:
        at = nanos(value)
        written = None if quick is None else quick(value)
        assert written is None or (at is not None and written == slow(at)), value
    assert (quick is None) == (text not in [*FORMATS[:7], "%Y", "T%H", "%d %d %Y", "%d%%%m"])
