"""Conditions as people write them, and the edits between two rule sets."""

import json

import pytest

from sesam_interactive.debugger import DebuggerError
from sesam_interactive.debugger.conditions import condition_of, condition_text
from sesam_interactive.debugger.edits import edits

WRITTEN = {
    "_T.total > 1000": {"if": ["gt", "_T.total", 1000]},
    '_S.kind == "a b" and _T.n <= -1.5': {
        "if": ["and", ["eq", "_S.kind", "a b"], ["lte", "_T.n", -1.5]]
    },
    "_S.a = 1 or _S.b != 2 and not _S.c": {
        "if": ["or", ["eq", "_S.a", 1], ["and", ["neq", "_S.b", 2], ["not", "_S.c"]]]
    },
    "(_S.a or _S.b) and _T.c is not null": {
        "if": ["and", ["or", "_S.a", "_S.b"], ["is-not-null", "_T.c"]]
    },
    "_P._S.n is null": {"if": ["is-null", "_P._S.n"]},
    "_T.x == true": {"if": ["eq", "_T.x", True]},
    "_T.n > 3 before default[2][1]": {
        "if": ["gt", "_T.n", 3],
        "at": "default[2][1]",
        "moment": "before",
    },
    "_S.person:name is null at default[2]": {
        "if": ["is-null", "_S.person:name"],
        "at": "default[2]",
        "moment": "after",
    },
    '["gt", "_T.n", 3]': {"if": ["gt", "_T.n", 3]},
    "concat gets null": {"function": "concat", "gets": "null"},
    '"is-empty" gives null': {"function": "is-empty", "gives": "null"},
    "default[2][1] gives null": {"at": "default[2][1]", "gives": "null"},
    "fail! fails": {"function": "fail!", "gives": "error"},
    "default[3][2][0] runs": {"at": "default[3][2][0]", "runs": True},
    "default[3] takes 1": {"at": "default[3]", "branch": 1},
    "default[3] takes none": {"at": "default[3]", "branch": -1},
    "filtered": {"outcome": "filtered"},
    "output differs from deployed": {"differs": "deployed"},
    "differs from the sink": {"differs": "stored"},
}


@pytest.mark.parametrize("written", WRITTEN)
def test_a_condition_is_read_as_it_is_written(written):
    condition = condition_of(written)
    assert condition == WRITTEN[written]
    assert condition_text(condition)


def test_lists_and_objects_are_taken_as_they_are():
    assert condition_of(["is-null", "_T.x"]) == {"if": ["is-null", "_T.x"]}
    assert condition_of({"outcome": "failed"}) == {"outcome": "failed"}


@pytest.mark.parametrize(
    "written",
    [
        "",
        "_T.x >",
        "_T.x >>> 3",
        "total > 3",
        "_T.x is",
        "(_T.x",
        "[1,",
        "_T.x = 1 _T.y",
        "and",
        "#",
    ],
)
def test_what_is_no_condition_is_told_with_an_example(written):
    with pytest.raises(DebuggerError) as raised:
        condition_of(written)
    assert "for example" in str(raised.value)


def test_edits_are_the_smallest_parts_that_differ():
    old = {
        "default": [
            ["copy", "*"],
            ["add", "n", ["plus", 1, "_S.n"]],
            ["if", ["eq", "_S.a", 1], [["add", "x", 1], ["add", "y", 2]]],
            ["add", "z", 1],
        ],
        "gone": [["copy", "_id"]],
    }
    new = json.loads(json.dumps(old))
    new["default"][1][2][1] = 2
    new["default"][2][2].insert(0, ["add", "w", 0])
    del new["default"][3], new["gone"]
    new["more"] = []
    found = [(edit.kind, edit.old, edit.new) for edit in edits(old, new)]
    assert found == [
        ("changed", "default[1][2][1]", "default[1][2][1]"),
        ("added", None, "default[2][2][0]"),
        ("removed", "default[3]", None),
        ("removed", "gone", None),
        ("added", None, "more"),
    ]
    assert edits(old, old) == []
    assert edits([["copy", "*"]], {"default": [["copy", "*"]]}) == []
