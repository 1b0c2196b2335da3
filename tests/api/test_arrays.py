"""Leaving out the first elements of an array that passes by in chunks."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesam_node.api.arrays import without_first

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('"\\[]{}, aå', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(st.lists(VALUES, max_size=6), st.integers(0, 8), st.integers(1, 7))
def test_the_rest_is_what_a_slice_gives(values, count, size):
    data = json.dumps(values).encode()
    chunks = (data[at : at + size] for at in range(0, len(data), size))
    assert json.loads(b"".join(without_first(chunks, count))) == values[count:]


@pytest.mark.parametrize("text", [b"[]", b"[1]", b"[1,2]"])
def test_more_than_there_is_leaves_nothing(text):
    assert b"".join(without_first(iter([text]), 5)) == b"[]"
