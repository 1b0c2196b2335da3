"""The kafka source, against the brokers that librdkafka brings."""

from __future__ import annotations

import io
import json
import os
import signal
import struct
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import fastavro
import pytest
from kafka_node import KafkaNode
from killed_kafka_run import pipe
from pipes_helpers import without_id
from web_server import Reply

from sesam_node.pipes.introspection import offer, offers, system_status
from sesam_node.store.api import Commit


def values(node, name="got"):
    """The property `value` of each live entity."""
    return {key: entity.get("value") for key, entity in node.live(name).items()}


def test_a_message_is_an_entity_with_its_place(kafka):
    topic = kafka.cluster.topic()
    kafka.cluster.send(topic, ("a", '{"x": 1}', [("trace", b"t1"), ("raw", b"\xff")]))
    kafka.collect(topic)
    kafka.run("got")
    entity = kafka.live("got")["a"]
    assert type(entity.pop("timestamp")) is int
    assert entity == {
        "key": "a",
        "value": {"x": 1},
        "offset": 0,
        "partition": 0,
        "headers": {"trace": "t1", "raw": "~b/w=="},
    }


def test_a_second_run_reads_what_is_new(kafka):
    topic = kafka.cluster.topic(partitions=2)
    kafka.cluster.send(topic, ("a", "1"))
    kafka.cluster.send(topic, ("b", "2"), partition=1)
    kafka.collect(topic)
    assert kafka.run("got").processed == 2
    kafka.cluster.send(topic, ("b", "3"), ("c", "4"), partition=1)
    result = kafka.run("got")
    assert (result.sync_type, result.processed) == ("incremental", 2)
    assert values(kafka) == {"a": 1, "b": 3, "c": 4}
    assert kafka.run("got").processed == 0
    places = kafka.state("got", "offset")
    assert (places["0"], places["1"]) == (1, 3)


def test_a_tombstone_deletes(kafka):
    topic = kafka.cluster.topic()
    kafka.cluster.send(topic, ("a", "1"), ("b", "2"), ("a", None))
    kafka.collect(topic)
    kafka.run("got")
    assert values(kafka) == {"b": 2}
    assert kafka.deleted("got") == ["a"]


def test_the_value_alone_is_the_entity(kafka):
    topic = kafka.cluster.topic()
    kafka.cluster.send(
        topic, ("a", '{"x": "~t2024-01-01", "_id": "other"}'), (None, '{"_id": "b"}')
    )
    kafka.cluster.send(topic, ("c", '{"x": 1}'), ("c", None))
    kafka.collect(topic, strategy="value")
    kafka.run("got")
    assert kafka.live("got") == {"a": {"x": "~~t2024-01-01"}, "b": {}}
    assert kafka.deleted("got") == ["c"]


@pytest.mark.parametrize(
    ("name", "data", "value"),
    [
        ("bytes", b"\x00\xff", "~bAP8="),
        ("string", "gr\u00f8nn".encode(), "gr\u00f8nn"),
        ("string", b"~t2024-01-01", "~~t2024-01-01"),
        ("json", b'["~t2024-01-01", 1.5]', ["~~t2024-01-01", 1.5]),
        ("json-transit", b'["~t2024-01-01", 1.5]', ["~t2024-01-01", 1.5]),
        ("confluent_schema_json", b'\0\0\0\0\x07{"x": 1}', {"x": 1}),
    ],
)
def test_values_are_read_by_their_deserializer(kafka, name, data, value):
    topic = kafka.cluster.topic()
    kafka.cluster.send(topic, ("a", data))
    kafka.collect(topic, value_deserializer=name)
    kafka.run("got")
    assert values(kafka) == {"a": value}


@pytest.mark.parametrize(
    ("name", "key", "entity_id"),
    [("json", b"12", "12"), ("json", b'{"b": 1, "a": 2}', '{"a":2,"b":1}'), ("string", b"k", "k")],
)
def test_a_key_makes_the_id(kafka, name, key, entity_id):
    topic = kafka.cluster.topic()
    kafka.cluster.send(topic, (key, "1"))
    kafka.collect(topic, key_deserializer=name)
    kafka.run("got")
    assert list(kafka.live("got")) == [entity_id]


def test_a_message_that_is_no_json_fails_with_its_place_and_what_came_before_is_kept(kafka):
    topic = kafka.cluster.topic(partitions=2)
    kafka.cluster.send(topic, ("a", "1"), ("b", '{"x": oops}'), ("c", "3"), partition=1)
    kafka.collect(topic)
    result = kafka.try_run("got")
    assert not result.success
    assert (
        "partition 1, offset 1: its value is not json: line 1, column 7: invalid character; "
        'set "strict" to false to go on behind such messages [unreadable-message]' in result.error
    )
    assert values(kafka) == {"a": 1}
    assert kafka.state("got", "offset")["1"] == 1
    kafka.collect(topic, strict=False)
    kafka.run("got")
    assert kafka.live("got")["b"]["invalid_value"] == "~beyJ4Ijogb29wc30="
    assert values(kafka) == {"a": 1, "b": None, "c": 3}


def test_what_gets_no_id_is_left_out_and_told_unless_strict(kafka, caplog):
    topic = kafka.cluster.topic()
    kafka.cluster.send(topic, (None, "1"), (b"\xff", "2"), ("c", "3"))
    kafka.collect(topic)
    result = kafka.try_run("got")
    assert "partition 0, offset 0: it has no key that makes an _id" in result.error
    kafka.collect(topic, strict=False)
    kafka.run("got")
    assert values(kafka) == {"c": 3}
    assert "2 messages were left out" in caplog.text
    kafka.collect(
        topic, strict=False, rules=[["copy", "*"], ["add", "_id", ["string", "_S.offset"]]]
    )
    kafka.run("got", "rescan")
    assert kafka.live("got")["1"]["invalid_key"] == "~b/w=="


def test_only_new_messages_are_read_from_the_end(kafka):
    topic = kafka.cluster.topic(partitions=2)
    kafka.cluster.send(topic, ("old", "1"))
    kafka.collect(topic, seek_to_beginning=False)
    assert kafka.run("got").processed == 0
    kafka.cluster.send(topic, ("new", "2"))
    kafka.cluster.send(topic, ("new2", "3"), partition=1)
    kafka.run("got")
    assert values(kafka) == {"new": 2, "new2": 3}
    # What a rescan does not read is not gone.
    kafka.run("got", "rescan")
    assert values(kafka) == {"new": 2, "new2": 3}


def test_chosen_partitions_alone_are_read(kafka):
    topic = kafka.cluster.topic(partitions=3)
    for partition in range(3):
        kafka.cluster.send(topic, (f"p{partition}", "1"), partition=partition)
    kafka.collect(topic, partitions=[0, 2])
    kafka.run("got")
    assert sorted(values(kafka)) == ["p0", "p2"]
    kafka.collect(topic, partitions=[7])
    error = kafka.try_run("got").error
    assert 'has no partition 7; "partitions" may hold 0 to 2' in error


def test_a_partition_that_came_later_is_read_from_its_beginning(kafka):
    topic = kafka.cluster.topic(partitions=2)
    kafka.cluster.send(topic, ("a", "1"))
    kafka.collect(topic, partitions=[0], seek_to_beginning=False)
    kafka.run("got")
    kafka.cluster.send(topic, ("b", "2"), partition=1)
    kafka.collect(topic, seek_to_beginning=False)
    kafka.run("got", "incremental")
    assert values(kafka) == {"b": 2}


def test_more_messages_than_a_batch(kafka):
    topic = kafka.cluster.topic(partitions=2)
    for partition in range(2):
        messages = [(f"{partition}-{i}", f'{{"n": {i}}}') for i in range(2_500)]
        kafka.cluster.send(topic, *messages, partition=partition)
    kafka.collect(topic)
    assert kafka.run("got").changed == 5_000
    places = kafka.state("got", "offset")
    assert (places["0"], places["1"]) == (2_500, 2_500)


def test_a_topic_that_is_not_there(kafka):
    kafka.cluster.topic("customers")
    kafka.collect("custmers")
    error = kafka.try_run("got").error
    assert 'system "events": there is no topic "custmers"; did you mean "customers"?' in error


def test_a_topic_that_was_made_anew_is_not_taken_for_the_old_one(kafka):
    topic = kafka.cluster.topic()
    kafka.cluster.send(topic, ("a", "1"), ("b", "2"))
    kafka.collect(topic)
    kafka.run("got")
    kafka.cluster.tell("topic_delete", topic)
    kafka.cluster.topic(topic)
    kafka.cluster.send(topic, ("c", "3"), ("d", "4"), ("e", "5"))
    error = kafka.try_run("got").error
    assert "the topic was deleted and made anew since the last run; a full rescan" in error
    kafka.run("got", "rescan")
    assert values(kafka) == {"c": 3, "d": 4, "e": 5}


def test_messages_that_the_topic_has_dropped_are_no_silent_loss(kafka, caplog):
    topic = kafka.cluster.topic()
    kafka.cluster.send(topic, ("a", "1"))
    kafka.collect(topic)
    kafka.run("got")
    kafka.cluster.send(topic, ("b", "2"), ("c", "3"), ("d", "4"))
    kafka.cluster.tell("partition_delete_records", topic, 0, 3)
    error = kafka.try_run("got").error
    assert "partition 0: the pipe is at offset 1, but the topic begins at 3 now: 2 offsets" in error
    kafka.collect(topic, strict=False)
    kafka.run("got")
    assert values(kafka) == {"a": 1, "d": 4}
    assert "goes on at offset 3 instead of 1" in caplog.text


@pytest.mark.parametrize(
    ("last_seen", "told"),
    [
        (
            {"0": 99},
            "the pipe is at offset 99, but the topic ends at 1: it was emptied or made anew",
        ),
        (12, 'the pipe\'s offset is 12; it is the next offset of each partition: {"0": 120, "1"'),
    ],
)
def test_an_offset_that_cannot_be(kafka, last_seen, told):
    topic = kafka.cluster.topic()
    kafka.cluster.send(topic, ("a", "1"))
    kafka.collect(topic)
    kafka.run("got")
    change = Commit("got", {"offset": json.dumps(last_seen).encode()}, None)
    kafka.store.dataset("got").write([], change)
    assert told in kafka.try_run("got").error


@pytest.mark.long
def test_a_broker_that_dies_half_way(own_cluster):
    node = KafkaNode(own_cluster)
    topic = own_cluster.topic()
    own_cluster.send(topic, *((f"{i}", "1") for i in range(3_000)))
    node.collect(topic, rules=[["copy", "*"]])
    broken = []

    def report(progress):
        # What the client has fetched already is read; the next fetch finds nobody.
        if not broken:
            own_cluster.send(topic, *((f"late-{i}", "1") for i in range(2_000)))
            own_cluster.tell("broker_set_down", 1)
            broken.append(progress.processed)

    result = node.try_run("got", report=report)
    assert not result.success
    assert "partition 0, offset 3000: Local: All broker connections are down" in result.error
    assert "Connection refused" in result.error
    own_cluster.tell("broker_set_up", 1)
    node.run("got")
    assert len(node.live("got")) == 5_000
    assert len(node.log("got")) == 5_000
    node.store.close()


def test_a_cluster_that_is_not_there_is_an_error_and_no_empty_topic(own_cluster):
    node = KafkaNode(own_cluster)
    topic = own_cluster.topic()
    own_cluster.send(topic, ("a", "1"))
    node.collect(topic)
    node.run("got")
    own_cluster.close()
    result = node.try_run("got")
    assert "asking for its topics" in result.error or "asking for the topic" in result.error
    assert "Connection refused" in result.error
    assert values(node) == {"a": 1}
    node.store.close()


@pytest.mark.long
@pytest.mark.parametrize("place", ["before", "behind"])
def test_a_run_that_is_killed_brings_each_message_once(cluster, tmp_path, place):
    topic = cluster.topic(partitions=2)
    cluster.send(topic, ("p0", "-1"))
    url = f"lmdb:{tmp_path / 'store'}"
    node = KafkaNode(cluster, url)
    node.pipe("got", **pipe(topic))
    node.run("got")
    node.store.close()
    for partition in range(2):
        # The same key again and again: a version that came twice would show in the log.
        messages = [(f"p{partition}", f"{i}") for i in range(700)]
        cluster.send(topic, *messages, partition=partition)
    program = Path(__file__).parent / "killed_kafka_run.py"
    killed = subprocess.run(
        [sys.executable, program, cluster.servers, topic, url, place],
        env=os.environ,
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    node = KafkaNode(cluster, url)
    node.pipe("got", **pipe(topic))
    assert 1 < len(node.versions("got", history=True)) < 1_401
    node.run("got")
    seen = [without_id(version.body) for version in node.versions("got", history=True)]
    for partition in range(2):
        mine = [entity["value"] for entity in seen if entity["partition"] == partition]
        assert mine == [*([-1] if partition == 0 else []), *range(700)]
    node.store.close()


def test_avro_is_read_by_the_schema_of_the_registry(kafka, web):
    money = {
        "type": "record",
        "name": "shop.Money",
        "fields": [
            {
                "name": "amount",
                "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
            }
        ],
    }
    order = {
        "type": "record",
        "name": "shop.Order",
        "fields": [
            {"name": "price", "type": "shop.Money"},
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        ],
    }
    answers = {
        "/schemas/ids/5": {
            "schema": json.dumps(order),
            "references": [{"name": "shop.Money", "subject": "money", "version": 2}],
        },
        "/subjects/money/versions/2": {"schema": json.dumps(money), "id": 3},
    }

    def answer(asked):
        if asked.headers.get("authorization") != "Basic cmVhZGVyOnNlc2FtZQ==":
            return Reply({"error_code": 401, "message": "Unauthorized"}, 401)
        if asked.path not in answers:
            return Reply({"error_code": 40403, "message": "Schema not found"}, 404)
        return Reply(answers[asked.path])

    server = web(answer)
    named = {}
    fastavro.parse_schema(money, named_schemas=named)
    schema = fastavro.parse_schema(order, named_schemas=named)
    data = io.BytesIO(struct.pack(">bI", 0, 5))
    data.seek(0, io.SEEK_END)
    record = {"price": {"amount": Decimal("12.50")}, "at": 1_700_000_000_000}
    fastavro.schemaless_writer(data, schema, record)
    topic = kafka.cluster.topic()
    kafka.cluster.send(topic, ("a", data.getvalue()))
    login = {"registry_username": "reader", "registry_password": "sesame"}
    node = KafkaNode(kafka.cluster, registry_url=f"{server.url}/", **login)
    node.collect(topic, value_deserializer="schema_registry_avro")
    node.run("got")
    assert values(node) == {"a": {"price": {"amount": "~f12.50"}, "at": "~t2023-11-14T22:13:20Z"}}
    kafka.cluster.send(topic, ("b", struct.pack(">bI", 0, 6) + b"x"))
    error = node.try_run("got").error
    assert "/schemas/ids/6 answered 404" in error
    assert "sesame" not in error
    node.store.close()


def test_avro_that_does_not_fit_its_schema_is_told_by_its_place(kafka, web):
    schema = {"type": "record", "name": "R", "fields": [{"name": "text", "type": "string"}]}
    server = web(lambda asked: Reply({"schema": json.dumps(schema)}))
    topic = kafka.cluster.topic()
    kafka.cluster.send(topic, ("a", b"\0\0\0\0\5\x08text"), ("b", b"\0\0\0\0\5\x10text"))
    node = KafkaNode(kafka.cluster, registry_url=server.url)
    node.collect(topic, value_deserializer="schema_registry_avro")
    error = node.try_run("got").error
    assert "partition 0, offset 1: its value is not schema_registry_avro: it does not fit" in error
    assert values(node) == {"a": {"text": "text"}}
    node.store.close()


def test_avro_without_a_registry(kafka):
    kafka.collect(kafka.cluster.topic(), value_deserializer="schema_registry_avro")
    error = kafka.try_run("got").error
    assert '"schema_registry_avro" needs "registry_url"' in error


def test_a_system_offers_its_topics(own_cluster):
    node = KafkaNode(own_cluster)
    own_cluster.topic("customer", 2)
    own_cluster.topic("note")
    own_cluster.send("customer", ("1", '{"name": "Ada"}'))
    own_cluster.send("note", (b"\xfe", b"hello"))
    node.collect("customer")
    definition = node.pipes["got"]
    assert system_status(definition, "events") | {"seconds": 0} == {
        "status": "ok",
        "message": "brokers: 1, topics: 2",
        "seconds": 0,
    }
    told = offers(definition, "events")["offers"]
    assert [(one["id"], one["kind"], one["partitions"]) for one in told] == [
        ("customer", "topic", 2),
        ("note", "topic", 1),
    ]
    customer = offer(definition, "events", "customer")
    assert customer["samples"][0]["value"] == {"name": "Ada"}
    assert customer["pipe"] == {
        "_id": "events-customer",
        "type": "pipe",
        "source": {
            "type": "kafka",
            "system": "events",
            "topic": "customer",
            "consumer_timeout_ms": 1000,
        },
    }
    note = offer(definition, "events", "note")["pipe"]["source"]
    assert (note["key_deserializer"], note["value_deserializer"]) == ("bytes", "string")
    own_cluster.close()
    status = system_status(definition, "events")
    assert status["status"] == "failed"
    assert "Connection refused" in status["message"]
    node.store.close()
