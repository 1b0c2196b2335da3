"""Browsing a dataset: what the grid and the tree are told, and what they are as text."""

import pytest

from sesam_interactive.client.browse import Browsing
from sesam_interactive.client.errors import ClientError

ALL = {"where": None, "text": None, "order_by": [], "deleted": False}


@pytest.fixture
def people(hub):
    for name in ("dept", "person"):
        hub.pipes[name].run(progress=False)
    return hub.datasets["person"]


@pytest.fixture
def browsing(hub, people):
    return Browsing(hub.connection, people.name)


def asked(grid, request, **arguments):
    """What a page gets for a request."""
    return grid._answer({"name": request, "args": arguments})


def test_a_grid_is_a_table_as_text_and_as_html(people):
    grid = people.browse()
    assert repr(grid).splitlines() == [
        "person: 3 entities",
        "_id  born                  dept  name  worth",
        "1    1815-12-10T00:00:00Z  x     Ada   10.50",
        "2                          y     Bo",
        "3    1990-01-01T00:00:00Z  x     Cy    3",
    ]
    assert "<td style='text-align:right'>10.50</td>" in grid.still()


def test_a_page_holds_rows_the_count_and_the_moment(people):
    page = asked(people.browse(), "page", view=ALL, start=1, limit=1)["result"]
    assert ([row["_id"] for row in page["rows"]], page["count"]) == (["2"], 3)
    assert asked(people.browse(), "news")["result"]["last"] == page["as_of"]


def test_a_grid_of_a_condition_begins_with_what_fulfils_it(people):
    grid = people.browse(["eq", "_S.dept", "x"], order_by="-name")
    assert repr(grid).splitlines()[0] == "person: 2 entities"
    assert grid.view["order_by"] == ["-name"]


def test_a_wrong_condition_comes_back_with_its_place_and_status(people):
    told = asked(people.browse(), "page", view=ALL | {"where": ["gt"]}, start=0, limit=1)["error"]
    assert told["status"] == 400
    assert told["problems"][0]["path"].startswith("$.where")


def test_a_grid_that_begins_with_a_wrong_condition_says_what_is_wrong(people):
    text = repr(people.browse(["gtt", "_S.name", 1]))
    assert '$.where[0]: unknown function "gtt"; did you mean "gt"?' in text
    assert "unknown function" in people.browse(["gtt", "_S.name", 1]).still()


def test_columns_have_the_types_and_shares_of_the_schema(browsing):
    columns = {column["name"]: column for column in browsing.columns()}
    assert columns["worth"]["types"] == ["decimal"]
    assert columns["born"]["filled"] == pytest.approx(2 / 3)


def test_the_python_for_a_view_gives_its_rows(hub, browsing):
    view = ALL | {"where": ["eq", "_S.dept", "x"], "order_by": ["-name"], "text": "y"}
    text = browsing.expression(view)
    assert text == (
        'hub.datasets["person"].query'
        "(['eq', '_S.dept', 'x'], text='y', order_by=['-name']).to_polars()"
    )
    assert eval(text, {"hub": hub})["_id"].to_list() == ["3"]
    assert browsing.expression(ALL) == 'hub.datasets["person"].to_polars()'
    assert browsing.frame(view)["_id"].to_list() == ["3"]


def test_a_frame_is_bound_to_a_name_of_the_notebook(people, shell, monkeypatch):
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shell)
    grid = people.browse()
    told = asked(grid, "bind", view=ALL, name="persons")
    assert told == {"result": "persons: 3 rows, 5 columns"}
    assert shell.user_ns["persons"].shape == (3, 5)
    assert "name of a variable" in asked(grid, "bind", view=ALL, name="a b")["error"]["message"]


def test_the_debugger_is_offered_for_pipes_that_transform_the_dataset(people, browsing):
    assert browsing.debugging() == ["failing", "person-named"]
    assert "person-named" in repr(browsing.debug("person-named", "1"))
    told = asked(people.browse(), "debug", pipe="person-named", entity_id="1")["error"]
    assert told["message"] == "this view is not shown in a notebook"


def test_a_tree_of_an_entity_has_its_versions(hub):
    box = hub.pipes["inbox"]
    if "inbox" in hub.datasets:
        hub.datasets["inbox"].delete()
        hub.pipes["inbox"].save(box.config)
    for value in (1, 2):
        hub.connection.json("POST", "/receivers/inbox/entities", json=[{"_id": "a", "v": value}])
    tree = hub.datasets["inbox"].entity_view("a")
    found = asked(tree, "versions", entity_id="a")["result"]
    assert [change["change"] for change in found["changes"]] == ["created", "changed"]
    old = asked(tree, "version", entity_id="a", offset=found["changes"][0]["_updated"])["result"]
    assert old["v"] == 1
    assert repr(tree) == '{"_id": "a", "v": 2}'
    with pytest.raises(ClientError):
        hub.datasets["inbox"].entity_view("b")


def test_the_status_of_a_pipe_is_text_too_and_only_does_what_it_offers(hub):
    view = hub.pipes["person"].status_view()
    assert repr(view).splitlines()[0] == "person: not run yet"
    hub.pipes["person"].run(progress=False)
    assert repr(view).startswith("person: ok")
    assert "3 read, 3 changed" in repr(view)
    assert asked(view, "status")["result"]["operations"][0] == "start"
    assert [run["read"] for run in asked(view, "runs")["result"]][-1] == 3
    assert "not asked to" in asked(view, "operate", operation="delete")["error"]["message"]


def test_a_receiver_runs_on_request_and_cannot_be_started(hub):
    view = hub.pipes["inbox"].status_view()
    assert repr(view) == "inbox: runs on request"
    assert asked(view, "status")["result"]["operations"] == ["enable", "disable"]


def test_a_reset_has_the_next_run_read_everything(hub):
    for name in ("person", "person-named"):
        hub.pipes[name].run(progress=False)
    view = hub.pipes["person-named"].status_view()
    assert asked(view, "status")["result"]["queue"] == 0
    assert asked(view, "operate", operation="reset")["result"]["queue"] == 3


def test_an_entity_tells_why_it_is_as_it_is(people):
    told = asked(people.browse(), "reasons_of", entity_id="2")["result"]
    assert told.splitlines()[0].startswith('person "2", version ')
    assert "it stands in the configuration of the pipe" in told
    assert asked(people.browse(), "reasons_of", entity_id="none")["error"]["status"] == 404
