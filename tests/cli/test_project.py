"""Reading a project folder for the commands."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from sesam_node.cli.problems import problem_texts
from sesam_node.cli.project import Project
from sesam_node.errors import ConfigError, Problem


@pytest.fixture
def folder(tmp_path):
    def write(files):
        for name, content in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            text = content if isinstance(content, str) else json.dumps(content)
            file.write_text(text)
        return tmp_path

    return write


PIPE = {"_id": "a", "type": "pipe", "source": {"type": "embedded", "entities": []}}


def test_the_upload_holds_the_schedule(folder):
    root = folder({"pipes/a.conf.json": PIPE})
    with zipfile.ZipFile(io.BytesIO(Project(root).zip())) as archive:
        assert json.loads(archive.read("node-metadata.conf.json")) == {
            "_id": "node",
            "type": "metadata",
            "task_manager": {"disable_user_pipes": True},
        }
        assert json.loads(archive.read("pipes/a.conf.json")) == PIPE


def test_testdata_is_by_pipe_and_null_is_nothing(folder):
    root = folder(
        {
            "pipes/a.conf.json": PIPE,
            "testdata/a.json": "\ufeff[1]",
            "testdata/deep/b.json": "[2]",
            "testdata/c.json": " null\n",
        }
    )
    assert Project(root).testdata() == [("a", b"[1]"), ("b", b"[2]")]


def test_an_empty_spec_has_its_defaults_from_its_name(folder):
    root = folder({"pipes/a.conf.json": PIPE, "expected/a.test.json": "{}"})
    (spec,) = Project(root).specs()
    assert (spec.pipe, spec.expected.name, spec.endpoint, spec.ignore_deletes) == (
        "a",
        "a.json",
        "json",
        True,
    )


def test_a_spec_says_what_it_wants(folder):
    spec = {
        "pipe": "a",
        "file": "expected/a.csv",
        "endpoint": "csv",
        "parameters": {"x": 1},
        "ignore": True,
        "ignore_deletes": False,
        "blacklist": ["b"],
        "fields_to_sort_by": ["n"],
        "stage": "source",
    }
    root = folder({"pipes/a.conf.json": PIPE, "expected/other.test.json": spec})
    (found,) = Project(root).specs()
    assert found.expected == root / "expected" / "a.csv"
    assert (found.pipe, found.endpoint, found.parameters, found.stage) == (
        "a",
        "csv",
        {"x": 1},
        "source",
    )
    assert (found.ignore, found.ignore_deletes, found.blacklist, found.fields_to_sort_by) == (
        True,
        False,
        ("b",),
        ("n",),
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "is no project"),
        ({"pipes/a.conf.json": "{"}, "pipes/a.conf.json"),
        ({"pipes/a.conf.json": PIPE, "test-env.json": "[]"}, "test-env.json"),
    ],
)
def test_what_is_no_project_is_told(folder, files, message):
    with pytest.raises(ConfigError, match=message):
        Project(folder(files))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("{", "expected/a.test.json, line 1, column 2"),
        ([], "expected/a.test.json holds no object"),
        ({"blacklist": "x"}, 'expected a list of strings in "blacklist"'),
    ],
)
def test_a_broken_spec_is_told(folder, spec, message):
    root = folder({"pipes/a.conf.json": PIPE, "expected/a.test.json": spec})
    with pytest.raises(ConfigError, match=message):
        Project(root).specs()


def test_a_missing_folder_or_profile_is_told(tmp_path, folder):
    with pytest.raises(ConfigError, match="there is no folder"):
        Project(tmp_path / "no")
    with pytest.raises(ConfigError, match=r"prod-env\.json"):
        Project(folder({"pipes/a.conf.json": PIPE}), "prod")


def test_a_problem_shows_file_path_message_hint_and_code():
    problems = [
        Problem("$.rules.default[3]", "unknown-function", "unknown function", "try upper"),
        Problem("$.x", "unknown-option", "unknown option", "", "warning", "b"),
    ]
    files = {"b": "pipes/b.conf.json"}
    assert problem_texts(files, problems) == [
        f"$.rules.default[3]\n    {'unknown function; try upper':<76} [unknown-function]",
        f"pipes/b.conf.json $.x\n    {'warning: unknown option':<76} [unknown-option]",
    ]
