"""The kafka system: a cluster of brokers, and the registry of its schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sesam_node.config.options import Flaw, further_flaws
from sesam_node.errors import NotFoundError, PipeError
from sesam_node.pipes.common_options import CERTIFICATES
from sesam_node.pipes.component import Option, system
from sesam_node.pipes.introspection import Offer
from sesam_node.pipes.kafka.client import MECHANISMS, PROTOCOLS, Connection
from sesam_node.pipes.kafka.guess import guessed
from sesam_node.pipes.kafka.reading import SETTINGS
from sesam_node.pipes.kafka.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sesam_node.pipes.batch import Context

OFFERED_WAIT_MS: Final = 1_000
"""How long an offered source waits for more: less than by default, so that it is quick to try."""
PRODUCER: Final[dict[str, Any]] = {
    "allow.auto.create.topics": True,
    # Each message once and in order, also where the client sends it again.
    "enable.idempotence": True,
    "compression.type": "lz4",
    # Keys go where Java's clients send them.
    "partitioner": "murmur2_random",
    "linger.ms": 5,
    # How large a message may be is for the broker to say.
    "message.max.bytes": 100_000_000,
}


def _flaws(config: Mapping[str, Any]) -> Iterable[Flaw]:
    if config.get("sasl_username") and not config.get("sasl_password"):
        yield Flaw(("sasl_username",), "missing-option", '"sasl_username" needs "sasl_password"')
    protocol = str(config.get("security_protocol") or "")
    if protocol.startswith("SASL") and not config.get("sasl_username"):
        text = f'"{protocol}" needs "sasl_username"'
        yield Flaw(("security_protocol",), "missing-option", text)
    if config.get("sasl_username") and protocol in ("PLAINTEXT", "SSL"):
        hint = f'use "SASL_{protocol}"'
        text = f'"sasl_username" has no effect with "{protocol}"'
        yield Flaw(("security_protocol",), "conflicting-options", text, hint)


@system(
    "kafka",
    Option("bootstrap_servers", "string", doc="host:port of the brokers, commas between them"),
    Option("sasl_username", "string", None, "the user to log in as"),
    Option("sasl_password", "string", None, "the user's password", secret=True),
    Option(
        "sasl_mechanism",
        "string",
        "PLAIN",
        "how to log in; beyond the manual",
        MECHANISMS,
    ),
    Option(
        "security_protocol",
        "string",
        None,
        "how to connect; SASL_SSL with a user, else PLAINTEXT; beyond the manual",
        PROTOCOLS,
    ),
    *CERTIFICATES,
    Option("registry_url", "string", None, "where the schema registry is"),
    Option("registry_username", "string", None, "the user at the registry"),
    Option("registry_password", "string", None, "that user's password", secret=True),
    further=further_flaws(_flaws),
)
class KafkaSystem:
    """A Kafka cluster, or what speaks its protocol (Azure Event Hubs)."""

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self.id = str(options.get("_id", ""))
        self._options = dict(options)
        if options["verify_ssl"] is None:
            otherwise = context.definition.default("verify_ssl", otherwise=False)
            self._options["verify_ssl"] = otherwise
        self._context = context
        self._rules = context.definition.addresses
        self._consumer: Connection | None = None
        self._admin: Connection | None = None
        self._producers: dict[int, Connection] = {}
        self._registry: Registry | None = None

    def __str__(self) -> str:
        return f'system "{self.id}"'

    @property
    def registry(self) -> Registry | None:
        """The schema registry, where the system has one."""
        if self._registry is None and self._options["registry_url"]:
            self._registry = Registry(self.id, self._options, self._context)
        return self._registry

    def consumer(self) -> Connection:
        """A consumer without group, of the caller: it closes `client`."""
        return Connection(str(self), "Consumer", self._options, self._rules, SETTINGS)

    def admin(self) -> Connection:
        """What tells more of topics than consumers do."""
        if self._admin is None:
            self._admin = Connection(str(self), "AdminClient", self._options, self._rules, {})
        return self._admin

    def producer(self, delivery_timeout_ms: int) -> Connection:
        """The idempotent producer of the system for that time of delivery."""
        if delivery_timeout_ms not in self._producers:
            more = {**PRODUCER, "delivery.timeout.ms": delivery_timeout_ms}
            made = Connection(str(self), "Producer", self._options, self._rules, more)
            self._producers[delivery_timeout_ms] = made
        return self._producers[delivery_timeout_ms]

    # -- what it offers --------------------------------------------------------------------------

    def _asking(self) -> Connection:
        if self._consumer is None:
            self._consumer = self.consumer()
        return self._consumer

    def offers(self) -> Iterator[Offer]:
        """The topics, without those that the cluster keeps for itself."""
        found = self._asking().topics()
        for name in sorted(found.topics):
            if not name.startswith("__"):
                yield _offer(name, len(found.topics[name].partitions), {})

    def offer(self, offer_id: str) -> Offer | None:
        """One topic; how to read it is guessed from its first messages."""
        connection = self._asking()
        try:
            partitions = connection.partitions(offer_id)
        except NotFoundError:
            return None
        has_registry = self._options["registry_url"] is not None
        return _offer(
            offer_id,
            len(partitions),
            guessed(connection, offer_id, partitions, has_registry=has_registry),
        )

    def check(self) -> str:
        found = self._asking().topics()
        topics = sum(not name.startswith("__") for name in found.topics)
        text = f"brokers: {len(found.brokers)}, topics: {topics}"
        if self.registry is None:
            return text
        try:
            self.registry.check()
        except PipeError as error:
            raise PipeError(
                f"the brokers answer ({text}), the registry does not: {error}"
            ) from None
        return f"{text}, and the schema registry"

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.client.close()
            self._consumer = None
        self._admin = None
        for producer in self._producers.values():
            # What waits was reported as failed already.
            producer.client.purge()
        self._producers.clear()
        if self._registry is not None:
            self._registry.close()
            self._registry = None


def _offer(name: str, partitions: int, how: Mapping[str, Any]) -> Offer:
    source = {
        "type": "kafka",
        "topic": name,
        **how,
        "consumer_timeout_ms": OFFERED_WAIT_MS,
    }
    sink = {"type": "kafka", "topic": name}
    return Offer(name, "topic", (), source, sink, "", {"partitions": partitions})
