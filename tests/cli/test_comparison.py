"""The rules by which a project's expectations are compared with what a pipe gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from sesam_node.expected import Spec
from sesam_node.expected.comparison import (
    current_entities,
    difference,
    entity_text,
    plain_numbers,
    xml_text,
)


def spec(**options):
    return Spec(Path("x.test.json"), "x", Path("x.json"), **options)


def test_internal_keys_go_at_every_depth():
    given = [
        {
            "_id": "1",
            "_updated": 3,
            "_deleted": False,
            "a": {"_id": "i", "_hash": "h", "b": [{"_x": 1, "c": 2}]},
        }
    ]
    assert current_entities(given, [], spec()) == [{"_id": "1", "a": {"_id": "i", "b": [{"c": 2}]}}]


def test_deleted_entities_count_only_where_they_are_expected():
    given = [{"_id": "1", "_deleted": True}, {"_id": "2", "_deleted": True}, {"_id": "3"}]
    expected = [{"_id": "2", "_deleted": True}]
    assert current_entities(given, expected, spec()) == [
        {"_id": "2", "_deleted": True},
        {"_id": "3"},
    ]
    assert current_entities(given, expected, spec(ignore_deletes=False)) == given


def test_a_blacklist_names_paths():
    given = [{"_id": "1", "a": 1, "b": {"c": 2, "d": 3}, "e": [{"f": 4, "g": 5}], "x:y.z": 6}]
    options = spec(blacklist=("a", "b.c", "e[].f", "x:y.z"))
    assert current_entities(given, [], options) == [
        {"_id": "1", "b": {"d": 3}, "e": [{"f": 4, "g": 5}]}
    ]
    assert current_entities(given, [], spec(blacklist=("e.f",)))[0]["e"] == [{"g": 5}]


def test_a_blacklisted_id_goes_too():
    assert current_entities([{"_id": "1", "a": 1}], [], spec(blacklist=("_id",))) == [{"a": 1}]


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (1.0, 1),
        (1.5, 1.5),
        (1e300, 1e300),
        (True, True),
        ([2.0, {"a": 3.0}], [2, {"a": 3}]),
        (9007199254740993, 9007199254740993),
        (12345678901234567, 12345678901234568),
        ("1.0", "1.0"),
    ],
)
def test_numbers_are_compared_as_the_official_client_has_them(value, plain):
    found = plain_numbers(value)
    assert (found, type(found)) == (plain, type(plain))


def test_entities_are_sorted_by_the_fields_of_the_spec():
    entities = [{"_id": "2", "n": 1}, {"_id": "1", "n": 2}]
    assert entity_text(entities, spec()) == entity_text(reversed(entities), spec())
    by_n = entity_text(entities, spec(fields_to_sort_by=("n",)))
    assert by_n.index('"_id": "2"') < by_n.index('"_id": "1"')


def test_a_missing_sort_field_is_no_error():
    assert entity_text([{"_id": "1"}, {"_id": "2", "n": {"a": 1}}], spec(fields_to_sort_by=("n",)))


def test_xml_is_compared_in_one_layout():
    assert xml_text(b"<a><b x='1'/></a>") == xml_text(b'<a>\n  <b x="1"></b>\n</a>')
    assert xml_text(b"<a>") is None


def test_a_difference_shows_both_sides():
    assert difference("a\nb\n", "a\nc\n", "x.json").splitlines()[-2:] == ["-b", "+c"]
    assert difference("a\n", "a\n", "x.json") == ""
