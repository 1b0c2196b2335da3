"""The graph of pipes as Python sees it: what the page asks, against a real node."""

import pytest

from sesam_interactive import ClientError
from sesam_interactive.client.flow import Flow


@pytest.fixture
def view(hub):
    for name in ("person", "person-named"):
        hub.pipes[name].run(progress=False)
    return hub.flow().view()


def ask(view, request, **args):
    return view._answer({"name": request, "args": args})


def test_the_view_holds_the_flow_and_reads_it_anew(hub, view):
    hub.pipes["dept"].run(progress=False)
    told = ask(view, "flow")["result"]
    assert {n["id"] for n in told["nodes"]} == {n["id"] for n in view.data["nodes"]}
    before, now = (
        next(n for n in data["nodes"] if n["id"] == "pipe:dept")["state"]
        for data in (view.data, told)
    )
    assert (before, now) == ("not run", "ok")


def test_a_part_of_the_flow_stays_that_part(hub, view):
    part = hub.flow().upstream("person-named").view()
    told = ask(part, "flow")["result"]
    assert {n["id"] for n in told["nodes"]} == {n["id"] for n in part.data["nodes"]}
    assert "pipe:dept" not in {n["id"] for n in told["nodes"]}


def test_the_log_has_a_row_a_run_with_the_reason_of_a_failure(hub, view):
    with pytest.raises(ClientError):
        hub.pipes["failing"].run(progress=False)
    (row,) = ask(view, "log", name="failing")["result"]
    assert (row["kind"], row["result"], row["changed"]) == ("full", "failed", 0)
    assert "not today" in row["message"]
    (row,) = ask(view, "log", name="person-named")["result"]
    assert (row["result"], row["read"], row["changed"], row["message"]) == ("ok", 3, 3, "")


def test_a_pipe_is_previewed_and_run_from_the_view(hub, view):
    told = ask(view, "preview", name="person-named")["result"]
    assert [one["emitted"][0]["name"] for one in told] == ["ADA", "BO", "CY"]
    assert ask(view, "run", name="dept") == {"result": None}
    assert "there is no pipe" in ask(view, "run", name="nope")["error"]["message"]


def test_entities_of_a_dataset_are_shown(view):
    assert [one["_id"] for one in ask(view, "sample", name="person")["result"]] == ["1", "2", "3"]


def test_the_view_is_text_and_a_picture_where_there_is_no_page(hub, view):
    assert repr(view).splitlines()[0].startswith("5 pipes")
    assert "data:image/svg+xml" in view.still()


def test_a_flow_of_data_alone_has_no_view():
    with pytest.raises(ClientError, match="no node"):
        Flow({"nodes": [], "edges": []}).view()
