"""Named rules of %%dtl: kept, applied from other cells, saved with them, apart for each node."""

import json

import pytest

from sesam_interactive.client import connect
from sesam_interactive.magics.cell import CellError
from sesam_interactive.magics.rule_book import rule_book

ENRICH = '[["add", "n", ["upper", "_S.name"]]]'
APPLYING = '[["copy", "_id"], ["add", "e", ["apply", "enrich", "_S."]]]'


@pytest.fixture
def loaded(hub):
    rule_book(hub).clear()
    hub.pipes["person"].run(progress=False)
    return hub


def test_a_named_rule_is_applied_in_another_cell(shell, loaded):
    shell.run_cell_magic("dtl", "--name enrich", ENRICH)
    result = shell.run_cell_magic("dtl", "person --limit 1", APPLYING)
    assert [entity["e"] for entity in result.entities] == [{"n": "ADA"}]


def test_a_rule_is_run_and_kept_at_once_where_something_feeds_it(shell, loaded):
    result = shell.run_cell_magic("dtl", "person --name enrich", f'[["copy", "_id"], {ENRICH[1:]}')
    assert [entity["n"] for entity in result.entities] == ["ADA", "BO", "CY"]
    assert list(rule_book(loaded)) == ["enrich"]


def test_named_rules_bring_the_rules_they_apply(shell, loaded):
    shell.run_cell_magic("dtl", "--name shout", '[["add", "s", ["concat", "_S.name", "!"]]]')
    deeper = (
        '{"default": [["merge", ["apply", "shout", "_S."]], ["merge", ["apply", "own", "_S."]]],'
    )
    shell.run_cell_magic("dtl", "--name enrich", f'{deeper} "own": [["copy", "dept"]]}}')
    result = shell.run_cell_magic("dtl", "person --limit 1", APPLYING)
    assert result.entities[0]["e"] == {"s": "Ada!", "dept": "x"}


@pytest.mark.parametrize("line", ["--name down", "person --limit 1 --name down"])
def test_a_named_rule_may_apply_itself(shell, loaded, line):
    cell = """[["copy", "_id"], ["add", "n", ["if", ["is-null", "_S.n"], 2, ["-", "_S.n", 1]]],
      ["if", ["gt", "_T.n", 0], ["add", "next", ["apply", "down", ["dict", "n", "_T.n"]]]]]"""
    shell.run_cell_magic("dtl", line, cell)
    applying = '[["copy", "_id"], ["merge", ["apply", "down", ["dict", "n", 2]]]]'
    result = shell.run_cell_magic("dtl", "person --limit 1", applying)
    assert result.entities[0] == {"_id": "1", "n": 1, "next": {"n": 0}}


def test_saving_makes_them_rules_of_the_pipe(shell, loaded):
    shell.run_cell_magic("dtl", "--name enrich", ENRICH)
    shell.run_cell_magic("dtl", "person --save person-rich", APPLYING)
    rules = loaded.pipes["person-rich"].config["transform"]["rules"]
    assert rules == {"default": json.loads(APPLYING), "enrich": json.loads(ENRICH)}


def test_a_mistake_in_rules_keeps_nothing(shell, loaded):
    with pytest.raises(CellError, match='did you mean "upper"'):
        shell.run_cell_magic("dtl", "--name enrich", '[["add", "n", ["uper", "_S.name"]]]')
    assert rule_book(loaded) == {}


def test_two_rules_of_one_name_are_told(shell, loaded):
    shell.run_cell_magic("dtl", "--name enrich", f'{{"default": {ENRICH}, "own": []}}')
    cell = f'{{"default": {APPLYING}, "own": [["copy", "x"]]}}'
    with pytest.raises(CellError, match='the rule "own" beside the named rule "enrich" is another'):
        shell.run_cell_magic("dtl", "person", cell)


def test_a_misspelt_rule_is_told_with_the_one_that_was_meant(shell, loaded):
    shell.run_cell_magic("dtl", "--name enrich", ENRICH)
    with pytest.raises(CellError, match='unknown rule "enrch"; did you mean "enrich"'):
        shell.run_cell_magic("dtl", "person", APPLYING.replace("enrich", "enrch"))


@pytest.mark.parametrize(
    ("name", "cell", "message"),
    [
        ("default", ENRICH, "give the rule another name"),
        ("own", f'{{"default": {ENRICH}, "own": []}}', "give it another --name"),
        ("enrich", '{"own": []}', 'there is no rule "default"'),
        ("enrich", '{"source": {"type": "embedded", "entities": []}}', "a whole pipe"),
    ],
)
def test_what_cannot_be_named_is_told(shell, loaded, name, cell, message):
    with pytest.raises(CellError) as caught:
        shell.run_cell_magic("dtl", f"--name {name}", cell)
    assert message in str(caught.value)


def test_rules_are_listed_shown_and_forgotten(shell, loaded):
    assert "no named rules" in repr(shell.run_line_magic("dtl", "rules"))
    shell.run_cell_magic("dtl", "--name enrich", ENRICH)
    assert repr(shell.run_line_magic("dtl", "rules")) == "enrich: 1 transform"
    assert '["upper", "_S.name"]' in repr(shell.run_line_magic("dtl", "rules enrich"))
    with pytest.raises(CellError, match='did you mean "enrich"'):
        shell.run_line_magic("dtl", "rules enrch")
    shell.run_line_magic("dtl", "rules --forget enrich")
    assert rule_book(loaded) == {}


def test_two_hubs_of_one_kernel_do_not_mix(shell, loaded, tmp_path):
    shell.run_cell_magic("dtl", "--name enrich", ENRICH)
    other = connect(data=tmp_path / "other")
    try:
        assert "no named rules" in repr(shell.run_line_magic("dtl", "rules"))
        pipe = {"source": {"type": "embedded", "entities": [{"_id": "1"}]}}
        pipe["transform"] = {"type": "dtl", "rules": {"default": json.loads(APPLYING)}}
        with pytest.raises(CellError, match="unknown rule"):
            shell.run_cell_magic("dtl", "", json.dumps(pipe))
    finally:
        other.close()
