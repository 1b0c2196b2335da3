"""Saving a %%dtl cell: on the configuration that was seen, and only where it is as expected."""

import json

import pytest

from sesam_interactive.magics import saving
from sesam_interactive.magics.cell import CellError

SHORT = '[["copy", ["list", "_id", "name"]]]'


@pytest.fixture
def loaded(hub):
    saving._seen.clear()
    for name in ("person", "dept", "person-named"):
        hub.pipes[name].run(progress=False)
    return hub


def rules_of(hub, name):
    return hub.pipes[name].config["transform"]["rules"]["default"]


def change(hub, name, description):
    config = hub.pipes[name].config
    hub.pipes[name].save({**config, "description": description})


def test_the_difference_tells_what_would_come_out_before_anything_is_saved(shell, loaded):
    with pytest.raises(CellError) as caught:
        shell.run_cell_magic("dtl", "person-named --save person-named", SHORT)
    text = str(caught.value)
    assert text.startswith('not saved: "person-named" exists')
    assert "output against dataset" in text
    assert "--- person-named (deployed)" in text
    assert '+        ["copy", ["list", "_id", "name"]]' in text


def test_a_pipe_that_was_changed_since_its_difference_was_shown_is_not_overwritten(shell, loaded):
    with pytest.raises(CellError, match="--yes saves it"):
        shell.run_cell_magic("dtl", "person-named --save person-named", SHORT)
    change(loaded, "person-named", "by somebody else")
    with pytest.raises(CellError, match="has changed since its difference was shown") as caught:
        shell.run_cell_magic("dtl", "person-named --save person-named --yes", SHORT)
    assert "not saved" in str(caught.value)
    assert loaded.pipes["person-named"].config["description"] == "by somebody else"
    shell.run_cell_magic("dtl", "person-named --save person-named --yes", SHORT)
    assert rules_of(loaded, "person-named") == json.loads(SHORT)
    assert loaded.pipes["person-named"].config["description"] == "by somebody else"


def test_a_change_between_looking_and_saving_is_refused_by_the_node(shell, loaded, monkeypatch):
    compared = saving.compared

    def meanwhile(*arguments, **named):
        change(loaded, "person-named", "in between")
        return compared(*arguments, **named)

    monkeypatch.setattr(saving, "compared", meanwhile)
    with pytest.raises(CellError, match="changed or added meanwhile"):
        shell.run_cell_magic("dtl", "person-named --save person-named --yes", SHORT)
    assert loaded.pipes["person-named"].config["description"] == "in between"


def test_saving_what_is_deployed_already_changes_nothing(shell, loaded, capsys):
    shell.run_cell_magic("dtl", "person --save short", SHORT)
    config = loaded.pipes["short"].config
    shell.run_cell_magic("dtl", "short --save short", SHORT)
    assert 'pipe "short" unchanged on' in capsys.readouterr().out
    assert loaded.pipes["short"].config == config


def test_a_project_folder_that_is_not_there_saves_nothing_at_all(shell, loaded):
    from sesam_interactive import ClientError

    with pytest.raises(ClientError, match="there is no project folder"):
        shell.run_cell_magic("dtl", "person --save short --project nowhere", SHORT)
    assert "short" not in loaded.pipes


def test_other_transforms_of_the_pipe_stay(shell, loaded):
    other = {"type": "emit_children"}
    config = {**loaded.pipes["person-named"].config}
    config["transform"] = [config["transform"], other]
    loaded.pipes["person-named"].save(config)
    shell.run_cell_magic("dtl", "person-named --save person-named --yes", SHORT)
    saved = loaded.pipes["person-named"].config["transform"]
    assert saved == [{"type": "dtl", "rules": {"default": json.loads(SHORT)}}, other]


# -- expectations --------------------------------------------------------------------------------


@pytest.fixture
def expected(shell, loaded, tmp_path):
    """A file of what SHORT gives for all persons."""
    file = tmp_path / "expected" / "person.json"
    result = shell.run_cell_magic("dtl", f"person --expect {file}", SHORT)
    assert "is not there yet: %dtl accept" in repr(result)
    shell.run_line_magic("dtl", "accept")
    return file


def test_what_is_accepted_is_expected_from_then_on(shell, loaded, expected):
    assert [e["name"] for e in json.loads(expected.read_text())] == ["Ada", "Bo", "Cy"]
    shell.run_cell_magic("dtl", f"person --expect {expected} --check", SHORT)


def test_what_differs_is_told_place_by_place(shell, loaded, expected):
    other = """[
      ["copy", "_id"], ["add", "name", ["lower", "_S.name"]], ["filter", ["neq", "_S._id", "3"]]
    ]"""
    with pytest.raises(CellError) as caught:
        shell.run_cell_magic("dtl", f"person --expect {expected}", other)
    assert str(caught.value).splitlines()[:6] == [
        f"3 of 3 entities differ from {expected}",
        '~ "1"',
        '    ~ $.name  "Ada" → "ada"',
        '~ "2"',
        '    ~ $.name  "Bo" → "bo"',
        '- "3" is missing: {"_id": "3", "name": "Cy"}',
    ]


def test_a_cell_that_is_not_as_expected_is_not_saved(shell, loaded, expected):
    other = '[["copy", "_id"]]'
    with pytest.raises(CellError, match="not saved"):
        shell.run_cell_magic("dtl", f"person --expect {expected} --save short", other)
    assert "short" not in loaded.pipes


def test_an_expectation_that_is_missing_fails_where_it_counts(shell, loaded, tmp_path):
    for more in ("--check", "--save short"):
        with pytest.raises(CellError, match="is not there yet"):
            shell.run_cell_magic("dtl", f"person --expect {tmp_path}/x.json {more}", SHORT)
    assert "short" not in loaded.pipes


def test_the_spec_says_which_properties_do_not_count(shell, loaded, expected):
    spec = expected.with_name("person.test.json")
    told = json.loads(spec.read_text())
    assert told == {
        "_id": "person",
        "type": "test",
        "pipe": "person",
        "file": "person.json",
        "ignore": True,
    }
    spec.write_text(json.dumps({**told, "blacklist": ["name"]}))
    shell.run_line_magic("dtl", "accept")
    shell.run_cell_magic("dtl", f"person --expect {expected}", '[["copy", "_id"]]')


def test_an_output_pipe_gets_a_test_that_the_node_command_runs(shell, loaded, tmp_path, capsys):
    from sesam_node.cli.main import main

    endpoint = {
        "_id": "out",
        "source": {"type": "dataset", "dataset": "person"},
        "transform": {"type": "dtl", "rules": {"default": json.loads(SHORT)}},
        "sink": {"type": "http_endpoint"},
    }
    (tmp_path / "pipes").mkdir()
    person = json.dumps(loaded.pipes["person"].config)
    (tmp_path / "pipes" / "person.conf.json").write_text(person)
    shell.run_cell_magic("dtl", f"--save out --project {tmp_path}", json.dumps(endpoint))
    said = repr(shell.run_line_magic("dtl", f"accept --project {tmp_path}"))
    assert said == f"3 entities are expected in {tmp_path.name}/expected/out.json"
    assert "ignore" not in json.loads((tmp_path / "expected" / "out.test.json").read_text())
    assert main(["test", str(tmp_path)]) == 0
    assert "1 passed" in capsys.readouterr().out


def test_what_failed_is_not_accepted(shell, loaded, tmp_path):
    shell.run_cell_magic("dtl", "person", '[["fail!", "no"]]')
    with pytest.raises(CellError, match="not accepted: 3 entities"):
        shell.run_line_magic("dtl", f"accept {tmp_path}/x.json")
    assert not (tmp_path / "x.json").exists()
