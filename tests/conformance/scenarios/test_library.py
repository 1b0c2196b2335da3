"""The official client's library against a node: what it asks for and what it reads."""

from __future__ import annotations

import pytest
import sesamclient


@pytest.fixture
def library(node):
    connection = sesamclient.Connection(node.child.url, jwt_auth_token=node.child.token, timeout=60)
    yield connection
    connection.close()


def pipe(pipe_id, *entities, **more):
    source = {"type": "embedded", "entities": list(entities)}
    return {"_id": pipe_id, "type": "pipe", "source": source, "pump": {"mode": "manual"}, **more}


def run(library, pipe_id):
    pump = library.get_pipe(pipe_id).get_pump()
    pump.start()
    pump.wait_for_pump_to_finish_running(assert_successful_run=True)
    return pump


def test_pipes_are_added_changed_and_deleted(library):
    (added,) = library.add_pipes([pipe("p", {"_id": "1"})])
    assert (added.id, added.sink_dataset_id) == ("p", "p")
    added.wait_for_pipe_to_be_deployed()
    added.modify(pipe("p", {"_id": "1"}, description="new"))
    assert library.get_pipe("p").config["original"]["description"] == "new"
    assert [found.id for found in library.get_pipes()] == ["p"]
    assert library.get_pipe("nope") is None
    with pytest.raises(sesamclient.exceptions.PipeAlreadyExists):
        library.add_pipes([pipe("p")])
    with pytest.raises(sesamclient.exceptions.BadRequestException):
        added.modify({**pipe("p"), "source": {"type": "nope"}})
    added.delete()
    assert library.get_pipe("p") is None


def test_datasets_are_read_counted_and_deleted(library):
    library.add_pipes([pipe("p", {"_id": "1", "x": 1}, {"_id": "2"}), pipe("q", {"_id": "9"})])
    run(library, "p")
    library.get_pipe("p").modify(pipe("p", {"_id": "1", "x": 2}))
    run(library, "p")
    dataset = library.get_dataset("p")
    assert dataset.populated
    assert (dataset.num_entities_in_index, dataset.num_deleted_entities_in_index) == (2, 1)
    assert dataset.num_undeleted_entities_in_index == 1
    assert (dataset.num_entities_in_log, dataset.num_deleted_entities_in_log) == (4, 1)
    assert [e["_id"] for e in dataset.get_entities()] == ["1", "2", "1", "2"]
    assert [e["_id"] for e in dataset.get_entities(history=False, deleted=False)] == ["1"]
    assert dataset.get_entity("1")["x"] == 2
    assert dataset.get_entity("1", offset=0)["x"] == 1
    assert dataset.get_entity("nope") is None
    assert "p" in [found.id for found in library.get_datasets(include_internal_datasets=False)]
    dataset.delete()
    assert library.get_dataset("p") is None


def test_variables_and_secrets_are_put_posted_and_deleted(library):
    library.put_env_vars({"a": 1})
    library.post_env_vars({"b": 2})
    library.delete_env_var("a")
    assert library.get_env_vars() == {"b": 2}
    library.put_secrets({"one": "x"})
    library.post_secrets({"two": "y"})
    library.delete_secret("one")
    assert library.get_secrets() == ["two"]
    system = {
        "_id": "s",
        "type": "system:url",
        "url_pattern": "http://x/%s",
        "password": "$SECRET(p)",
    }
    (added,) = library.add_systems([system])
    assert added.runtime["is-valid-config"] is False
    added.put_secrets({"p": "z"})
    assert added.get_secrets() == ["p"]
    assert library.get_system("s").runtime["is-valid-config"] is True
    added.modify({**system, "url_pattern": "http://y/%s"})
    assert library.get_system("s").config["original"]["url_pattern"] == "http://y/%s"
    added.delete()
    assert library.get_system("s") is None


def test_entities_are_pushed_in_a_sequence_and_read_from_the_pipe(library):
    library.add_pipes([{"_id": "in", "type": "pipe", "source": {"type": "http_endpoint"}}])
    receiver = library.get_pipe("in")
    receiver.post_entities([{"_id": "1", "x": 1}, {"_id": "2"}])
    receiver.post_entities(
        [{"_id": "1", "x": 1}],
        is_full=True,
        sequence_id="s",
        request_id="1",
        is_first=True,
        is_last=True,
    )
    dataset = library.get_dataset("in")
    assert [e["_id"] for e in dataset.get_entities(history=False, deleted=False)] == ["1"]
    out = {
        "_id": "out",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "in"},
        "transform": {"type": "dtl", "rules": {"default": [["copy", "_id"], ["add", "y", "_S.x"]]}},
        "sink": {"type": "http_endpoint"},
    }
    library.add_pipes([out])
    found = {
        e["_id"]: e.get("y")
        for e in library.get_pipe("out").get_entities()
        if not e.get("_deleted")
    }
    assert found["1"] == 1
    shown = library.get_pipe("out").preview(out, {"_id": "7", "x": 3})
    assert shown


def test_the_pump_obeys(library):
    library.add_pipes([pipe("p", {"_id": "1"})])
    pump = run(library, "p")
    assert pump.last_run is not None
    pump.disable()
    assert library.get_pipe("p").get_pump().is_disabled
    pump.enable()
    assert not library.get_pipe("p").get_pump().is_disabled
    assert [e["_id"] for e in library.get_pipe("p").get_log_entities(limit=2)] == [
        "pump-started",
        "pump-completed",
    ]


def test_the_configuration_is_uploaded_and_downloaded(library):
    library.upload_config([pipe("p", {"_id": "1"}), pipe("q")])
    assert sorted(item["_id"] for item in library.get_config()) == ["p", "q"]
    library.upload_config([pipe("p", {"_id": "1"})])
    assert [found.id for found in library.get_pipes()] == ["p"]
    assert library.get_config_history("p")
    assert library.get_status()["node_start_time"]
    assert library.get_ping()["status"] == "running"
    library.set_metadata({"_id": "node", "type": "metadata"})
    library.delete_metadata()
