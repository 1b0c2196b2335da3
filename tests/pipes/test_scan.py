"""Scans find what a full record of every entity would find, in portions, with few recordings."""

from __future__ import annotations

import pytest
from pipes_helpers import hop

from sesam_node.dtl.record import OneByOne
from sesam_node.dtl.trace import fold, validate
from sesam_node.dtl.watch import hits, read_watches
from sesam_node.errors import InputError
from sesam_node.pipes import scan as pipes_scan
from sesam_node.pipes.dtl import trace_rules
from sesam_node.pipes.overlay import World
from sesam_node.pipes.samples import Wanted
from sesam_node.pipes.scan import scan_rules

RULES = {
    "default": [
        ["copy", "_id"],
        ["add", "total", ["*", "_S.price", "_S.count"]],
        ["if", ["eq", "_S.kind", "gone"], ["filter"]],
        ["if", ["eq", "_S.kind", "bad"], ["fail!", "a bad one"]],
        ["add", "text", ["concat", "_S.first", " ", "_S.last"]],
        ["add", "size", ["case", ["gt", "_T.total", 50], "big", ["gt", "_T.total", 10], "mid"]],
        ["add", "lines", ["apply-hops", "line", {
            "datasets": ["line l"], "where": ["eq", "l.order", "_S._id"]}]],
    ],
    "line": [["add", "sku", ["upper", "_S.sku"]], ["add", "of", "_P._T.total"]],
}  # fmt: skip
KINDS = ["gone", "bad", "x", "y", None]


@pytest.fixture
def orders(node):
    """Sixty orders of all sorts, and lines of some."""
    node.put(
        "order",
        *(
            {
                "_id": str(n),
                "kind": KINDS[n % 5],
                "price": n if n % 7 else None,
                "count": n % 4,
                "first": "A" if n % 3 else None,
                "last": "B",
            }
            for n in range(60)
        ),
    )
    lines = [
        {"_id": f"l{n}", "order": str(n), "sku": "s" if n % 2 else None} for n in range(0, 60, 4)
    ]
    node.put("line", *lines)
    node.pipe("shown", source="order", rules=RULES)
    return node


def scan(node, *when, most=1_000, rules=None, world=None, pipe="shown", **wanted):
    more = {} if world is None else {"world": world}
    wanted = Wanted(**{"limit": 1_000, **wanted})
    return scan_rules(
        node.pipes[pipe], node.store, rules=rules, wanted=wanted, when=list(when), most=most, **more
    )


CONDITIONS = [
    {"if": ["gt", "_T.total", 100], "at": "default[1]"},
    {"if": ["is-null", "_T.total"], "at": "default[1]", "moment": "before"},
    {"if": ["is-null", "_T.total"], "at": "default[1][2]"},
    {"if": ["eq", "_T.text", "A B"], "at": "default[6][2]", "moment": "before"},
    {"if": ["gt", "_T.total", 100], "at": "default[2][1]"},
    {"if": ["gt", "_T.total", 100]},
    {"if": ["and", ["eq", "_S.kind", "x"], ["is-not-empty", "_T.lines"]]},
    {"if": ["is-null", "_T.total"]},
    {"if": ["gt", "_T.total", 10], "at": "default[4]", "moment": "before"},
    {"if": ["is-null", "_T.size"], "at": "default[5]", "moment": "before"},
    {"if": ["eq", "_S.kind", "y"], "at": "default[4]"},
    {"if": ["is-null", "_S.sku"], "at": "line[0]"},
    {"if": ["eq", "_P._S.kind", "x"], "at": "line[0]"},
    {"function": "concat", "gets": "null"},
    {"function": "upper", "gives": "null"},
    {"at": "$.transform.rules.default[1][2]", "gives": "null"},
    {"at": "default[1][2][1]", "gives": "null"},
    {"at": "default[3][2]", "gives": "error"},
    {"function": "fail!", "gives": "error"},
    {"at": "default[5][2]", "branch": 1},
    {"at": "default[5][2]", "branch": -1},
    {"at": "default[2]", "branch": 0},
    {"at": "default[2][2]", "runs": True},
    {"at": "line", "runs": True},
    {"at": "default[6]", "runs": True},
    {"outcome": "ok"},
    {"outcome": "filtered"},
    {"outcome": "failed"},
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
def test_a_scan_finds_what_a_record_of_all_would(orders, condition):
    found = scan(orders, condition)
    traced = trace_rules(
        orders.pipes["shown"], orders.store, wanted=Wanted(limit=1_000), strength="full"
    )["trace"]
    watches = read_watches([condition], traced["nodes"], "$.transform.rules")
    expected = {}
    for number, entity in enumerate(traced["entities"]):
        events = [hit.event for hit in hits(traced, number, watches)]
        if events:
            expected[traced["values"][entity["source"]]["_id"]] = events
    assert expected
    assert {
        hit["_id"]: [place["event"] for place in hit["at"]] or [None] for hit in found["hits"]
    } == expected
    assert found["read"] == 60
    assert "next" not in found


@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
def test_few_entities_are_recorded_in_vain(orders, condition, monkeypatch):
    recorded = []
    plain = OneByOne.document
    monkeypatch.setattr(
        OneByOne, "document", lambda self, entity: recorded.append(entity) or plain(self, entity)
    )
    found = scan(orders, condition)
    if "branch" in condition or condition.get("at") == "line[0]":
        return
    assert len(recorded) <= 2 * len(found["hits"]) + 1


def test_a_default_rule_that_is_applied_is_asked_about_each_of_its_sources(orders):
    rules = {
        "default": [
            ["copy", "_id"],
            ["add", "n", "_S.count"],
            ["add", "inner", ["apply", "default", "_S.child"]],
        ],
        "default2": [["add", "n", "_S.count"]],
    }
    orders.put("order", {"_id": "p", "count": 0, "child": {"_id": "c", "count": 77}})
    condition = {"if": ["eq", "_S.count", 77], "at": "default[1]"}
    assert [hit["_id"] for hit in scan(orders, condition, rules=rules)["hits"]] == ["p"]
    rules["default"][2][2][1] = "default2"
    condition["at"] = "default2[0]"
    assert [hit["_id"] for hit in scan(orders, condition, rules=rules)["hits"]] == ["p"]


def test_the_hits_are_recorded_with_their_versions_and_places(orders):
    found = scan(orders, {"function": "upper", "gives": "null"}, most=2)
    validate(found["trace"])
    assert [hit["_id"] for hit in found["hits"]] == ["4", "8"]
    entities = found["trace"]["entities"]
    assert [entity["version"] for entity in entities] == [4, 8]
    (place,) = found["hits"][0]["at"]
    assert place["path"] == "$.transform.rules.line[0][2]"
    event = entities[0]["events"][place["event"]]
    assert found["trace"]["paths"][event["path"]] == place["path"]
    assert found["stopped"] == "hits"


@pytest.mark.parametrize("source", ["order", {"type": "embedded"}, {"type": "union_datasets"}])
def test_portions_meet_each_entity_once(orders, source):
    if source != "order":
        entities = [{"_id": str(n), "kind": "x"} for n in range(60)]
        source = {"entities": entities, "datasets": ["order", "line"], **source}
        if source["type"] == "embedded":
            del source["datasets"]
        else:
            del source["entities"]
    orders.pipe("shown", source=source, rules=RULES)
    whole = [hit["_id"] for hit in scan(orders, {"outcome": "ok"})["hits"]]
    portions, since = [], None
    while True:
        found = scan(orders, {"outcome": "ok"}, limit=7, since=since)
        assert found["read"] <= 7
        portions += [hit["_id"] for hit in found["hits"]]
        since = found.get("next")
        if since is None:
            break
    assert portions == whole
    assert len(whole) > 10


def test_a_scan_goes_on_behind_its_hits(orders):
    ids, since = [], None
    while True:
        found = scan(orders, {"if": ["gt", "_T.total", 60]}, most=1, since=since)
        ids += [hit["_id"] for hit in found["hits"]]
        since = found.get("next")
        if since is None:
            break
    assert ids == [hit["_id"] for hit in scan(orders, {"if": ["gt", "_T.total", 60]})["hits"]]


def test_counters_of_portions_fold_into_those_of_the_whole(orders):
    def counted(**wanted):
        return trace_rules(
            orders.pipes["shown"], orders.store, wanted=Wanted(**wanted), strength="counters"
        )

    documents, since = [], None
    while True:
        answer = counted(limit=13, since=since)
        documents.append(answer["trace"])
        since = answer.get("next")
        if since is None:
            break
    folded, whole = fold(documents), counted(limit=1_000)["trace"]

    def figures(document):
        return [(c["path"], c["fired"], c["null"], c["error"]) for c in document["counters"]]

    assert len(documents) == 5
    assert figures(folded) == figures(whole)
    assert folded["entities"] == 60


def test_outputs_are_compared_with_the_deployed_rules_and_the_sink(orders):
    rules = {
        "default": [["copy", "_id"], ["add", "n", "_S.count"], ["filter", ["neq", "_S._id", "7"]]]
    }
    orders.pipe("shown", source="order", rules=rules)
    orders.run("shown")
    orders.put("order", {"_id": "3", "count": 50})
    draft = {"default": [["copy", "_id"], ["add", "n", ["plus", "_S.count", 0]]]}
    when = [{"differs": "deployed"}, {"differs": "stored"}]
    found = scan(orders, *when, rules=draft)
    outputs = {hit["_id"]: (hit["conditions"], hit["outputs"]) for hit in found["hits"]}
    assert outputs == {
        "3": ([1], {
            "edited": [{"_id": "3", "n": 50}],
            "deployed": [{"_id": "3", "n": 50}],
            "stored": [{"_id": "3", "n": 3}],
        }),
        "7": ([0, 1], {"edited": [{"_id": "7", "n": 3}], "deployed": [], "stored": []}),
    }  # fmt: skip
    validate(found["trace"])
    with pytest.raises(InputError, match="there is nothing that"):
        scan(orders, {"differs": "deployed"})


def test_a_scan_over_another_world(orders):
    condition = {"if": ["eq", "_T.total", 9_999]}
    assert scan(orders, condition)["hits"] == []
    world = World({"order": {"4": {"price": 9_999, "count": 1}}})
    assert [hit["_id"] for hit in scan(orders, condition, world=world)["hits"]] == ["4"]


def test_time_ends_a_portion_and_says_where_to_go_on(orders):
    found = scan(orders, {"outcome": "ok"}, seconds=0.0)
    assert (found["read"], found["stopped"]) == (1, "time")
    rest = scan(orders, {"outcome": "ok"}, since=found["next"])
    assert rest["read"] == 59


def test_what_is_no_condition_is_refused_with_its_path(orders):
    for condition, path, words in [
        ({}, "$.when[0]", "expected one of"),
        (7, "$.when[0]", "expected an object"),
        ({"if": ["uper", "_S.x"]}, "$.when[0].if[0]", "unknown function"),
        ({"if": hop("line", ["eq", "h.order", "_S._id"])}, "$.when[0].if", "looks into no dataset"),
        ({"if": True, "at": "default[9]"}, "$.when[0].at", "nothing is evaluated at"),
        ({"if": True, "att": "default[1]"}, "$.when[0].att", 'there is no "att"'),
        ({"gives": "null"}, "$.when[0]", "expected a place"),
        ({"function": "uper", "gets": "null"}, "$.when[0].function", "do not call"),
        ({"at": "default[1]", "gives": 1}, "$.when[0].gives", "expected"),
        ({"at": "default[1]", "branch": "1"}, "$.when[0].branch", "expected a branch"),
        ({"outcome": "lost"}, "$.when[0].outcome", "expected"),
        ({"if": True, "moment": "before"}, "$.when[0].moment", "a moment is one of a place"),
    ]:
        with pytest.raises(InputError) as raised:
            scan(orders, condition)
        (problem,) = raised.value.problems
        assert problem.path == path
        assert words in problem.message
    for since in ("x", {"offset": 1, "more": 2}, {"skip": -1}, {"offset": "x"}):
        with pytest.raises(InputError):
            scan(orders, {"outcome": "ok"}, since=since)


def test_the_trace_of_many_hits_is_bounded(orders, monkeypatch):
    monkeypatch.setattr(pipes_scan, "EVENTS", 50)
    found = scan(orders, {"outcome": "ok"})
    assert len(found["trace"]["entities"]) < len(found["hits"])


def test_what_is_decrypted_is_neither_shown_nor_compared(orders):
    orders.more = {"secrets": {"key": "0123456789abcdef"}}
    rules = {
        "default": [
            ["copy", "_id"],
            ["add", "hidden", ["encrypt", "$SECRET(key)", "a secret text"]],
            ["add", "plain", ["decrypt", "$SECRET(key)", "_T.hidden"]],
        ]
    }
    orders.pipe("shown", source="order", rules=rules)
    found = scan(orders, {"outcome": "ok"}, {"if": ["eq", "_T.plain", "a secret text"]}, most=2)
    assert [hit["conditions"] for hit in found["hits"]] == [[0], [0]]
    values = str(found["trace"]["values"])
    assert "0123456789abcdef" not in str(found)
    assert "*****" in values
    with pytest.raises(InputError, match="is not compared"):
        scan(orders, {"differs": "stored"})
