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
    told = ask(view, "shown", world=0)["result"]
    assert told["document"] == session.document
    assert told["before"] is None
    start, end = told["spans"]["$.transform.rules.default[1][2]"]
    assert told["text"][start:end] == '["upper", "_S.name"]'
    assert repr(view) == repr(session)


def test_the_session_goes_where_the_page_goes(session):
    view = session.view()
    view.set_trait("entity", 2)
    view.set_trait("position", 3)
    assert (view.session.entity, session.position) == (2, 3)
    assert session.source["name"] == "Cy"


def test_the_page_is_told_why_and_why_not_and_the_session_stays_where_it_is(session):
    session.choose("2").goto(2)
    view = session.view()
    why = ask(view, "why", world=0, entity=1, result=0, path='$["name"]')["result"]
    assert why["value"] == "BO"
    assert why["because"][0]["text"] == '"name" set by add'
    missing = ask(view, "why_not", world=0, entity=1, result=0, path='$["nme"]')["result"]
    assert missing["reason"] == "never-written"
    assert "no transform" in missing["sentence"]
    assert session.position == 2


def test_another_value_is_tried_as_a_world_of_its_own(session):
    view = session.view()
    told = ask(view, "what_if", world=0, entity=0, changes={"name": "Zoe"})["result"]
    assert told["label"] == 'What if _S.name were "Zoe"?'
    assert told["before"]["1"][0]["name"] == "ADA"
    world = told["world"]
    why = ask(view, "why", world=world, entity=0, result=0, path='$["name"]')["result"]
    assert why["value"] == "ZOE"
    assert session.choose("1").source["name"] == "Ada"
    view.set_trait("world", world)
    assert view.session.source["name"] == "Zoe"


def test_a_stored_entity_behind_a_hop_is_tried_otherwise(hub, session):
    hops = ["hops", {"datasets": ["person p"], "where": ["eq", "_S._id", "p._id"]}]
    rules = [["copy", "_id"], ["add", "n", ["first", hops]]]
    view = hub.debug(rules, "1", dataset="person").view()
    asked = {"dataset": "person", "stored": "1", "changes": {"name": "Zoe"}}
    told = ask(view, "what_if_stored", world=0, entity=0, **asked)["result"]
    values = told["document"]["values"]
    (result,) = told["document"]["entities"][0]["results"]
    assert values[result]["n"]["name"] == "Zoe"
    assert hub.datasets["person"].entity("1")["name"] == "Ada"


def test_entities_are_found_on_the_node(session):
    view = session.view()
    found = ask(view, "find", world=0, condition='_S.name == "Cy"')["result"]
    assert found["told"].startswith("1 hits in all 3 source entities")
    assert [row["id"] for row in found["world"]["entities"]] == ["3"]
    none = ask(view, "find", world=0, condition="failed")["result"]
    assert none["world"] is None
    wrong = ask(view, "find", world=0, condition="_T.name >")["error"]
    assert wrong["message"]
    place = "$.transform.rules.default[1]"
    ran = ask(view, "find_at", world=0, path=place, what="fired")["result"]
    assert len(ran["world"]["entities"]) == 3
    event = ran["world"]["document"]["entities"][0]["events"][ran["world"]["position"]]
    assert ran["world"]["document"]["paths"][event["path"]] == place


def test_all_entities_are_counted_for_the_margin(session):
    told = ask(session.view(), "counted", world=0)["result"]
    assert told["document"]["entities"] == 3
    assert "all 3 entities" in told["told"]


def test_fixes_are_proposed_and_tried(hub, session):
    view = hub.debug([["copy", "_id"], ["add", "n", "_S.nme"]], dataset="person", limit=3).view()
    (fix,) = ask(view, "fixes", world=0)["result"]
    assert (fix["old"], fix["new"]) == ("_S.nme", "_S.name")
    told = ask(view, "try_fix", world=0, entity=1, number=0)["result"]
    assert told["before"]["2"] == [{"_id": "2", "n": None}]
    assert '"_S.name"' in told["text"]


def test_a_trace_of_a_file_can_be_looked_at_and_has_no_node_to_try_things_on(session):
    view = type(session.view())(Session(json.loads(json.dumps(session.document))))
    assert view.live is False
    for name in ("counted", "reruns"):
        assert "no node" in ask(view, name, world=0)["error"]["message"]
    assert "no node" in ask(view, "what_if", world=0, entity=0, changes={})["error"]["message"]


def test_a_page_holds_the_answers_and_cannot_be_broken_by_what_it_shows(session, tmp_path):
    document = json.loads(json.dumps(session.document).replace("ADA", "</script><b>"))
    view = type(session.view())(Session(document))
    html = view.save(tmp_path / "trace.html").read_text(encoding="utf-8")
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    held = json.loads(data[1])
    assert held["session"]["document"] == document
    why = [one for one in held["answers"] if one["args"]["path"] == '$["name"]']
    assert why[0]["result"]["value"] == "</script><b>"
    assert "</script><b>" not in html
    assert not re.search(r'(?:src|href)="http', html)
