"""Incremental behaviour from outside: exactly what a change concerns is written again."""

from __future__ import annotations

import pytest

CITY = ["hops", {"datasets": ["city c"], "where": ["eq", "_S.city", "c._id"]}]


def people(node):
    node.receiver("city", {"_id": "oslo", "name": "Oslo"}, {"_id": "bergen", "name": "Bergen"})
    node.receiver(
        "person",
        {"_id": "p1", "city": "oslo"},
        {"_id": "p2", "city": "bergen"},
        {"_id": "p3", "city": "oslo"},
    )
    node.pipe(
        "out",
        {"type": "dataset", "dataset": "person"},
        transform=[["copy", "*"], ["add", "city", ["path", "name", CITY]]],
    )
    node.run("out")
    assert node.live("out") == {
        "p1": {"city": ["Oslo"]},
        "p2": {"city": ["Bergen"]},
        "p3": {"city": ["Oslo"]},
    }
    return node.end("out")


def test_a_changed_city_writes_its_people_again_and_nobody_else(node):
    end = people(node)
    before = {e["_id"]: e for e in node.entities("out")}
    node.post("city", {"_id": "oslo", "name": "Christiania"})
    node.run("out")
    written = node.entities("out", since=end)
    assert [e["_id"] for e in written] == ["p1", "p3"]
    for entity in written:
        assert entity["city"] == ["Christiania"]
        assert entity["_previous"] == before[entity["_id"]]["_updated"]
        assert entity["_hash"] != before[entity["_id"]]["_hash"]
        assert entity["_ts"] > before[entity["_id"]]["_ts"]
    assert [e["_updated"] for e in written] == [end + 1, end + 2]


def test_a_change_that_does_not_show_writes_nothing(node):
    end = people(node)
    node.post("city", {"_id": "oslo", "name": "Oslo", "mayor": "x"})
    node.run("out")
    assert node.end("out") == end


def test_a_deleted_and_reborn_city_is_followed(node):
    end = people(node)
    node.post("city", {"_id": "oslo", "_deleted": True})
    node.run("out")
    assert node.log("out", since=end) == [("p1", False, {"city": []}), ("p3", False, {"city": []})]
    end = node.end("out")
    node.post("city", {"_id": "oslo", "name": "Oslo"})
    node.run("out")
    assert node.log("out", since=end) == [
        ("p1", False, {"city": ["Oslo"]}),
        ("p3", False, {"city": ["Oslo"]}),
    ]


def test_a_person_that_moves_does_not_follow_the_old_city(node):
    people(node)
    node.post("person", {"_id": "p1", "city": "bergen"})
    node.run("out")
    end = node.end("out")
    node.post("city", {"_id": "oslo", "name": "Christiania"})
    node.run("out")
    assert node.log("out", since=end) == [("p3", False, {"city": ["Christiania"]})]


def test_a_city_that_is_there_later_finds_the_people_who_waited(node):
    people(node)
    node.post("person", {"_id": "p4", "city": "moss"})
    node.run("out")
    assert node.live("out")["p4"] == {"city": []}
    end = node.end("out")
    node.post("city", {"_id": "moss", "name": "Moss"})
    node.run("out")
    assert node.log("out", since=end) == [("p4", False, {"city": ["Moss"]})]


def test_a_deleted_source_entity_is_deleted_and_no_longer_follows_its_city(node):
    end = people(node)
    node.post("person", {"_id": "p1", "city": "oslo", "_deleted": True})
    node.run("out")
    assert [(i, d) for i, d, _ in node.log("out", since=end)] == [("p1", True)]
    end = node.end("out")
    node.post("city", {"_id": "oslo", "name": "Christiania"})
    node.run("out")
    assert node.log("out", since=end) == [("p3", False, {"city": ["Christiania"]})]
    node.post("person", {"_id": "p1", "city": "oslo"})
    node.run("out")
    assert node.live("out")["p1"] == {"city": ["Christiania"]}


def test_a_filter_deletes_what_was_let_through_before(node):
    node.receiver("in", {"_id": "1", "ok": True}, {"_id": "2", "ok": False})
    node.pipe(
        "out",
        {"type": "dataset", "dataset": "in"},
        transform=[["filter", ["eq", "_S.ok", True]], ["copy", "*"]],
    )
    node.run("out")
    assert node.log("out") == [("1", False, {"ok": True})]
    node.post("in", {"_id": "1", "ok": False}, {"_id": "2", "ok": True})
    node.run("out")
    assert [(i, d) for i, d, _ in node.log("out")] == [("1", False), ("1", True), ("2", False)]
    assert node.live("out") == {"2": {"ok": True}}


def test_two_hops_away_a_change_still_arrives(node):
    node.receiver("country", {"_id": "no", "name": "Norway"}, {"_id": "se", "name": "Sweden"})
    node.receiver("city", {"_id": "oslo", "country": "no"}, {"_id": "lund", "country": "se"})
    node.receiver("person", {"_id": "p1", "city": "oslo"}, {"_id": "p2", "city": "lund"})
    hop = [
        "hops",
        {
            "datasets": ["city c", "country l"],
            "where": [["eq", "_S.city", "c._id"], ["eq", "c.country", "l._id"]],
            "return": "l.name",
        },
    ]
    node.pipe(
        "out",
        {"type": "dataset", "dataset": "person"},
        transform=[["copy", "_id"], ["add", "in", ["first", hop]]],
    )
    node.run("out")
    end = node.end("out")
    node.post("country", {"_id": "se", "name": "Sverige"})
    node.run("out")
    assert node.log("out", since=end) == [("p2", False, {"in": "Sverige"})]
    end = node.end("out")
    node.post("city", {"_id": "oslo", "country": "se"})
    node.run("out")
    assert node.log("out", since=end) == [("p1", False, {"in": "Sverige"})]


def test_apply_hops_follows_what_its_rule_hops_to(node):
    node.receiver("unit", {"_id": "kg", "name": "kilo"})
    node.receiver(
        "line",
        {"_id": "l1", "order": "o1", "unit": "kg"},
        {"_id": "l2", "order": "o2", "unit": "kg"},
    )
    node.receiver("order", {"_id": "o1"}, {"_id": "o2"})
    unit = [
        "hops",
        {"datasets": ["unit u"], "where": ["eq", "_S.unit", "u._id"], "return": "u.name"},
    ]
    rules = {
        "default": [
            ["copy", "_id"],
            [
                "add",
                "lines",
                [
                    "apply-hops",
                    "line",
                    {"datasets": ["line l"], "where": ["eq", "_S._id", "l.order"]},
                ],
            ],
        ],
        "line": [["copy", "_id"], ["add", "unit", ["first", unit]]],
    }
    node.pipe(
        "out", {"type": "dataset", "dataset": "order"}, transform={"type": "dtl", "rules": rules}
    )
    node.run("out")
    assert node.live("out")["o1"] == {"lines": [{"_id": "l1", "unit": "kilo"}]}
    end = node.end("out")
    node.post("unit", {"_id": "kg", "name": "kilogram"})
    node.run("out")
    assert [i for i, _, _ in node.log("out", since=end)] == ["o1", "o2"]
    end = node.end("out")
    node.post("line", {"_id": "l2", "order": "o1", "unit": "kg"})
    node.run("out")
    assert {i: c for i, _, c in node.log("out", since=end)} == {
        "o1": {"lines": [{"_id": "l1", "unit": "kilogram"}, {"_id": "l2", "unit": "kilogram"}]},
        "o2": {"lines": []},
    }


def test_tracking_switched_off_for_a_hop_leaves_its_entities_alone(node):
    node.receiver("city", {"_id": "oslo", "name": "Oslo"})
    node.receiver("person", {"_id": "p1", "city": "oslo"})
    hop = ["hops", {**CITY[1], "track-dependencies": False}]
    node.pipe(
        "out",
        {"type": "dataset", "dataset": "person"},
        transform=[["copy", "_id"], ["add", "city", hop]],
    )
    node.run("out")
    end = node.end("out")
    node.post("city", {"_id": "oslo", "name": "x"})
    node.run("out")
    assert node.end("out") == end


def test_a_pipe_waits_for_a_dataset_it_hops_to_until_it_is_populated(node):
    node.receiver("person", {"_id": "p1", "city": "oslo"})
    node.pipe("city", {"type": "embedded", "entities": [{"_id": "oslo", "name": "Oslo"}]})
    node.pipe(
        "out",
        {"type": "dataset", "dataset": "person"},
        transform=[["copy", "_id"], ["add", "city", CITY]],
    )
    node.pump("out", "start")
    node.idle("out")
    assert node.http.get("/datasets/out/entities").status_code == 404 or node.live("out") == {}
    node.run("city", "out")
    assert node.live("out")["p1"]["city"][0]["name"] == "Oslo"


def test_nobody_waits_for_a_receiver_that_got_nothing_yet(node):
    # Its dataset is populated from the start (auto_populate_dataset).
    node.receiver("city")
    node.receiver("person", {"_id": "p1", "city": "oslo"})
    node.pipe(
        "out",
        {"type": "dataset", "dataset": "person"},
        transform=[["copy", "_id"], ["add", "city", CITY]],
    )
    node.run("out")
    assert node.live("out") == {"p1": {"city": []}}
    node.post("city", {"_id": "oslo"})
    node.run("out")
    assert len(node.live("out")["p1"]["city"]) == 1


def test_children_that_vanish_are_deleted(node):
    node.receiver("order", {"_id": "o1", "lines": [{"_id": "a"}, {"_id": "b"}]})
    node.pipe(
        "parent",
        {"type": "dataset", "dataset": "order"},
        transform=[["copy", "_id"], ["create-child", "_S.lines"]],
    )
    node.pipe(
        "child", {"type": "dataset", "dataset": "parent"}, transform={"type": "emit_children"}
    )
    node.run("parent", "child")
    assert sorted(node.live("child")) == ["a", "b"]
    node.post("order", {"_id": "o1", "lines": [{"_id": "b"}]})
    node.run("parent", "child")
    assert sorted(node.live("child")) == ["b"]
    node.post("order", {"_id": "o1", "_deleted": True})
    node.run("parent", "child")
    assert sorted(node.live("child")) == []


@pytest.mark.parametrize("history", [False, True])
def test_a_reader_by_since_gets_what_is_new(node, history):
    node.receiver("d", {"_id": "1", "x": 1}, {"_id": "2"})
    node.post("d", {"_id": "1", "x": 2})
    got = [(e["_id"], e["_updated"]) for e in node.entities("d", history=history)]
    assert got == ([("1", 0), ("2", 1), ("1", 2)] if history else [("2", 1), ("1", 2)])
    assert [(e["_id"], e["_updated"]) for e in node.entities("d", history=history, since=1)] == [
        ("1", 2)
    ]
    assert node.entities("d", history=history, since=2) == []
    assert [e["_updated"] for e in node.entities("d", history=history, reverse=True, limit=2)] == [
        2,
        1,
    ]


def test_single_entities_are_read_by_id_and_offset(node):
    node.receiver("d", {"_id": "1", "x": 1}, {"_id": "2"})
    node.post("d", {"_id": "1", "x": 2})

    def entity(**params):
        return node.http.get("/datasets/d/entity", params=params)

    assert entity(entity_id="1").json()["x"] == 2
    assert entity(entity_id="1", offset=0).json()["x"] == 1
    assert entity(entity_id="1", offset=1).status_code == 404
    assert entity(entity_id="3").status_code == 404
    assert entity().status_code == 400
    assert node.http.get("/datasets/nope/entity", params={"entity_id": "1"}).status_code == 404
