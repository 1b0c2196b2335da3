"""`/api/dtl` of a real node: rules over its datasets, without a pipe of theirs."""

from __future__ import annotations

import json

import pytest
from api_testing import run

from sesam_node.api.openapi import document as openapi
from sesam_node.dtl.trace import validate

PEOPLE = {
    "_id": "people",
    "type": "pipe",
    "source": {
        "type": "embedded",
        "entities": [{"_id": "1", "name": "ada", "age": 36}, {"_id": "2", "name": "bo"}],
    },
    "pump": {"mode": "manual"},
}
ORDERS = {
    "_id": "orders",
    "type": "pipe",
    "source": {
        "type": "embedded",
        "entities": [{"_id": "a", "by": "1", "amount": 7}, {"_id": "b", "by": "2", "amount": 9}],
    },
    "pump": {"mode": "manual"},
}
SHOUT = {
    "_id": "shout",
    "type": "pipe",
    "source": {"type": "dataset", "dataset": "people"},
    "transform": {
        "type": "dtl",
        "rules": {"default": [["copy", "_id"], ["add", "name", ["upper", "_S.name"]]]},
    },
    "pump": {"mode": "manual"},
}
BOX = {"_id": "box", "type": "pipe", "source": {"type": "http_endpoint"}}
HOP = [
    ["copy", "_id"],
    [
        "add",
        "amounts",
        [
            "hops",
            {
                "datasets": ["orders o"],
                "where": ["eq", "_S._id", "o.by"],
                "return": "o.amount",
            },
        ],
    ],
]


@pytest.fixture
def filled(node):
    """The node with two datasets and a pipe that has not run."""
    answer = node.put("/config", params={"force": "true"}, json=[PEOPLE, ORDERS, SHOUT, BOX])
    assert answer.status_code == 200, answer.text
    for pipe in ("people", "orders"):
        run(node, pipe)
    return node


def ask(node, what, status=200, **fields):
    answer = node.post(f"/dtl/{what}", json=fields)
    assert answer.status_code == status, answer.text
    return answer.json()


def emitted(answer):
    return [result["emitted"] for result in answer["results"]]


# -- check -------------------------------------------------------------------------------------


def test_check_knows_the_properties_of_a_dataset_or_of_a_pipes_source(filled):
    rules = [["copy", "_id"], ["add", "name", ["upper", "_S.nam"]]]
    for place in ({"dataset": "people"}, {"pipe": "shout"}, {"pipe": "people"}):
        answer = ask(filled, "check", rules=rules, **place)
        assert answer == {
            "valid": True,
            "datasets": [],
            "problems": [
                {
                    "path": "$.rules.default[1][2][1]",
                    "code": "unknown-property",
                    "message": 'none of the 2 entities seen has the property "nam"',
                    "hint": 'did you mean "name"?',
                    "level": "warning",
                }
            ],
        }
    assert ask(filled, "check", rules=rules)["problems"] == []


def test_check_of_a_text_says_where_in_it(filled):
    text = '[\n  ["copy", "*"],\n  ["add", "a", ["uper", "_S.b"]]\n]'
    (problem,) = ask(filled, "check", text=text)["problems"]
    start = text.index('"uper"')
    place = {name: problem[name] for name in ("path", "line", "column", "start", "end")}
    assert place == {
        "path": "$[1][2][0]",
        "line": 3,
        "column": 17,
        "start": start,
        "end": start + 6,
    }
    text = '{"default": [], // nothing\n "other" 1}'
    (problem,) = ask(filled, "check", text=text)["problems"]
    assert (problem["code"], problem["line"], problem["column"]) == ("broken-json", 2, 10)


def test_check_of_datasets_that_may_be_named(filled):
    assert ask(filled, "check", rules=HOP) == {
        "valid": True,
        "problems": [],
        "datasets": ["orders"],
    }
    answer = ask(filled, "check", rules=HOP, datasets=["people"])
    assert answer["valid"] is False
    assert [problem["code"] for problem in answer["problems"]] == ["unknown-dataset"]


def test_check_tells_of_variables_that_are_not_set(filled):
    answer = ask(filled, "check", rules=[["add", "a", "$ENV(nope)"]])
    assert [(p["path"], p["code"]) for p in answer["problems"]] == [
        ("$.rules.default[0][2]", "missing-env")
    ]
    assert filled.put("/env", json={"nope": 1}).status_code == 200
    assert ask(filled, "check", rules=[["add", "a", "$ENV(nope)"]])["valid"] is True


# -- preview -----------------------------------------------------------------------------------


def test_preview_of_rules_on_a_dataset(filled):
    answer = ask(filled, "preview", rules=HOP, dataset="people")
    assert emitted(answer) == [[{"_id": "1", "amounts": [7]}], [{"_id": "2", "amounts": [9]}]]
    assert answer["results"][0]["source"] == {"_id": "1", "name": "ada", "age": 36}
    assert "stopped" not in answer


def test_preview_of_rules_on_the_source_of_a_pipe(filled):
    for pipe in ("shout", "people"):
        answer = ask(filled, "preview", rules=HOP, pipe=pipe, limit=1)
        assert emitted(answer) == [[{"_id": "1", "amounts": [7]}]]


def test_preview_of_a_pipes_own_rules(filled):
    answer = ask(filled, "preview", pipe="shout")
    assert emitted(answer) == [[{"_id": "1", "name": "ADA"}], [{"_id": "2", "name": "BO"}]]


def test_preview_of_entities_that_come_along(filled):
    given = [{"_id": "1", "name": "cy"}]
    assert emitted(ask(filled, "preview", rules=HOP, entities=given)) == [
        [{"_id": "1", "amounts": [7]}]
    ]
    answer = ask(filled, "preview", pipe="shout", entities=given)
    assert emitted(answer) == [[{"_id": "1", "name": "CY"}]]


def test_preview_of_chosen_entities_in_their_order(filled):
    for place in ({"dataset": "people"}, {"pipe": "shout"}):
        answer = ask(filled, "preview", rules=HOP, ids=["2", "nope", "1"], **place)
        assert [result["source"]["_id"] for result in answer["results"]] == ["2", "1"]
        assert answer["missing"] == ["nope"]
    # A source without an index of ids is looked through.
    answer = ask(filled, "preview", rules=HOP, pipe="people", ids=["2", "nope"])
    assert [result["source"]["_id"] for result in answer["results"]] == ["2"]
    assert answer["missing"] == ["nope"]


def test_preview_on_what_a_receiver_has_brought(filled):
    posted = filled.post("/receivers/box/entities", json=[{"_id": "1"}, {"_id": "2"}])
    assert posted.status_code == 200
    assert emitted(ask(filled, "preview", rules=HOP, pipe="box", ids=["2"])) == [
        [{"_id": "2", "amounts": [9]}]
    ]
    assert len(ask(filled, "preview", rules=HOP, pipe="box")["results"]) == 2


def test_an_entity_that_fails_does_not_end_a_preview(filled):
    rules = [["copy", "_id"], ["if", ["eq", "_S._id", "1"], ["fail!", "not this one"]]]
    first, second = ask(filled, "preview", rules=rules, dataset="people")["results"]
    assert first["error"]["message"] == (
        'the entity "1" failed at $.rules.default[1][2]: not this one'
    )
    assert first["error"]["problems"][0]["path"] == "$.rules.default[1][2]"
    assert second["emitted"] == [{"_id": "2"}]


def test_preview_tells_filtered_and_discarded_apart(filled):
    rules = [["copy", "_id"], ["if", ["eq", "_S._id", "1"], ["filter"], ["discard"]]]
    results = ask(filled, "preview", rules=rules, dataset="people")["results"]
    assert [(r["filtered"], r["discarded"]) for r in results] == [(True, False), (False, True)]


def test_a_preview_writes_nothing_and_does_not_sleep(filled):
    before = filled.get("/datasets").json()
    rules = [["copy", "*"], ["sleep!", 3600], ["create", {"_id": "new"}]]
    ask(filled, "preview", rules=rules, dataset="people")
    after = filled.get("/datasets").json()
    assert [(d["_id"], d["runtime"]["last-offset"]) for d in after] == [
        (d["_id"], d["runtime"]["last-offset"]) for d in before
    ]


def test_names_have_the_namespaces_that_are_asked_for(filled):
    rules = [["copy", "_id"], ["add", "a", 1]]
    answer = ask(
        filled, "preview", rules=rules, dataset="people", namespaced=True, pipe_id="p", limit=1
    )
    assert emitted(answer) == [[{"_id": "1", "p:a": 1}]]


# -- trace, explain ----------------------------------------------------------------------------


def test_a_full_trace_knows_versions(filled):
    trace = ask(filled, "trace", rules=HOP, dataset="people")["trace"]
    validate(trace)
    assert [entity["version"] for entity in trace["entities"]] == [0, 1]
    rows = [
        (hop["dataset"], hop["id"], hop["version"])
        for entity in trace["entities"]
        for event in entity["events"]
        for row in event.get("rows", ())
        for hop in row.values()
    ]
    assert rows == [("orders", "a", 0), ("orders", "b", 1)]
    assert trace["nodes"][0]["path"] == "$.rules.default"


def test_counters_of_a_pipe(filled):
    trace = ask(filled, "trace", pipe="shout", strength="counters", limit=50_000)["trace"]
    validate(trace)
    assert (trace["pipe"], trace["entities"], trace["results"]) == ("shout", 2, 2)
    assert trace["nodes"][0]["path"] == "$.transform.rules.default"


def test_a_trace_of_one_of_several_transforms(filled):
    first = {"type": "dtl", "rules": {"default": [["copy", "*"], ["add", "n", 1]]}}
    second = {"type": "dtl", "rules": {"default": [["copy", "_id"], ["add", "m", "_S.n"]]}}
    pipe = {**SHOUT, "transform": [first, second]}
    assert filled.put("/pipes/shout/config", json=pipe).status_code == 200
    trace = ask(filled, "trace", pipe="shout", transform=1, limit=1)["trace"]
    (entity,) = trace["entities"]
    assert trace["values"][entity["source"]]["n"] == 1
    assert [trace["values"][number] for number in entity["results"]] == [{"_id": "1", "m": 1}]
    answer = ask(filled, "trace", 400, pipe="shout")
    assert "dtl transforms at 0, 1; say which one" in answer["message"]
    assert ask(filled, "explain", pipe="shout", transform=1)["base"] == "$.transform[1].rules"


def test_entities_that_an_earlier_transform_fails_on_are_told(filled):
    first = [["copy", "*"], ["if", ["eq", "_S._id", "1"], ["fail!", "not this one"]]]
    transforms = [{"type": "dtl", "rules": {"default": rules}} for rules in (first, HOP)]
    assert filled.put("/pipes/shout/config", json={**SHOUT, "transform": transforms}).is_success
    answer = ask(filled, "trace", pipe="shout", transform=1)
    assert [skipped["_id"] for skipped in answer["skipped"]] == ["1"]
    assert len(answer["trace"]["entities"]) == 1


def test_explain(filled):
    answer = ask(filled, "explain", pipe="shout")
    assert answer["summary"]["source_dataset"] == "people"
    assert "upper(_S.name)" in answer["text"]
    assert ask(filled, "explain", rules=HOP)["summary"]["reads"] == ["orders"]


def test_no_key_and_nothing_decrypted_is_answered(filled):
    shut = ask(
        filled,
        "preview",
        rules=[["copy", "_id"], ["add", "x", ["encrypt", "open sesame", "_S.pin"]]],
        entities=[{"_id": "1", "pin": "4711-12"}],
    )["results"][0]["emitted"]
    assert shut[0]["x"].startswith("~b")
    rules = [["copy", "_id"], ["add", "y", ["concat", "pin ", ["decrypt", "open sesame", "_S.x"]]]]
    for what in ("preview", "trace", "explain"):
        fields = {} if what == "explain" else {"entities": shut}
        text = json.dumps(ask(filled, what, rules=rules, **fields))
        assert "4711" not in text
        assert "sesame" not in text
    (result,) = ask(filled, "preview", rules=rules, entities=shut)["results"]
    assert result["emitted"] == [{"_id": "1", "y": "*****"}]


# -- while rules are written -------------------------------------------------------------------


def test_completion_knows_functions_properties_and_datasets(filled):
    def labels(text, **place):
        text, _, rest = text.partition("|")
        answer = ask(filled, "complete", text=text + rest, offset=len(text), **place)
        return [item["label"] for item in answer["items"]]

    assert labels('[["add", "x", ["upp|') == ["upper"]
    assert "name" in labels('[["add", "x", ["upper", "_S.|"]]]', dataset="people")
    assert "name" in labels('[["add", "x", ["upper", "_S.|"]]]', pipe="shout")
    assert "orders" in " ".join(labels('[["add", "x", ["hops", {"datasets": ["ord|"]}]]]'))
    hop = '[["add", "x", ["hops", {"datasets": ["orders o"], "where": ["eq", "_S._id", "o.|"]}]]]'
    assert {"by", "amount"} <= set(labels(hop))


def test_hover_tells_what_stands_there(filled):
    text = '[["add", "x", ["upper", "_S.name"]]]'
    found = ask(filled, "hover", text=text, offset=text.index("upper"))
    assert (found["label"], found["kind"]) == ("upper", "function")
    found = ask(filled, "hover", text=text, offset=text.index("name"), dataset="people")
    assert (found["label"], found["detail"]) == ("_S.name", "string")
    assert ask(filled, "hover", text="", offset=7) is None


def test_symbols_tells_where_a_name_stands_and_renames_it(filled):
    text = '{"default": [["add", "𝄞", ["apply", "line", "_S."]]], "line": []}'
    at = text.index('line"')
    found = ask(filled, "symbols", text=text, offset=at, rename="row")
    second = text.rindex("line")
    places = [{"from": at, "to": at + 4}, {"from": second, "to": second + 4}]
    assert found == {
        "kind": "rule",
        "name": "line",
        **places[0],
        "definition": places[1],
        "occurrences": places,
        "changes": [{**place, "insert": "row"} for place in places],
    }
    units = ask(filled, "symbols", text=text, offset=at + 1, offsets="utf-16")
    assert units["definition"] == {"from": second + 1, "to": second + 5}
    assert ask(filled, "symbols", text=text, offset=0) is None
    refused = ask(filled, "symbols", text=text, offset=at, rename="default")
    assert (refused["problem"], refused.get("changes")) == ('the name "default" is taken', None)
    broken = ask(filled, "symbols", text=text[:-1], offset=at, rename="row")
    assert "the text ends here" in broken["problem"]


def test_completion_offers_rules_that_are_elsewhere(filled):
    text = '[["add", "x", ["apply", ""]]]'
    found = ask(filled, "complete", text=text, offset=text.index('""') + 1, known_rules=["tidy"])
    assert [item["label"] for item in found["items"]] == ["tidy"]


def test_format(filled):
    answer = ask(filled, "format", text='[["copy","*"]] // all')
    assert answer["changed"] is True
    assert ask(filled, "format", text=answer["text"]) == {"text": answer["text"], "changed": False}
    problems = ask(filled, "format", 400, text="[\n[")["problems"]
    assert problems[0]["message"].startswith("line 2, column 2:")


# -- what is refused ---------------------------------------------------------------------------

RULES = {"rules": [["copy", "*"]]}
REFUSED = {
    "no body": ("check", None, "the body is empty"),
    "a list": ("check", [], "expected an object of fields"),
    "nothing to check": ("check", {}, 'expected an object with "rules" or "text"'),
    "rules twice": ("check", {**RULES, "text": "[]"}, 'expected an object with "rules" or "text"'),
    "an unknown field": ("check", {"rulez": []}, 'unknown field "rulez"'),
    "a field of another type": ("preview", {**RULES, "pipe": 1}, 'the field "pipe" does not fit'),
    "a negative limit": ("preview", {**RULES, "limit": -1}, 'the field "limit" does not fit'),
    "true for a number": ("preview", {**RULES, "limit": True}, 'the field "limit" does not fit'),
    "too many": (
        "preview",
        {**RULES, "dataset": "people", "limit": 1001},
        'the field "limit" does not fit',
    ),
    "too many to record": (
        "trace",
        {**RULES, "dataset": "people", "limit": 100_001, "strength": "counters"},
        'the field "limit" does not fit',
    ),
    "no rules": ("preview", {"dataset": "people"}, 'expected "rules", or a "pipe"'),
    "no entities": ("trace", RULES, 'expected "pipe", "dataset" or "entities"'),
    "entities twice": (
        "preview",
        {**RULES, "dataset": "people", "entities": [], "ids": []},
        'expected "entities" or "ids", got both',
    ),
    "a pipe and a dataset": (
        "preview",
        {**RULES, "dataset": "people", "pipe": "shout"},
        'expected "pipe" or "dataset", got both',
    ),
    "an id that is no text": (
        "preview",
        {**RULES, "dataset": "people", "ids": [1]},
        'the field "ids" does not fit',
    ),
    "what is no entity": (
        "preview",
        {**RULES, "entities": [{"a": 1}]},
        'the field "entities" holds values that are no entities',
    ),
    "rules with problems": (
        "trace",
        {"rules": [["uper"]], "dataset": "people"},
        "the rules have problems",
    ),
    "rules that are none": (
        "preview",
        {"rules": 7, "dataset": "people"},
        "the rules have problems",
    ),
    "a variable that is not set": (
        "preview",
        {"rules": [["add", "a", "$ENV(nope)"]], "dataset": "people"},
        "the rules name variables that are not set",
    ),
    "another strength": (
        "trace",
        {**RULES, "dataset": "people", "strength": "half"},
        'the field "strength" does not fit',
    ),
    "no offset": ("complete", {"text": "[]"}, 'the field "offset" is missing'),
    "no text": ("format", {}, 'the field "text" is missing'),
    "an unknown style": ("format", {"text": "[]", "style": "x"}, 'the field "style" does not fit'),
    "nothing to explain": ("explain", {"dataset": "people"}, 'expected "rules", or a "pipe"'),
}


@pytest.mark.parametrize(("what", "body", "message"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_refused(filled, what, body, message):
    content = b"" if body is None else json.dumps(body).encode()
    answer = filled.post(f"/dtl/{what}", content=content)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(message)


def test_what_is_not_there(filled):
    assert "there is no pipe" in ask(filled, "preview", 404, pipe="nope", **RULES)["message"]
    answer = ask(filled, "preview", 404, dataset="peple", **RULES)
    assert answer["hint"] == 'did you mean "people"?'
    answer = ask(filled, "preview", 404, dataset="shout", **RULES)
    assert answer["hint"] == "the pipe that writes it has not run yet"


def test_a_text_that_is_too_long(filled):
    ask(filled, "complete", 413, text=" " * 4_000_001, offset=0)


def test_a_pipe_with_wrong_rules_still_feeds_others(filled):
    wrong = {**SHOUT, "transform": {"type": "dtl", "rules": {"default": [["uper"]]}}}
    filled.put("/pipes/shout/config", params={"force": "true"}, json=wrong)
    assert emitted(ask(filled, "preview", rules=HOP, pipe="shout", limit=1)) == [
        [{"_id": "1", "amounts": [7]}]
    ]
    assert "invalid configuration" in ask(filled, "preview", 400, pipe="shout")["message"]


def test_a_transform_with_side_effects_is_not_run(filled):
    system = {"_id": "shop", "type": "system:rest", "url_pattern": "http://127.0.0.1:9/%s"}
    rest = {"type": "rest", "system": "shop", "operation": "put"}
    pipe = {**SHOUT, "transform": [rest, SHOUT["transform"]]}
    filled.post("/systems", params={"force": "true"}, json=[system])
    filled.put("/pipes/shout/config", params={"force": "true"}, json=pipe)
    answer = filled.post("/dtl/preview", json={"pipe": "shout"})
    assert answer.status_code >= 400


def test_a_token_is_needed(filled):
    for what in ("check", "preview", "trace", "explain", "complete", "hover", "format"):
        answer = filled.post(f"/dtl/{what}", json={}, headers={"Authorization": ""})
        assert answer.status_code == 401


def test_everything_is_in_the_openapi_document():
    paths = openapi()["paths"]
    for what in ("check", "preview", "trace", "explain", "complete", "hover", "format"):
        body = paths[f"/api/dtl/{what}"]["post"]["requestBody"]["content"]["application/json"]
        assert body["schema"]["properties"]
    schema = paths["/api/dtl/trace"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "type" not in schema["properties"]["rules"]
    assert schema["properties"]["strength"]["enum"] == ["full", "counters"]


def test_the_text_of_a_transform_or_a_pipe_is_checked_where_its_rules_are(filled):
    rules = [["copy", "*"], ["add", "x", ["uper", "_S.name"]]]
    transform = {"type": "dtl", "rules": {"default": rules}}
    listed = {"type": "dtl", "rules": rules}
    pipe = {"_id": "p", "type": "pipe", "source": {"type": "dataset", "dataset": "people"}}
    cases = {
        "$.rules.default[1][2][0]": transform,
        "$.rules[1][2][0]": listed,
        "$.transform.rules.default[1][2][0]": {**pipe, "transform": transform},
        "$.transform[1].rules[1][2][0]": {**pipe, "transform": [{"type": "http"}, listed]},
    }
    for path, value in cases.items():
        text = json.dumps(value)
        found = filled.post("/dtl/check", json={"text": text}).json()
        (problem,) = found["problems"]
        assert (found["valid"], problem["path"], problem["code"]) == (
            *(False, path),
            "unknown-function",
        )
        assert text[problem["start"] : problem["end"]] == '"uper"'
    both = {"type": "conditional", "alternatives": {"a": transform, "b": listed}}
    text = json.dumps({**pipe, "transform": both})
    found = filled.post("/dtl/check", json={"text": text}).json()["problems"]
    assert [problem["path"] for problem in found] == [
        "$.transform.alternatives.a.rules.default[1][2][0]",
        "$.transform.alternatives.b.rules[1][2][0]",
    ]
    unknown = {**listed, "rules": [["copy", "*"], ["add", "x", "_S.made"]]}
    for transforms, codes in (
        ([unknown], ["unknown-property"]),
        ([{"type": "http"}, unknown], []),
    ):
        text = json.dumps({**pipe, "transform": transforms})
        found = filled.post("/dtl/check", json={"text": text, "dataset": "people"}).json()
        assert [problem["code"] for problem in found["problems"]] == codes
    good = {**transform, "rules": {"default": HOP}}
    found = filled.post("/dtl/check", json={"text": json.dumps({**pipe, "transform": good})}).json()
    assert found == {"valid": True, "problems": [], "datasets": ["orders"]}
    found = filled.post("/dtl/check", json={"text": json.dumps(pipe)}).json()
    assert found == {"valid": True, "problems": [], "datasets": []}


def test_errors_tell_newcomers_what_to_try(filled):
    answer = filled.get("/dtl/functions", params={"name": "uper"})
    assert (answer.status_code, answer.json()["hint"]) == (404, 'did you mean "upper"?')
    answer = filled.post("/dtl/preview", json={"pipe": "shot"})
    assert (answer.status_code, answer.json()["hint"]) == (404, 'did you mean "shout"?')
    assert answer.json()["message"] == 'there is no pipe "shot"'
    answer = filled.post("/dtl/explain", json={"rules": [["copy", "*"]], "transform": 4})
    assert (answer.status_code, answer.json()["hint"]) == (400, "those of the type dtl are at 0")
    assert answer.json()["message"] == "no dtl transform is at position 4"
    wrong = {"rules": [["copy", "*"]], "entities": [{"_id": "1"}, {"a": 1}]}
    answer = filled.post("/dtl/preview", json=wrong).json()
    assert [problem["path"] for problem in answer["problems"]] == ["$.entities[1]._id"]
    answer = filled.post("/dtl/preview", json={"pipe": "shout", "limit": 1.5}).json()
    assert answer["detail"] == "expected a whole number that is not negative, got 1.5"
