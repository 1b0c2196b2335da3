"""The kafka sink, against the brokers that librdkafka brings."""

from __future__ import annotations

import json

import pytest
from kafka_cluster import PRODUCE
from kafka_node import KafkaNode
from page_examples import page_components
from web_server import Reply

from sesam_node.pipes.component import spec

MSG_SIZE_TOO_LARGE = 10
NOT_LEADER = 6
KEEPS = {"max_write_errors_in_retry_dataset": 100, "max_consecutive_write_errors": 100}


def test_an_entity_is_a_message(kafka):
    topic = kafka.cluster.topic()
    headers = {"b": "~b/w==", "h": "x", "m": ["1", "2"]}
    kafka.put(
        "data",
        {"_id": "1", "key": "a", "value": {"at": "~t2024-01-31T12:00:00Z", "n": 1}},
        {"_id": "2", "key": None, "value": "text", "headers": headers},
    )
    kafka.share(topic)
    kafka.run("out")
    assert kafka.cluster.messages(topic) == [
        (b"a", b'{"at":"2024-01-31T12:00:00Z","n":1}', None),
        (None, b'"text"', [("b", b"\xff"), ("h", b"x"), ("m", b"1"), ("m", b"2")]),
    ]


def test_the_whole_entity_is_the_value(kafka):
    topic = kafka.cluster.topic()
    kafka.put("data", {"_id": "a", "x": 1}, {"_id": "b", "x": 2})
    kafka.put("data", {"_id": "b", "_deleted": True, "x": 2})
    kafka.share(topic, strategy="value")
    kafka.run("out")
    assert kafka.cluster.messages(topic) == [(b"a", b'{"_id":"a","x":1}', None), (b"b", None, None)]


def test_a_deleted_entity_is_a_tombstone_of_its_key(kafka):
    topic = kafka.cluster.topic()
    kafka.put("data", {"_id": "1", "key": "a", "value": 1}, {"_id": "2"})
    kafka.put("data", {"_id": "1", "_deleted": True, "key": "a", "value": 1})
    kafka.put("data", {"_id": "2", "_deleted": True})
    kafka.share(topic)
    kafka.run("out")
    assert kafka.cluster.messages(topic) == [(b"a", None, None), (b"2", None, None)]


@pytest.mark.parametrize(
    ("serializer", "value", "data"),
    [
        ("bytes", "~bAP8=", b"\x00\xff"),
        ("string", "gr\u00f8nn", "gr\u00f8nn".encode()),
        ("string", "~f1.50", b"1.50"),
        ("string", 12, b"12"),
        ("json", {"d": "~f1.50", "t": "~t2024-01-31T12:00:00Z"}, None),
        ("json-transit", {"d": "~f1.50"}, b'{"d":"~f1.50"}'),
    ],
)
def test_values_are_written_by_their_serializer(kafka, serializer, value, data):
    topic = kafka.cluster.topic()
    kafka.put("data", {"_id": "1", "key": "a", "value": value})
    kafka.share(topic, value_serializer=serializer)
    kafka.run("out")
    expected = data if data is not None else b'{"d":1.5,"t":"2024-01-31T12:00:00Z"}'
    assert kafka.cluster.messages(topic) == [(b"a", expected, None)]


def test_what_is_read_can_be_written_with_no_rules(kafka):
    before, behind = kafka.cluster.topic(), kafka.cluster.topic()
    headers = [("h", b"1"), ("h", b"\xff")]
    kafka.cluster.send(before, ("a", '{"x":1}', headers), ("b", '["~t2024-01-01"]'), ("a", None))
    kafka.collect(before, sink={"type": "kafka", "system": "events", "topic": behind})
    kafka.run("got")
    assert kafka.cluster.messages(behind) == kafka.cluster.messages(before)


@pytest.mark.parametrize(
    ("entity", "options", "told"),
    [
        ({"value": 1}, {}, '$.key: expected a "key"; make the entity\'s message in DTL'),
        ({"key": "a"}, {}, '$.value: expected a "value"'),
        ({"key": ["a"], "value": 1}, {}, '$.key: expected a string, got ["a"], which key_seri'),
        ({"key": "a", "value": "x"}, {"value_serializer": "bytes"}, "$.value: expected bytes, got"),
        ({"key": "a", "value": 1, "headers": [1]}, {}, "$.headers: expected an object, got [1]"),
        ({"key": "a", "value": 1, "headers": {"h": 1}}, {}, "$.headers.h: expected text or bytes"),
    ],
)
def test_an_entity_that_makes_no_message(kafka, entity, options, told):
    topic = kafka.cluster.topic()
    kafka.put("data", {"_id": "1", **entity})
    kafka.share(topic, **options)
    assert told in kafka.try_run("out").error
    assert kafka.cluster.messages(topic) == []


def test_one_that_fails_is_tried_again_and_the_others_are_sent_once(kafka):
    topic = kafka.cluster.topic()
    kafka.put("data", *({"_id": f"{i}", "key": f"{i}", "value": i} for i in range(5)))
    kafka.put("data", {"_id": "bad", "value": 1})
    kafka.put("data", *({"_id": f"{i}", "key": f"{i}", "value": i} for i in range(5, 9)))
    kafka.share(topic, pump=KEEPS)
    result = kafka.run("out")
    assert (result.failed, result.retries_waiting) == (1, 1)
    assert [key for key, _, _ in kafka.cluster.messages(topic)] == [b"%d" % i for i in range(9)]
    kafka.put("data", {"_id": "bad", "key": "good", "value": 1})
    assert kafka.run("out").retries_waiting == 0
    assert kafka.cluster.messages(topic)[9:] == [(b"good", b"1", None)]


def test_messages_delivered_before_another_was_refused_are_not_sent_again(own_cluster):
    node = KafkaNode(own_cluster)
    topic = own_cluster.topic(partitions=4)
    node.put("data", *({"_id": f"{i}", "key": f"{i}", "value": i} for i in range(40)))
    # The first request of the batch is refused for good: those of other partitions are written.
    own_cluster.tell("push_request_errors", PRODUCE, MSG_SIZE_TOO_LARGE)
    node.share(topic, pump=KEEPS | {"batch_retries": 0}, batch_size=40)
    node.run("out")
    keys = sorted(int(key) for key, _, _ in own_cluster.messages(topic, 4))
    assert keys == list(range(40))
    node.store.close()


def test_what_the_broker_refuses_for_a_moment_is_sent_by_the_client_once(own_cluster):
    node = KafkaNode(own_cluster)
    topic = own_cluster.topic()
    own_cluster.tell("push_request_errors", PRODUCE, *[NOT_LEADER] * 3)
    node.put("data", {"_id": "1", "key": "a", "value": 1})
    node.share(topic)
    node.run("out")
    assert own_cluster.messages(topic) == [(b"a", b"1", None)]
    node.store.close()


@pytest.mark.long
def test_a_broker_that_dies_half_way(own_cluster):
    node = KafkaNode(own_cluster)
    topic = own_cluster.topic()
    node.put("data", *({"_id": f"{i}", "key": f"{i}", "value": i} for i in range(1_500)))
    node.share(topic, delivery_timeout_ms=1_500)

    def report(progress):
        if progress.processed == 1_200:
            own_cluster.tell("broker_set_down", 1)

    result = node.try_run("out", report=report)
    assert not result.success
    assert f'topic "{topic}", entity "1200"' in result.error
    assert "Message timed out" in result.error
    own_cluster.tell("broker_set_up", 1)
    node.run("out")
    keys = [int(key) for key, _, _ in own_cluster.messages(topic)]
    assert sorted(set(keys)) == list(range(1_500))
    assert keys[:1_200] == list(range(1_200))
    node.store.close()


def test_a_topic_that_is_not_there(own_cluster):
    # This cluster makes topics when it is asked for them; one that does not is told by the name.
    node = KafkaNode(own_cluster)
    node.put("data", {"_id": "1", "key": "a", "value": 1})
    node.share("made-by-asking")
    node.run("out")
    assert own_cluster.messages("made-by-asking", 4) == [(b"a", b"1", None)]
    node.store.close()


def test_schema_json_carries_the_number_of_the_newest_schema(kafka, web):
    asked = []

    def answer(request):
        asked.append(request.path)
        if request.path.startswith("/subjects/avro-"):
            return Reply({"id": 1, "version": 1, "schema": "{}"})
        return Reply({"id": 258, "version": 3, "schemaType": "JSON", "schema": "{}"})

    server = web(answer)
    topic = kafka.cluster.topic()
    node = KafkaNode(kafka.cluster, registry_url=server.url)
    node.put("data", *({"_id": f"{i}", "key": f"{i}", "value": {"i": i}} for i in range(3)))
    node.share(topic, value_serializer="confluent_schema_json")
    node.run("out")
    values = [value for _, value, _ in kafka.cluster.messages(topic)]
    assert values == [b'\0\0\0\1\2{"i":%d}' % i for i in range(3)]
    assert asked == [f"/subjects/{topic}-value/versions/latest"]
    node.share(kafka.cluster.topic("avro-topic"), value_serializer="confluent_schema_json")
    error = node.try_run("out", "rescan").error
    assert 'the schema of "avro-topic-value" is of the type AVRO' in error
    node.store.close()


def test_schema_json_without_a_registry(kafka):
    kafka.put("data", {"_id": "1", "key": "a", "value": 1})
    kafka.share(kafka.cluster.topic(), value_serializer="confluent_schema_json")
    assert '"confluent_schema_json" needs "registry_url"' in kafka.try_run("out").error


def test_a_login_that_does_not_go_together():
    system = {"_id": "k", "type": "system:kafka", "bootstrap_servers": "h:1"}
    check = spec("system", "kafka").check
    assert check(system) == []
    paths = [problem.path for problem in check(system | {"sasl_username": "u"})]
    assert paths == ["$.sasl_username"]
    login = {"sasl_username": "u", "sasl_password": "p"}
    problems = check(system | login | {"security_protocol": "SSL"})
    assert [(one.path, one.hint) for one in problems] == [("$.security_protocol", 'use "SASL_SSL"')]
    problems = check(system | {"security_protocol": "SASL_SSL"})
    assert [one.path for one in problems] == ["$.security_protocol"]


def test_a_refused_login_shows_no_password(kafka):
    # A broker without TLS hangs up on what it cannot read: that is an error, not an empty topic.
    login = {"sasl_username": "user", "sasl_password": "very-secret"}
    node = KafkaNode(kafka.cluster, security_protocol="SASL_PLAINTEXT", **login)
    node.collect(kafka.cluster.topic())
    result = node.try_run("got")
    assert not result.success
    told = json.dumps(result.events) + str(result.error) + str(result.traceback)
    assert "very-secret" not in told
    node.store.close()


def test_the_examples_of_the_page(own_cluster):
    found = page_components("kafka")
    node = KafkaNode(own_cluster)
    system = found["events"] | {"bootstrap_servers": own_cluster.servers}
    for name in ("sasl_username", "sasl_password"):
        del system[name]
    node.more["systems"] = {"events": system}
    own_cluster.topic("orders", 2)
    own_cluster.topic("order-totals")
    own_cluster.send("orders", ("1", '{"lines": [{"price": 5}, {"price": 7}]}'))
    for name in ("events-orders", "order-totals-share"):
        pipe = found[name]
        node.pipe(name, **{key: pipe[key] for key in pipe if key not in ("_id", "type")})
        node.run(name)
    assert own_cluster.messages("order-totals") == [(b"1", b'{"total":12}', None)]
    own_cluster.send("orders", ("1", None))
    node.run("events-orders")
    node.run("order-totals-share")
    assert own_cluster.messages("order-totals")[1:] == [(b"1", None, None)]
    node.store.close()
