"""JSON as people write it: values, places, and errors that say where."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesam_node.dtl.source_text import read_source
from sesam_node.errors import InputError

CELL = """// late flights
[
  ["copy", "*"],  # all of it
  ["add", "x", {"a b": [1, 2.0,],}], /* done */
]
"""


def test_comments_and_trailing_commas_are_allowed():
    assert read_source(CELL).value == [["copy", "*"], ["add", "x", {"a b": [1, 2.0]}]]


@pytest.mark.parametrize(
    ("path", "text", "position"),
    [
        ("$[0]", '["copy", "*"]', (3, 3)),
        ('$[1][2]["a b"][1]', "2.0", (4, 28)),
        ("$[1][2]", '{"a b": [1, 2.0,],}', (4, 16)),
        ("$[0][1][7].far", '"*"', (3, 12)),
    ],
)
def test_every_path_has_its_place(path, text, position):
    source = read_source(CELL)
    start, end = source.span(path)
    assert source.text[start:end] == text
    assert source.position(start) == position


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1 2]", 'line 1, column 4: expected "," or "]", got \'2\''),
        ('["a",\n "b"', 'line 2, column 5: expected "," or "]", the text ends here'),
        ("{a: 1}", "line 1, column 2: expected a property name in double quotes"),
        ('{"a": 1, "a": 2}', "line 1, column 10: the property 'a' stands here twice"),
        ("['x']", 'line 1, column 2: expected a value, got "\'"'),
        ("[1] x", "line 1, column 5: expected the end, got 'x'"),
        ("/* never", "line 1, column 1: a comment that does not end"),
        ("[NaN]", "line 1, column 2: expected a value, got 'NaN'"),
        ("", "line 1, column 1: expected a value, the text ends here"),
        ("[" * 1000, "line 1, column 202: nested more than 200 levels deep"),
    ],
)
def test_a_broken_text_is_told_with_line_and_column(text, message):
    with pytest.raises(InputError) as caught:
        read_source(text)
    assert caught.value.problems[0].message == message


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    )
)
def test_every_json_text_is_read_as_json_does(value):
    text = json.dumps(value, indent=1)
    assert read_source(text).value == value
