"""Texts as they are while a person types them: what is read, and what is said to be missing."""

import json
import random
from pathlib import Path

import pytest

from sesam_node.dtl.source_text import read_source
from sesam_node.dtl.written_text import written_text
from sesam_node.errors import InputError

FILES = sorted(Path(__file__).parents[1].glob("conformance/projects/*/pipes/*.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_finished_text_is_read_as_the_strict_reader_does(file):
    text = "// first\n" + file.read_text().replace('": [', '": [ # why\n /* x */')
    strict, written = read_source(text), written_text(text)
    assert written.problems == []
    source = written.source()
    assert (source.value, source.spans, source.keys) == (strict.value, strict.spans, strict.keys)


@pytest.mark.parametrize(
    ("text", "value", "problems"),
    [
        ('["a", "b"', ["a", "b"], ['1, column 1: "[" without its "]"']),
        (
            '{"a": [1, {"b": 2]}',
            {"a": [1, {"b": 2}]},
            ['1, column 11: "{" without its "}"'],
        ),
        ('["a" "b"]', ["a", "b"], ["1, column 6: expected a comma"]),
        ('["a",, "b"]', ["a", None, "b"], ["1, column 6: expected a value before the comma"]),
        ('["a"]]', ["a"], ['1, column 6: "]" closes nothing']),
        ('["add", "x]', ["add", "x"], ["1, column 9: a text without its closing quote"]),
        (
            '["eq", "_S.a, "o._id"]',
            ["eq", "_S.a", "o._id"],
            ["1, column 8: a text without its closing quote"],
        ),
        (
            '["concat", "_S.a, ":", "_S.b"]',
            ["concat", "_S.a", ":", "_S.b"],
            ["1, column 12: a text without its closing quote"],
        ),
        ('{"a": , "b": 1}', {"a": None, "b": 1}, ["1, column 7: expected a value"]),
        ('{"a": \n "b": 1}', {"a": None, "b": 1}, ["2, column 2: expected a value"]),
        ('{"a"}', {"a": None}, ["1, column 5: expected a colon"]),
        ('{"a" 1}', {"a": 1}, ["1, column 6: expected a colon"]),
        ("{a: 1}", {"a": 1}, ["1, column 2: expected a property name in double quotes"]),
        ('{"a": 1, "a": 2}', {"a": 2}, ["1, column 10: the property 'a' stands here twice"]),
        ("{[1]: 2}", {"": 2}, None),
        ("[tru]", ["tru"], ["1, column 2: expected a value, got 'tru'"]),
        ("[1] [2]", [1], ["1, column 5: expected the end"]),
        ("/* x", None, None),
        ("", None, ["1, column 1: expected a value, the text ends here"]),
        ('["a\\qb"]', ["aqb"], ["1, column 2: broken text: a wrong escape"]),
        ('"\t"', "\t", ["1, column 1: broken text: a control character"]),
        ('{"a": ["x", "b": 1}', {"a": ["x"], "b": 1}, ['1, column 7: "[" without its "]"']),
    ],
)
def test_what_is_missing_is_put_in_and_told(text, value, problems):
    written = written_text(text)
    assert written.source().value == value
    with pytest.raises(InputError):
        read_source(text)
    if problems is not None:
        assert [one.message.removeprefix("line ") for one in written.problems] == problems
    assert {one.code for one in written.problems} == {"broken-json"}


def test_indentation_tells_where_a_bracket_is_missing():
    text = """{
  "default": [
    ["add", "x", ["upper", "_S.
    ["copy", "*"]
  ],
  "other": [
    ["copy", "_id"]
  ]
}"""
    assert written_text(text).source().value == {
        "default": [["add", "x", ["upper", "_S."]], ["copy", "*"]],
        "other": [["copy", "_id"]],
    }


def test_too_deep_a_text_is_read_so_far():
    written = written_text("[" * 1000)
    [problem] = written.problems
    assert problem.message == "line 1, column 201: nested more than 200 levels deep"
    depth, node = 0, written.root
    while node is not None:
        depth, node = depth + 1, node.items[0] if node.items else None
    assert depth == 201
    assert json.dumps(written.source().value).startswith("[" * 201 + "]")


def test_any_text_is_read_with_places_that_fit():
    """Whatever is cut out of texts and put in, values nest, stand in order and are in the text."""
    chance = random.Random(7)
    texts = [file.read_text() for file in FILES]
    for _ in range(400):
        text = chance.choice(texts)
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(text))
            put = chance.choice(["", '"', "[", "]", "{", "}", ",", ":", "\n", "/*", "#", "\\", "é"])
            text = text[:at] + put + text[at + chance.choice([0, 1, 4, 30]) :] or "["
        written = written_text(text)
        waiting = [written.document]
        while waiting:
            node = waiting.pop()
            waiting += node.items
            assert node.kind != "object" or len(node.keys) == len(node.items)
            ends = [max(node.start, 0)]
            for item in node.items:
                assert ends[-1] <= item.start <= item.end <= node.end
                ends.append(item.end)
        valid = not written.problems
        try:
            assert read_source(text).value == written.source().value
        except InputError:
            assert not valid
        else:
            assert valid
