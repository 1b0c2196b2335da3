"""The text of a %%dtl cell: kernel values, rules or pipes, and carets under mistakes."""

import pytest

from sesam_interactive.magics.cell import CellError, caret, read_cell
from sesam_node.errors import Problem

KERNEL = {"limit": 5, "name": 'a "quoted" word', "ids": [1, 2]}


def evaluate(expression):
    return eval(expression, dict(KERNEL))


def test_a_parameter_keeps_its_type_and_quotes_cannot_break_it():
    cell = read_cell('[["add", "n", "{{limit * 2}}"], ["add", "t", "it is {{name}}"]]', evaluate)
    assert cell.value == [["add", "n", 10], ["add", "t", 'it is a "quoted" word']]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ('[["copy", "*"]]', {"default": [["copy", "*"]]}),
        ('{"default": [], "r": [["copy", "*"]]}', {"default": [], "r": [["copy", "*"]]}),
    ],
)
def test_a_cell_is_a_list_of_transforms_or_a_set_of_rules(text, rules):
    assert read_cell(text, evaluate).rules == rules


def test_a_whole_pipe_is_seen_as_one():
    assert read_cell('{"source": {"type": "embedded", "entities": []}}', evaluate).is_pipe


def test_a_problem_points_at_its_place_in_the_cell():
    cell = read_cell('[\n  ["copy", "_id"],\n  ["add", "a", ["uper", "_S.a"]]\n]', evaluate)
    problem = Problem("$.transform.rules.default[1][2][0]", "unknown-function", 'no "uper"')
    assert str(cell.error([problem])).splitlines() == [
        "1 problem",
        "  line 3, column 17  $[1][2][0]",
        '    no "uper"  [unknown-function]',
        '        ["add", "a", ["uper", "_S.a"]]',
        "                      ^^^^^^",
    ]


def test_broken_json_points_at_its_place_too():
    with pytest.raises(CellError) as caught:
        read_cell('[\n  ["copy" "_id"]\n]', evaluate)
    assert str(caught.value).splitlines() == [
        'line 2, column 11: expected "," or "]", got \'"\'',
        '        ["copy" "_id"]',
        "                ^",
    ]


def test_a_parameter_that_fails_is_told_where_it_stands():
    with pytest.raises(CellError) as caught:
        read_cell('[["add", "a", "{{nothing}}"]]', evaluate)
    assert "line 1, column 15" in str(caught.value)
    assert "NameError: name 'nothing' is not defined" in str(caught.value)


def test_a_cell_error_shows_without_a_traceback():
    with pytest.raises(CellError) as caught:
        read_cell('"text"', evaluate)
    (shown,) = caught.value._render_traceback_()
    assert shown.splitlines() == [
        "1 problem",
        "  line 1, column 1  $",
        "    expected a list of transforms, rules or a pipe  [wrong-type]",
        '      "text"',
        "      ^^^^^^",
    ]


def test_a_long_line_is_cut_to_what_is_around_the_place():
    text = f'[["add", "a", ["concat", "{"x" * 100}", "{"y" * 20}", ["uper", 1], "{"z" * 90}"]]]'
    start = text.index('"uper"')
    line, marks = caret(text, start, start + 6).split("\n")
    assert line.startswith("      …")
    assert line.endswith("…")
    assert len(line) < 94
    assert line[marks.index("^") : marks.rindex("^") + 1] == '"uper"'
