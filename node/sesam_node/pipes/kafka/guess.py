"""How the messages of a topic are best read, guessed from its first ones."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from sesam_node.pipes.kafka.formats import UnreadableError, reader, split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_node.pipes.kafka.client import Connection

MESSAGES: Final = 20
LONGEST_S: Final = 5.0


def guessed(
    connection: Connection, topic: str, partitions: list[int], *, has_registry: bool
) -> dict[str, str]:
    """The options of a source that differ from their defaults."""
    keys, values = _first(connection, topic, partitions)
    found = {}
    key = _format(keys, ("string", "bytes"))
    if key != "string":
        found["key_deserializer"] = key
    tagged = bool(values) and all(_has_number(value) for value in values)
    value = _format(values, ("confluent_schema_json",)) if tagged else ""
    if tagged and not value:
        value = "schema_registry_avro" if has_registry else "bytes"
    value = value or _format(values, ("json", "string", "bytes"))
    if value != "json":
        found["value_deserializer"] = value
    return found


def _first(
    connection: Connection, topic: str, partitions: list[int]
) -> tuple[list[bytes], list[bytes]]:
    """Some keys and values of the topic; few where it is empty or slow."""
    place = connection.kafka.TopicPartition
    client = connection.client
    begin = connection.kafka.OFFSET_BEGINNING
    client.assign([place(topic, partition, begin) for partition in partitions])
    ended: set[int] = set()
    found: list[Any] = []
    until = time.monotonic() + LONGEST_S
    try:
        while len(found) < MESSAGES and len(ended) < len(partitions) and time.monotonic() < until:
            for message in client.consume(MESSAGES, 0.1):
                if message.error() is None:
                    found.append(message)
                else:
                    ended.add(message.partition())
    finally:
        client.unassign()
    return (
        [message.key() for message in found if message.key() is not None],
        [message.value() for message in found if message.value() is not None],
    )


def _format(items: Sequence[bytes], names: Sequence[str]) -> str:
    """The first format that reads them all; empty where none does."""
    return next((name for name in names if all(_reads(name, item) for item in items)), "")


def _reads(name: str, data: bytes) -> bool:
    try:
        reader(name, None)(data)
    except UnreadableError:
        return False
    return True


def _has_number(data: bytes) -> bool:
    try:
        split(data)
    except UnreadableError:
        return False
    return True
