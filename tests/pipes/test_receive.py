"""Receivers: numbers, deletes, the JSON push protocol."""

from __future__ import annotations

import contextlib

import pytest

from sesam_node.errors import ConflictError, InputError
from sesam_node.pipes.evaluate import EntityError


@pytest.fixture
def receiver(node):
    node.pipe("in", source={"type": "http_endpoint"})
    return node


def push(node, entities, request, previous=None, *, sequence="s", **flags):
    parameters = {"sequence_id": sequence, "is_full": "true", "request_id": request, **flags}
    if previous is not None:
        parameters["previous_request_id"] = previous
    return node.receive("in", entities, **parameters)


def test_posted_entities_are_written_and_the_answer_is_empty(receiver):
    assert receiver.receive("in", [{"_id": "1", "x": 1}, {"_id": "2"}]) == {}
    assert receiver.receive("in", {"_id": "3"}) == {}
    assert receiver.live("in") == {"1": {"x": 1}, "2": {}, "3": {}}
    assert receiver.store.dataset("in").populated


def test_a_deleted_entity_after_a_live_one_is_a_deleted_version(receiver):
    receiver.receive("in", [{"_id": "1", "x": 1}, {"_id": "1", "_deleted": True}])
    assert receiver.log("in") == ["1", "-1"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [1, "~f1.50", 100000, "~f0.001", 2, -3]),
        ({"do_float_as_int": False}, ["~f1.0", "~f1.50", "~f100000", "~f0.001", 2, "~f-3.00"]),
        ({"do_float_as_decimal": False}, [1, 1.5, 100000, 0.001, 2, -3]),
        (
            {"do_float_as_decimal": False, "do_float_as_int": False},
            [1.0, 1.5, 100000.0, 0.001, 2, -3.0],
        ),
    ],
)
def test_numbers_are_read_as_the_receiver_says(memory_node, options, expected):
    memory_node.pipe("in", source={"type": "http_endpoint", **options})
    memory_node.receive("in", b'{"_id":"1","n":[1.0,1.50,1e5,1e-3,2,-3.00]}')
    found = memory_node.live("in")["1"]["n"]
    assert (found, [type(item) for item in found]) == (expected, [type(item) for item in expected])


def test_transforms_run_over_posted_entities(node):
    node.put("h", {"_id": "x", "v": 1})
    hop = ["hops", {"datasets": ["h h"], "where": [["eq", "_S.ref", "h._id"]], "return": "h.v"}]
    rules = [["filter", ["is-not-null", "_S.ref"]], ["copy", "_id"], ["add", "v", ["first", hop]]]
    node.pipe("in", source={"type": "http_endpoint"}, rules=rules)
    node.receive("in", [{"_id": "1", "ref": "x"}, {"_id": "2"}, {"_id": "3", "ref": "y"}])
    assert node.live("in") == {"1": {"v": 1}, "3": {"v": None}}


def test_one_failing_entity_refuses_the_whole_post(node):
    rules = [["copy", "*"], ["if", ["eq", "_S.x", 1], ["fail!", "no"]]]
    node.pipe("in", source={"type": "http_endpoint"}, rules=rules)
    with pytest.raises(EntityError, match="no"):
        node.receive("in", [{"_id": "1"}, {"_id": "2", "x": 1}])
    assert node.live("in") == {}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'[{"_id":"1"},{"x":1}]', "missing-id"),
        (b'[{"_id":"1"', "broken-json"),
        (b'"text"', "expected a list of entities"),
        (b'[{"_id":"1"},7]', "expected an entity, got 7"),
    ],
)
def test_a_body_that_holds_no_entities_is_refused(receiver, body, message):
    with pytest.raises(InputError) as caught:
        receiver.receive("in", body)
    assert message in str(caught.value)
    assert receiver.live("in") == {}


def test_a_full_sequence_deletes_what_it_did_not_bring(receiver):
    receiver.receive("in", [{"_id": "1"}, {"_id": "2"}, {"_id": "3"}])
    push(receiver, [{"_id": "1"}], "1", is_first="true")
    push(receiver, [{"_id": "2", "x": 1}], "2", "1")
    assert receiver.deleted("in") == []
    push(receiver, [{"_id": "4"}], "3", "2", is_last="True")
    assert (sorted(receiver.live("in")), receiver.deleted("in")) == (["1", "2", "4"], ["3"])
    assert list(receiver.store.dataset("in").state("in")) == ["push"]


def test_a_sequence_of_one_request_deletes_too(receiver):
    receiver.receive("in", [{"_id": "1"}, {"_id": "2"}])
    push(receiver, [{"_id": "1"}], "1", is_first="true", is_last="true")
    assert receiver.deleted("in") == ["2"]


def test_a_new_sequence_replaces_the_open_one(receiver):
    receiver.receive("in", [{"_id": "1"}, {"_id": "2"}])
    push(receiver, [{"_id": "1"}], "1", is_first="true")
    push(receiver, [{"_id": "2"}], "1", is_first="true", sequence="other")
    with pytest.raises(ConflictError):
        push(receiver, [{"_id": "1"}], "2", "1")
    push(receiver, [], "2", "1", sequence="other", is_last="true")
    assert (list(receiver.live("in")), receiver.deleted("in")) == (["2"], ["1"])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"request_id": "3", "previous_request_id": "9"}, 'expected a request that follows "1"'),
        ({"request_id": "2", "previous_request_id": "1", "is_full": "false"}, "is_full"),
        ({"request_id": "2", "is_first": "true"}, '"is_first" came again'),
        ({"sequence_id": "t", "request_id": "2", "previous_request_id": "1"}, "the first request"),
    ],
)
def test_requests_that_do_not_fit_the_sequence_are_conflicts(receiver, parameters, message):
    push(receiver, [{"_id": "1"}], "1", is_first="true")
    with pytest.raises(ConflictError, match=message):
        receiver.receive(
            "in", [{"_id": "2"}], **{"sequence_id": "s", "is_full": "true"} | parameters
        )
    assert list(receiver.live("in")) == ["1"]


def test_an_ended_sequence_takes_no_more(receiver):
    push(receiver, [{"_id": "1"}], "1", is_first="true", is_last="true")
    with pytest.raises(ConflictError):
        push(receiver, [{"_id": "2"}], "2", "1")


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_request_whose_answer_was_lost_comes_again_and_changes_nothing(receiver, lost):
    receiver.receive("in", [{"_id": "1"}, {"_id": "2"}, {"_id": "3"}])
    requests = [
        ([{"_id": "1"}], "1", None, {"is_first": "true"}),
        ([{"_id": "2", "x": 1}], "2", "1", {}),
        ([], "3", "2", {"is_last": "true"}),
    ]
    for number, (entities, request, previous, flags) in enumerate(requests, 1):
        for _ in range(2 if number == lost else 1):
            push(receiver, entities, request, previous, **flags)
    assert receiver.log("in") == ["1", "2", "3", "2", "-3"]


def test_a_client_that_names_all_sequences_alike_deletes_each_time(receiver):
    for entities in ([{"_id": "1"}, {"_id": "2"}], [{"_id": "1"}], [{"_id": "3"}]):
        push(receiver, entities, "1", is_first="true", is_last="true")
    assert receiver.log("in") == ["1", "2", "-2", "3", "-1"]


def test_incremental_posts_pass_an_open_sequence_by(receiver):
    receiver.receive("in", [{"_id": "1"}])
    push(receiver, [{"_id": "1"}], "1", is_first="true")
    receiver.receive("in", [{"_id": "2"}], request_id="x", is_first="true")
    push(receiver, [], "2", "1", is_last="true")
    assert sorted(receiver.live("in")) == ["1", "2"]


def test_a_sequence_that_fails_midway_can_send_its_request_again(receiver, monkeypatch):
    receiver.receive("in", [{"_id": "1"}, {"_id": "2"}, {"_id": "3"}])
    push(receiver, [{"_id": "1"}], "1", is_first="true")
    with pytest.raises(InputError):
        push(receiver, b"[", "2", "1")
    push(receiver, [{"_id": "2"}], "2", "1")
    push(receiver, [], "3", "2", is_last="true")
    assert receiver.deleted("in") == ["3"]


def test_a_flag_that_is_neither_true_nor_false_is_refused(receiver):
    with pytest.raises(InputError, match='expected "is_full" to be true or false, got "maybe"'):
        receiver.receive("in", [], is_full="maybe")


def test_a_validation_expression_may_refuse_a_request(memory_node):
    expression = "{{ '' if request_headers['X-Key'] == secret('key') else 'wrong key' }}"
    memory_node.more = {"secrets": {"key": "s3"}}
    memory_node.pipe("in", source={"type": "http_endpoint", "validation_expression": expression})
    memory_node.receive("in", [{"_id": "1"}], headers={"x-key": "s3"})
    with pytest.raises(InputError, match="wrong key"):
        memory_node.receive("in", [{"_id": "2"}], headers={"X-Key": "no"})
    assert list(memory_node.live("in")) == ["1"]


def traced_events(node, body, headers, *, trace):
    node.more = {"secrets": {"word": "s3cret"}}
    node.pipe("in", source={"type": "http_endpoint", "trace": trace})
    with contextlib.suppress(InputError):
        node.receive("in", body, headers=headers)
    return [
        {key: event.get(key) for key in sorted(event) if "re" in key[:3] and key != "reason"}
        for event in node.events("in")
    ]


def test_a_trace_tells_of_each_request_without_secrets(node):
    headers = {"X-Word": "a s3cret", "Authorization": "Bearer t0ken", "Cookie": "c00kie"}
    body = [{"_id": "1", "x": "s3cret"}]
    started, completed = traced_events(node, body, headers, trace=True)
    assert started == {}
    assert completed == {
        "request_body": '[{"_id": "1", "x": "*****"}]',
        "request_headers": {"Authorization": "*****", "Cookie": "*****", "X-Word": "a *****"},
        "response_body": "{}",
        "response_headers": {"content-type": "application/json"},
    }
    assert [event["event_type"] for event in node.events("in")] == [
        "pump-started",
        "pump-completed",
    ]


def test_a_trace_says_what_is_told(memory_node):
    trace = {
        "log_request_headers": False,
        "log_request_body_maxsize": 5,
        "log_response_headers": False,
        "log_response_body_maxsize": 0,
    }
    _, completed = traced_events(memory_node, [{"_id": "1"}], {"A": "b"}, trace=trace)
    assert completed == {"request_body": '[{"_i', "response_body": ""}


def test_a_request_that_is_refused_is_traced_too(memory_node):
    _, failed = traced_events(memory_node, b"[s3cret", {}, trace=True)
    assert failed["request_body"] == "[*****"
    assert "no JSON" in failed["reason_why_stopped"]


def test_without_a_trace_no_request_is_told(memory_node):
    assert traced_events(memory_node, [{"_id": "1"}], {}, trace=None) == []


def test_the_node_may_trace_all_receivers(memory_node):
    memory_node.more = {"metadata": {"global_defaults": {"trace": True}}}
    memory_node.pipe("in", source={"type": "http_endpoint"})
    memory_node.receive("in", [{"_id": "1"}])
    assert len(memory_node.events("in")) == 2


def test_a_pipe_without_receiver_takes_no_posts(node):
    node.pipe("b", source="a")
    with pytest.raises(InputError, match='pipe "b" has no receiver'):
        node.receive("b", [])
