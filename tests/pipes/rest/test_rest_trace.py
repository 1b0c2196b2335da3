"""`trace` of REST components: what was asked and answered, without what nobody may read."""

from __future__ import annotations

import json

import pytest
from rest_service import reply

from sesam_node.pipes import exchanges

LIST = {"list": {"url": "men", "method": "GET", "id_expression": "{{ name }}"}}
SAVE = {"save": {"url": "men/{{ _id }}", "method": "PUT", "payload": {"name": "{{ name }}"}}}
SECRET = 'hu sh&"1"'


def last_event(api, pipe):
    return api.node.events(pipe)[-1]


def traced(api, pipe):
    """The exchanges of the last run, without times."""
    found = last_event(api, pipe)["trace"]
    for exchange in found:
        assert exchange.pop("seconds") >= 0
        assert exchange.pop("start_time")
    return found


def test_a_source_tells_what_it_asked(service):
    api = service(lambda _: reply([{"name": "Abe"}], **{"X-Total": "1"}), LIST)
    api.collect(trace={"log_response_headers": False, "log_response_body_maxsize": 12})
    assert last_event(api, "got")["event_type"] == "pump-completed"
    assert traced(api, "got") == [
        {
            "component": "source",
            "request": {"method": "GET", "url": f"{api.server.url}/men", "headers": {}},
            "response": {"status": 200, "body": '[{"name": "A'},
        }
    ]


def test_without_trace_nothing_is_told(service):
    api = service(lambda _: reply([{"name": "Abe"}]), LIST)
    api.collect()
    assert "trace" not in last_event(api, "got")


def test_the_default_of_the_node_counts_where_the_component_says_nothing(service):
    api = service(lambda _: reply([{"name": "Abe"}]), LIST)
    api.node.more["metadata"] = {"global_defaults": {"trace": True}}
    api.collect()
    (exchange,) = traced(api, "got")
    assert exchange["response"]["headers"]["content-type"] == "application/json; charset=utf-8"
    told = len(api.node.events("got"))
    api.collect(trace=False)
    assert len(api.node.events("got")) == told


def test_a_run_that_changes_nothing_is_told_all_the_same(service):
    api = service(lambda _: reply([{"name": "Abe"}]), LIST)
    api.collect(trace=True)
    before = len(api.node.events("got"))
    api.collect(trace=True)
    assert len(api.node.events("got")) == before + 2


def test_a_sink_tells_of_a_request_that_failed(service):
    def answer(asked):
        return reply({"error": "taken"}, 409) if asked.path.endswith("2") else reply({})

    api = service(answer, SAVE)
    result = api.share(
        {"_id": "1", "name": "Abe"}, {"_id": "2", "name": "Bo"}, operation="save", trace=True
    )
    assert not result.success
    event = last_event(api, "out")
    assert event["event_type"] == "pump-failed"
    first, second = traced(api, "out")
    assert first["request"]["body"] == '{"name": "Abe"}'
    assert (first["component"], first["response"]["status"]) == ("sink", 200)
    assert second["response"]["body"] == '{"error": "taken"}'
    assert second["error"].endswith('/men/2 answered 409: {"error": "taken"}')


def test_a_request_without_answer_has_an_error_alone(service):
    api = service(lambda _: reply([]), LIST)
    api.node.more["systems"]["api"]["url_pattern"] = "http://127.0.0.1:1/%s"
    api.fails(trace=True)
    (exchange,) = traced(api, "got")
    assert "response" not in exchange
    assert "failed" in exchange["error"]


def test_nothing_that_somebody_logs_in_with_is_told(service):
    """The server sends back all that it is told: secrets are left out wherever they turn up."""

    def answer(asked):
        echo = {"path": asked.path, "query": asked.query, "headers": asked.headers}
        token = {"access_token": "t0ken-abc", "expires_in": 3600}
        if asked.path == "/token":
            return reply(token)
        return reply([{"name": "Abe", "echo": json.dumps(echo)}], **{"Set-Cookie": SECRET})

    operations = {
        "token": {"url": "token", "method": "POST", "payload": {"secret": "$SECRET(word)"}},
        "list": {
            **LIST["list"],
            "params": {
                "api_key": "plain",
                "q": "{{ secret('word') }}",
                "t": "{{ token.access_token }}",
            },
            "headers": {"X-Word": "{{ secret('word') }}"},
        },
    }
    api = service(
        answer,
        operations,
        secrets={"word": SECRET},
        headers={"Authorization": "Bearer {{ token.access_token }}", "X-Api-Key": "plain-key"},
        custom_auth={
            "get_token_operation": "token",
            "expires_in_expression": "{{ token.expires_in }}",
        },
        authentication="basic",
        username="kari",
        password="pa55word",
    )
    api.collect(trace={"log_response_body_maxsize": 5000, "log_secret_redacted_bytes": 1})
    text = json.dumps(traced(api, "got"))
    assert "sesam" not in text
    for secret in (
        SECRET,
        json.dumps(SECRET)[1:-1],
        "hu+sh",
        "hu%20sh",
        "t0ken",
        "plain-key",
        "pa55",
    ):
        assert secret not in text, secret
    (exchange,) = last_event(api, "got")["trace"]
    assert exchange["request"]["url"].startswith(f"{api.server.url}/men?api_key=*****&q=*****")
    assert exchange["request"]["headers"]["authorization"] == "*****"


def test_of_a_long_run_the_first_and_the_last_are_told(service, monkeypatch):
    monkeypatch.setattr(exchanges, "KEPT", 2)
    api = service(lambda _: reply({}), SAVE)
    men = [{"_id": str(number), "name": "x"} for number in range(7)]
    assert api.share(*men, operation="save", trace=True).success
    found = last_event(api, "out")["trace"]
    ids = [item.get("left_out") or item["request"]["url"][-1] for item in found]
    assert ids == ["0", "1", 3, "5", "6"]


@pytest.mark.parametrize("asked_for", [True, False])
def test_a_preview_tells_it_for_entities_that_ask(service, asked_for):
    api = service(lambda _: reply({"error": "none"}, 404), SAVE)
    transform = {"type": "rest", "system": "api", "operation": "save", "side_effects": False}
    api.node.pipe("out", source="in", transform=transform)
    entity = {"_id": "1", "name": "Abe", **({"_trace": True} if asked_for else {})}
    (result,) = api.node.preview("out", entities=[entity])
    assert "answered 404" in result["error"]["message"]
    if not asked_for:
        assert "trace" not in result
        return
    (exchange,) = result["trace"]
    assert exchange["component"] == "transform"
    assert exchange["position"] == 0
    assert exchange["response"]["status"] == 404
