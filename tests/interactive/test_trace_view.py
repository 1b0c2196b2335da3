"""The debugger's view as Python sees it: what the page asks, against a real node."""

import json
import re

import pytest

from sesam_interactive.debugger import Session


@pytest.fixture
def session(hub):
    for name in ("person", "person-named"):
        hub.pipes[name].run(progress=False)
    return hub.pipes["person-named"].debug(limit=3)


def ask(view, name, **args):
    return view._answer({"name": name, "args": args})


def test_a_view_of_a_session_gives_it_with_places_in_utf_16(hub, session):
    view = session.view()
    told = ask(view, "session")["result"]
    assert told["document"] == session.document
    start, end = told["spans"]["$.transform.rules.default[1][2]"]
    assert told["text"][start:end] == '["upper", "_S.name"]'
    assert repr(view) == repr(session)


def test_the_session_goes_where_the_page_goes(session):
    view = session.view()
    view.set_trait("entity", 2)
    view.set_trait("position", 3)
    assert (session.entity, session.position) == (2, 3)
    assert session.source["name"] == "Cy"


def test_the_page_is_told_why_and_why_not(session):
    view = session.view()
    why = ask(view, "why", entity=1, result=0, path='$["name"]')["result"]
    assert why["value"] == "BO"
    assert why["because"][0]["text"] == '"name" set by add'
    missing = ask(view, "why_not", entity=1, result=0, path='$["nme"]')["result"]
    assert missing["reason"] == "never-written"
    assert "no transform" in missing["sentence"]


def test_another_source_is_tried_and_asked_about(session):
    view = session.view()
    told = ask(view, "what_if", entity=0, source={"_id": "1", "name": "Zoe"})["result"]
    values = told["document"]["values"]
    assert [values[n]["name"] for n in told["document"]["entities"][0]["results"]] == ["ZOE"]
    why = ask(view, "why", entity=0, result=0, path='$["name"]', tried=True)["result"]
    assert why["value"] == "ZOE"
    assert session.source["name"] == "Ada"


def test_a_trace_of_a_file_can_be_looked_at_and_has_no_node_to_try_things_on(session):
    view = type(session.view())(Session(json.loads(json.dumps(session.document))))
    assert view.live is False
    error = ask(view, "what_if", entity=0, source={})["error"]
    assert "no node" in error["message"]


def test_a_page_holds_the_answers_and_cannot_be_broken_by_what_it_shows(session, tmp_path):
    document = json.loads(json.dumps(session.document).replace("ADA", "</script><b>"))
    view = type(session.view())(Session(document))
    html = view.save(tmp_path / "trace.html").read_text()
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    held = json.loads(data[1])
    assert held["session"]["document"] == document
    why = [one for one in held["answers"] if one["args"]["path"] == '$["name"]']
    assert why[0]["result"]["value"] == "</script><b>"
    assert "</script><b>" not in html
    assert not re.search(r'(?:src|href)="http', html)
