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
        ("[1,\r\n\r2 3]", 'line 3, column 3: expected "," or "]", got \'3\''),
        (f"[{'9' * 5000}]", "line 1, column 2: a number with too many digits"),
        ("[1e999]", "line 1, column 2: a number that is too large"),
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


LINES = '[\r\n\t"😀", 1,\n\r  "é"]\n'


@pytest.mark.parametrize(
    ("offset", "position", "utf16"),
    [
        (0, (1, 1), (0, 0)),
        (3, (2, 1), (1, 0)),
        (4, (2, 2), (1, 1)),
        (5, (2, 3), (1, 2)),
        (6, (2, 4), (1, 4)),
        (9, (2, 7), (1, 7)),
        (12, (3, 1), (2, 0)),
        (13, (4, 1), (3, 0)),
        (19, (4, 7), (3, 6)),
        (20, (5, 1), (4, 0)),
    ],
)
def test_places_and_offsets_go_both_ways(offset, position, utf16):
    """Lines end with CRLF, LF or CR; a tab is one column, a character beyond UTF-16 one as well."""
    source = read_source(LINES)
    assert source.position(offset) == position
    assert source.offset(*position) == offset
    assert source.utf16_position(offset) == utf16
    assert source.from_utf16_position(*utf16) == offset
    assert source.from_utf16(source.utf16(offset)) == offset
    assert source.utf16(offset) == len(LINES[:offset].encode("utf-16-le")) // 2


@pytest.mark.parametrize(
    ("line", "column", "offset"),
    [(0, 5, 0), (1, 99, 1), (2, 99, 11), (3, 99, 12), (9, 1, 20), (2, -1, 3), (5, 2, 20)],
)
def test_places_that_are_not_there_are_the_nearest(line, column, offset):
    assert read_source(LINES).offset(line, column) == offset


def test_half_a_character_is_the_offset_before_it():
    source = read_source('["😀"]')
    assert [source.from_utf16(units) for units in range(7)] == [0, 1, 2, 2, 3, 4, 5]
    assert source.from_utf16(99) == 5
    assert source.from_utf16_position(0, 3) == 2
    assert source.from_utf16_position(7, 0) == 5


ODD = r"""{ "a.b": [1, {"c]d": "x"}], // "z": 1
  "q\"[1]": {"deep": [[2]]}, "": null}"""


@pytest.mark.parametrize(
    ("before", "path"),
    [
        ("{", "$"),
        ('"a.', '$["a.b"]'),
        ('"a.b":', '$["a.b"]'),
        ("[1", '$["a.b"][0]'),
        ("[1,", '$["a.b"]'),
        ("[1, ", '$["a.b"][1]'),
        ("[1, {", '$["a.b"][1]["c]d"]'),
        ('"c]', '$["a.b"][1]["c]d"]'),
        ('"x"', '$["a.b"][1]["c]d"]'),
        ('"x"}', '$["a.b"][1]'),
        ('// "z', "$"),
        ('"deep"', r'$["q\"[1]"].deep'),
        ("[[2", r'$["q\"[1]"].deep[0][0]'),
        ('""', '$[""]'),
        ("null}", "$"),
    ],
)
def test_every_offset_has_its_path(before, path):
    source = read_source(ODD)
    assert source.path_at(ODD.index(before) + len(before)) == path
    assert source.span(path) == source.spans[path]


def test_the_place_of_an_unknown_path_is_that_of_its_nearest_parent():
    source = read_source(ODD)
    assert source.span('$["a.b"][1]["c]d"].x[0]') == source.spans['$["a.b"][1]["c]d"]']
    assert source.span(r'$["q\"[1]"].far') == source.spans[r'$["q\"[1]"]']
    assert source.span("$.other[0]") == source.spans["$"]
    assert source.span("nothing") is None


def test_outside_of_all_values_is_the_root():
    source = read_source("  // x\n [1] ")
    assert source.path_at(0) == "$"
    assert source.path_at(99) == "$"


def test_every_value_is_found_at_its_own_place():
    source = read_source(CELL)
    for path, (start, end) in source.spans.items():
        assert source.path_at(start) == path
        assert source.path_at(end) in (path, *[p for p in source.spans if p.startswith(path)])
    for path, (start, _) in source.keys.items():
        assert source.path_at(start) == path


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('["a]', "line 1, column 2: the text that begins here has no end", "text ends with"),
        ('["a,\n"b"]', "line 1, column 2: the text that begins here has no end", "text ends with"),
        ("[NaN]", "line 1, column 2: expected a value, got 'NaN'", "JSON has null, and no NaN"),
        ("[True]", "line 1, column 2: expected a value, got 'True'", "JSON has true, in lower"),
        ("[None]", "line 1, column 2: expected a value, got 'None'", "JSON has null"),
        ("[abc]", "line 1, column 2: expected a value, got 'abc'", "text stands in double quotes"),
        ("[;]", "line 1, column 2: expected a value, got ';'", ""),
    ],
)
def test_what_other_languages_write_has_a_hint(text, message, hint):
    with pytest.raises(InputError) as raised:
        read_source(text)
    (problem,) = raised.value.problems
    assert problem.message == message
    assert problem.hint.startswith(hint)
    assert bool(problem.hint) is bool(hint)
