"""A document keeps components as they were given, and tells what is wrong with them as such."""

from __future__ import annotations

import json

import pytest

from sesam_node.config import Document
from sesam_node.config.text import read_json, write_json
from sesam_node.errors import ConfigError

PIPE = {"_id": "a", "type": "pipe"}

BROKEN = [
    (
        "{",
        (
            "pipes/a.conf.json:1:2: line 1, column 2: expecting property name enclosed in double "
            "quotes, but the text ends here [broken-json]"
        ),
    ),
    (
        '{"a": 1,\n "b": }',
        'pipes/a.conf.json:2:7: line 2, column 7: expecting value, got "}" [broken-json]',
    ),
    ('{"a": NaN}', "pipes/a.conf.json: NaN is no number in JSON [broken-json]"),
    ('{"a": 1e999}', 'pipes/a.conf.json: the number "1e999" is too large [broken-json]'),
    ('"\\ud800"', "pipes/a.conf.json: text holds half of a surrogate pair [broken-json]"),
    ("[" * 300 + "]" * 300, "pipes/a.conf.json: nested more than 200 levels deep [too-deep]"),
    ("[" * 99999, "pipes/a.conf.json: nested more than 200 levels deep [too-deep]"),
    (b"\xff\xfe", "pipes/a.conf.json: byte 0 is no UTF-8 [broken-json]"),
]


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_broken_json_names_file_line_and_column(text, message):
    with pytest.raises(ConfigError) as caught:
        read_json(text, "pipes/a.conf.json")
    assert [str(problem) for problem in caught.value.problems] == [message]


def test_text_survives_reading_and_writing():
    text = write_json(
        json.loads(
            '{"z": 1.0, "a": 1, "æøå": "日本 \\u2028", "big": 123456789012345678901234567890}'
        )
    )
    value, warnings = read_json("\ufeff" + text, "x")
    assert warnings == []
    assert write_json(value) == text
    assert list(value) == ["z", "a", "æøå", "big"]
    assert type(value["z"]) is float


def test_a_key_that_comes_twice_is_a_warning():
    value, [problem] = read_json(b'{"a": 1, "b": {"c": 1, "c": 2}}', "x.json")
    assert value == {"a": 1, "b": {"c": 2}}
    assert (problem.level, str(problem)) == (
        "warning",
        'x.json: the key "c" comes twice [duplicate-key]',
    )


@pytest.mark.parametrize(
    ("component", "lines"),
    [
        (PIPE, []),
        ({"_id": "s", "type": "system:url"}, []),
        ({"_id": "node", "type": "metadata"}, []),
        (5, ["$[0]: expected a pipe or system, got 5 [wrong-type]"]),
        ({"type": "pipe"}, ['$[0]: "_id" is missing in {"type": "pipe"} [bad-id]']),
        ({"_id": 5, "type": "pipe"}, ["$[0]._id: expected a string, got 5 [bad-id]"]),
        (
            {"_id": "a"},
            [
                (
                    'a $: "type" is missing; it is "pipe", "metadata" or "system:" with the type '
                    "of the system [missing-option]"
                )
            ],
        ),
        (
            {"_id": "a", "type": "pip"},
            [
                (
                    'a $.type: expected "pipe", "metadata" or "system:…", got "pip"; '
                    'did you mean "pipe"? [unknown-type]'
                )
            ],
        ),
        ({"_id": "a/b", "type": "pipe"}, ['a/b $._id: the id "a/b" has a slash in it [bad-id]']),
        ({"_id": "", "type": "pipe"}, [' $._id: the id "" is empty [bad-id]'.strip()]),
        (
            {"_id": "system:a", "type": "pipe"},
            [
                (
                    'system:a $._id: the id "system:a" begins with "system:", which belongs to the '
                    "node [bad-id]"
                )
            ],
        ),
        (
            {"_id": "a\n", "type": "system:url"},
            ['a\n $._id: the id "a\\n" has a control character in it [bad-id]'],
        ),
        (
            {"_id": "node", "type": "pipe"},
            ['node $._id: the id "node" belongs to the metadata of the node [bad-id]'],
        ),
        (
            {"_id": "Person_1", "type": "pipe"},
            [
                (
                    'Person_1 $._id: the id "Person_1" is not like a host name; small letters, '
                    "digits and dashes, at most 62, work everywhere [bad-id]"
                )
            ],
        ),
        (
            {"_id": "other", "type": "metadata"},
            ['other $._id: expected "node", got "other" [bad-id]'],
        ),
    ],
)
def test_components_have_a_type_and_a_usable_id(component, lines):
    assert [str(problem) for problem in Document.from_list([component]).problems()] == lines


def test_an_id_belongs_to_one_component():
    document = Document.from_list([PIPE, {"_id": "a", "type": "system:url"}])
    assert [str(problem) for problem in document.problems()] == [
        'a $._id: another component has the id "a" too [duplicate-id]'
    ]
    assert document.pipes == {"a": PIPE}
    assert document.systems == {}


def test_components_are_put_in_their_place_or_at_the_end():
    document = Document.from_list([PIPE, {"_id": "b", "type": "pipe"}])
    new = document.with_components([{"_id": "c", "type": "pipe"}, {**PIPE, "batch_size": 1}])
    assert [component["_id"] for component in new.to_list()] == ["a", "b", "c"]
    assert new.pipes["a"] == {**PIPE, "batch_size": 1}
    assert list(new.without(["a", "c"]).by_id) == ["b"]
    assert document.pipes["a"] == PIPE


def test_a_document_is_a_list():
    with pytest.raises(ConfigError, match="expected a list of pipes and systems, got"):
        Document.from_list({"_id": "a"})


def test_metadata_is_found():
    node = {"_id": "node", "type": "metadata"}
    assert Document.from_list([PIPE, node]).metadata == node
    assert Document.from_list([PIPE]).metadata is None
