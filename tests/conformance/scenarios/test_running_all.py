"""run-all-pipes as the official client asks for it."""

from __future__ import annotations

QUERY = {
    "extra_zero_runs": 2,
    "max_run_time": 900,
    "max_runs": 100,
    "delete_input_datasets": "False",
    "output_run_statistics": "True",
}


def chain(node):
    node.receiver("in", {"_id": "1", "x": 1}, {"_id": "2", "x": 2})
    node.pipe("a", {"type": "dataset", "dataset": "in"}, [["copy", "*"]])
    hop = ["hops", {"datasets": ["ref r"], "where": ["eq", "_S.x", "r.x"], "return": "r.name"}]
    node.pipe("b", {"type": "dataset", "dataset": "a"}, [["copy", "_id"], ["add", "name", hop]])
    node.pipe("ref", {"type": "embedded", "entities": [{"_id": "r", "x": 1, "name": "one"}]})


def ask(node, **more):
    answer = node.http.post(
        "/pipes/run-all-pipes", params={**QUERY, "request_mode": "sync", **more}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_in_sync_everything_is_run_until_it_is_quiet(node):
    chain(node)
    answer = ask(node)
    assert answer["status"] == "success"
    assert node.live("b") == {"1": {"name": ["one"]}, "2": {"name": []}}
    assert sorted(node.live("in")) == ["1", "2"]
    assert isinstance(answer["additional_info"], str)
    assert all(pipe in answer["additional_info"] for pipe in ("a", "b", "ref"))
    end = node.end("b")
    assert ask(node)["status"] == "success"
    assert node.end("b") == end


def test_in_async_a_token_leads_to_the_verdict_and_the_log(node):
    chain(node)
    answer = node.http.post("/pipes/run-all-pipes", params={**QUERY, "request_mode": "async"})
    assert answer.status_code == 200
    token = answer.json()["token"]

    def status():
        return node.http.get("/pipes/get-pipe-runner-status", params={"token": token}).json()[
            "status"
        ]

    assert (
        node.until(status, lambda text: text in ("success", "failed", "not-running")) == "success"
    )
    assert status() == "success"
    lines = node.http.get(
        "/pipes/get-run-all-pipes-log", params={"token": token, "since": ""}
    ).json()
    assert lines
    assert all({"timestamp", "loglevel", "logdata"} <= set(line) for line in lines)
    last = lines[-1]["timestamp"]
    more = node.http.get("/pipes/get-run-all-pipes-log", params={"token": token, "since": last})
    assert (more.status_code, more.json()) == (200, [])
    other = node.http.get("/pipes/get-pipe-runner-status", params={"token": "nope"})
    assert (
        other.json()["status"] in ("not-running", "failed")
        if other.status_code == 200
        else other.status_code == 404
    )


def test_a_failing_pipe_fails_the_whole_and_is_named(node):
    chain(node)
    node.pipe(
        "bad",
        {"type": "dataset", "dataset": "a"},
        [["copy", "_id"], ["fail!", "broken on purpose"]],
    )
    answer = ask(node)
    assert answer["status"] != "success"
    assert "bad" in str(answer)
    assert node.live("b") == {"1": {"name": ["one"]}, "2": {"name": []}}


def test_pipes_in_a_circle_come_to_rest(node):
    node.receiver("start", {"_id": "1", "n": 0})
    node.pipe(
        "up",
        {"type": "union_datasets", "datasets": ["start", "down"], "prefix_ids": False},
        [["copy", "_id"], ["add", "n", ["min", ["list", 3, ["plus", "_S.n", 1]]]]],
    )
    node.pipe("down", {"type": "dataset", "dataset": "up"}, [["copy", "*"]])
    assert ask(node)["status"] == "success"
    assert node.live("down") == {"1": {"n": 3}}


def test_input_datasets_are_emptied_unless_told_otherwise(node):
    chain(node)
    assert ask(node, delete_input_datasets="True")["status"] == "success"
    assert (
        node.http.get("/datasets/in/entities").json() == []
        if node.http.get("/datasets/in").status_code == 200
        else True
    )
    assert node.live("b") == {}


def test_disabled_and_manual_pipes_run_too_and_stopping_is_always_fine(node):
    chain(node)
    node.pump("b", "disable")
    assert ask(node)["status"] == "success"
    assert sorted(node.live("b")) == ["1", "2"]
    answer = node.http.post("/pipes/stop-run-all-pipes", params={"terminate_timeout": 30})
    assert (answer.status_code, answer.json() is not None) == (200, True)


def test_sink_datasets_can_all_be_deleted(node):
    chain(node)
    ask(node)
    answer = node.http.post("/pipes/delete-all-sink-datasets")
    assert answer.status_code == 200
    answer.json()
    for dataset in ("a", "b", "ref"):
        there = node.http.get(f"/datasets/{dataset}/entities")
        assert there.status_code == 404 or there.json() == [], dataset


def test_an_endpoint_pipe_is_never_run(node):
    chain(node)
    node.pipe("share", {"type": "dataset", "dataset": "b"}, sink={"type": "http_endpoint"})
    assert ask(node)["status"] == "success"
    answer = node.http.get("/pipes/share/entities")
    assert [e["_id"] for e in answer.json()] == ["1", "2"]
