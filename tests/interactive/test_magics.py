"""%%dtl and %sesam in a real IPython shell, against a real node."""

import json

import pytest

from sesam_interactive.magics.cell import CellError

RULES = """[
  // upper case, and the title of the department
  ["copy", "_id"],
  ["add", "who", ["concat", "{{prefix}}", ["upper", "_S.name"]]],
  ["filter", ["neq", "_S.name", "Bo"]],
  ["add-if", "title", ["first", ["hops", {
    "datasets": ["dept d"], "where": ["eq", "_S.dept", "d._id"], "return": "d.title",
  }]]],
]"""


@pytest.fixture
def loaded(hub):
    for name in ("person", "dept"):
        hub.pipes[name].run(progress=False)
    return hub


def stripped(entities):
    return [{k: v for k, v in e.items() if not k.startswith("_") or k == "_id"} for e in entities]


def test_a_cell_runs_on_real_entities_with_hops_and_kernel_values(shell, loaded):
    shell.user_ns["prefix"] = "Dr "
    result = shell.run_cell_magic("dtl", "person", RULES)
    assert stripped(result.entities) == [
        {"_id": "1", "who": "Dr ADA", "title": "Mathematics"},
        {"_id": "3", "who": "Dr CY", "title": "Mathematics"},
    ]
    assert result.summary() == "person: 3 read, 2 emitted, 1 filtered"
    assert "person-draft" not in loaded.datasets


def test_the_result_shows_source_and_target_side_by_side_and_as_a_frame(shell, loaded):
    shell.user_ns["prefix"] = ""
    result = shell.run_cell_magic("dtl", "person --limit 1", RULES)
    html = result._repr_html_()
    assert "Ada" in html
    assert "ADA" in html
    assert "<summary>as a frame</summary>" in html
    assert "→ " in repr(result)
    assert result.to_polars().columns == ["_id", "title", "who"]


@pytest.mark.parametrize("line", ["person -o out", "out << person"])
def test_a_result_is_bound_silently(shell, loaded, line, capsys):
    assert shell.run_cell_magic("dtl", line, '[["copy", "*"]]') is None
    assert len(shell.user_ns["out"]) == 3
    assert capsys.readouterr().out == ""


def test_one_entity_or_given_ones_are_run(shell, loaded):
    one = shell.run_cell_magic("dtl", "person --entity 2", '[["copy", "*"]]')
    assert stripped(one.entities) == [{"_id": "2", "name": "Bo", "dept": "y"}]
    shell.user_ns["mine"] = [{"_id": "x", "name": "Di"}]
    given = shell.run_cell_magic("dtl", "person --from $mine", '[["copy", "*"]]')
    assert stripped(given.entities) == [{"_id": "x", "name": "Di"}]


def test_every_mistake_is_told_with_line_and_caret_and_nothing_runs(shell, loaded):
    with pytest.raises(CellError) as caught:
        shell.run_cell_magic(
            "dtl", "person", '[\n  ["cpy", "_id"],\n  ["add", "a", ["uper", 1]]\n]'
        )
    text = str(caught.value)
    assert text.startswith("2 problems\n")
    assert "line 2, column" in text
    assert "line 3, column" in text
    assert 'did you mean "upper"?' in text
    assert "^" in text


def test_an_unknown_dataset_in_a_hop_is_told_with_what_was_probably_meant(shell, loaded):
    cell = '[["add", "t", ["hops", {"datasets": ["dpt d"], "where": ["eq", "_S.dept", "d._id"]}]]]'
    with pytest.raises(CellError, match='did you mean "dept"'):
        shell.run_cell_magic("dtl", "person", cell)


def test_an_unknown_pipe_is_told_with_what_was_probably_meant(shell, loaded):
    with pytest.raises(CellError, match='no pipe or dataset "persn"; did you mean "person"'):
        shell.run_cell_magic("dtl", "persn", "[]")


def test_an_entity_that_fails_is_part_of_the_result(shell, loaded):
    result = shell.run_cell_magic("dtl", "person --limit 1", '[["fail!", "not today"]]')
    assert len(result.errors) == 1
    assert "not today" in repr(result)
    with pytest.raises(CellError, match="0 emitted, 1 failed"):
        shell.run_cell_magic("dtl", "person --limit 1 --check", '[["fail!", "not today"]]')


def test_a_cell_is_saved_to_the_node_and_the_project_folder(shell, loaded, tmp_path):
    rules = '[["copy", ["list", "_id", "name"]]]'
    shell.run_cell_magic("dtl", f"person --save short --project {tmp_path}", rules)
    saved = json.loads((tmp_path / "pipes" / "short.conf.json").read_text())
    assert saved == loaded.pipes["short"].config
    assert saved["transform"]["rules"]["default"] == json.loads(rules)
    assert loaded.pipes["short"].run(progress=False).changed == 3


def test_an_existing_pipe_is_changed_only_after_its_diff_was_seen(shell, loaded):
    rules = '[["copy", "*"]]'
    before = loaded.pipes["person-named"].config
    with pytest.raises(CellError) as caught:
        shell.run_cell_magic("dtl", "person-named --save person-named", rules)
    assert "--- person-named (deployed)" in str(caught.value)
    assert '["upper", "_S.name"]' in str(caught.value)
    assert loaded.pipes["person-named"].config == before
    shell.run_cell_magic("dtl", "person-named --save person-named --yes", rules)
    assert loaded.pipes["person-named"].config["transform"]["rules"]["default"] == [["copy", "*"]]


def test_a_receivers_cell_runs_on_what_it_received(shell, loaded):
    loaded.connection.json("POST", "/receivers/inbox/entities", json=[{"_id": "a", "n": 1}])
    result = shell.run_cell_magic(
        "dtl", "inbox", '[["copy", "_id"], ["add", "m", ["+", "_S.n", 1]]]'
    )
    assert stripped(result.entities) == [{"_id": "a", "m": 2}]


def test_a_pipes_name_means_its_source_and_a_dataset_is_asked_for_by_option(shell, loaded):
    loaded.pipes["person-named"].run(progress=False)
    rules = '[["copy", "*"]]'
    of_pipe = shell.run_cell_magic("dtl", "person-named --limit 1", rules)
    of_dataset = shell.run_cell_magic("dtl", "--dataset person-named --limit 1", rules)
    assert [e["name"] for e in of_pipe.entities + of_dataset.entities] == ["Ada", "ADA"]
    with pytest.raises(CellError, match='there is no dataset "persn"; did you mean "person"'):
        shell.run_cell_magic("dtl", "--dataset persn", rules)


def test_sesam_lists_and_runs(shell, loaded):
    assert "person-named" in repr(shell.run_line_magic("sesam", "pipes"))
    assert shell.run_line_magic("sesam", "run person-named").changed == 3
    with pytest.raises(CellError, match="there is no %sesam nonsense"):
        shell.run_line_magic("sesam", "nonsense")
