"""The kafka sink: a message for each entity, each batch flushed before the next.

Messages that were delivered before another one of their batch failed are not sent again with the
entities that are tried one by one. Beyond that the sink is at-least-once: a run that is killed
sends the last batch again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_node.errors import ConfigError, NotFoundError, PipeError, Problem, preview
from sesam_node.pipes.accepted import Accepted
from sesam_node.pipes.common_options import SYSTEM_ID
from sesam_node.pipes.component import Option, sink
from sesam_node.pipes.kafka.errors import broker_error, kafka_error
from sesam_node.pipes.kafka.formats import SERIALIZERS, UnreadableError, raw_bytes, writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_node.model import Entity, Value
    from sesam_node.pipes.batch import Context
    from sesam_node.pipes.kafka.client import Connection
    from sesam_node.pipes.kafka.formats import Write
    from sesam_node.pipes.systems.kafka import KafkaSystem

FULL_WAIT_S = 0.5
MADE_S = 3.0
BEYOND_S = 30.0
"""How much longer than its own limit the client may take to report on a message."""


class Message(NamedTuple):
    """What is sent for an entity."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


@sink(
    "kafka",
    SYSTEM_ID,
    Option("topic", "string", doc="the topic to write"),
    Option("key_serializer", "string", "string", "how keys are written", SERIALIZERS),
    Option("value_serializer", "string", "json", "how values are written", SERIALIZERS),
    Option("strategy", "string", "key-value", "what of an entity is sent", ("key-value", "value")),
    Option("delivery_timeout_ms", "integer", 120_000, "how long to wait for the broker", least=1),
    namespaces=True,
    system_types=("kafka",),
)
class KafkaSink:
    """Sends a message to a Kafka topic for each entity."""

    dataset: str | None = None
    is_endpoint = False

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self._options = options
        self._context = context
        self._topic: str = options["topic"]
        self._delivered: Accepted[Message] = Accepted()
        self._connection: Connection | None = None

    # -- entities as messages --------------------------------------------------------------------

    def _prepare(self) -> Connection:
        if self._connection is None:
            system: KafkaSystem = self._context.system(self._options["system"])
            self._what = f"{system}, topic {preview(self._topic)}"
            self._writers = {part: self._writer(system, part) for part in ("key", "value")}
            connection = system.producer(self._options["delivery_timeout_ms"])
            self._find_topic(connection)
            self._connection = connection
        return self._connection

    def _find_topic(self, connection: Connection) -> None:
        """Raises NotFoundError where there is no such topic, nor does asking for it make one."""
        until = time.monotonic() + MADE_S
        while True:
            try:
                connection.topics(self._topic)
            except NotFoundError:
                # A cluster that makes topics by itself takes a moment.
                if time.monotonic() > until:
                    raise
                time.sleep(FULL_WAIT_S)
            else:
                return

    def _writer(self, system: KafkaSystem, part: str) -> Write:
        name = self._options[f"{part}_serializer"]
        if name == "confluent_schema_json" and system.registry is None:
            raise ConfigError(f'{system}: "confluent_schema_json" needs "registry_url"')

        def number() -> int:
            registry = system.registry
            return 0 if registry is None else registry.number(self._topic, part)

        return writer(name, number)

    def _message(self, entity: Entity) -> Message:
        deleted = entity.get("_deleted") is True
        if self._options["strategy"] == "value":
            value = {name: item for name, item in entity.items() if name != "_deleted"}
            return Message(
                self._written(entity, "key", entity["_id"]),
                None if deleted else self._written(entity, "value", value),
                (),
            )
        key = entity["_id"] if deleted and "key" not in entity else self._needed(entity, "key")
        return Message(
            self._written(entity, "key", key),
            None if deleted else self._written(entity, "value", self._needed(entity, "value")),
            self._headers(entity),
        )

    def _needed(self, entity: Entity, name: str) -> Value:
        if name not in entity:
            raise self._refused(entity, name, "missing-property", f'expected a "{name}"')
        return entity[name]

    def _written(self, entity: Entity, part: str, value: Value) -> bytes | None:
        try:
            return self._writers[part](value)
        except UnreadableError as error:
            text = (
                f"{error}, which {part}_serializer {preview(self._options[f'{part}_serializer'])}"
            )
            raise self._refused(entity, part, "refused-value", f"{text} cannot write") from None

    def _headers(self, entity: Entity) -> tuple[tuple[str, bytes | None], ...]:
        headers = entity.get("headers")
        if headers is None:
            return ()
        if type(headers) is not dict:
            text = f"expected an object, got {preview(headers)}"
            raise self._refused(entity, "headers", "wrong-type", text)
        found: list[tuple[str, bytes | None]] = []
        for name, value in headers.items():
            for item in value if isinstance(value, list) else [value]:
                try:
                    found.append((name, None if item is None else raw_bytes(item)))
                except UnreadableError as error:
                    raise self._refused(
                        entity, f"headers.{name}", "wrong-type", str(error)
                    ) from None
        return tuple(found)

    def _refused(self, entity: Entity, path: str, code: str, text: str) -> PipeError:
        hint = "make the entity's message in DTL" if code == "missing-property" else ""
        problem = Problem(f"$.{path}", code, text, hint)
        return PipeError(
            f"{self._what}: the entity {preview(entity['_id'])} makes no message", [problem]
        )

    # -- sending ---------------------------------------------------------------------------------

    def write(self, entities: Sequence[Entity]) -> int:
        """Sends the messages and waits until all are reported on.

        Raises PipeError for the first that is refused; the others of the batch may be delivered.
        """
        connection = self._prepare()
        messages = [self._message(entity) for entity in entities]
        failed: list[tuple[int, Any]] = []
        for position in self._delivered.missing(messages):
            self._produce(connection, position, messages[position], failed)
        waiting = connection.client.flush(self._options["delivery_timeout_ms"] / 1_000 + BEYOND_S)
        if waiting:
            raise broker_error(self._what, self._late(connection))
        self._delivered.tell(messages, [position for position, _ in failed])
        if not failed:
            return len(entities)
        position, error = min(failed, key=lambda one: one[0])
        entity = preview(entities[position]["_id"])
        raise connection.failed(f'topic "{self._topic}", entity {entity}', error)

    def _produce(
        self,
        connection: Connection,
        position: int,
        message: Message,
        failed: list[tuple[int, Any]],
    ) -> None:
        def report(error: Any, _: Any) -> None:
            if error is not None:
                failed.append((position, error))

        while True:
            try:
                connection.client.produce(
                    self._topic,
                    value=message.value,
                    key=message.key,
                    headers=list(message.headers) or None,
                    on_delivery=report,
                )
            except BufferError:
                connection.client.poll(FULL_WAIT_S)
            except connection.kafka.KafkaException as error:
                failed.append((position, kafka_error(error) or error))
                return
            else:
                connection.client.poll(0)
                return

    def _late(self, connection: Connection) -> Any:
        connection.client.purge()
        return connection.kafka.KafkaError(connection.kafka.KafkaError._MSG_TIMED_OUT)  # noqa: SLF001 - so it is named
