"""The nouns of the client against a real node: settings, accounts, configuration, runs, data."""

import json
from contextlib import ExitStack
from threading import Thread

import pytest

from sesam_interactive import ClientError, connect
from sesam_interactive.display.problems import problems_text
from sesam_interactive.display.progress import progress_text
from sesam_interactive.display.rows import Rows
from sesam_node.errors import Problem

PASSWORD = "correct horse battery staple"


@pytest.fixture
def kept():
    """`kept(hub)` closes a hub when the test ends."""
    with ExitStack() as stack:
        yield stack.enter_context


def test_variables_are_a_mapping(hub):
    hub.env.replace({"region": "eu"})
    hub.env["size"] = {"max": 5}
    assert hub.env == {"region": "eu", "size": {"max": 5}}
    assert (hub.env["region"], len(hub.env), list(hub.env)) == ("eu", 2, ["region", "size"])
    assert hub.env._ipython_key_completions_() == ["region", "size"]
    del hub.env["region"]
    assert repr(hub.env) == '{"size": {"max": 5}}'
    with pytest.raises(KeyError):
        hub.env["region"]
    with pytest.raises(ClientError, match="no variable"):
        hub.env.delete("region")


def test_secrets_are_written_and_named_but_never_read(hub):
    hub.secrets.replace({})
    hub.secrets["key"] = "s3cr3t-value"
    hub.secrets.add({"other": "s3cr3t-value"})
    assert (hub.secrets.names(), "key" in hub.secrets) == (["key", "other"], True)
    assert repr(hub.secrets) == "<Secrets: key, other>"
    with pytest.raises(ClientError, match="cannot be read"):
        hub.secrets["key"]
    with pytest.raises(ClientError, match='no secret "kee"; did you mean "key"'):
        del hub.secrets["kee"]
    del hub.secrets["other"]
    assert list(hub.secrets) == ["key"]


def test_users_log_in_and_keys_end(hub, node, kept):
    ada = hub.access.users.add("ada@example.com", PASSWORD, roles=["group:Guest"])
    try:
        token = hub.access.log_in("ada@example.com", PASSWORD)
        guest = kept(connect(node.url, token))
        assert guest.config() == hub.config()
        with pytest.raises(ClientError) as caught:
            guest.env["x"] = 1
        assert caught.value.status == 403
        ada.change(roles=["group:Developer"], name="Ada")
        assert ada.info()["name"] == "Ada"
        assert "Ada" in repr(hub.access.users)
        with pytest.raises(ClientError, match="did you mean"):
            hub.access.users["ada@example.org"]
    finally:
        ada.remove()
    with pytest.raises(ClientError) as caught:
        guest.config()
    assert caught.value.status == 401
    key = hub.access.keys.add("nightly", ["group:Guest"], days=1)
    assert kept(connect(node.url, key)).ping()
    hub.access.keys.revoke(hub.access.keys.list()[-1]["id"])
    with pytest.raises(ClientError):
        connect(node.url, key)


def test_permissions_are_read_and_given(hub):
    pipe = hub.pipes["person"]
    assert pipe.permissions().own is False
    given = pipe.permit([["allow", ["hr"], ["read_data"]]])
    assert (given.own, given) == (True, [["allow", ["hr"], ["read_data"]]])
    assert hub.access.permissions("dataset/person").pipes == ["person"]
    assert "hr" in repr(given)
    assert pipe.permit([]).own is False


def test_the_configuration_has_groups_and_a_history(hub):
    person = hub.pipes["person"]
    before = person.config
    person.save(before | {"description": "people"})
    history = hub.config.history("person")
    assert history[0]["config"]["description"] == "people"
    assert history.config(history[1]["revision"]) == before
    with pytest.raises(ClientError, match="there is no 0"):
        history.config(0)
    apart = {"_id": "apart", "type": "pipe", "source": {"type": "empty"}}
    hub.config.replace([apart], group="own")
    assert [item["_id"] for item in hub.config("own")] == ["apart"]
    assert "apart" not in [item["_id"] for item in hub.config()]
    assert "apart" in [item["_id"] for item in hub.config.all_groups()]
    assert hub.config.replace(hub.config.zip()) == []
    hub.config.replace([], group="own")


def test_figures_are_rows_to_compute_with(hub):
    metrics = hub.metrics()
    assert metrics.value("sesam_health", sesam_health="healthy") == 1
    assert metrics.value("sesam_nothing") is None
    assert {row["metric"] for row in metrics.named("requests_total")} == {
        "sesam_api_requests_total"
    }
    assert set(metrics.to_polars().columns) >= {"metric", "value"}
    assert hub.health() == {"status": "ok"}


def test_a_push_goes_in_requests_and_a_full_one_deletes_the_rest(hub):
    inbox = hub.pipes["inbox"]
    assert inbox.push(({"_id": str(n)} for n in range(25)), size=10, progress=False) == 25
    dataset = hub.datasets["inbox"]
    assert len(dataset) == 25
    kept = [{"_id": str(n)} for n in range(12)]
    assert inbox.push(kept, full=True, size=5, progress=False) == 12
    assert sorted(int(entity["_id"]) for entity in dataset) == list(range(12))
    assert inbox.push([], full=True, progress=False) == 0
    assert len(dataset) == 0
    assert inbox.push({"_id": "one"}) == 1
    with pytest.raises(ClientError, match="every entity needs") as caught:
        inbox.push([{"_id": "a"}, {"name": "b"}])
    assert caught.value.problems[0].path == "$[1]._id"
    with pytest.raises(ClientError, match="http_endpoint"):
        hub.pipes["person"].push([{"_id": "1"}])


def test_what_is_published_is_a_document_to_look_at_and_to_keep(hub, tmp_path):
    hub.pipes["person"].run(progress=False)
    sink = {"type": "csv_endpoint", "columns": ["_id", "name"]}
    source = {"type": "dataset", "dataset": "person"}
    (pipe,) = hub.pipes.add({"_id": "out", "type": "pipe", "source": source, "sink": sink})
    found = pipe.published("csv", limit=2)
    assert found.text.split() == ["_id,name", "1,Ada", "2,Bo"]
    assert found.save(tmp_path / "out.csv").read_bytes() == found
    with pytest.raises(ClientError, match='got "tsv"'):
        pipe.published("tsv")
    with pytest.raises(ClientError, match="does not publish xml"):
        pipe.published("xml")


def test_a_pump_is_worked_by_name(hub):
    hub.pipes["person"].run(progress=False)
    pipe = hub.pipes["person-named"]
    assert pipe.queue() == 3
    pipe.skip_to_end()
    assert pipe.queue() == 0
    pipe.update_last_seen(1)
    assert (pipe.pump()["runtime"]["last-seen"], pipe.queue()) == ("1", 1)
    pipe.reset()
    assert pipe.queue() == 3
    for work in (pipe.reset_rescan, pipe.discard_retries, pipe.discard_schema, pipe.enable):
        work()
    pipe.disable("for a while")
    assert pipe.pump()["runtime"]["disabled-comment"] == "for a while"
    with pytest.raises(ClientError, match=r"it has disable, .*start"):
        hub.pipes["person"].track_from_end()
    with pytest.raises(ClientError, match="dead_letter_dataset"):
        pipe.dead_letters()


def test_failing_entities_are_listed_and_dead_ones_tried_again(hub):
    hub.pipes["person"].run(progress=False)
    rules = [["fail!", "no"], ["copy", "*"]]
    pump = {
        "mode": "manual",
        "max_write_errors_in_retry_dataset": 10,
        "max_consecutive_write_errors": 10,
        "max_retries_per_entity": 0,
        "dead_letter_dataset": "letters",
        "track_dead_letters": True,
    }
    careful = {
        "_id": "careful",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "person"},
        "transform": {"type": "dtl", "rules": {"default": rules}},
        "pump": pump,
    }
    (pipe,) = hub.pipes.add(careful)
    pipe.run(progress=False)
    failures = pipe.failures()
    assert {(row["entity"], row["state"]) for row in failures} == {(n, "dead") for n in "123"}
    assert "no" in failures[0]["message"]
    assert len(pipe.dead_letters()) == 3
    pipe.save(careful | {"transform": {"type": "dtl", "rules": {"default": rules[1:]}}})
    assert pipe.retry_dead_letters(progress=False).changed == 3
    assert pipe.dead_letters() == []
    assert len(hub.datasets["careful"]) == 3
    assert hub.datasets.orphans() == []
    pipe.delete()
    assert [dataset.name for dataset in hub.datasets.orphans()] == ["letters"]
    hub.datasets["letters"].delete()


def test_entities_are_corrected_by_hand(hub):
    hub.pipes["person"].run(progress=False)
    dataset = hub.datasets["person"]
    assert dataset.write({"_id": "9", "name": "Dee"}) == {"changed": 1, "unchanged": 0}
    assert dataset.write([{"_id": "9", "name": "Dee"}]) == {"changed": 0, "unchanged": 1}
    assert dataset.repost("9", "1") == {"changed": 2, "unchanged": 0}
    assert dataset.entity("9")["name"] == "Dee"
    dataset.delete_entities("9")
    assert len(dataset) == 3
    assert dataset.compact().keys() == {"versions", "entities"}
    with pytest.raises(ClientError, match="has not tripped"):
        dataset.commit_breaker()
    assert [row["name"] for row in dataset.columns()][:2] == ["_id", "born"]


def test_rules_are_checked_explained_and_tried(hub):
    hub.pipes["person"].run(progress=False)
    dtl = hub.dtl
    found = dtl.check([["ad", "x", 1], ["add", "y", ["uper", "_S.name"]]])
    assert not found
    assert [problem.hint for problem in found.problems] == [
        'did you mean "add"?',
        'did you mean "upper"?',
    ]
    assert repr(found).splitlines()[0] == "$.rules.default[0][0]"
    assert dtl.check([["copy", "*"]])
    assert "name ← upper(_S.name)" in repr(dtl.explain(pipe=hub.pipes["person-named"]))
    assert dtl.complete('[["ad')[0]["label"] == "add"
    assert dtl.hover('[["add", "x", 1]]', 4)["label"] == "add"
    assert dtl.format('[["add","x",1]]').startswith('[\n  ["add", "x", 1]')
    emitted = dtl.preview([["copy", "_id"]], dataset="person", ids=["2"])[0]["emitted"]
    assert emitted == [{"_id": "2"}]
    assert dtl.trace([["copy", "_id"]], dataset="person", ids=["2"])["format"] == "sesam-dtl-trace"
    with pytest.raises(ClientError, match='no source entity "77"'):
        dtl.preview([["copy", "_id"]], dataset="person", ids=["77"])
    with pytest.raises(ClientError, match='did you mean "upper"'):
        dtl.function("uper")
    assert "UPPER" not in repr(dtl.function("lower"))
    assert {item["name"] for item in dtl.functions("datetime-p")} == {
        "datetime-parse",
        "datetime-plus",
    }


def test_a_run_of_all_pipes_fails_with_the_pipes_that_do(hub):
    with pytest.raises(ClientError, match=r'"failing" failed: .*not today'):
        hub.pipes.run_all(progress=False)
    assert hub.runner.status()["status"] == "failed"
    assert "not today" in repr(hub.runner.log())
    hub.pipes["failing"].delete()
    verdict = hub.runner.run(progress=False)
    assert verdict.success
    assert "person-named" in repr(verdict)


def slow(hub):
    """A pipe that takes its time: its rules count to some millions."""
    entities = [{"_id": str(number)} for number in range(400)]
    count = ["count", ["range", 0, 200_000]]
    hub.pipes.make("slow").save(
        {
            "_id": "slow",
            "type": "pipe",
            "source": {"type": "embedded", "entities": entities},
            "transform": {
                "type": "dtl",
                "rules": {"default": [["copy", "_id"], ["add", "n", count]]},
            },
            "pump": {"mode": "manual"},
            "batch_size": 1,
        }
    )
    return hub.pipes["slow"]


@pytest.mark.parametrize("stop", [False, True])
def test_an_interrupted_run_goes_on_unless_told_to_stop(hub, stop, monkeypatch, capsys):
    import sesam_interactive.client.running as module

    def interrupt(_seconds):
        raise KeyboardInterrupt

    pipe = slow(hub)
    monkeypatch.setattr(module, "pause", interrupt)
    with pytest.raises(KeyboardInterrupt):
        pipe.run(stop=stop)
    told = capsys.readouterr().out
    assert ("stopped" if stop else "goes on running on the node") in told
    assert pipe.is_running() is not stop
    pipe.stop()
    assert not pipe.is_running()


def test_a_run_that_takes_too_long_is_told_and_left_running(hub):
    pipe = slow(hub)
    with pytest.raises(ClientError, match="has not ended within 0 s"):
        pipe.run(timeout_s=0, progress=False)
    assert pipe.is_running()
    pipe.stop()


def test_two_hubs_are_used_from_many_threads(hub, node, kept):
    hub.pipes["person"].run(progress=False)
    other = kept(connect(node.url, node.token))
    found, failed = [], []

    def read(which):
        try:
            found.extend(which.datasets["person"].entity("1")["name"] for _ in range(10))
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [Thread(target=read, args=(which,)) for which in (hub, other) * 8]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert found == ["Ada"] * 160


def test_a_node_is_emptied_only_when_it_is_meant(hub):
    with pytest.raises(ClientError, match=r'\.reset\(confirm="http://'):
        hub.reset()
    assert len(hub.pipes) > 0
    hub.restart()
    assert len(hub.pipes) > 0


def test_problems_are_a_readable_block():
    problem = Problem("$.source", "wrong-type", "expected x", "try y", component="orders")
    assert problems_text([problem], {"orders": "pipes/orders.conf.json"}).splitlines() == [
        "pipes/orders.conf.json $.source",
        f"{'    expected x; try y':<76} [wrong-type]",
    ]
    error = ClientError("2 errors", [problem], 400)
    assert error._render_traceback_()[0].startswith("ClientError: 2 errors\norders $.source")
    assert "<code>orders $.source</code>" in error._repr_html_()


def test_rows_are_cut_and_say_so():
    rows = Rows({"n": number, "text": "x" * 100} for number in range(100))
    assert len(rows) == 100
    assert repr(rows).splitlines()[-1] == "… and 40 more"
    assert max(map(len, repr(rows).splitlines())) < 80
    assert json.dumps(rows[99]["n"]) == "99"


@pytest.mark.parametrize(
    ("done", "total", "rate", "text"),
    [
        (
            4000,
            10_000,
            2000.0,
            f"x: {'█' * 8}{'░' * 12} 40 %, 4,000 of 10,000 entities, 2,000/s, 3 s left",
        ),
        (100, None, 100.0, "x: 100 entities, 100/s"),
        (1, 7201, 1.0, f"x: {'░' * 20} 0 %, 1 of 7,201 entities, 1/s, 2 h left"),
    ],
)
def test_progress_tells_rate_and_time_left(done, total, rate, text):
    assert progress_text("x", done, total, rate) == text


def test_a_run_that_waits_for_a_dataset_says_so(hub):
    hops = {"datasets": ["dept d"], "where": ["eq", "_S.dept", "d._id"], "return": "d.title"}
    config = hub.pipes["person-named"].config
    rules = [["copy", "_id"], ["add", "title", ["hops", hops]]]
    hub.pipes["person-named"].save(
        config | {"transform": {"type": "dtl", "rules": {"default": rules}}}
    )
    hub.pipes["person"].run(progress=False)
    told = hub.pipes["person-named"].run(progress=False)
    assert told.waiting_for == ("dept",)
    assert "did not run, it waits for dept to be populated" in repr(told)
    hub.pipes["dept"].run(progress=False)
    assert hub.pipes["person-named"].run(progress=False).changed == 3


def test_one_of_many_is_asked_for_alone(hub):
    asked = []
    hub.connection._client.event_hooks = {"request": [lambda r: asked.append(r.url.raw_path)]}
    hub.pipes["person"]
    assert asked == [b"/api/pipes/person?fields=_id"]
    asked.clear()
    assert "person" in hub.pipes.names()
    assert asked == [b"/api/pipes?fields=_id"]
    with pytest.raises(ClientError, match="expected the id of a pipe, got 3"):
        hub.pipes[3]
    with pytest.raises(ClientError, match="no pipe"):
        hub.pipes["per/son"]


def test_what_is_no_json_and_a_closed_hub_are_told_without_a_traceback(hub, node):
    with pytest.raises(ClientError, match="is no JSON: Out of range"):
        hub.env["a"] = float("nan")
    with pytest.raises(ClientError, match="is no JSON: Object of type set"):
        hub.pipes["person"].save({"x": {1}})
    with pytest.raises(ClientError, match="expected the configuration as a dict, got 3"):
        hub.pipes["person"].save(3)
    closed = connect(node.url, node.token)
    closed.close()
    with pytest.raises(ClientError, match="is closed"):
        closed.pipes.names()
