"""What a REST system offers: operations, whether it answers, requests that are passed on."""

from __future__ import annotations

import json

import pytest
from rest_service import JSON, reply
from web_server import Reply

from sesam_node.errors import PipeError
from sesam_node.pipes.introspection import offer, offers, prototypes, system_status
from sesam_node.pipes.proxy import proxy
from sesam_node.pipes.runs import PipeDefinition

OPERATIONS = {
    "token": {"url": "token", "method": "POST", "payload": {"key": "$SECRET(key)"}},
    "men": {
        "url": "men",
        "method": "GET",
        "id_expression": "{{ name }}",
        "params": {"page": "{{ page }}", "since": "{{ since }}"},
        "next_page_termination_strategy": "empty-result",
        "description": "all men",
    },
    "man": {"url": "men/{{ _id }}", "method": "GET"},
    "search": {"url": "search", "method": "POST", "payload_property": "found"},
    "save": {"url": "men/{{ _id }}", "method": "PUT"},
    "drop": {"url": "men/{{ entity.nr }}", "method": "DELETE"},
    "ping": {"url": "", "method": "HEAD"},
}
TOKENS = {"get_token_operation": "token", "expires_in_expression": "{{ token.expires_in }}"}
SECRETS = {"key": "s3cret-key"}


class Men:
    """A service whose tokens end when `revoked` is set."""

    def __init__(self):
        self.given = 0
        self.revoked = False

    def __call__(self, asked):
        if asked.path == "/token":
            self.given += 1
            return reply({"access_token": f"t0ken-{self.given}", "expires_in": 3600})
        valid = asked.headers.get("authorization") == f"Bearer t0ken-{self.given}"
        if self.revoked or not valid:
            self.revoked = False
            return reply({"error": "who are you?"}, 401)
        if asked.path == "/echo":
            told = json.dumps({"headers": asked.headers, "body": asked.body.decode()}).encode()
            return Reply(told, 200, {**JSON, "Location": f"/x?t={asked.headers['authorization']}"})
        if asked.path != "/men":
            return Reply(b"", 404)
        names = [["Abe", "Bo"], ["Ce"], []]
        return reply([{"name": name} for name in names[int(asked.query.get("page", 0))]])


@pytest.fixture
def men():
    return Men()


@pytest.fixture
def api(service, men):
    made = service(
        men,
        OPERATIONS,
        secrets=SECRETS,
        headers={"Authorization": "Bearer {{ token.access_token }}"},
        custom_auth=TOKENS,
    )
    made.definition = PipeDefinition({"_id": ""}, **made.node.more)
    return made


def test_operations_that_read_and_those_that_write(api):
    read = offers(api.definition, "api")["offers"]
    assert read == [
        {
            "id": "men",
            "kind": "operation",
            "columns": [],
            "method": "GET",
            "url": "men",
            "description": "all men",
        },
        {"id": "search", "kind": "operation", "columns": [], "method": "POST", "url": "search"},
    ]
    written = offers(api.definition, "api", sinks=True)["offers"]
    assert [one["id"] for one in written] == ["drop", "save", "search"]
    assert api.asked == []


def test_prototypes_name_the_operation(api):
    (pipe,) = prototypes(api.definition, "api", "men")
    source = {"type": "rest", "system": "api", "operation": "men"}
    assert pipe == {"_id": "api-men", "type": "pipe", "source": source}
    (pipe,) = prototypes(api.definition, "api", "save", sinks=True)
    assert pipe["sink"] == {"type": "rest", "system": "api", "operation": "save"}


def test_the_prototype_runs(api):
    (pipe,) = prototypes(api.definition, "api", "men")
    api.node.pipe(pipe["_id"], source=pipe["source"])
    api.node.run("api-men")
    assert sorted(api.node.live("api-men")) == ["Abe", "Bo", "Ce"]


def test_samples_are_asked_of_operations_with_get_and_no_more_pages_than_it_takes(api, men):
    many = [{"name": str(number)} for number in range(7)]
    api.server.answer = lambda asked: men(asked) if asked.path == "/token" else reply(many)
    told = offer(api.definition, "api", "men")
    assert [entity["_id"] for entity in told["samples"]] == ["0", "1", "2", "3", "4"]
    assert [asked.path for asked in api.asked] == ["/token", "/men"]
    assert offer(api.definition, "api", "search")["samples"] == []
    assert len(api.asked) == 2


def test_what_needs_an_entity_says_so(api):
    told = offer(api.definition, "api", "man")
    assert told["problem"] == 'it needs "_id" of an entity'
    assert "samples" not in told
    assert api.asked == []


def test_a_system_that_answers_is_well(api):
    told = system_status(api.definition, "api")
    assert (told["status"], told["message"]) == ("ok", "the server answers (404)")


def test_a_login_that_is_refused_is_not_well(api, men):
    api.server.answer = lambda asked: men(asked) if asked.path == "/token" else Reply(b"", 403)
    told = system_status(api.definition, "api")
    assert told["status"] == "failed"
    assert told["message"].endswith("refuses the login (403)")


def test_a_server_that_is_out_of_order_is_not_well(service):
    api = service(lambda _: Reply(b"", 503), {})
    told = system_status(PipeDefinition({"_id": ""}, **api.node.more), "api")
    assert (told["status"], told["message"][-20:]) == ("failed", "is out of order (503)"[-20:])


# ---- passing on ----------------------------------------------------------------------------------


def passed_on(api, path, method="GET", **given):
    head, *body = proxy(api.definition, "api", method, path, **given)
    return json.loads(head), b"".join(body)


def test_a_request_is_passed_on_with_the_token(api, men):
    head, body = passed_on(api, "men", query="page=1")
    assert (head["status"], json.loads(body)) == (200, [{"name": "Ce"}])
    men.revoked = True
    head, body = passed_on(api, "men", query="page=1")
    assert (head["status"], json.loads(body)) == (200, [{"name": "Ce"}])
    assert men.given == 2


def test_what_the_server_sends_back_of_the_login_is_left_out(api):
    head, body = passed_on(api, "echo", "POST", body=b"t0ken-1 s3cret-key")
    assert b"t0ken" not in body
    assert b"s3cret" not in body
    assert json.loads(body)["body"] == "***** *****"
    assert head["headers"]["location"] == "/x?t=Bearer *****"


@pytest.mark.parametrize("at", [0, 1, 65_530, 65_536, 131_069])
def test_a_secret_on_the_border_of_two_chunks_is_left_out(api, men, at):
    data = b"x" * at + b"s3cret-key" + b"y" * (200_000 - at)
    api.server.answer = lambda asked: men(asked) if asked.path == "/token" else Reply(data)
    _, body = passed_on(api, "x")
    assert body == data.replace(b"s3cret-key", b"*****")


def test_a_login_that_fails_is_no_answer(api):
    api.server.answer = lambda _: reply({"error": "no"}, 400)
    with pytest.raises(PipeError, match="/token answered 400"):
        passed_on(api, "men")
