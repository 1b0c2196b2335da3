"""The client against a real node: pipes, datasets, projects, errors."""

import datetime as dt
import json
import socket
import stat

import polars as pl
import pytest

from sesam_interactive import ClientError, connect
from sesam_interactive.client import ManagedNode, NoNodeError
from sesam_interactive.client.connection import api_url
from sesam_interactive.client.managed import running_node
from sesam_interactive.frames import to_polars


@pytest.mark.parametrize(
    "given",
    [
        "localhost:9042",
        "http://localhost:9042/",
        "http://localhost:9042/api",
        "localhost:9042/api/",
    ],
)
def test_a_url_is_taken_as_people_write_it(given):
    assert api_url(given) == "http://localhost:9042/api"


def test_a_run_tells_what_it_did_and_a_second_one_changes_nothing(hub):
    first = hub.pipes["person"].run(progress=False)
    again = hub.pipes["person"].run(progress=False)
    assert (first.success, first.processed, first.changed) == (True, 3, 3)
    assert (again.success, again.processed, again.changed) == (True, 3, 0)


def test_a_failing_run_raises_the_nodes_message(hub):
    hub.pipes["person"].run(progress=False)
    with pytest.raises(ClientError, match="not today"):
        hub.pipes["failing"].run(progress=False)


def test_the_log_has_the_newest_run_first(hub):
    hub.pipes["person"].run(progress=False)
    hub.pipes["person"].run(progress=False)
    events = hub.pipes["person"].log()
    assert events[0]["event_type"] == "pump-completed"
    assert events[0]["_updated"] > events[-1]["_updated"]


def test_a_dataset_gives_entities_history_and_frames(hub):
    hub.pipes["person"].run(progress=False)
    dataset = hub.datasets["person"]
    assert len(dataset) == 3
    assert [entity["name"] for entity in dataset] == ["Ada", "Bo", "Cy"]
    assert dataset.entity("2")["name"] == "Bo"
    assert [version["_updated"] for version in dataset.versions("2")] == [1]
    assert [e["_id"] for e in dataset.entities(since=0, limit=1)] == ["2"]
    frame = dataset.to_polars()
    assert frame["_id"].to_list() == ["1", "2", "3"]
    assert str(frame.schema["born"]) == "Datetime(time_unit='us', time_zone='UTC')"
    assert dataset.to_pandas().shape == frame.shape


def change_ada(hub):
    """Give Ada another department, in a dataset that was just filled."""
    hub.pipes["person"].run(progress=False)
    ada = {"_id": "1", "name": "Ada", "dept": "z"}
    hub.connection.json("POST", "/datasets/person/entities", json=[ada])
    return hub.datasets["person"]


def test_a_dataset_is_looked_at_as_it_was(hub):
    dataset = change_ada(hub)
    then = dataset.as_of(2)
    assert [entity["dept"] for entity in then] == ["x", "y", "x"]
    assert (then.entity("1")["dept"], dataset.entity("1")["dept"]) == ("x", "z")
    assert (len(then), len(dataset.as_of("1990-01-01"))) == (3, 0)
    assert repr(then) == '<Dataset "person" as of 2>'
    assert "as of" in then._repr_html_()
    assert then.to_polars()["dept"].to_list() == ["x", "y", "x"]
    assert len(dataset.as_of(dt.datetime.now(dt.UTC))) == 3


def test_the_node_makes_the_same_frame_that_the_kernel_makes(hub):
    hub.pipes["person"].run(progress=False)
    entities = hub.datasets["person"].entities()
    made = entities.to_polars(reserved=True)
    same = to_polars(list(entities), reserved=True)
    assert made.schema == same.schema
    assert made.equals(same)
    assert entities.to_polars(schema={"name": pl.Categorical}).schema["name"] == pl.Categorical
    assert hub.pipes["person-named"].entities().to_polars()["name"].to_list() == ["ADA", "BO", "CY"]


def test_the_difference_between_two_moments(hub):
    found = change_ada(hub).diff(2)
    assert (len(found), found.counts) == (1, {"added": 0, "changed": 1, "deleted": 0})
    assert [item["_id"] for item in found] == ["1"]
    assert [part["name"] for part in next(iter(found))["properties"]] == ["born", "dept", "worth"]
    assert repr(found) == "<Diff /datasets/person/diff 0 added, 1 changed, 0 deleted>"
    assert "dept" in found._repr_html_()


def test_the_life_of_an_entity(hub):
    found = change_ada(hub).history("1")
    assert [item["change"] for item in found] == ["changed", "created"]
    assert (found.complete, found[0]["properties"][1]["new"]) == (True, "z")
    assert "dept" in found._repr_html_()
    with pytest.raises(ClientError, match="nobody"):
        hub.datasets["person"].history("nobody")


def test_a_query_chooses_orders_and_counts(hub):
    hub.pipes["person"].run(progress=False)
    dataset = hub.datasets["person"]
    asked = dataset.query(["eq", "_S.dept", "x"], select=["name"], order_by="-name")
    assert [entity["name"] for entity in asked] == ["Cy", "Ada"]
    assert (asked.count(), asked.head(1)[0]["name"]) == (2, "Cy")
    assert asked.to_polars()["name"].to_list() == ["Cy", "Ada"]
    assert "Ada" in asked._repr_html_()
    assert "order_by=['-name']" in repr(asked)
    with pytest.raises(ClientError) as caught:
        list(dataset.query(["uper", "_S.name"]))
    assert caught.value.problems[0].path == "$.where[0]"


def test_a_preview_shows_what_comes_out_without_writing(hub):
    hub.pipes["person"].run(progress=False)
    results = hub.pipes["person-named"].preview(limit=2)
    assert [result["emitted"][0]["name"] for result in results] == ["ADA", "BO"]
    assert "person-named" not in hub.datasets or len(hub.datasets["person-named"]) == 0


def test_the_pipes_output_is_read_without_writing(hub):
    hub.pipes["person"].run(progress=False)
    names = [entity["name"] for entity in hub.pipes["person-named"].entities()]
    assert names == ["ADA", "BO", "CY"]


def test_all_pipes_run_in_the_order_of_their_graph(hub):
    hub.connection.json("DELETE", "/pipes/failing")
    hub.pipes.run_all()
    assert [entity["name"] for entity in hub.datasets["person-named"]] == ["ADA", "BO", "CY"]


def test_an_unknown_name_is_told_with_what_was_probably_meant(hub):
    with pytest.raises(ClientError, match=r'no pipe "persn".*did you mean "person"'):
        hub.pipes["persn"]


def test_names_complete(hub):
    assert "person" in dir(hub.pipes)
    assert hub.pipes._ipython_key_completions_() == [
        "dept", "failing", "inbox", "person", "person-named",
    ]  # fmt: skip
    assert hub.pipes.person.name == "person"


def test_a_refused_upload_changes_nothing_and_says_all_that_is_wrong(hub):
    before = hub.config()
    wrong = {"_id": "wrong", "type": "pipe", "source": {"type": "dataset"}}
    worse = {
        "_id": "worse",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "person"},
        "transform": {"type": "dtl", "rules": {"default": [["ad", "x", ["uper", 1]]]}},
    }
    with pytest.raises(ClientError) as caught:
        hub.connection.json("PUT", "/config", json=[*before, wrong, worse])
    assert caught.value.status == 400
    assert {problem.component for problem in caught.value.problems} == {"wrong", "worse"}
    assert hub.config() == before


def test_a_project_folder_is_uploaded_and_a_pipe_saved_to_it(hub, project_folder):
    project = hub.project(project_folder)
    project.upload()
    saved = project.save({"_id": "new", "type": "pipe", "source": {"type": "empty"}})
    assert saved == project_folder / "pipes" / "new.conf.json"
    assert json.loads(saved.read_text())["source"] == {"type": "empty"}
    assert sorted(hub.pipes) == ["dept", "failing", "inbox", "person", "person-named"]
    project.upload()
    assert "new" in hub.pipes
    with pytest.raises(ClientError, match="cannot be the name of a file"):
        project.save({"_id": "../x", "type": "pipe"})


def test_reprs_are_rich_and_hold_no_secret(hub, node):
    hub.pipes["person"].run(progress=False)
    shown = [hub, hub.pipes, hub.datasets, hub.systems, hub.pipes["person"], hub.datasets["person"]]
    for item in shown:
        assert node.token not in repr(item) + item._repr_html_()
    assert "Ada" in hub.datasets["person"]._repr_html_()
    assert node.token not in repr(hub.connection) + repr(node)


def test_the_table_of_pipes_tells_their_state(hub):
    hub.pipes["person"].run(progress=False)
    states = {row["pipe"]: row["state"] for row in hub.pipes._rows()}
    assert states == {
        "dept": "not run",
        "failing": "not run",
        "inbox": "on request",
        "person": "ok",
        "person-named": "not run",
    }


def test_html_in_data_is_text(hub):
    hub.connection.json("POST", "/receivers/inbox/entities", json=[{"_id": "<script>x</script>"}])
    assert "<script>" not in hub.datasets["inbox"]._repr_html_()


def test_a_wrong_token_is_one_clear_message(node):
    with pytest.raises(ClientError) as caught:
        connect(node.url, "a.e30.c")
    assert caught.value.status == 401
    assert "token" in str(caught.value)
    assert caught.value._render_traceback_() == [f"ClientError: {caught.value}"]


def test_no_node_is_one_clear_message():
    with pytest.raises(NoNodeError, match=r"cannot reach the node at http://127\.0\.0\.1:9"):
        connect("127.0.0.1:9")


def test_a_managed_node_is_found_by_others_and_ends_with_its_parent(tmp_path):
    with ManagedNode(tmp_path) as managed:
        assert running_node(tmp_path) == (managed.url, managed.token)
        assert stat.S_IMODE((tmp_path / "url").stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
        second = ManagedNode(tmp_path)
        with pytest.raises(NoNodeError, match="in use"):
            second.start()
        assert running_node(tmp_path) == (managed.url, managed.token)
    assert running_node(tmp_path) is None


def test_the_token_is_not_sent_to_where_a_killed_node_was(tmp_path):
    """Its address may be another program's by now, and another user's."""
    (tmp_path / "token").write_text("a.b.c")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (tmp_path / "url").write_text(f"http://127.0.0.1:{taken.getsockname()[1]}")
        assert running_node(tmp_path) is None
        taken.settimeout(0)
        with pytest.raises(BlockingIOError):
            taken.accept()


def test_why_and_what_would_change_are_shown_as_text(hub):
    hub.pipes["person"].run(progress=False)
    hub.pipes["person-named"].run(progress=False)
    told = hub.datasets["person-named"].why("1", "name")
    assert told["exact"] is True
    assert 'name = "ADA"' in repr(told)
    assert told.text in told._repr_html_().replace("&quot;", '"')
    draft = {
        **hub.pipes["person-named"].config,
        "transform": {"type": "dtl", "rules": {"default": [["copy", ["list", "_id", "name"]]]}},
    }
    for compare in (False, True):
        diff = hub.pipes["person-named"].diff(draft, all=compare, progress=False)
        assert (diff.is_empty, diff.counts["changed"]) == (False, 3)
        assert repr(diff).splitlines()[1:] == [
            "  0 added, 3 changed, 0 deleted, 0 unchanged, 0 errors",
            '  name: 3 changed; 1: "ADA" \N{RIGHTWARDS ARROW} "Ada"',
        ]
    assert hub.pipes["person-named"].diff().is_empty


def test_what_entities_look_like_is_shown_as_a_table(hub):
    hub.pipes["person"].run(progress=False)
    told = hub.datasets["person"].schema()
    assert repr(told).splitlines() == [
        "dataset:person: 3 entities",
        '  _id: string, in 3; "1", "2", "3"',
        '  born: datetime, in 2; "1815-12-10T00:00:00Z", "1990-01-01T00:00:00Z"',
        '  dept: string, in 3; "x", "y"',
        '  name: string, in 3; "Ada", "Bo", "Cy"',
        '  worth: decimal, in 2; "10.50", "3"',
    ]
    assert "<td" in told._repr_html_()
    assert list(hub.pipes["person-named"].entity_type("source")["properties"]) == list(
        told["properties"]
    )


def test_lineage_is_shown_edge_by_edge(hub):
    hub.pipes["person"].run(progress=False)
    hub.pipes["person-named"].run(progress=False)
    told = hub.datasets["person-named"].lineage("name")
    assert repr(told).splitlines() == [
        "upstream lineage, 3 properties",
        '  name of person-named <- name of person, computed in pipe "person-named"',
        '  name of person <- name of the source of person, copied in pipe "person"',
    ]
    down = hub.datasets["person"].lineage("name", direction="downstream")
    assert [row["to"] for row in down.rows()] == ["name of person-named"]
    assert hub.pipes["person-named"].lineage("name")["edges"] == told["edges"]
