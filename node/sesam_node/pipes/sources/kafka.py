"""The kafka source: messages of a topic. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import SYSTEM_ID
from sesam_node.pipes.component import Option, declare_source

DESERIALIZERS = ("bytes", "string", "json", "schema_registry_avro")

declare_source(
    "kafka",
    SYSTEM_ID,
    Option("topic", "string", doc="the topic to read"),
    Option("partitions", "array", None, "the partitions to read; all if null"),
    Option("seek_to_beginning", "boolean", default=True, doc="does the first run read all?"),
    Option("key_deserializer", "string", "string", "how keys are read", DESERIALIZERS),
    Option("value_deserializer", "string", "json", "how values are read", DESERIALIZERS),
    Option("strategy", "string", "key-value", "what becomes an entity", ("key-value", "value")),
    Option("strict", "boolean", default=True, doc="does an unreadable message fail the run?"),
    Option("consumer_timeout_ms", "integer", 10_000, "how long to wait for further messages"),
    doc="Messages of a Kafka topic, with an offset for each partition.",
    supports_since=True,
    is_chronological=True,
    namespaces=True,
    system_types=("kafka",),
)
