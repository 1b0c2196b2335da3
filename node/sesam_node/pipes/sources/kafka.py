"""The kafka source: messages of a topic, with the offset of each partition kept by the pipe.

No consumer group is used and nothing is committed to the cluster: the offsets are part of the
pipe's state and move in the transaction that writes the output, so a run that is killed neither
loses a message nor brings one twice.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final

from sesam_node.errors import ConfigError, InputError, PipeError, Problem, preview
from sesam_node.model import encode
from sesam_node.model.stream import check_entities
from sesam_node.model.values import kind_of_text, plain_text
from sesam_node.pipes.batch import BATCH_SIZE, Batch, must_be_named
from sesam_node.pipes.common_options import SYSTEM_ID
from sesam_node.pipes.component import Option, source
from sesam_node.pipes.kafka.formats import (
    DESERIALIZERS,
    WITH_REGISTRY,
    UnreadableError,
    bytes_value,
    reader,
    text_or_bytes,
)
from sesam_node.pipes.kafka.positions import AGAIN, offset_of, parse
from sesam_node.pipes.kafka.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sesam_node.model import Entity, Value
    from sesam_node.pipes.batch import Context, Offset
    from sesam_node.pipes.kafka.client import Connection
    from sesam_node.pipes.kafka.formats import Read
    from sesam_node.pipes.systems.kafka import KafkaSystem

log = logging.getLogger(__name__)

MOST_BYTES: Final = 8 * 1024 * 1024
COMMIT_S: Final = 1.0


@source(
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
    supports_since=True,
    is_chronological=True,
    fetches=True,
    namespaces=True,
    system_types=("kafka",),
)
class KafkaSource:
    """Messages of a Kafka topic, with an offset for each partition."""

    datasets: tuple[str, ...] = ()

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self._options = options
        self._context = context
        self.supports_since = options["supports_since"] is not False
        self.is_chronological = self.supports_since
        self.is_complete = bool(options["seek_to_beginning"])
        self._strict: bool = options["strict"]
        self._named = must_be_named(context)
        self._skipped = 0
        wanted = options["partitions"]
        if wanted is not None and (
            not wanted or any(type(one) is not int or one < 0 for one in wanted)
        ):
            raise ConfigError(f'"partitions" must be a list of numbers, got {preview(wanted)}')

    def read(self, since: Offset) -> Iterator[Batch]:
        system = self._system
        self._readers(system)
        connection = system.consumer()
        try:
            yield from self._batches(f"{system}, topic {preview(self._topic)}", connection, since)
        finally:
            connection.client.close()

    @property
    def _system(self) -> KafkaSystem:
        found: KafkaSystem = self._context.system(self._options["system"])
        return found

    @property
    def _topic(self) -> str:
        return str(self._options["topic"])

    def _readers(self, system: KafkaSystem) -> None:
        names = self._options["key_deserializer"], self._options["value_deserializer"]
        registry = system.registry if any(name in WITH_REGISTRY for name in names) else None
        if "schema_registry_avro" in names and registry is None:
            raise ConfigError(f'{system}: "schema_registry_avro" needs "registry_url"')
        self._read_key, self._read_value = (reader(name, registry) for name in names)

    # -- places --------------------------------------------------------------------------------

    def _wanted(self, connection: Connection) -> list[int]:
        """The partitions to read."""
        there = connection.partitions(self._topic)
        wanted: list[int] | None = self._options["partitions"]
        if wanted is None:
            return there
        missing = sorted(set(wanted) - set(there))
        if missing:
            text = f"the topic {preview(self._topic)} has no partition {missing[0]}"
            raise ConfigError(f'{text}; "partitions" may hold {there[0]} to {there[-1]}')
        return sorted(set(wanted))

    def _start(
        self, what: str, connection: Connection, since: Offset
    ) -> tuple[dict[int, int], str | None]:
        """Where reading begins, and the id of the topic."""
        wanted = self._wanted(connection)
        identity = self._system.admin().topic_id(self._topic)
        if since is None:
            end = 0 if self._options["seek_to_beginning"] else 1
            places = {one: connection.ends(self._topic, one)[end] for one in wanted}
            return places, identity
        known, before = parse(what, since)
        if before is not None and identity is not None and before != identity:
            raise PipeError(
                f"{what}: the topic was deleted and made anew since the last run; {AGAIN}"
            )
        # A partition that came since then has new messages alone.
        new = [one for one in wanted if one not in known]
        starts = {one: connection.ends(self._topic, one)[0] for one in new}
        return {
            one: starts[one] if one in starts else known[one] for one in wanted
        }, identity or before

    # -- messages ------------------------------------------------------------------------------

    def _batches(self, what: str, connection: Connection, since: Offset) -> Iterator[Batch]:
        places, identity = self._start(what, connection, since)
        # Of partitions that are not read now the place is kept.
        others = {} if since is None else parse(what, since)[0]
        reading = Reading(what, connection, self._topic, places, strict=self._strict)
        gathered = Gathered({**others, **reading.places}, identity)
        # The place is kept before anything is read: a first run that is killed goes on from it.
        yield gathered.batch()
        told = time.monotonic()
        timeout_s = self._options["consumer_timeout_ms"] / 1_000
        for messages in reading.messages(timeout_s, lambda: self._wanted(connection)):
            for message in messages:
                try:
                    entity = self._entity(message)
                except UnreadableError as error:
                    if gathered.entities:
                        yield gathered.batch()
                    raise self._unreadable(what, message, error) from None
                gathered.add(message, entity)
                if len(gathered.entities) >= BATCH_SIZE or gathered.size_bytes >= MOST_BYTES:
                    yield gathered.batch()
                    told = time.monotonic()
            if not messages:
                gathered.places.update(reading.places)
                now = time.monotonic()
                if gathered.entities or now - told >= COMMIT_S:
                    yield gathered.batch()
                    told = now
        gathered.places.update(reading.places)
        yield gathered.batch()
        if self._skipped:
            log.warning(
                "%s: %d messages were left out: they have no key that makes an _id, and the pipe "
                "has no transform that could",
                what,
                self._skipped,
            )

    def _entity(self, message: Any) -> Entity | None:
        """The entity of a message; null where it is left out. Raises UnreadableError."""
        raw_key, raw_value = message.key(), message.value()
        wrong: dict[str, Value] = {}
        key = self._decoded(self._read_key, raw_key, "key", wrong)
        value = self._decoded(self._read_value, raw_value, "value", wrong)
        if self._options["strategy"] == "value":
            entity = self._of_value(value, raw_value, wrong)
        else:
            entity = self._of_both(message, key, value)
        entity.update(wrong)
        identity = id_of(key)
        if identity:
            entity["_id"] = identity
        if raw_value is None and (identity or "_id" in entity):
            entity["_deleted"] = True
        if self._named and not entity.get("_id"):
            if self._strict:
                raise UnreadableError("it has no key that makes an _id; give it one in DTL")
            self._skipped += 1
            return None
        try:
            check_entities([entity], tagged=False, named=self._named)
        except InputError as error:
            problem = error.problems[0]
            raise UnreadableError(f"{problem.path}: {problem.message}") from None
        return entity

    def _decoded(self, read: Read, data: bytes | None, part: str, wrong: dict[str, Value]) -> Value:
        if data is None:
            return None
        try:
            return read(data)
        except UnreadableError as error:
            if self._strict:
                name = self._options[f"{part}_deserializer"]
                raise UnreadableError(f"its {part} is not {name}: {error}") from None
            wrong[f"invalid_{part}"] = bytes_value(data)
            return None

    def _of_both(self, message: Any, key: Value, value: Value) -> Entity:
        entity = {
            "offset": message.offset(),
            "partition": message.partition(),
            "key": key,
            "value": value,
        }
        kind, moment = message.timestamp()
        if kind:
            entity["timestamp"] = moment
        headers = message.headers()
        if headers:
            entity["headers"] = headers_of(headers)
        return entity

    def _of_value(self, value: Value, raw: bytes | None, wrong: dict[str, Value]) -> Entity:
        if type(value) is dict:
            return value
        if raw is not None and "invalid_value" not in wrong:
            if self._strict:
                raise UnreadableError(f"its value is no object: {preview(value)}")
            wrong["invalid_value"] = bytes_value(raw)
        return {}

    def _unreadable(self, what: str, message: Any, error: UnreadableError) -> PipeError:
        where = f"partition {message.partition()}, offset {message.offset()}"
        hint = 'set "strict" to false to go on behind such messages' if self._strict else ""
        problem = Problem("", "unreadable-message", f"{where}: {error}", hint)
        return PipeError(f"{what}: a message cannot be read", [problem])


class Gathered:
    """Entities that wait to be a batch, and where the pipe is behind each."""

    def __init__(self, places: dict[int, int], topic: str | None) -> None:
        self.places = dict(places)
        self._topic = topic
        self._empty()

    def _empty(self) -> None:
        self.entities: list[Entity] = []
        self.size_bytes = 0
        self._moves: list[tuple[int, int]] = []
        self._before = dict(self.places)

    def add(self, message: Any, entity: Entity | None) -> None:
        """Take what became of a message: an entity, or nothing."""
        partition, behind = message.partition(), message.offset() + 1
        self.places[partition] = behind
        if entity is None:
            return
        self.entities.append(entity)
        self._moves.append((partition, behind))
        self.size_bytes += len(message)

    def batch(self) -> Batch:
        """What has been gathered as a batch; nothing is, then."""
        before, moves, topic = self._before, self._moves, self._topic

        def offset_behind(position: int) -> Offset:
            return offset_of(before | dict(moves[: position + 1]), topic)

        made = Batch(self.entities, None, offset_of(self.places, topic), offset_behind)
        self._empty()
        return made


def id_of(key: Value) -> str | None:
    """The `_id` that a key makes: its text, or that of its JSON; null and bytes make none."""
    if key is None or key == "":
        return None
    if type(key) is str:
        return None if kind_of_text(key) == "bytes" else plain_text(key)
    return encode(key).decode()


def headers_of(headers: Sequence[tuple[str, bytes | None]]) -> dict[str, Value]:
    """Headers by name: text, bytes where they are none, a list where one comes several times."""
    found: dict[str, list[Value]] = {}
    for name, data in headers:
        found.setdefault(name, []).append(None if data is None else text_or_bytes(data))
    return {name: items[0] if len(items) == 1 else items for name, items in found.items()}
