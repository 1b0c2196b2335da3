"""Runs over time, the report on all pipes, and pictures of lineage and schemas."""

import datetime as dt

import pytest

from sesam_interactive import ClientError
from sesam_interactive.client.queued import account
from sesam_interactive.client.report import Report, ago, ahead
from sesam_interactive.client.runs import Runs


@pytest.fixture
def ran(hub):
    """People loaded and loaded again with a change, a pipe that fails, one that is off."""
    hub.pipes["person"].run(progress=False)
    hub.pipes["person-named"].run(progress=False)
    with pytest.raises(ClientError):
        hub.pipes["failing"].run(progress=False)
    changed = [{"_id": "9", "name": "Zoe"}]
    hub.connection.json("POST", "/datasets/person/entities", json=changed)
    hub.pipes["person-named"].run(progress=False)
    hub.pipes["dept"].disable("not now")
    return hub


def test_runs_come_from_the_execution_log_oldest_first(ran):
    runs = ran.pipes["person-named"].runs()
    assert [(run["kind"], run["read"], run["changed"]) for run in runs][-2:] == [
        ("full", 3, 3),
        ("incremental", 1, 1),
    ]
    assert all(run["success"] and run["seconds"] > 0 and run["rate"] > 0 for run in runs)
    assert runs[-1]["start"] <= runs[-1]["end"]
    assert len(ran.pipes["person-named"].runs(limit=1)) == 1


def test_a_failed_run_tells_why(ran):
    runs = ran.pipes["failing"].runs()
    assert not runs[-1]["success"]
    assert "not today" in runs[-1]["message"]
    assert "1 failed" in repr(runs).splitlines()[0]
    assert "not today" in repr(runs)


def test_runs_of_all_pipes_stand_together(ran):
    runs = ran.pipes.runs()
    assert {run["pipe"] for run in runs} >= {"person", "person-named", "failing"}
    frame = runs.to_polars()
    assert frame["start"].is_sorted()
    assert frame.height == len(runs)


def test_runs_are_a_picture_also_of_several_pipes(ran):
    one = ran.pipes["person-named"].runs().plot()
    assert [trace.name for trace in one.data] == [
        "source",
        "transforms",
        "sink",
        "the rest",
        "read",
        "changed",
        "rate",
    ]
    several = ran.pipes.runs().plot()
    assert "failed" in [trace.name for trace in several.data]
    assert "<script" not in several._repr_html_()
    assert "no run is in the execution log yet" in repr(Runs("x", []).plot())


def test_a_pipe_that_never_ran_has_no_runs(hub):
    runs = hub.pipes["inbox"].runs()
    assert (len(runs), repr(runs)) == (0, "inbox: 0 runs")


def test_a_queue_grows_by_what_is_written_and_falls_by_what_is_read(hub):
    hub.pipes["person"].run(progress=False)
    waiting = hub.pipes["person-named"].queued()
    assert waiting.writers == ["person"]
    assert [count for _, count in waiting.points][-1] == 3
    hub.pipes["person-named"].run(progress=False)
    counts = hub.pipes["person-named"].queued().to_polars()["queue"].to_list()
    assert (counts[-2:], max(counts)) == ([0, 0], 3)
    assert "0 now, at most 3" in repr(hub.pipes["person-named"].queued())
    assert len(hub.pipes["person-named"].queued().plot().data[0].x) == len(counts)


def test_a_run_leaves_in_the_queue_what_was_written_meanwhile():
    def run(start, end, *, changed=0, read=0, success=True):
        start, end = (
            dt.datetime(2024, 1, 1, 0, 0, second, tzinfo=dt.UTC) for second in (start, end)
        )
        counts = {"changed": changed, "read": read, "success": success}
        return {"start": start, "end": end, **counts}

    writes = [run(0, 1, changed=10), run(4, 5, changed=2), run(8, 9, changed=4)]
    reads = [run(2, 6, read=10), run(7, 8, read=2), run(10, 11, read=3, success=False)]
    assert [count for _, count in account(writes, reads)] == [10, 12, 2, 0, 4, 1]


def test_a_pipe_that_reads_no_dataset_has_no_queue(hub):
    waiting = hub.pipes["inbox"].queued()
    assert repr(waiting) == "queue of inbox, behind no pipe: nothing is known"
    assert "reads no dataset" in repr(waiting.plot())


def test_the_report_has_what_fails_first(ran):
    report = ran.pipes.report()
    assert report.failing == ["failing"]
    assert [row["state"] for row in report.rows] == ["failed", "disabled", "on request", "ok", "ok"]
    lines = repr(report).splitlines()
    assert lines[0].endswith("/api: 1 failed, 1 disabled, 1 on request, 2 ok")
    assert lines[2].startswith("failing")
    assert 'the entity "1" failed' in lines[2]
    assert report.to_polars()["queue"].to_list()[0] == 4
    assert "<script" not in report._repr_html_()


def test_an_invalid_pipe_is_reported_above_all(hub):
    wrong = {"_id": "wrong", "type": "pipe", "source": {"type": "dataset"}}
    config = [*hub.config(), wrong]
    hub.connection.json("PUT", "/config", json=config, params={"force": "true"})
    report = hub.pipes.report()
    assert report.failing[0] == "wrong"
    assert "dataset" in report.rows[0]["message"]


def test_a_hub_without_pipes_has_an_empty_report():
    report = Report("http://x/api", [])
    assert repr(report) == "0 pipes on http://x/api: none"
    assert "none" in report._repr_html_()


def test_moments_are_told_in_their_largest_unit():
    now = dt.datetime(2024, 1, 2, tzinfo=dt.UTC)
    assert ago(now - dt.timedelta(minutes=90), now) == "2 h ago"
    assert ago(now, now) == "now"
    assert ahead(now + dt.timedelta(days=3), now) == "in 3 d"
    assert ahead(now - dt.timedelta(seconds=5), now) == "due"
    assert ago(None, now) == ""


def test_lineage_is_a_picture_and_a_table(ran):
    lineage = ran.datasets["person-named"].lineage("name")
    figure = lineage.plot()
    labels = figure.data[-1].text
    assert [label for label in labels if "person-named" in label] == ["<b>name</b><br>person-named"]
    assert lineage.to_polars()["how"].to_list()[0] == "computed"
    assert "data:image/svg+xml" in lineage._repr_html_()
    nothing = ran.datasets["person-named"].lineage("name", direction="downstream").plot()
    assert "nothing is made of it" in repr(nothing)


def test_a_schema_is_a_picture_of_what_is_filled(ran):
    figure = ran.datasets["person"].schema().plot()
    filled = dict(zip(figure.data[0].y, figure.data[0].x, strict=True))
    assert (filled["_id"], filled["dept"]) == (100, 75)
