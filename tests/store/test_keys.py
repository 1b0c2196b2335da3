"""Index keys: equal values meet, others do not, and bytes order as values do."""

from __future__ import annotations

from itertools import pairwise, product

from hypothesis import given
from hypothesis import strategies as st
from store_helpers import MEET

from sesam_node.model.values import compare, equal, identity
from sesam_node.store.keys import index_key, is_shortened, value_key

INTEGERS = st.integers() | st.integers(-1000, 1000)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
DECIMALS = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**40), max_value=10**40
).map(lambda value: f"~f{value}")
NUMBERS = INTEGERS | FLOATS | DECIMALS
TEXTS = st.text(max_size=20)
DATES = st.datetimes().map(lambda value: f"~t{value.isoformat()}Z")
SCALARS = NUMBERS | TEXTS | st.booleans() | st.none() | DATES
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=6,
)


def test_groups_of_equal_values():
    for (number, group), (other, others) in product(enumerate(MEET), repeat=2):
        for left, right in product(group, others):
            assert (value_key(left) == value_key(right)) is (number == other), (left, right)


@given(VALUES, VALUES)
def test_keys_are_equal_exactly_when_values_are(left, right):
    assert (value_key(left) == value_key(right)) is (identity(left) == identity(right))


@given(st.lists(TEXTS, min_size=2, max_size=6) | st.lists(DATES, min_size=2, max_size=6))
def test_keys_order_as_texts_and_datetimes_do(values):
    for left, right in pairwise(values):
        a, b = value_key(left), value_key(right)
        assert (a > b) - (a < b) == compare(left, right)


@given(NUMBERS, NUMBERS)
def test_keys_order_as_numbers_do(left, right):
    a, b = value_key(left), value_key(right)
    if not equal(left, right):  # some floats equal both an integer and a decimal that differ
        assert (a > b) - (a < b) == compare(left, right)


@given(st.lists(INTEGERS | TEXTS, max_size=4), st.lists(INTEGERS | TEXTS, max_size=4))
def test_keys_order_as_lists_do(left, right):
    a, b = value_key(left), value_key(right)
    kinds = [type(x) is type(y) for x, y in zip(left, right, strict=False)]
    if all(kinds):
        assert (a > b) - (a < b) == compare(left, right)


def test_numbers_of_any_size_have_keys_in_order():
    values = [-(10**5001), -(10**5000), "~f1e-999999999", 1, 10**5000, "~f1e999999999"]
    keys = [value_key(value) for value in values]
    assert keys == sorted(set(keys))


def test_an_exponent_that_no_number_has_is_text():
    assert value_key("~f1e99999999999999999999") != value_key("~f1e99999999999999999998")


def test_a_key_is_shortened_beyond_480_bytes():
    assert len(index_key("x" * 479)) == 480
    assert not is_shortened(index_key("x" * 479))
    assert len(index_key("x" * 10_000)) == 504
    assert is_shortened(index_key("x" * 10_000))
