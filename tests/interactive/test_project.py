"""Project folders against a real node: validate, upload, compare, run, test, update, download."""

import json
import shutil
from pathlib import Path

import pytest

from sesam_interactive import ClientError

PROJECTS = Path(__file__).parent.parent / "conformance" / "projects"


@pytest.fixture
def folder(tmp_path):
    """`folder("library-loans")` is a copy of a project."""

    def copied(name):
        return Path(shutil.copytree(PROJECTS / name, tmp_path / name))

    return copied


@pytest.fixture
def library(hub, folder):
    return hub.project(folder("library-loans"))


def edit(file, **changes):
    value = json.loads(file.read_text()) | changes
    file.write_text(json.dumps(value))


def pipe_file(project, name):
    return project.folder / "pipes" / f"{name}.conf.json"


@pytest.mark.parametrize("name", ["library-loans", "webshop-orders", "site-inspections"])
def test_a_project_is_tested(hub, folder, name):
    root = folder(name)
    whitelist = "whitelist.txt" if (root / "whitelist.txt").exists() else None
    tested = hub.project(root, whitelist=whitelist).test(check=True, progress=False)
    assert tested.ok
    assert tested.passed
    assert repr(tested).endswith(f"{name}: {len(tested.passed)} passed, 0 failed")


def test_what_differs_is_shown_by_file_and_raised_where_asked(hub, folder):
    root = folder("webshop-orders")
    file = root / "expected" / "order-share.json"
    entities = json.loads(file.read_text())
    entities[0]["amount"] = -1
    file.write_text(json.dumps(entities))
    project = hub.project(root)
    tested = project.test(progress=False)
    assert [outcome.name for outcome in tested.failed] == ["order-share.test.json"]
    assert '    -    "amount": -1' in repr(tested)
    assert "&quot;amount&quot;: -1,</span>" in tested._repr_html_()
    with pytest.raises(ClientError, match="1 failed"):
        project.verify(check=True)
    assert project.update().files == ["expected/order-share.json"]
    assert project.verify(check=True).ok
    assert not project.update()


def test_a_project_is_tested_on_a_node_of_its_own(hub, library):
    before = hub.config()
    assert library.test(fresh=True, check=True, progress=False).ok
    assert hub.config() == before


def test_specs_are_made_for_pipes_without_one(library):
    library.test(progress=False)
    expected = library.folder / "expected"
    before = {file.name: file.read_bytes() for file in expected.iterdir()}
    shutil.rmtree(expected)
    assert "there are no tests" in repr(library.verify())
    written = library.update()
    assert {name.removeprefix("expected/") for name in written.files} == before.keys()
    assert library.verify(check=True).ok


def test_every_problem_is_told_by_file_and_nothing_is_loaded(hub, library):
    before = hub.config(), hub.env.all()
    name = next(iter(sorted(library.folder.glob("pipes/*.json")))).name
    edit(library.folder / "pipes" / name, pump={"schedule_interval": "often"})
    found = library.validate()
    assert not found.ok
    assert f"pipes/{name} $.pump.schedule_interval" in repr(found)
    assert f"pipes/{name} $.pump.schedule_interval" in found._repr_html_()
    assert "1 errors" in repr(found)
    with pytest.raises(ClientError) as caught:
        library.validate(check=True)
    assert f"pipes/{name} $.pump" in caught.value._render_traceback_()[0]
    with pytest.raises(ClientError):
        library.upload(progress=False)
    assert (hub.config(), hub.env.all()) == before


def test_a_broken_file_is_told_with_line_and_column(hub, library):
    file = library.files()[0]
    file.write_text('{"_id": "x",\n  "type": }')
    found = library.validate()
    assert f"pipes/{file.name}:2:11" in repr(found)
    with pytest.raises(ClientError, match="line 2, column 11"):
        library.diff()


def test_a_project_that_is_uploaded_is_in_sync(hub, library):
    assert not library.status().in_sync
    uploaded = library.upload(progress=False)
    assert uploaded.components == len(library.files())
    assert sum(uploaded.entities.values()) > 0
    status = library.status()
    assert status.in_sync
    assert repr(status) == f"library-loans and {hub.url} are in sync"
    library.upload(hold=True, testdata=False, progress=False)
    assert hub.metadata.original["task_manager"]["disable_user_pipes"] is True
    assert library.status().in_sync


def test_the_difference_is_told_component_by_component(hub, library):
    library.upload(testdata=False, progress=False)
    changed, gone = sorted(library.folder.glob("pipes/*.json"))[:2]
    edit(changed, description="about loans")
    gone.unlink()
    (library.folder / "pipes" / "fresh.conf.json").write_text(
        '{"_id": "fresh", "type": "pipe", "source": {"type": "empty"}}'
    )
    (library.folder / "test-env.json").write_text('{"more": 1}')
    diff = library.diff()
    states = {change.component: change.state for change in diff.changes}
    names = (changed.name.split(".")[0], gone.name.split(".")[0])
    assert states == {
        names[0]: "changed",
        names[1]: "removed",
        "fresh": "added",
        "variables": "changed",
    }
    assert '+  "description": "about loans"' in repr(diff)
    assert "about loans" in diff._repr_html_()
    assert len(repr(diff.changes[0].text).splitlines()) < 20
    assert "fresh" in repr(library.status())


def test_the_order_of_keys_is_no_difference_and_a_kind_of_number_is(hub, library):
    library.upload(testdata=False, progress=False)
    file = library.files()[0]
    value = json.loads(file.read_text())
    file.write_text(json.dumps(dict(reversed(value.items()))))
    assert library.status().in_sync
    (library.folder / "test-env.json").write_text('{"n": 1}')
    hub.env.replace({"n": 1.0})
    assert not library.status().in_sync


def test_what_the_node_has_is_downloaded_into_the_files_where_it_is(hub, library):
    library.upload(testdata=False, progress=False)
    first, second = sorted(library.folder.glob("pipes/*.json"))[:2]
    deep = library.folder / "pipes" / "deep" / first.name
    deep.parent.mkdir()
    first.rename(deep)
    config = json.loads(deep.read_text()) | {"description": "changed on the node"}
    hub.pipes[config["_id"]].save(config)
    hub.pipes[json.loads(second.read_text())["_id"]].delete()
    hub.env["added"] = 1
    written = library.download()
    assert (written.files, written.deleted) == (
        [f"pipes/deep/{deep.name}", "test-env.json"],
        [f"pipes/{second.name}"],
    )
    assert json.loads(deep.read_text()) == config
    assert library.status().in_sync
    assert not library.download()


def test_an_upload_that_the_node_refuses_leaves_its_variables(hub, library, monkeypatch):
    hub.env.replace({"kept": 1})
    edit(library.files()[0], pump={"schedule_interval": "often"})
    monkeypatch.setattr(type(library), "_validation", lambda *_given: None)
    with pytest.raises(ClientError):
        library.upload(progress=False)
    assert hub.env.all() == {"kept": 1}


def test_what_is_missing_is_told(hub, tmp_path, library):
    with pytest.raises(ClientError, match="no project folder"):
        hub.project(tmp_path / "nowhere")
    with pytest.raises(ClientError, match=r"no file prod-env.json in .*; there are test"):
        hub.project(library.folder, "prod").upload()
    with pytest.raises(ClientError, match="cannot be read"):
        hub.project(library.folder, whitelist="listed.txt")


def test_test_data_for_a_pipe_that_takes_none_is_told_by_file(hub, library):
    (library.folder / "testdata" / "nobody.json").write_text("[]")
    with pytest.raises(ClientError, match=r"testdata/nobody.json was not taken: .*nobody"):
        library.upload(progress=False)


def test_a_run_tells_what_each_pipe_did(hub, library):
    library.upload(progress=False)
    verdict = library.run(progress=False)
    assert verdict.success
    assert "processed" in repr(verdict)


def test_a_folder_without_configuration_does_not_empty_the_node(hub, tmp_path):
    before = hub.config()
    (tmp_path / "node-metadata.conf.json").write_text('{"_id": "node", "type": "metadata"}')
    project = hub.project(tmp_path)
    for act in (project.validate, project.upload, project.test):
        with pytest.raises(ClientError, match="is no project"):
            act()
    assert hub.config() == before
    hub.env.replace({})
    names = sorted(f"pipes/{item['_id']}.conf.json" for item in before)
    assert project.download().files == names
