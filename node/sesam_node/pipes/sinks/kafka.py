"""The kafka sink: messages to a topic. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import SYSTEM_ID
from sesam_node.pipes.component import Option, declare_sink

SERIALIZERS = ("bytes", "string", "json", "confluent_schema_json")

declare_sink(
    "kafka",
    SYSTEM_ID,
    Option("topic", "string", doc="the topic to write"),
    Option("key_serializer", "string", "string", "how keys are written", SERIALIZERS),
    Option("value_serializer", "string", "json", "how values are written", SERIALIZERS),
    Option("strategy", "string", "key-value", "what of an entity is sent", ("key-value", "value")),
    Option("delivery_timeout_ms", "integer", 120_000, "how long to wait for the broker"),
    doc="Sends a message to a Kafka topic for each entity.",
    namespaces=True,
    system_types=("kafka",),
)
