"""The templates: two-way sync with a service that creates, reads, updates and deletes."""

from __future__ import annotations

import json

import pytest
from rest_service import reply
from web_server import Reply

from sesam_node.errors import ConfigError
from sesam_node.hub.checking import check_configuration
from sesam_node.pipes.templates import expanded

OPERATIONS = {
    "list": {"url": "people", "method": "GET", "id_expression": "{{ id }}"},
    "lookup": {"url": "people/{{ id }}", "method": "GET"},
    "insert": {"url": "people", "method": "POST"},
    "update": {"url": "people/{{ id }}", "method": "PUT"},
    "delete": {"url": "people/{{ id }}", "method": "DELETE"},
    "defaults": {"url": "defaults", "method": "GET"},
}


class People:
    """A service with people by number; `calls` are its writes. `broken` answers with a status."""

    def __init__(self):
        self.people = {}
        self.next = 1
        self.calls = []
        self.broken = {}

    def __call__(self, asked):
        if asked.path == "/defaults":
            return reply({"lang": "no", "name": "nobody"})
        if asked.method in self.broken:
            return reply({"error": "broken"}, self.broken[asked.method])
        number = int(asked.path.removeprefix("/people").strip("/") or 0)
        if asked.method == "GET" and not number:
            return reply(list(self.people.values()))
        if asked.method == "POST":
            number, self.next = self.next, self.next + 1
        elif number not in self.people:
            return Reply(b"", 404)
        if asked.method == "GET":
            return reply(self.people[number])
        self.calls.append((asked.method, number, asked.json if asked.body else None))
        if asked.method == "DELETE":
            del self.people[number]
            return Reply(b"", 204)
        self.people[number] = {**asked.json, "id": number}
        return reply(self.people[number], 201 if asked.method == "POST" else 200)


@pytest.fixture
def people():
    return People()


@pytest.fixture
def api(service, people):
    return service(people, dict(OPERATIONS))


def share(api, *entities, **properties):
    """What the share dataset holds once these have been shared."""
    api.node.put("wanted", *entities)
    api.node.pipe("share", source="wanted", transform=sharing(**properties), batch_size=1)
    api.node.run("share")
    return api.node.live("share")


def sharing(**properties):
    return {
        "type": "template",
        "template": "transform-share-rest",
        "properties": {
            "rest_system": "api",
            "primary_key": "id",
            "share_dataset": "share",
            **properties,
        },
    }


def collect(api, **properties):
    """What the collect dataset holds."""
    api.node.pipe("all", source={"type": "rest", "system": "api", "operation": "list"})
    api.node.run("all")
    transform = {
        "type": "template",
        "template": "transform-collect-rest",
        "properties": {"primary_key": "id", "share_dataset": "share", **properties},
    }
    api.node.pipe("people", source="all", transform=transform)
    api.node.run("people")
    return api.node.live("people")


def wanted(number, name, based_on, **more):
    return {
        "_id": f"p:{number}",
        "id": number,
        "name": name,
        "$based_on": {"name": based_on},
        **more,
    }


# ---- share: inserts ------------------------------------------------------------------------------


def test_an_entity_without_key_is_inserted_once(api, people):
    new = {"_id": "crm:1", "name": "Ada", "$ids": ["~:crm:1"]}
    assert share(api, new)["crm:1"] == {
        "$operation": "insert",
        "$origin": ["~:crm:1"],
        "$status": 201,
        "$response": {"id": 1, "name": "Ada"},
        "$generated_id": "1",
    }
    assert share(api, {**new, "name": "Ada L"})["crm:1"]["$generated_id"] == "1"
    assert people.calls == [("POST", 1, {"name": "Ada"})]


def test_what_was_inserted_comes_back_with_its_origin(api):
    share(api, {"_id": "crm:1", "name": "Ada", "$origin": "~:crm:1"})
    assert collect(api)["1"] == {"id": 1, "name": "Ada", "$origin": "~:crm:1"}


def test_an_insert_that_is_refused_is_told_and_tried_again_when_it_changes(api, people):
    people.broken["POST"] = 422
    assert share(api, {"_id": "crm:1", "name": "Ada"})["crm:1"] == {
        "$operation": "insert",
        "$origin": "crm:1",
        "$status": 422,
        "$response": {"error": "broken"},
        "$error": "error-insert",
    }
    people.broken.clear()
    assert "$error" not in share(api, {"_id": "crm:1", "name": "Ada L"})["crm:1"]
    assert people.people == {1: {"id": 1, "name": "Ada L"}}


def test_an_insert_without_a_key_in_its_answer_is_not_repeated(api, people):
    api.server.answer = lambda asked: (
        reply({"ok": True}) if asked.method == "POST" else people(asked)
    )
    found = share(api, {"_id": "crm:1", "name": "Ada"})["crm:1"]
    assert (found["$error"], found["$status"]) == ("error-generated-id", 200)


def test_statuses_that_are_not_allowed_fail_the_pipe(api, people):
    people.broken["POST"] = 503
    api.node.put("wanted", {"_id": "crm:1", "name": "Ada"})
    transform = sharing(insert_allowed_status_codes="200-299")
    api.node.pipe("share", source="wanted", transform=transform, batch_size=1)
    assert "answered 503" in api.node.try_run("share").error


# ---- share: updates ------------------------------------------------------------------------------


@pytest.fixture
def ada(api, people):
    people.people = {7: {"id": 7, "name": "Ada", "age": 36}}
    return api


def test_an_update_sends_what_it_is_based_on(ada, people):
    found = share(ada, wanted(7, "Ada L", "Ada", local="x"))["p:7"]
    assert (found["$operation"], found["$status"], found["$generated_id"]) == ("update", 200, "7")
    assert people.calls == [("PUT", 7, {"name": "Ada L"})]


def test_what_was_changed_there_meanwhile_is_not_overwritten(ada, people):
    found = share(ada, wanted(7, "Ada L", "Ada of old"))["p:7"]
    assert found["$error"] == "modified-in-system"
    assert people.calls == []
    share(ada, wanted(7, "Ada L", "Ada of old", **{"$unsafe_skip_optimistic_locking": True}))
    assert people.people[7]["name"] == "Ada L"


def test_only_the_properties_that_count_are_compared(ada, people):
    entity = wanted(7, "Ada L", "Ada of old", **{"$based_on_properties": ["age"]})
    entity["$based_on"]["age"] = 36
    entity["age"] = 36
    assert share(ada, entity)["p:7"]["$operation"] == "update"
    assert people.calls == [("PUT", 7, {"name": "Ada L", "age": 36})]


def test_an_update_that_changes_nothing_is_not_sent(ada, people):
    assert share(ada, wanted(7, "Ada", "Ada"))["p:7"]["$operation"] == "unchanged"
    assert people.calls == []


def test_an_update_of_what_is_not_there_is_an_error(api, people):
    assert share(api, wanted(9, "x", "y"))["p:9"]["$error"] == "not-found"
    people.broken["GET"] = 500
    assert share(api, wanted(8, "x", "y"))["p:8"]["$error"] == "error-lookup"
    assert people.calls == []


def test_client_side_patching_sends_the_whole(ada, people):
    share(ada, wanted(7, "Ada L", "Ada"), client_side_patching=True)
    assert people.calls == [("PUT", 7, {"id": 7, "name": "Ada L", "age": 36})]


def test_a_natural_key_decides_by_what_is_there(ada, people):
    ada.node.more["systems"]["api"]["operations"]["insert"] = {
        "url": "people/{{ id }}",
        "method": "PUT",
        "payload": {"name": "{{ name }}"},
    }
    people.people[8] = {"id": 8, "name": "Bo"}
    made = share(ada, {"_id": "a", "id": 8, "name": "Bob"}, is_natural_key=True)
    assert (made["a"]["$operation"], made["a"]["$generated_id"]) == ("update", "8")


# ---- share: deletes ------------------------------------------------------------------------------


def test_a_delete_is_carried_out_and_verified(ada, people):
    share(ada, wanted(7, "Ada", "Ada"))
    share(ada, {**wanted(7, "Ada", "Ada"), "_deleted": True})
    assert (people.people, ada.node.deleted("share")) == ({}, ["p:7"])
    share(ada, {"_id": "p:9", "id": 9, "_deleted": True})
    assert people.calls == [("DELETE", 7, None)]


def test_a_delete_that_fails_stays_with_its_error(ada, people):
    share(ada, wanted(7, "Ada", "Ada"))
    people.broken["DELETE"] = 500
    found = share(ada, {**wanted(7, "Ada", "Ada"), "_deleted": True})["p:7"]
    assert (found["$operation"], found["$error"], found["$status"]) == (
        "delete",
        "error-delete",
        500,
    )


def test_what_was_replaced_or_never_there_is_not_deleted(ada, people):
    share(ada, {**wanted(7, "Ada", "Ada"), "_deleted": True, "$replaced": True})
    share(ada, {"_id": "crm:1", "name": "x", "_deleted": True})
    assert people.calls == []


# ---- share: rules of one's own -------------------------------------------------------------------


def test_rules_rewrite_what_is_sent_and_what_comes_back(ada, people):
    properties = {
        "rewrite_rules_payload": {
            "rewrite_insert_payload": [
                ["add", "$payload", ["dict", "name", ["upper", "_S.$source.name"], "via", "_S._id"]]
            ],
            "rewrite_update_payload_after_patch": [
                ["add", "$payload", ["apply", "signed", "_S._payload"]]
            ],
            "signed": [["copy", "*"], ["add", "by", "_R._S.$source._id"]],
        },
        "rewrite_rules_lookup": {"rewrite_lookup": [["copy", "*", "age"]]},
        "rewrite_rules_mutation": {"rewrite_insert": [["copy", "id"], ["add", "seen", True]]},
        "client_side_patching": True,
    }
    found = share(ada, {"_id": "n", "name": "Bo"}, wanted(7, "Ada L", "Ada"), **properties)
    assert found["n"]["$response"] == {"id": 1, "seen": True}
    assert people.calls == [
        ("POST", 1, {"name": "BO", "via": "n"}),
        ("PUT", 7, {"id": 7, "name": "Ada L", "by": "p:7"}),
    ]


def test_a_rewritten_look_up_is_what_is_compared(ada, people):
    rules = {"lookup_rewrite_based_on": [["add", "name", ["upper", "_S.name"]]]}
    assert share(ada, wanted(7, "x", "ADA"), rules=rules)["p:7"]["$operation"] == "update"


def test_a_payload_of_ones_own_wins(ada, people):
    share(ada, wanted(7, "x", "Ada", **{"$payload": {"full": {"name": "Ada"}}}))
    assert people.calls == [("PUT", 7, {"full": {"name": "Ada"}})]


def test_data_that_is_called_as_the_parts_of_a_request_is_data(api, people):
    share(api, {"_id": "n", "name": "Bo", "operation": "delete", "properties": {"id": 9}})
    assert people.calls == [
        ("POST", 1, {"name": "Bo", "operation": "delete", "properties": {"id": 9}})
    ]


def test_a_key_of_several_properties(api, people):
    def answer(asked):
        return reply({"a": 1, "b": json.loads(asked.body)["b"]}, 201)

    api.server.answer = answer
    found = share(api, {"_id": "n", "b": "x"}, primary_key=["a", "b"])
    assert found["n"]["$generated_id"] == "1:x"


# ---- collect and defaults ------------------------------------------------------------------------


def test_each_entity_is_looked_up(ada, people):
    people.people[9] = {"id": 9}
    ada.node.put("all", {"_id": "7", "id": 7, "seen": 1}, {"_id": "9", "id": 9})
    transform = {
        "type": "template",
        "template": "transform-collect-rest",
        "properties": {
            "rest_system": "api",
            "operation_lookup": "lookup",
            "original_property": "was",
            "primary_key": "id",
            "share_dataset": "share",
        },
    }
    ada.node.pipe("people", source="all", transform=transform)
    ada.node.run("people")
    del people.people[9]
    ada.node.put("all", {"_id": "9", "id": 9, "seen": 2})
    ada.node.run("people")
    (found,) = ada.node.live("people").values()
    assert found.pop("was") == {"_id": "7", "id": 7, "seen": 1}
    assert found == {"id": 7, "name": "Ada", "age": 36, "seen": 1}
    assert ada.node.deleted("people") == ["9"]


def test_a_delete_that_does_not_hold_is_none(ada, people):
    verify = {"rest_system": "api", "operation_lookup_delete": "lookup"}
    collect(ada, **verify)
    everything = people.people
    lists = People()
    ada.server.answer = lambda asked: lists(asked) if asked.path == "/people" else people(asked)
    assert collect(ada, **verify) == {"7": {"id": 7, "name": "Ada", "age": 36}}
    everything.clear()
    ada.node.put("all", {"_id": "7", "id": 7, "x": 1, "_deleted": True})
    ada.node.run("people")
    assert (ada.node.live("people"), ada.node.deleted("people")) == ({}, ["7"])


def test_defaults_are_below_the_entity(api):
    transform = {
        "type": "template",
        "template": "transform-defaults-rest",
        "properties": {"rest_system": "api", "primary_key": "id", "operation": "defaults"},
    }
    api.node.put("in", {"_id": "1", "name": "Ada"})
    api.node.pipe("out", source="in", transform=transform)
    api.node.run("out")
    assert api.node.live("out") == {"1": {"name": "Ada", "lang": "no"}}


# ---- bodies of one's own -------------------------------------------------------------------------


def test_a_body_takes_its_properties(memory_node):
    first = [["copy", "{{@ kept @}}"], ["add", "n", "{{@ n @}}"]]
    second = [["copy", "*"], ["add", "t", "is {{@ n @}} of {{@ of @}}"]]
    body = [{"type": "dtl", "rules": {"default": rules}} for rules in (first, second)]
    memory_node.put("in", {"_id": "1", "a": 1, "b": 2})
    properties = {"kept": ["list", "_id", "a"], "n": 5, "of": "x"}
    transform = {"type": "template", "template": body, "properties": properties}
    memory_node.pipe("out", source="in", transform=transform)
    memory_node.run("out")
    assert memory_node.live("out") == {"1": {"a": 1, "n": 5, "t": "is 5 of x"}}


@pytest.mark.parametrize(
    ("template", "properties", "message"),
    [
        ("transform-colect-rest", {}, 'did you mean "transform-collect-rest"'),
        (
            {"type": "dtl", "rules": {"default": ["{{@ nam @}}"]}},
            {"name": 1},
            'did you mean "name"',
        ),
        (["copy"], {}, "a template consists of transforms"),
    ],
)
def test_what_cannot_be_expanded_is_told(template, properties, message):
    with pytest.raises(ConfigError, match=message):
        expanded({"template": template, "properties": properties})


# ---- in a configuration --------------------------------------------------------------------------


def checked(transform):
    components = [
        {"_id": "wanted", "type": "pipe", "source": {"type": "embedded", "entities": []}},
        {"_id": "api", "type": "system:rest", "url_pattern": "http://x/%s", "operations": {}},
        {
            "_id": "share",
            "type": "pipe",
            "source": {"type": "dataset", "dataset": "wanted"},
            "transform": [{"type": "dtl", "rules": {"default": [["copy", "*"]]}}, transform],
        },
    ]
    return check_configuration(components, {})


def test_the_effective_configuration_is_the_chain_with_all_that_it_needs():
    found = checked(sharing())
    assert not found.checked.problems
    chain = found.checked.effective["share"]["transform"]
    assert {item["type"] for item in chain} == {"dtl", "rest"}
    facts = found.facts["share"]
    assert (facts.systems, facts.hops) == ({"api"}, {"share"})


BAD_RULE = {"rewrite_insert_payload": [["ad", "x", 1]]}
WRONG = [
    (sharing(rest_system="ape"), "$.transform[1].properties", 'did you mean "api"?'),
    (sharing(primary_key=None), "$.transform[1].properties.primary_key", "a list of strings"),
    (sharing(operation_insrt="x"), "$.transform[1].properties.operation_insrt", "did you mean"),
    (
        sharing(rewrite_rules_payload=BAD_RULE),
        "$.transform[1].properties.rewrite_rules_payload.rewrite_insert_payload[0][0]",
        'did you mean "add"?',
    ),
    (
        {"type": "template", "template": "nope", "properties": {}},
        "$.transform[1].template",
        "there is no template",
    ),
    (
        {"type": "template", "template": [{"type": "httpp"}], "properties": {}},
        "$.transform[1].template[0]",
        "expected a transform",
    ),
]


@pytest.mark.parametrize(("transform", "path", "words"), WRONG)
def test_what_is_wrong_is_told_where_it_stands(transform, path, words):
    (problem,) = checked(transform).checked.problems
    assert problem.path == path
    assert words in f"{problem.message} {problem.hint}"
