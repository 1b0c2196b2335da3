"""Types, truth, equality and order of values."""

import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesam_node.model import values
from sesam_node.model.values import (
    as_string,
    compare,
    datetime_text,
    equal,
    identity,
    is_text,
    kind,
    nanos,
    sort_key,
    text_of,
    truth,
)

TAGGED = [
    "~t2015-01-02T03:04:05Z",
    "~t2015-01-02T03:04:05.123456789Z",
    "~t2015-01-02",
    "~f1.50",
    "~f1.5",
    "~f-3",
    "~rhttp://example.org/",
    "~:ns:id",
    "~ude305d54-75b4-431b-adb2-eb6b9e546014",
    "~baGVq",
]
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4)
    | st.sampled_from(TAGGED)
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "null"),
        (True, "boolean"),
        (1, "integer"),
        (1.0, "float"),
        ("~f1.0", "decimal"),
        ("~f1e5", "decimal"),
        ("~f1e-999999999", "decimal"),
        ("~f1e9999999999", "string"),
        ("~f.", "string"),
        ("a", "string"),
        ("~", "string"),
        ("~zfoo", "string"),
        ("~~t2015-01-02", "string"),
        ("~t2015-01-02", "date"),
        ("~t2015-02-30", "string"),
        ("~t2015-01-02T03:04:05Z", "datetime"),
        ("~t2015-01-02T24:04:05Z", "string"),
        ("~t2015-01-02T03:04:05", "string"),
        ("~t2015-01-02T03:04:05.1234567890Z", "string"),
        ("~t\u0662\u0660\u0661\u0665-01-02", "string"),
        ("~rx", "uri"),
        ("~:a", "ni"),
        ("~ude305d54-75b4-431b-adb2-eb6b9e546014", "uuid"),
        ("~ude305d54", "string"),
        ("~baGVq", "bytes"),
        ("~baGVqa", "string"),
        ([], "list"),
        ({}, "dict"),
        ((1,), "tuple"),
    ],
)
def test_kind_names_the_type_of_a_value(value, name):
    assert kind(value) == name


@given(st.text(alphabet="~tf:abr2015-", max_size=16) | st.text() | st.sampled_from(TAGGED))
def test_every_text_can_be_a_string_and_comes_back(text):
    value = as_string(text)
    assert is_text(value)
    assert text_of(value) == text


@pytest.mark.parametrize("value", [0, "", {}, [None], [[]], 0.0, "~f0"])
def test_only_false_null_and_the_empty_list_count_as_false(value):
    assert truth(value)
    assert not any(map(truth, (False, None, [])))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, 1.0),
        (1, "~f1"),
        ("~f1.50", "~f1.5"),
        (2.2, "~f2.2"),
        ([1, {"a": 1}], [1.0, {"a": "~f1"}]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (10**30, "~f" + str(10**30)),
    ],
)
def test_numbers_are_equal_by_value_at_every_depth(left, right):
    assert equal(left, right)
    assert equal(right, left)
    assert identity(left) == identity(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, True),
        (1, "1"),
        (0, None),
        ([], None),
        ("~f1", "~~f1"),
        (0.1, "~f0.1000000000000000055511151231257827021181583404541015625"),
        ({"a": None}, {}),
        (2**53 + 1, float(2**53)),
        ([1, 2], [2, 1]),
    ],
)
def test_different_types_and_contents_are_not_equal(left, right):
    assert not equal(left, right)
    assert not equal(right, left)
    assert identity(left) != identity(right)


@given(anything, anything)
def test_identity_is_equality(left, right):
    assert (identity(left) == identity(right)) == equal(left, right)
    assert hash(identity(left)) is not None


@given(anything, anything, anything)
def test_order_is_total(a, b, c):
    assert compare(a, b) == -compare(b, a)
    assert compare(a, b) == 0 or not equal(a, b)
    if compare(a, b) <= 0 and compare(b, c) <= 0:
        assert compare(a, c) <= 0


def test_types_are_ordered_as_the_manual_has_it():
    ordered = [
        None, False, True, -1, 0.5, "~f0.75", 1, "~t2015-01-02", "~t2015-01-02T03:04:05Z",
        "~ude305d54-75b4-431b-adb2-eb6b9e546014", "~:a:b", "~rx", "", "a", {}, {"a": 1}, [1],
        "~baGVq",
    ]  # fmt: skip
    mixed = random.Random(7).sample(ordered, len(ordered))
    assert sorted(mixed, key=sort_key) == ordered


@given(st.integers(values.MIN_NANOS, values.MAX_NANOS))
def test_an_instant_is_text_and_back(instant):
    text = datetime_text(instant)
    assert nanos(text) == instant
    assert kind(text) == "datetime"
    assert not text.endswith("0Z") or "." not in text


def test_an_instant_outside_the_years_1_to_9999_is_null():
    assert datetime_text(values.MIN_NANOS) == "~t0001-01-01T00:00:00Z"
    assert datetime_text(values.MAX_NANOS) == "~t9999-12-31T23:59:59.999999999Z"
    assert datetime_text(values.MIN_NANOS - 1) is None
    assert datetime_text(values.MAX_NANOS + 1) is None


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (Decimal("1E+3"), "~f1000"),
        (Decimal("1.5E+999999999"), "~f1.5E+999999999"),
        (Decimal("0E-999999999"), "~f0E-999999999"),
        (Decimal("NaN"), None),
        (float("inf"), None),
        (float("nan"), None),
        (5, 5),
    ],
)
def test_a_python_number_becomes_a_value(given, value):
    assert values.from_number(given) == value
