"""No rule set hangs or fills the memory: what grows is refused, with a word on why.

The cases run in processes of their own, whose time and memory are limited: a hang is a failing
test. Each entity has its budget, as everywhere.
"""

from __future__ import annotations

import signal

import pytest
from dtl.generation.bounded import outcomes

TEN_MILLION = 10_000_000
LONG = "a" * 100_000
MANY = ["map", "y", ["range", 0, TEN_MILLION]]
BIG = ["ljust", TEN_MILLION, " ", "a"]
ROWS = {"d": [{"_id": f"d{n}", "k": "x", "next": [f"d{(n * 2) % 300}"]} for n in range(300)]}
HOP = {"datasets": ["d a"], "where": [["eq", "_S.next", "a._id"]]}


def added(*expressions):
    return [["add", f"p{n}", expression] for n, expression in enumerate(expressions)]


def doubled(first, step, last=None):
    """A value that is put together with itself sixty times, and perhaps looked at then."""
    block = [["add", "a", first], *[["add", "a", step]] * 60]
    return [*block, ["add", "b", last], ["remove", "a"]] if last else block


def nested(depth, around, inner):
    for _ in range(depth):
        inner = [*around, inner]
    return inner


def counted_down(*values):
    """A rule that applies itself to each of some values that are one less, forty deep."""
    return [["if", ["gt", "_S.n", 0], [["add", "r", ["apply", "down", ["list", *values]]]]]]


DOWN = {"n": 40}
LESS = ["dict", "n", ["minus", 1, "_S.n"]]

REFUSED = {
    "range": added(["range", 0, 10**12]),
    "range over the limit": added(["count", ["range", 0, TEN_MILLION + 1]]),
    "constants that are computed": added(*(["range", n, 4_000_000] for n in range(200))),
    "range of large steps": added(["range", -(10**30), 10**30, 3]),
    "loops in loops": added(
        ["map", ["map", ["map", ["map", "_.", ["range", 0, 999]], ["range", 0, 999]],
            ["range", 0, 999]], ["range", 0, 999]]
    ),
    "filters in loops": added(
        ["map", ["filter", ["any", ["eq", "_.", 7], ["range", 0, 5000]], ["range", 0, 5000]],
         ["range", 0, 5000]]
    ),
    "tuples": added(["tuples", *[["range", 0, 100]] * 8]),
    "tuples in a loop": added(
        ["map", ["count", ["tuples", ["list", *range(50)], "_.", ["list", *range(50)],
                           ["list", *range(50)]]], ["range", 0, 100_000]]
    ),
    "text doubled by concat": doubled("xxxxxxxxxx", ["concat", "_T.a", "_T.a"]),
    "text doubled by replace": doubled("aa", ["replace", "a", "aa", "_T.a"]),
    "text doubled by a dict": doubled("aa", ["replace", {"a": "aa"}, "_T.a"]),
    "text doubled by join": doubled("aa", ["join", "", ["list", "_T.a", "_T.a"]]),
    "list doubled by combine": doubled(["list", 1, 2], ["combine", "_T.a", "_T.a"]),
    "list doubled by flatten": doubled(["list", 1], ["flatten", ["list", "_T.a", "_T.a"]]),
    "list of itself as JSON": doubled(["list", 1], ["list", "_T.a", "_T.a"], ["json", "_T.a"]),
    "list of itself as text": doubled(
        ["list", 1], ["list", "_T.a", "_T.a"], ["string", ["list", "_T.a"]]
    ),
    "list of itself, distinct": doubled(
        ["list", 1], ["list", "_T.a", "_T.a"], ["distinct", ["list", "_T.a", "_T.a"]]
    ),
    "dict of itself": doubled(
        {"x": 1}, ["dict", "x", "_T.a", "y", "_T.a"], ["json-transit", "_T.a"]
    ),
    "list of itself, equal": [
        *[["add", n, ["list", 1]] for n in "ab"],
        *[["add", n, ["list", f"_T.{n}", f"_T.{n}"]] for _ in range(60) for n in "ab"],
        ["add", "c", ["eq", "_T.a", "_T.b"]],
    ],
    "merge-union of itself": [
        ["add", "a", ["list", ["list", 1]]],
        *[["merge-union", ["dict", "a", ["list", ["list", "_T.a", "_T.a"]]]]] * 60,
    ],
    "long text many times": added(["join", "x" * 1000, MANY]),
    "a text in a text": added(["replace", " ", "  " * 1000, BIG]),
    "one text a million times": [
        ["add", "a", BIG], ["add", "b", ["join", "", ["map", "_T.a", ["range", 0, 1_000_000]]]],
    ],
    "rules that apply each other": added(["apply", "endless", "_S."]),
    "a rule of two of itself": added(["apply", "two", "_S."]),
    "a rule of two less": added(["apply", "down", DOWN]),
    "a rule that hops for ever": added(["apply-hops", "hopping", HOP]),
    "all rows with all rows": added(
        ["count", ["hops", {
            "datasets": ["d a", "d b", "d c", "d e"],
            "where": [["eq", "_S.k", "a.k"], ["eq", "a.k", "b.k"], ["eq", "b.k", "c.k"],
                      ["eq", "c.k", "e.k"]],
        }]]
    ),
    "all rows without an index": added(
        ["count", ["hops", {
            "datasets": ["d a", "d b", "d c", "d e"],
            "where": [["eq", f"{left}.k", ["if", ["uuid"], f"{right}.k"]]
                      for left, right in zip(["_S", *"abc"], "abce", strict=True)],
        }]]
    ),
    "entities without end": [
        ["create", ["map", ["dict", "_id", "x"], ["range", 0, 2_000_000]]],
    ] * 20,
    "a sleep of years": [["sleep!", 10**9]],
    "nested too deep": added(nested(70, ["list"], 1)),
    "nested far too deep": added(nested(500, ["list"], 1)),
    "a path of many steps": added("_S." + ".".join("a" * 2_000)),
}  # fmt: skip
"""What must be refused, when compiling or when it runs."""

BOUNDED = {
    "width": added(["ljust", 10**12, " ", "a"], ["rjust", -(10**12), " ", "a"]),
    "width of many": added(["ljust", TEN_MILLION, " ", ["map", "y", ["range", 0, 10_000]]]),
    "towers": added(
        ["^", 10, ["^", 10, ["^", 10, 10]]], ["pow", ["^", 9, 99], 9], ["^", "~f1.5", 10**9],
        ["^", 2.5, 10**300], ["^", 10**4000, 10**4000], ["^", -1, 10**4000],
    ),
    "many powers": added(["pow", 4000, ["map", 9, ["range", 0, 1000]]]),
    "roots of decimals": added(["pow", "~f0.333333", ["map", "~f9.99999", ["range", 0, 5000]]]),
    "exponents": added(*[
        [name, *arguments] for name, arguments in [
            ("+", ("~f1e999999999", "~f1e-999999999")), ("*", ("~f1e999999999", "~f1e999999999")),
            ("%", ("~f1e999999999", "~f3")), ("/", ("~f1e-999999999", "~f3e999999999")),
            ("integer", ("~f1e999999999",)), ("string", ("~f1e999999999",)),
            ("round", (5, "~f1e999999999")),
            ("floor", ("~f1e999999999",)), ("float", ("~f1e999999999",)),
            ("sqrt", ("~f1e999999999",)),
            ("sin", ("~f1e999999999",)), ("gt", ("~f1e999999999", 5)), ("json", ("~f1e999999999",)),
            ("sorted", (["list", "~f1e999999999", 10**300, "~f1e-999999999"],)),
            ("distinct", (["list", "~f1e999999999", 10**300],)), ("datetime", ("~f1e999999999",)),
            ("integer", ("9" * 5000,)), ("decimal", ("9" * 5000 + "e99999",)),
            ("float", ("9" * 5000,)),
        ]
    ]),
    "patterns of stars": added(
        ["matches", "*a" * 30 + "*b", LONG], ["matches", "*?" * 2000 + "b", LONG],
        ["matches", "*a?a?a?a?a?a?b" * 50, LONG], ["matches", "*" * 5000 + "b", LONG],
        ["matches", "?" * 5000 + "*b", LONG], ["matches", "*aaaaaaaaaaaaaaaaaaaab", LONG],
    ),
    "names of stars": [
        ["copy", "*a" * 30 + "*b"], ["add", "_id", "1"], ["remove", "*a" * 30 + "b"],
    ],
    "brackets in patterns": added(*[
        ["matches", text, LONG] for text in ("(a+)+$", "(a|aa)+b", "[a-z]*{9999}", "(?R)", "\\")
    ]),
    "brackets in replacements": added(
        ["replace", "(a+)+$", "\\1", LONG],
        ["replace", {"(a+)+$": "\\g<0>", "(": ")", "a|b": "x"}, LONG],
    ),
    "replacements that begin alike": added(
        ["replace", {"a" * n + "b": "x" for n in range(1, 60)}, "a" * 20_000]
    ),
    "formats": added(
        ["datetime-format", "%Y" * 50_000, ["now"]],
        ["datetime-parse", "%Y" * 5_000, "2015" * 5_000],
        ["datetime-parse", "%d%e%f%y%Y%H%I%M%S" * 3, "1" * 90],
        ["datetime-parse", "%f%e" * 40, "1" * 400 + "x"],
        ["datetime-parse", "%%" * 50_000, "%" * 50_000],
    ),
    "JSON that is deep": added(
        ["json-parse", ["concat", ["ljust", 100_000, "[", "["], ["ljust", 100_000, "]", "]"]]],
        ["json-transit-parse", ["ljust", 100_000, "[", "["]],
        ["json-parse", ["ljust", 100_000, "9", "9"]], ["json-parse", "1e999999"],
    ),
    "long texts": added(
        ["hash128", "murmur3", BIG], ["length", ["url-quote", "", BIG]],
        ["count", ["split", "", BIG]],
        ["length", ["upper", ["ljust", TEN_MILLION, "ΰ", "a"]]],
        ["phonenumber-parse", "NO", ["ljust", 1_000_000, "1", "+4722222222"]],
        ["uuid", BIG], ["datetime", BIG], ["integer", ["ljust", TEN_MILLION, "1", "1"]],
        ["decimal", ["ljust", TEN_MILLION, "1", "1"]], ["base64-decode", BIG], ["hex", 10**4000],
    ),
    "a path of many names": added(["path", ["split", "", ["ljust", 100_000, "a", "a"]], "_S."]),
    "a large constant": added("x" * 5_000_000, {"a": ["list", *range(100_000)]}),
    "many arguments": added(
        ["list", *range(20_000)], ["and", *(f"_S.p{n}" for n in range(3_000))],
        ["coalesce-args", *(f"_S.p{n}" for n in range(3_000))],
        ["case", *(part for n in range(2_000) for part in (f"_S.p{n}", n))],
        ["concat", *(f"_S.p{n}" for n in range(3_000))],
    ),
    "many transforms": [["add", f"a{n}", ["list", "_S.a", n]] for n in range(5_000)],
    "the target in itself": [["add", "a", ["list", "_T.", "_T."]]] * 30,
    "hops in a ring": added(["hops", HOP | {"recurse": True, "max_depth": None}]),
    "branches in branches": [nested(60, ["if", True], ["add", "v", 1])],
}  # fmt: skip
"""What ends in time by itself."""

FURTHER = {
    "endless": [["add", "b", ["apply", "endless", "_S."]]],
    "two": [["add", "a", ["apply", "two", "_S."]], ["add", "b", ["apply", "two", "_S."]]],
    "down": counted_down(LESS, LESS),
    "hopping": added(["apply-hops", "hopping", HOP], ["apply-hops", "hopping", HOP]),
}
KINDS = ("failed", "wrong-constant", "too-deep", "too-large", "wrong-path")


@pytest.fixture(scope="module")
def found():
    cases = {
        name: {
            "rules": {"default": [["copy", "_id"], *block], **FURTHER},
            "entity": {"_id": "1", "k": "x", "next": ["d1"], LONG: 1},
            "datasets": ROWS,
        }
        for name, block in (REFUSED | BOUNDED).items()
    }
    return outcomes(cases)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", REFUSED)
def test_what_grows_is_refused(found, name):
    assert found[name].get("problem") in KINDS, found[name]
    assert found[name]["path"].startswith("$.rules")
    # The machine had enough of everything: the limits are those of the language.
    assert "MemoryError" not in found[name]["message"]


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", BOUNDED)
def test_what_is_bounded_ends(found, name):
    assert "output" in found[name], found[name]


def test_a_hang_would_be_seen():
    """The test can fail: without a budget this does not end; it is ended then, and told."""
    rules = {"default": [["copy", "_id"], *REFUSED["loops in loops"]]}
    case = {"rules": rules, "budget": 1e18, "seconds": 2}
    assert outcomes({"loops": case})["loops"] == {"died": signal.SIGXCPU}
