"""A node of one's own, beside that of the workbench."""

import json

import sesam_interactive


def test_it_takes_nothing_from_the_workbench_and_saves_nothing_to_it(
    tmp_path, project_folder, monkeypatch
):
    monkeypatch.setenv("SESAM_PROJECT", str(project_folder))
    monkeypatch.setenv("SESAM_NODE_DATA", str(tmp_path / "theirs"))
    monkeypatch.delenv("NODE", raising=False)
    with sesam_interactive.connect(data=tmp_path / "mine") as hub:
        assert list(hub.pipes) == []
        assert hub.folder is None
    assert not (tmp_path / "theirs").exists()


def test_its_project_is_where_relative_paths_begin(tmp_path, monkeypatch):
    project = tmp_path / "shop"
    (project / "pipes").mkdir(parents=True)
    (project / "orders.json").write_text('[{"_id": "1"}]')
    system = {"_id": "files", "type": "system:url", "url_pattern": "%s"}
    source = {"type": "json", "system": "files", "url": "orders.json"}
    pipe = {"_id": "order", "type": "pipe", "source": source, "pump": {"mode": "manual"}}
    for one in (system, pipe):
        (project / "pipes" / f"{one['_id']}.conf.json").write_text(json.dumps(one))
    monkeypatch.chdir(tmp_path)
    with sesam_interactive.connect(data="node", project="shop") as hub:
        assert hub.folder.name == "shop"
        assert hub.pipes["order"].run(progress=False).changed == 1


def test_what_a_cell_saves_goes_to_the_project_of_its_node(hub, tmp_path, shell):
    hub.pipes["person"].run(progress=False)
    (tmp_path / "pipes").mkdir()
    hub.folder = tmp_path
    shell.user_ns["ada"] = {"_id": "1"}
    shell.run_cell_magic("dtl", "--dataset person --from $ada --save copied", '[["copy", "*"]]')
    saved = json.loads((tmp_path / "pipes" / "copied.conf.json").read_text())
    assert saved["source"] == {"type": "dataset", "dataset": "person"}
