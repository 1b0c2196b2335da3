"""Which entities a %%dtl cell runs on: conditions, ids, variables of the kernel."""

import pytest

from sesam_interactive.magics.cell import CellError
from sesam_interactive.magics.condition import read_condition

ALL = '[["copy", "*"]]'
HOPPING = """["is-not-empty", ["hops", {
  "datasets": ["dept d"], "where": ["eq", "_S.dept", "d._id"]}]]"""


@pytest.fixture
def loaded(hub):
    for name in ("person", "dept", "person-named"):
        hub.pipes[name].run(progress=False)
    return hub


def names(result):
    return [source["name"] for source in result.sources]


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("age > 30", ["gt", "_S.age", 30]),
        ("_S.age >= 30.5", ["gte", "_S.age", 30.5]),
        ('name == "Ada"', ["eq", "_S.name", "Ada"]),
        ("name != 'it is'", ["neq", "_S.name", "it is"]),
        (
            "a = 1 and b = 2 or c = 3",
            ["or", ["and", ["eq", "_S.a", 1], ["eq", "_S.b", 2]], ["eq", "_S.c", 3]],
        ),
        ("not (a < 1 || b > -2)", ["not", ["or", ["lt", "_S.a", 1], ["gt", "_S.b", -2]]]),
        ('dept in ["x", "y"]', ["in", "_S.dept", ["list", "x", "y"]]),
        ('dept not in ["x"]', ["not", ["in", "_S.dept", ["list", "x"]]]),
        ("born is null", ["is-null", "_S.born"]),
        ("born is not null", ["is-not-null", "_S.born"]),
        ('name matches "A*"', ["matches", "A*", "_S.name"]),
        ('upper(name) == "ADA"', ["eq", ["upper", "_S.name"], "ADA"]),
        ("is-empty(_S.tags)", ["is-empty", "_S.tags"]),
        ("order-date <= _S.due-date", ["lte", "_S.order-date", "_S.due-date"]),
        ("address.city == null", ["eq", "_S.address.city", None]),
        ("active == true", ["eq", "_S.active", True]),
        ('["gt", "_S.age", 30]', ["gt", "_S.age", 30]),
    ],
)
def test_a_condition_is_dtl_or_what_people_write(text, condition):
    assert read_condition(text) == condition


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("age >", "expected a value, it ends here"),
        ("age > 3 4", "expected a comparison, and, or, got 4"),
        ("(age > 3", 'expected ")", it ends here'),
        ("age ? 3", "unexpected '?'"),
        ('["gt", "_S.age" 30]', 'expected "," or "]"'),
    ],
)
def test_a_condition_that_cannot_be_read_says_where(text, message):
    with pytest.raises(CellError) as caught:
        read_condition(text)
    assert message in str(caught.value)
    assert str(caught.value).splitlines()[-1].strip() == "^" * len(
        str(caught.value).splitlines()[-1].strip()
    )


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("person --where 'dept == \"x\"'", ["Ada", "Cy"]),
        ("--dataset person --where 'worth > 5'", ["Ada"]),
        ("person-named --where 'name matches \"*o*\"'", ["Bo"]),
        ("person-named --where 'dept == \"x\"' --limit 1", ["Ada"]),
        (f"person --where '{HOPPING}'", ["Ada", "Cy"]),
    ],
)
def test_the_node_says_which_entities_fulfil_a_condition(shell, loaded, line, found):
    assert names(shell.run_cell_magic("dtl", line, ALL)) == found


def test_a_condition_takes_values_of_the_kernel(shell, loaded):
    shell.user_ns.update(depts=["x"], name='A"da')
    line = "person --where 'dept in {{depts}} and name != {{name}} and name != \"{{name}}!\"'"
    assert names(shell.run_cell_magic("dtl", line, ALL)) == ["Ada", "Cy"]
    line = 'person --where \'["in", "_S.dept", "{{[\\"list\\", *depts]}}"]\''
    assert names(shell.run_cell_magic("dtl", line, ALL)) == ["Ada", "Cy"]
    with pytest.raises(CellError, match="NameError: name 'nothing' is not defined"):
        shell.run_cell_magic("dtl", "person --where 'dept == {{nothing}}'", ALL)


def test_a_source_without_entities_is_told(shell, loaded):
    result = shell.run_cell_magic("dtl", "inbox", ALL)
    assert "the source gave no entities" in repr(result)


def test_a_condition_that_is_no_dtl_is_told_with_its_place(shell, loaded):
    with pytest.raises(CellError) as caught:
        shell.run_cell_magic("dtl", 'person --where \'["eqq", "_S.dept", "x"]\'', ALL)
    assert str(caught.value).splitlines() == [
        "the condition of --where",
        '    unknown function "eqq"; did you mean "eq"?  [unknown-function]',
        '      ["eqq", "_S.dept", "x"]',
        "       ^^^^^",
    ]


def test_a_condition_that_nothing_fulfils_names_a_misspelt_property(shell, loaded):
    result = shell.run_cell_magic("dtl", "person --where 'nam == \"Ada\"'", ALL)
    assert result.sources == []
    assert 'did you mean "name"?' in repr(result)


def test_ids_come_from_the_kernel_too_and_a_missing_one_is_told(shell, loaded):
    shell.user_ns["ids"] = ["3", "1"]
    assert names(shell.run_cell_magic("dtl", "person --entity $ids", ALL)) == ["Cy", "Ada"]
    with pytest.raises(CellError, match='has no entity "7"; it has "1", "2", "3"'):
        shell.run_cell_magic("dtl", "person --entity 7", ALL)


@pytest.mark.parametrize("kind", ["entity", "list", "polars", "pandas", "result", "dataset"])
def test_what_the_kernel_holds_is_run(shell, loaded, kind):
    dataset = loaded.datasets["person"]
    held = {
        "entity": lambda: dataset.entity("1"),
        "list": lambda: dataset.head(1),
        "polars": lambda: dataset.to_polars(limit=1),
        "pandas": lambda: dataset.to_pandas(limit=1),
        "result": lambda: shell.run_cell_magic("dtl", "person --limit 1", ALL),
        "dataset": lambda: dataset,
    }
    shell.user_ns["mine"] = held[kind]()
    result = shell.run_cell_magic("dtl", "person --from $mine --limit 1", ALL)
    assert names(result) == ["Ada"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("person --from $nothing", "NameError"),
        ("person --from $number", "expected an entity, a list of them or a frame, got a int"),
        ("person --from $numbers", "expected entities, got 1"),
        ("person --from $number --entity 1", "do not go together"),
        ("person --limit 0", "expected 1 or more"),
        ("person --limt 3", 'did you mean "--limit"'),
        ("person --limit x", "invalid int value"),
        ("person --where 'a", "a quote is not closed"),
        ("person --trace --explain", "do not go together"),
        ("person --yes", "--yes is about --save"),
        ("", "name a pipe or dataset to run on"),
    ],
)
def test_options_that_make_no_sense_are_told(shell, loaded, line, message):
    shell.user_ns.update(number=1, numbers=[1, 2])
    with pytest.raises(CellError) as caught:
        shell.run_cell_magic("dtl", line, ALL)
    assert message in str(caught.value)
