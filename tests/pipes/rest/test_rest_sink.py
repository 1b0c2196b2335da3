"""The rest sink and transform: an operation for each entity."""

import pytest
from rest_service import reply
from web_server import Reply

OPERATIONS = {
    "put": {"url": "people/{{ _id }}", "method": "PUT"},
    "delete": {"url": "{{ properties.list }}/{{ _id }}", "method": "DELETE"},
    "form": {"url": "form", "method": "POST", "payload-type": "form"},
    "multi": {"url": "form", "method": "POST", "payload-type": "multipart-form"},
    "text": {"url": "text", "method": "POST", "payload-type": "text"},
    "transit": {"url": "transit", "method": "POST", "payload-type": "json-transit"},
    "get": {"url": "scores/{{ _id }}", "method": "GET"},
}


def fine(asked):
    return reply({"ok": True, "path": asked.path})


# -- sink -------------------------------------------------------------------------------------


def test_an_entity_says_which_operation_and_what(service):
    api = service(fine, OPERATIONS)
    api.share(
        {
            "_id": "1",
            "operation": "put",
            "payload": {"n": "~f1.50", "at": "~t2024-01-31T00:00:00Z"},
        },
        {"_id": "2", "operation": "delete", "properties": {"list": "old"}},
    )
    first, second = api.asked
    assert (first.method, first.path, first.json) == (
        "PUT",
        "/people/1",
        {"n": 1.5, "at": "2024-01-31T00:00:00Z"},
    )
    assert first.headers["content-type"] == "application/json"
    assert (second.method, second.path, second.body) == ("DELETE", "/old/2", b"")


def test_the_sink_says_what_the_entity_does_not(service):
    api = service(fine, OPERATIONS)
    options = {"operation": "delete", "properties": {"list": "people"}}
    api.share({"_id": "1"}, {"_id": "2", "properties": {"list": "mine"}}, **options)
    assert [asked.path for asked in api.asked] == ["/people/1", "/mine/2"]


@pytest.mark.parametrize(
    ("operation", "payload", "kind", "body"),
    [
        ("form", {"a": "å b", "n": 1}, "application/x-www-form-urlencoded", b"a=%C3%A5+b&n=1"),
        ("text", "plain", "text/plain; charset=utf-8", b"plain"),
        ("transit", {"d": "~f1.5"}, "application/json", b'{"d":"~f1.5"}'),
        ("put", "<xml/>", "application/json", b"<xml/>"),
    ],
)
def test_payloads_are_sent_as_the_operation_says(service, operation, payload, kind, body):
    api = service(fine, OPERATIONS)
    api.share({"_id": "1", "operation": operation, "payload": payload})
    (asked,) = api.asked
    assert (asked.headers["content-type"], asked.body) == (kind, body)


def test_a_form_of_several_parts_names_its_boundary(service):
    api = service(fine, OPERATIONS)
    api.share({"_id": "1", "operation": "multi", "payload": {"a": "b"}})
    (asked,) = api.asked
    boundary = asked.headers["content-type"].partition("boundary=")[2]
    assert asked.headers["content-type"].startswith("multipart/form-data")
    assert boundary.encode() in asked.body


def test_payloads_of_the_configuration_are_templates(service):
    api = service(fine, OPERATIONS)
    api.share({"_id": "1", "name": "Ada"}, operation="put", payload={"who": "{{ entity.name }}"})
    assert api.asked[0].json == {"who": "Ada"}


def test_what_is_refused_fails_and_names_the_answer(service):
    api = service(lambda asked: reply({"message": "no such person"}, 404), OPERATIONS)
    result = api.share({"_id": "1", "operation": "put", "payload": {}})
    assert not result.success
    assert "answered 404" in f"{result.error} {result.traceback}"
    assert "no such person" in f"{result.error} {result.traceback}"


def test_an_entity_without_operation_fails(service):
    api = service(fine, OPERATIONS)
    result = api.share({"_id": "1"})
    assert 'no "operation" is named' in f"{result.error} {result.traceback}"


# -- transform --------------------------------------------------------------------------------


def test_the_answer_is_put_beside_the_entity(service):
    api = service(lambda asked: reply({"score": 7}), OPERATIONS)
    assert api.through(
        {"_id": "1", "name": "Ada"},
        operation="get",
        response_property="rating",
        response_status_property="status",
    ) == {"1": {"name": "Ada", "rating": {"score": 7}, "status": 200}}


def test_entities_of_the_answer_take_the_place_of_the_entity(service):
    api = service(lambda asked: reply([{"_id": "a"}, {"_id": "b", "x": 1}]), OPERATIONS)
    found = api.through({"_id": "1"}, operation="get", replace_entity=True)
    assert found == {"a": {}, "b": {"x": 1}}


def test_statuses_are_allowed_or_ignored(service):
    statuses = {"/scores/1": 200, "/scores/2": 404, "/scores/3": 409}
    api = service(lambda asked: reply({"n": 1}, statuses[asked.path]), OPERATIONS)
    found = api.through(
        {"_id": "1"},
        {"_id": "2"},
        {"_id": "3"},
        operation="get",
        response_status_property="status",
        allowed_status_codes="200-299,409",
        ignored_status_codes="404",
    )
    assert {key: value["status"] for key, value in found.items()} == {"1": 200, "3": 409}


def test_pages_of_an_entity_are_one_list(service):
    def answer(asked):
        at = int(asked.query.get("page", 0))
        return reply({"items": [at], "next": f"?page={at + 1}" if at < 2 else ""})

    operation = {
        **OPERATIONS["get"],
        "payload_property": "items",
        "next_page_link": "{{ body.next }}",
    }
    api = service(answer, {"get": operation})
    assert api.through({"_id": "1"}, operation="get") == {"1": {"response": [0, 1, 2]}}


def test_what_is_no_json_is_a_text(service):
    api = service(lambda asked: Reply(b"seven", 200, {"Content-Type": "text/plain"}), OPERATIONS)
    found = api.through({"_id": "1"}, operation="get", response_include_content_type=True)
    assert found == {"1": {"response": "seven", "content-type": "text/plain"}}


def test_only_what_triggers_it_is_asked_for(service):
    api = service(lambda asked: reply(7), OPERATIONS)
    found = api.through(
        {"_id": "1", "ask": "yes"},
        {"_id": "2"},
        operation="get",
        trigger_on={"key": "ask", "value": "yes"},
    )
    assert found == {"1": {"ask": "yes", "response": 7}, "2": {}}


def test_a_failing_entity_is_told(service):
    api = service(lambda asked: reply("down", 500), OPERATIONS)
    api.node.put("in", {"_id": "1"})
    transform = {"type": "rest", "system": "api", "operation": "get"}
    api.node.pipe("out", source="in", transform=transform)
    result = api.node.try_run("out")
    assert "answered 500" in f"{result.error} {result.traceback}"
