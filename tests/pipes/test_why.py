"""Why an entity is as it is: whole answers over pipes that really ran."""

from __future__ import annotations

import pytest
from pipes_helpers import hop

from sesam_node.dtl.trace.entity_text import entity_why_text as why_text
from sesam_node.errors import InputError, NotFoundError
from sesam_node.pipes.why import explain_entity

SAME = "made again now it is the same"


def why(node, dataset, entity_id, name=None, depth=10, pipes=None):
    writers = {}
    for definition in (pipes or node.pipes).values():
        sink = (definition.pipe.get("sink") or {}).get("dataset", definition.pipe_id)
        writers.setdefault(sink, []).append(definition)
    return explain_entity(
        store=node.store,
        dataset=dataset,
        entity_id=entity_id,
        writers=writers,
        name=name,
        depth=depth,
    )


def timeless(told):
    """An answer without times and trees of why."""
    if type(told) is list:
        return [timeless(item) for item in told]
    if type(told) is not dict:
        return told
    gone = {"ts", "because", "start_time", "end_time"}
    return {name: timeless(item) for name, item in told.items() if name not in gone}


@pytest.fixture
def shop(node):
    node.pipe("order", source={"type": "http_endpoint"})
    node.pipe(
        "product",
        source={
            "type": "embedded",
            "entities": [{"_id": "P-1", "name": "Kettle", "price": 400}],
        },
    )
    node.pipe(
        "bill",
        source="order",
        rules=[
            ["filter", ["neq", "_S.status", "cancelled"]],
            ["copy", "_id"],
            ["rename", "status", "state"],
            [
                "add",
                "amount",
                ["*", "_S.quantity", ["first", hop_price()]],
            ],
        ],
    )
    node.receive(
        "order",
        [
            {"_id": "1", "product": "P-1", "quantity": 2, "status": "new"},
            {"_id": "2", "product": "P-9", "quantity": 1, "status": "new"},
        ],
    )
    node.run("product")
    node.run("bill")
    return node


def hop_price():
    return hop("product", ["eq", "_S.product", "h._id"], give="h.price")


def place(dataset, entity_id, name):
    return {"dataset": dataset, "entity_id": entity_id, "property": name}


def received(entity_id, seq, dataset="order", role="source"):
    return {
        "role": role,
        "dataset": dataset,
        "entity_id": entity_id,
        "seq": seq,
        "deleted": False,
        "pipe": dataset,
        "how": "received",
        "text": "posted to the receiver",
    }


PRODUCT = {
    "role": "hop",
    "dataset": "product",
    "entity_id": "P-1",
    "seq": 0,
    "deleted": False,
    "pipe": "product",
    "how": "made",
    "exact": True,
    "sources": [{"dataset": None, "entity_id": "P-1", "seq": None, "emits": ["P-1"]}],
    "text": f"{SAME}; it stands in the configuration of the pipe",
    "properties": {
        "price": {"value": 400, "rules": [], "from": [place(None, "P-1", "price")]},
    },
    "inputs": [],
}


def rule(position, text):
    return {"path": f"$.transform.rules.default[{position}]", "text": text}


def test_an_entity_is_told_with_rules_sources_and_hops_up_to_the_inputs(shop):
    assert timeless(why(shop, "bill", "1")) == {
        "dataset": "bill",
        "entity_id": "1",
        "seq": 0,
        "deleted": False,
        "pipe": "bill",
        "how": "made",
        "exact": True,
        "sources": [{"dataset": "order", "entity_id": "1", "seq": 0, "emits": ["1"]}],
        "text": SAME,
        "properties": {
            "_id": {
                "value": "1",
                "rules": [rule(1, '"_id" set by copy')],
                "from": [place("order", "1", "_id")],
            },
            "amount": {
                "value": 800,
                "rules": [rule(3, '"amount" set by add')],
                "from": [
                    place("product", "P-1", "price"),
                    place("order", "1", "quantity"),
                    place("order", "1", "product"),
                ],
            },
            "state": {
                "value": "new",
                "rules": [rule(2, '"state" set by rename "status"')],
                "from": [place("order", "1", "status")],
            },
        },
        "inputs": [received("1", 0), PRODUCT],
    }


def test_one_property_is_told_alone_with_all_steps_and_only_what_it_came_from(shop):
    told = why(shop, "bill", "1", "state")
    assert list(told["properties"]) == ["state"]
    assert timeless(told)["inputs"] == [received("1", 0)]
    (tree,) = told["because"]
    assert tree["base"] == "$.transform.rules"
    assert [(n["kind"], n["text"]) for n in tree["nodes"]] == [
        ("set", '"state" set by rename "status"')
    ]
    assert [n["text"] for n in tree["nodes"][0]["from"]] == ["status of the source entity"]


def test_a_look_up_that_found_nothing_is_told(shop):
    told = why(shop, "bill", "2", "amount")
    assert told["properties"]["amount"]["value"] is None
    assert told["properties"]["amount"]["found_nothing"] == [
        {"dataset": "product", "keys": ["P-9"]}
    ]
    assert 'nothing found in product for "P-9"' in why_text(told)


def test_an_input_that_changed_since_is_told_with_what_differs(shop):
    shop.put("product", {"_id": "P-1", "name": "Kettle", "price": 500})
    told = why(shop, "bill", "1")
    assert (told["exact"], told["differs"]) == (False, ["amount"])
    assert told["text"] == "inputs changed since: made again now it is another"
    shop.run("bill")
    assert why(shop, "bill", "1")["exact"] is True


def test_a_newer_source_entity_is_named(shop):
    shop.receive("order", [{"_id": "1", "product": "P-1", "quantity": 3, "status": "paid"}])
    told = why(shop, "bill", "1")
    assert (told["differs"], timeless(told["newer"])) == (
        ["amount", "state"],
        [{"dataset": "order", "entity_id": "1", "seq": 2}],
    )


# -- deleted entities ------------------------------------------------------------------------------


def test_a_deleted_entity_names_the_filter_that_deleted_it(shop):
    shop.receive("order", [{"_id": "1", "status": "cancelled"}])
    shop.run("bill")
    told = why(shop, "bill", "1")
    assert (told["deleted"], told["exact"], told["reason"]) == (True, True, "filtered")
    assert told["rules"] == [rule(0, 'filtered by ["filter", ["neq", "_S.status", "cancelled"]]')]
    assert timeless(told["inputs"]) == [received("1", 2)]
    (node,) = told["because"][0]["nodes"]
    assert [(n["text"], n["value"]) for n in node["from"]] == [
        ('["neq", "_S.status", "cancelled"]', False)
    ]


def test_a_deleted_source_is_told(shop):
    shop.pipe("copy", source="order")
    shop.run("copy")
    shop.receive("order", [{"_id": "1", "_deleted": True, "status": "new"}])
    shop.run("copy")
    told = why(shop, "copy", "1")
    assert (told["exact"], told["reason"]) == (True, "source-deleted")
    assert [item["text"] for item in told["inputs"]] == [
        "posted as deleted, or not part of a full sequence any more"
    ]


def test_rules_that_set_deleted_are_told(node):
    node.put("a", {"_id": "1"})
    node.pipe("b", source="a", rules=[["copy", "*"]])
    node.run("b")
    node.pipe("b", source="a", rules=[["copy", "*"], ["add", "_deleted", True]])
    node.run("b", "full")
    assert why(node, "b", "1")["reason"] == "set-by-rules"


def test_an_entity_that_a_full_run_did_not_meet_is_told(node):
    node.put("a", {"_id": "1"})
    node.pipe("b", source="a")
    node.put("b", {"_id": "2"})
    node.run("b", "full")
    told = why(node, "b", "2")
    assert (told["exact"], told["reason"], told["sources"]) == (True, "not-met", [])


def test_an_emitted_id_that_vanished_is_told(node):
    node.put("a", {"_id": "1", "name": "x"})
    rules = [["add", "_id", ["concat", "n-", "_S.name"]]]
    node.pipe("b", source="a", rules=rules)
    node.run("b")
    node.put("a", {"_id": "1", "name": "y"})
    node.run("b")
    told = why(node, "b", "n-x")
    assert (told["deleted"], told["exact"], told["reason"]) == (True, True, "not-emitted")
    live = why(node, "b", "n-y")
    assert (live["exact"], live["sources"]) == (
        True,
        [{"dataset": "a", "entity_id": "1", "seq": 1, "emits": ["n-y"]}],
    )


def test_a_source_entity_that_makes_nothing_now_is_told(node):
    node.put("a", {"_id": "1"})
    node.pipe("b", source="a", rules=[["copy", "*"]])
    node.run("b")
    node.pipe("b", source="a", rules=[["discard"], ["copy", "*"]])
    node.run("b", "full")
    assert why(node, "b", "1")["reason"] == "not-emitted"


def test_a_deleted_entity_that_would_be_there_now_is_not_exact(shop):
    shop.receive("order", [{"_id": "1", "status": "cancelled"}])
    shop.run("bill")
    shop.receive("order", [{"_id": "1", "status": "new", "product": "P-1", "quantity": 1}])
    told = why(shop, "bill", "1")
    assert (told["exact"], told["reason"]) == (False, "changed")


# -- ways back -------------------------------------------------------------------------------------


def test_a_property_is_followed_through_all_transforms_of_a_pipe(node):
    node.put("a", {"_id": "1", "first": "Ada", "last": "L"})
    first = [["copy", "_id"], ["add", "full", ["concat", "_S.first", " ", "_S.last"]]]
    second = [["copy", "_id"], ["rename", "full", "name"]]
    node.pipe(
        "b",
        source="a",
        transform=[{"type": "dtl", "rules": {"default": rules}} for rules in (first, second)],
    )
    node.run("b")
    told = why(node, "b", "1", "name")
    assert told["properties"]["name"] == {
        "value": "Ada L",
        "rules": [
            {"path": "$.transform[1].rules.default[1]", "text": '"name" set by rename "full"'},
            {"path": "$.transform[0].rules.default[1]", "text": '"full" set by add'},
        ],
        "from": [place("a", "1", "first"), place("a", "1", "last")],
    }
    assert [tree["base"] for tree in told["because"]] == [
        "$.transform[1].rules",
        "$.transform[0].rules",
    ]


def test_names_are_followed_through_namespaces_put_on_and_taken_off(node):
    node.put("a", {"_id": "1", "name": "Ada"})
    more = {"namespaced_identifiers": True, "add_namespaces": True, "remove_namespaces": True}
    node.pipe("b", source="a", rules=[["copy", "*"]], **more)
    node.run("b")
    assert node.live("b") == {"1": {"name": "Ada"}}
    told = why(node, "b", "1", "name")
    assert (told["exact"], told["properties"]["name"]["from"]) == (True, [place("a", "1", "name")])


def test_a_union_is_followed_into_the_dataset_of_the_prefix(node):
    node.put("a", {"_id": "1", "n": 1})
    node.put("b", {"_id": "1", "n": 2})
    node.pipe("c", source={"type": "union_datasets", "datasets": ["a", "b"]})
    node.run("c")
    told = why(node, "c", "b:1", "n")
    assert (told["exact"], told["properties"]["n"]["from"]) == (True, [place("b", "1", "n")])


def test_of_two_datasets_that_share_ids_the_one_that_made_it_is_meant(node):
    node.put("a", {"_id": "1", "n": 1}, {"_id": "2", "n": 1})
    node.put("b", {"_id": "1", "n": 2})
    source = {"type": "union_datasets", "datasets": ["a", "b"], "prefix_ids": False}
    node.pipe("c", source=source, rules=[["copy", "*"]])
    node.run("c")
    told = why(node, "c", "1", "n")
    assert (told["exact"], told["properties"]["n"]["from"]) == (True, [place("b", "1", "n")])
    told = why(node, "c", "2", "n")
    assert (told["exact"], told["properties"]["n"]["from"]) == (True, [place("a", "2", "n")])


def test_children_are_followed_to_their_parent(node):
    node.put("a", {"_id": "1", "tags": ["x", "y"]})
    make = ["map", ["dict", "_id", "_.", "tag", "_."], "_S.tags"]
    node.pipe("b", source="a", rules=[["create", make], ["discard"]])
    node.run("b")
    told = why(node, "b", "y", "tag")
    assert (told["exact"], told["sources"]) == (
        True,
        [{"dataset": "a", "entity_id": "1", "seq": 0, "emits": ["x", "y"]}],
    )
    assert told["properties"]["tag"]["from"] == [place("a", "1", "tags")]


def test_of_several_makers_the_owner_of_the_id_is_meant(node):
    node.put("a", {"_id": "1", "n": 1}, {"_id": "2", "n": 2})
    node.pipe("b", source="a", rules=[["add", "_id", "same"], ["add", "n", "_S.n"]])
    node.run("b")
    told = why(node, "b", "same", "n")
    assert (told["exact"], told["properties"]["n"]["from"]) == (True, [place("a", "2", "n")])
    assert [source["entity_id"] for source in told["sources"]] == ["1", "2"]


def test_a_computed_id_of_embedded_entities_is_found_by_running_them(node):
    entities = [{"_id": "1", "n": 1}, {"_id": "2", "n": 2}]
    node.pipe(
        "b",
        source={"type": "embedded", "entities": entities},
        rules=[["add", "_id", ["concat", "x", "_S._id"]], ["copy", "n"]],
    )
    node.run("b")
    told = why(node, "b", "x2", "n")
    assert (told["exact"], told["properties"]["n"]["from"]) == (True, [place(None, "2", "n")])


def test_what_a_pump_fetched_is_told_with_its_run(node, tmp_path):
    (tmp_path / "a.csv").write_text("id,n\n1,x\n")
    node.more = {
        "systems": {"files": {"_id": "files", "type": "system:url", "url_pattern": "file:%s"}},
        "base_folder": str(tmp_path),
        "allow_files": True,
    }
    source = {"type": "csv", "system": "files", "url": "a.csv", "primary_key": "id"}
    node.pipe("a", source=source)
    result = node.run("a")
    told = timeless(why(node, "a", "1"))
    assert told == {
        "dataset": "a",
        "entity_id": "1",
        "seq": 0,
        "deleted": False,
        "pipe": "a",
        "how": "fetched",
        "source": "csv",
        "system": "files",
        "run": {"run_id": result.run_id},
        "text": 'fetched from the csv source over the system "files"',
    }


# -- ends ------------------------------------------------------------------------------------------


def test_pipes_in_a_circle_end_where_the_circle_closes(node):
    node.put("a", {"_id": "1"})
    node.put("c", {"_id": "1", "n": 1})
    node.pipe(
        "b",
        source="a",
        rules=[["copy", "_id"], ["add", "n", hop("c", ["eq", "_S._id", "h._id"], give="h.n")]],
    )
    node.pipe("c", source="b", rules=[["copy", "_id"], ["add", "n", ["count", "_S.n"]]])
    node.run("b")
    node.run("c")
    told = why(node, "b", "1", "n")
    (_, looked_up) = told["inputs"]
    (circle,) = looked_up["inputs"]
    assert (circle["dataset"], circle["more"]) == ("b", "circle")


def test_the_asked_depth_ends_it(shop):
    told = why(shop, "bill", "1", depth=0)
    assert [item["more"] for item in told["inputs"]] == ["depth", "depth"]


def test_a_dataset_that_no_pipe_writes_ends_it(node):
    node.put("a", {"_id": "1"})
    told = why(node, "a", "1")
    assert (told["how"], told["pipe"]) == ("unwritten", None)


def test_an_unknown_entity_is_told_with_one_that_is_near(shop):
    with pytest.raises(NotFoundError, match='no entity "P-2" in the dataset "product"') as caught:
        why(shop, "product", "P-2")
    assert caught.value.problems[0].hint == 'did you mean "P-1"?'


def test_an_unknown_property_is_told_with_one_that_is_near(shop):
    with pytest.raises(InputError, match='has no property "amout"') as caught:
        why(shop, "bill", "1", "amout")
    assert caught.value.problems[0].hint == 'did you mean "amount"?'


def test_the_text_says_it_for_people(shop):
    lines = why_text(why(shop, "bill", "1", "state")).splitlines()
    shown = [line.partition(" of 20")[0] for line in lines]
    assert shown == [
        'bill "1", version 0',
        f"  {SAME}",
        '  state = "new"',
        '    "state" set by rename "status"  ($.transform.rules.default[2])',
        '    from status of order "1"',
        "  because",
        '    "state" set by rename "status" = "new"'.ljust(90) + "default[2]",
        '      status of the source entity = "new"',
        '  source order "1", version 0',
        "    posted to the receiver",
    ]


# -- merged entities -------------------------------------------------------------------------------


@pytest.fixture
def persons(node):
    node.put("crm", {"_id": "c1", "no": 7, "phone": "1"})
    node.put("hr", {"_id": "h1", "no": 7, "name": "Ada"})
    merge = {
        "type": "merge",
        "version": 2,
        "datasets": ["crm c", "hr h"],
        "equality": [["eq", "c.no", "h.no"]],
        "identity": "first",
    }
    node.pipe("person", source=merge, rules=[["copy", "*"], ["add", "title", ["upper", "_S.name"]]])
    node.run("person")
    return node


def test_a_merged_entity_is_followed_into_the_members_that_have_what_was_read(persons):
    (version,) = persons.versions("person", deleted=False)
    told = why(persons, "person", version.entity_id)
    assert told["exact"] is True
    assert told["properties"]["title"]["from"] == [place("hr", "h1", "name")]
    assert told["properties"]["no"]["from"] == [place("crm", "c1", "no"), place("hr", "h1", "no")]
    assert [(item["role"], item["dataset"], item["entity_id"]) for item in told["inputs"]] == [
        ("member", "crm", "c1"),
        ("member", "hr", "h1"),
    ]


def test_an_entity_that_went_into_another_is_told_as_deleted(persons):
    persons.put("hr", {"_id": "h1", "no": 8, "name": "Ada"})
    persons.run("person")
    live = persons.live("person")
    assert len(live) == 2
    persons.put("hr", {"_id": "h1", "no": 7, "name": "Ada"})
    persons.run("person")
    (gone,) = persons.deleted("person")
    told = why(persons, "person", gone)
    assert (told["deleted"], told["exact"]) == (True, True)


def test_of_many_entities_that_were_read_some_are_told_and_how_many_more(node):
    node.put("d", *({"_id": f"{n:02}", "k": "x", "n": n} for n in range(30)))
    node.put("a", {"_id": "1", "k": "x"})
    node.pipe(
        "b",
        source="a",
        rules=[["copy", "_id"], ["add", "all", ["count", hop("d", ["eq", "_S.k", "h.k"])]]],
    )
    node.run("b")
    told = why(node, "b", "1", "all")
    found = told["properties"]["all"]
    hopped = [origin for origin in found["from"] if origin["dataset"] == "d"]
    assert (len(hopped), found["more"]) == (12, 18)
    text = why_text(told)
    assert "and 25 more" in text
    assert "  and 9 more of d" in text
