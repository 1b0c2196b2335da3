"""What is stored of an entity, its hash and its wire form; input at the border."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesam_node.errors import InputError
from sesam_node.model import content, content_hash, decode, encode
from sesam_node.model.entity import tombstone, with_header
from sesam_node.model.formats import in_pages, json_pages
from sesam_node.model.namespaces import add_namespaces, remove_namespaces, strip_namespaces
from sesam_node.model.stream import read_entities
from sesam_node.model.transit import normalise

TOO_DEEP = "nested more than 250 levels deep"


def test_reserved_properties_are_no_content_but_id_and_a_true_deleted():
    entity = {"_id": "1", "_updated": 4, "_deleted": False, "$ids": [1], "_x": 1, "a": {"_b": 2}}
    assert content(entity) == {"_id": "1", "$ids": [1], "a": {"_b": 2}}
    assert content({"_id": "1", "_deleted": True}) == {"_id": "1", "_deleted": True}
    assert content({"_id": "1", "_deleted": "yes"}) == {"_id": "1"}


def test_the_hash_does_not_depend_on_the_order_of_properties():
    left, right = (
        encode({"_id": "1", "b": {"y": 1, "x": 2}}),
        encode({"b": {"x": 2, "y": 1}, "_id": "1"}),
    )
    assert left == right == b'{"_id":"1","b":{"x":2,"y":1}}'
    assert content_hash(left) == content_hash(right)


def test_the_wire_form_has_the_header_beside_the_stored_bytes():
    body = encode({"_id": "å", "n": 10**30})
    sent = json.loads(with_header(body, 7, 3, 1_700_000_000_000_000, b"\1" * 16, deleted=False))
    assert sent == {
        "_id": "å",
        "n": 10**30,
        "_deleted": False,
        "_hash": "01" * 16,
        "_previous": 3,
        "_ts": 1_700_000_000_000_000,
        "_updated": 7,
    }
    gone = tombstone(body)
    sent = json.loads(with_header(gone, 8, None, 1, b"\2" * 16, deleted=True))
    assert (sent["_deleted"], sent["_previous"], sent["n"]) == (True, None, 10**30)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**128), 2**128)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=10,
    )
)
def test_stored_bytes_hold_every_value_exactly(value):
    again = decode(encode({"_id": "1", "v": value}))["v"]
    assert again == value
    assert encode(again) == encode(value)
    assert json.loads(encode(value)) == value


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("~t2015-01-02T03:04:05.120Z", "~t2015-01-02T03:04:05.12Z"),
        ("~t2015-01-02T03:04:05.000Z", "~t2015-01-02T03:04:05Z"),
        ("~t2015-02-30T03:04:05.000Z", "~t2015-02-30T03:04:05.000Z"),
        ("~uDE305D54-75B4-431B-ADB2-EB6B9E546014", "~ude305d54-75b4-431b-adb2-eb6b9e546014"),
        ("~f1E3", "~f1000"),
        ("~f+1.50", "~f1.50"),
        ("~f1.50", "~f1.50"),
        ("~d1.5", 1.5),
        ("~dinf", "~dinf"),
        ("~zfoo", "~zfoo"),
        ("~uno", "~uno"),
    ],
)
def test_a_tagged_text_has_one_normal_form(given, normal):
    assert normalise({"a": given, "b": [{"c": given}]}) == {"a": normal, "b": [{"c": normal}]}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'[1,\n {"_id": }]', ("$", "broken-json", "line 2, column 10: invalid character")),
        (b'{"a": NaN}', ("$", "broken-json", "line 1, column 7: invalid character")),
        (b'[{"_id": "1"', ("$", "broken-json", "line 1, column 13: Input data was truncated")),
        (b'["x"]', ("$[0]", "wrong-type", 'expected an entity, got "x"')),
        (b"7", ("$", "wrong-type", "expected a list of entities, got 7")),
        (b'[{"_id": "1"}, {"a": 1}]', ("$[1]._id", "missing-id", "expected a string, got null")),
        (b'[{"_id": 5}]', ("$[0]._id", "missing-id", "expected a string, got 5")),
        (b'{"_id": ""}', ("$[0]._id", "missing-id", 'expected a string, got ""')),
        (b'{"_id":"1","a":' + b"[" * 300 + b"]" * 300 + b"}", ("$", "too-deep", TOO_DEEP)),
        (b"[" * 100_000, ("$", "too-deep", TOO_DEEP)),
        (b"\xff\xfe", ("$", "broken-json", "line 1, column 1: invalid character")),
    ],
)  # fmt: skip
def test_what_is_no_entity_is_refused_with_its_place(body, problem):
    with pytest.raises(InputError) as caught:
        read_entities(body)
    first = caught.value.problems[0]
    assert (first.path, first.code, first.message) == problem


def test_all_that_is_wrong_with_a_body_is_said_at_once():
    with pytest.raises(InputError) as caught:
        read_entities(b'[1, {"_id": "a"}, {}, {"_id": null}]')
    assert [problem.path for problem in caught.value.problems] == ["$[0]", "$[2]._id", "$[3]._id"]


def test_entities_are_read_in_normal_form_with_a_byte_order_mark_or_without():
    body = b'[{"_id": "1", "t": "~t2015-01-02T03:04:05.10Z"}]'
    expected = [{"_id": "1", "t": "~t2015-01-02T03:04:05.1Z"}]
    assert read_entities(body) == read_entities(b"\xef\xbb\xbf" + body) == expected


def test_an_array_is_sent_in_chunks():
    items = [b'{"_id":"%d"}' % n for n in range(20_000)]
    chunks = list(json_pages(in_pages(items)))
    assert len(chunks) > 3
    assert json.loads(b"".join(chunks)) == [{"_id": str(n)} for n in range(20_000)]
    assert b"".join(json_pages([])) == b"[]"


def test_namespaces_go_on_and_off():
    entity = {"_id": "1", "a": {"b": 1}, "x:c": 2, "$d": {"e": 1}, "_f": 1}
    added = add_namespaces(entity, "p", "i")
    assert added == {"_id": "i:1", "p:a": {"p:b": 1}, "x:c": 2, "$d": {"e": 1}, "_f": 1}
    assert strip_namespaces(added) == {"_id": "i:1", "a": {"b": 1}, "c": 2, "$d": {"e": 1}, "_f": 1}
    assert remove_namespaces({"_id": "i:1", "p:a": "~:x:2", "p:l": [{"p:z": "~:x:3"}]}) == {
        "_id": "1",
        "a": "2",
        "l": [{"z": "3"}],
    }
