"""`POST /api/dtl/live`: what an editor shows of a text of rules, in one answer."""

from __future__ import annotations

import json

import pytest
from api_testing import run

from sesam_node.dtl.trace import validate

PEOPLE = {
    "_id": "people",
    "type": "pipe",
    "source": {
        "type": "embedded",
        "entities": [
            {"_id": "1", "name": "ada", "age": 36},
            {"_id": "2", "name": "bo"},
            {"_id": "3", "name": "cy", "age": 7},
        ],
    },
    "pump": {"mode": "manual"},
}
RULES = [["copy", "_id"], ["add", "name", ["upper", "_S.name"]]]


def pipe(name, transform, source="people"):
    return {
        "_id": name,
        "type": "pipe",
        "source": {"type": "dataset", "dataset": source},
        "transform": transform,
        "pump": {"mode": "manual"},
    }


def dtl(rules):
    return {"type": "dtl", "rules": {"default": rules}}


SHOUT = pipe("shout", dtl(RULES))
STEPS = pipe(
    "steps",
    [
        dtl([["copy", "*"], ["filter", ["neq", "_S.name", "bo"]], ["add", "step", 1]]),
        dtl([["copy", ["list", "_id", "step"]]]),
    ],
)
WRONG = pipe("wrong", dtl([["cpy", "*"]]))


@pytest.fixture
def filled(node):
    answer = node.put("/config", params={"force": "true"}, json=[PEOPLE, SHOUT, STEPS, WRONG])
    assert answer.status_code == 200, answer.text
    run(node, "people")
    return node


def live(node, text, status=200, **fields):
    text = text if isinstance(text, str) else json.dumps(text)
    answer = node.post("/dtl/live", json={"text": text, **fields})
    assert answer.status_code == status, answer.text
    return answer.json()


def outcomes(answer):
    return {one["id"]: (one["outcome"], one.get("differs")) for one in answer["shown"]["sample"]}


def test_a_text_is_traced_run_on_the_sample_and_compared(filled):
    text = '[\n  ["copy", "_id"], // shout\n  ["add", "name", ["lower", "_S.name"]]\n]'
    answer = live(filled, text, pipe="shout", entity="2")
    shown = answer["shown"]
    assert (answer["problems"], answer["note"], shown["chosen"]) == ([], "", 1)
    validate(shown["trace"])
    assert shown["trace"]["entities"][0]["version"] == 1
    start, end = shown["spans"]["$.rules.default[1][2]"]
    assert text[start:end] == '["lower", "_S.name"]'
    assert shown["result"]["emitted"] == [{"_id": "2", "name": "bo"}]
    assert shown["deployed"]["emitted"] == [{"_id": "2", "name": "BO"}]
    assert outcomes(answer) == dict.fromkeys("123", ("emitted", True))
    assert "sources" not in shown
    same = live(filled, RULES, pipe="shout")
    assert outcomes(same) == dict.fromkeys("123", ("emitted", False))
    alone = live(filled, RULES, dataset="people", limit=2)
    assert alone["shown"]["deployed"] is None
    assert outcomes(alone) == dict.fromkeys("12", ("emitted", None))


def test_every_problem_has_its_place_and_nothing_is_shown(filled):
    text = '[["cpy", "_id"], ["add", "x", ["hops", {"datasets": ["peple p"], "where": true}]]]'
    answer = live(filled, text, pipe="shout")
    assert (answer["shown"], answer["note"]) == (None, "")
    told = {(p["code"], text[p["from"] : p["to"]], p.get("hint")) for p in answer["problems"]}
    assert ("unknown-dataset", '"peple p"', 'did you mean "people"?') in told
    assert ('"cpy"', 'did you mean "copy"?') in {one[1:] for one in told}
    (broken,) = live(filled, "[1,\n", pipe="shout")["problems"]
    assert (broken["code"], broken["line"], broken["from"]) == ("broken-json", 2, 4)


def test_a_property_that_none_has_is_a_warning_and_the_rules_run(filled):
    answer = live(filled, [["copy", "_id"], ["add", "x", "_S.nme"]], dataset="people")
    assert [(p["code"], p["level"]) for p in answer["problems"]] == [
        ("unknown-property", "warning")
    ]
    assert answer["shown"] is not None


def test_a_property_is_known_as_soon_as_an_entity_has_it(filled):
    """What is known of a source is kept, but not longer than the source stays the same."""
    text = [["copy", "_id"], ["add", "x", "_S.rank"]]
    for place in ({"dataset": "people"}, {"pipe": "people"}):
        (problem,) = live(filled, text, **place)["problems"]
        assert problem["code"] == "unknown-property"
    more = [*PEOPLE["source"]["entities"], {"_id": "4", "rank": 1}]
    changed = PEOPLE | {"source": {"type": "embedded", "entities": more}}
    assert filled.put("/pipes/people/config", json=changed).status_code == 200
    assert live(filled, text, pipe="people")["problems"] == []
    run(filled, "people")
    assert live(filled, text, dataset="people")["problems"] == []


def test_the_chosen_entity_that_fails_is_a_problem_at_its_place(filled):
    text = '[["if", ["eq", "_S._id", "2"], ["fail!", "no bo"]], ["copy", "_id"]]'
    answer = live(filled, text, pipe="shout", entity="2")
    (problem,) = answer["problems"]
    assert (problem["code"], problem["message"]) == ("entity-failed", "no bo")
    assert text[problem["from"] : problem["to"]] == '["fail!", "no bo"]'
    assert [word for word, _ in outcomes(answer).values()] == ["emitted", "failed", "emitted"]
    assert live(filled, text, pipe="shout")["problems"] == []


def test_the_sample_may_be_sent_along_and_is_given_where_it_is_wanted(filled):
    first = live(filled, RULES, dataset="people", limit=2, sources=True, entity="3")
    ids = [one["_id"] for one in first["shown"]["sources"]]
    assert (ids, first["shown"]["chosen"]) == (["3", "1", "2"], 0)
    given = [{"_id": "1", "name": "what if"}]
    answer = live(filled, RULES, pipe="shout", entities=given)
    assert answer["shown"]["result"]["emitted"] == [{"_id": "1", "name": "WHAT IF"}]
    assert outcomes(live(filled, RULES, ids=["3"], dataset="people")) == {"3": ("emitted", None)}


def test_where_nothing_feeds_the_rules_a_note_says_so(filled):
    assert live(filled, RULES) == {
        "problems": [],
        "shown": None,
        "note": "nothing feeds the rules: name a pipe or a dataset",
    }
    missing = live(filled, RULES, dataset="people", entity="9")
    assert missing["note"] == 'the source has no entity "9"'
    assert live(filled, RULES, 404, pipe="nobody")["detail"].startswith("$.pipe")
    both = live(filled, RULES, 400, entities=[], ids=["1"])
    assert 'expected "entities" or "ids"' in both["message"]


def test_rules_behind_others_get_what_those_make(filled):
    assert "say which" in live(filled, RULES, pipe="steps")["note"]
    answer = live(filled, [["copy", "_id"]], pipe="steps", transform=1, sources=True)
    assert [one["step"] for one in answer["shown"]["sources"]] == [1, 1]
    assert outcomes(answer) == {"1": ("emitted", True), "3": ("emitted", True)}
    assert "position 4" in live(filled, RULES, pipe="steps", transform=4)["note"]


def test_a_text_may_be_a_transform_or_a_whole_pipe(filled):
    answer = live(filled, {"type": "dtl", "rules": RULES}, pipe="shout")
    assert outcomes(answer) == dict.fromkeys("123", ("emitted", False))
    text = json.dumps(STEPS, indent=1)
    answer = live(filled, text, pipe="steps", transform=1)
    assert outcomes(answer) == dict.fromkeys("13", ("emitted", False))
    start, end = answer["shown"]["spans"]["$.rules.default[0]"]
    assert text[start:end].startswith("[\n")
    assert '"copy"' in text[start:end]
    assert start > text.index('"neq"')


def test_rules_of_a_pipe_that_are_wrong_can_be_put_right(filled):
    answer = live(filled, RULES, pipe="wrong")
    assert outcomes(answer) == dict.fromkeys("123", ("emitted", None))
    for what in ("check", "complete", "hover"):
        body = {"text": '[["copy", "*"]]', "pipe": "wrong"} | (
            {} if what == "check" else {"offset": 4}
        )
        assert filled.post(f"/dtl/{what}", json=body).status_code == 200, what


def test_what_rules_decrypt_is_hidden(filled):
    rules = [["copy", "_id"], ["add", "open", ["decrypt", "sixteen_bytes_of", "_S.name"]]]
    encrypted = live(filled, [["add", "x", ["encrypt", "sixteen_bytes_of", "plain words"]]])
    assert encrypted["shown"] is None
    made = filled.post(
        "/dtl/preview",
        json={
            "rules": [["copy", "_id"], ["add", "name", ["encrypt", "sixteen_bytes_of", "plain"]]],
            "entities": [{"_id": "1"}],
        },
    ).json()["results"][0]["emitted"]
    answer = filled.post("/dtl/live", json={"text": json.dumps(rules), "entities": made})
    assert answer.json()["shown"]["sample"] == [{"id": "1", "outcome": "emitted"}]
    assert '"plain"' not in answer.text


def test_offsets_in_utf16_units_for_browsers(filled):
    text = '[["add", "𝄞𝄞", ["uper", "_S.name"]]]'
    place = text.index('"uper"')
    (plain,) = live(filled, text, dataset="people")["problems"]
    (units,) = live(filled, text, dataset="people", offsets="utf-16")["problems"]
    assert (plain["from"], units["from"], units["to"]) == (place, place + 2, place + 8)
    body = {"text": text, "offsets": "utf-16", "dataset": "people"}
    (checked,) = filled.post("/dtl/check", json=body).json()["problems"]
    assert (checked["start"], checked["end"]) == (place + 2, place + 8)
    text = '[["add", "𝄞𝄞", ["upper", "_S.na"]]]'
    body |= {"text": text, "offset": text.index("na") + 2 + 2}
    found = filled.post("/dtl/complete", json=body).json()
    assert (found["items"][0]["label"], found["from"], found["to"]) == (
        "name",
        body["offset"] - 2,
        body["offset"],
    )
    at = text.index("upper") + 2
    hovered = filled.post("/dtl/hover", json=body | {"offset": at + 1}).json()
    assert (hovered["label"], hovered["from"] <= at < hovered["to"]) == ("upper", True)
    spans = live(filled, text.replace("_S.na", "_S.name"), dataset="people", offsets="utf-16")
    start, end = spans["shown"]["spans"]["$.rules.default[0][2]"]
    raw = text.replace("_S.na", "_S.name").encode("utf-16-le")
    assert raw[2 * start : 2 * end].decode("utf-16-le") == '["upper", "_S.name"]'


def test_looking_at_rules_indexes_what_they_look_into_and_not_their_source(filled):
    """That of the source finds what a change concerns, and a large one takes a while."""
    hop = ["hops", {"datasets": ["people p"], "where": [["eq", "_S.name", "p.name"]]}]
    other = pipe("other", dtl([["copy", "*"]]))
    joined = pipe(
        "joined", dtl([["copy", "_id"], ["add", "found", ["count", hop]]]), source="other"
    )
    for one in (other, joined):
        assert filled.put(f"/pipes/{one['_id']}/config", json=one).status_code in (200, 201)
    run(filled, "other")

    def indexes(name):
        return [one["expression"] for one in filled.get(f"/datasets/{name}/indexes").json()]

    text = json.dumps([["copy", "_id"], ["add", "n", ["count", hop]]])
    shown = filled.post("/dtl/live", json={"text": text, "pipe": "joined"}).json()["shown"]
    assert shown["result"]["emitted"] == [{"_id": "1", "n": 1}]
    assert shown["deployed"]["emitted"] == [{"_id": "1", "found": 1}]
    assert (indexes("people"), indexes("other")) == (['"_S.name"'], [])
    run(filled, "joined")
    assert indexes("other") == ['"_S.name"']
