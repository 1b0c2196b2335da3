"""Clients of a Kafka cluster: settings, the check of addresses, metadata.

The client is librdkafka, by confluent-kafka, loaded where it is used. Brokers tell where other
brokers are; each address is checked by the rules of the node before it is talked to in earnest.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final

from sesam_node.errors import ConfigError, NotFoundError, suggestion
from sesam_node.pipes.http.addresses import check_host
from sesam_node.pipes.kafka.errors import BrokerError, broker_error, reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.pipes.http.address_rules import AddressRules

log = logging.getLogger(__name__)

METADATA_S: Final = 15.0
ATTEMPT_S: Final = 3.0
TOPIC_ID_S: Final = 5.0
PORT: Final = 9092
UNKNOWN_TOPIC: Final = ("UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION")
PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


def library(what: str) -> Any:
    """The module confluent_kafka. Raises ConfigError where it is not installed."""
    try:
        import confluent_kafka
    except ImportError:
        message = f"{what} needs confluent-kafka: install sesam-interactive[kafka]"
        raise ConfigError(message) from None
    return confluent_kafka


def settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """What librdkafka is told of the cluster, by the options of the system."""
    user = options["sasl_username"]
    protocol = options["security_protocol"] or ("SASL_SSL" if user else "PLAINTEXT")
    made = {
        "bootstrap.servers": options["bootstrap_servers"],
        "security.protocol": protocol,
        "client.id": "sesam-node",
        # What is wrong comes to `error_cb`; every try to connect again would be a line of the log.
        "log_level": 2,
        "log.connection.close": False,
        # A pipe must hear soon that a broker is gone, and soon that it is back.
        "reconnect.backoff.max.ms": 2_000,
        "allow.auto.create.topics": False,
    }
    if user:
        made["sasl.mechanism"] = options["sasl_mechanism"]
        made["sasl.username"] = user
        made["sasl.password"] = options["sasl_password"] or ""
    if options["custom_ca_pem_chain"]:
        made["ssl.ca.pem"] = options["custom_ca_pem_chain"]
    if options["verify_ssl"] is False:
        made["enable.ssl.certificate.verification"] = False
    return made


def check_servers(what: str, rules: AddressRules, servers: str) -> None:
    """Raises PipeError where one of `host:port,host:port` is an address that is denied."""
    if not rules.hold_back:
        return
    for server in servers.split(","):
        _, _, address = server.strip().rpartition("://")
        host, colon, port = address.rpartition(":")
        if not colon or not port.isdigit():
            host, port = address, str(PORT)
        check_host(what, rules, host.strip("[]"), int(port))


class Connection:
    """A client of a cluster, with what it said last of its connections.

    `what` names the system. `kind` is "Consumer", "Producer" or "AdminClient"; `more` are further
    settings.
    """

    def __init__(
        self,
        what: str,
        kind: str,
        options: Mapping[str, Any],
        rules: AddressRules,
        more: Mapping[str, Any],
    ) -> None:
        self._what = what
        self._rules = rules
        self.kafka = library(what)
        self.down = False
        """Has the client said that no broker can be reached, and none been heard of since?"""
        self.said: Any = None
        self.refused: Any = None
        check_servers(what, rules, options["bootstrap_servers"])
        config = {**settings(options), **more, "error_cb": self._hear}
        try:
            self.client = _class(self.kafka, kind)(config, logger=log)
        except (self.kafka.KafkaException, ValueError) as error:
            raise ConfigError(f"{what} cannot be used: {broker_error('', error)}") from None

    def _hear(self, error: Any) -> None:
        name = error.name()
        if name == "_ALL_BROKERS_DOWN":
            self.down = True
            return
        self.said = error
        if name in ("_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED") or error.fatal():
            self.refused = error

    def check(self) -> None:
        """Raises BrokerError where the cluster has refused the login."""
        if self.refused is not None:
            raise broker_error(self._what, self.refused)

    def failed(self, doing: str, error: Any) -> BrokerError:
        """The error to raise for one of the client, with what is known of its connections."""
        self.client.poll(0)
        if self.refused is not None:
            return broker_error(f"{self._what}: {doing}", self.refused)
        return broker_error(f"{self._what}: {doing}", error, self.said)

    def topics(self, topic: str | None = None) -> Any:
        """The cluster's metadata: `brokers`, and `topics` with their `partitions`.

        Raises BrokerError where it cannot be had, NotFoundError where there is no such topic.
        """
        found = self._metadata(topic)
        for broker in found.brokers.values():
            check_servers(self._what, self._rules, f"{broker.host}:{broker.port}")
        if topic is not None:
            wrong = found.topics[topic].error
            if wrong is not None and wrong.name() not in UNKNOWN_TOPIC:
                raise self.failed(f'asking for the topic "{topic}"', wrong)
            if wrong is not None or not found.topics[topic].partitions:
                hint = suggestion(topic, self.topics().topics)
                text = f'{self._what}: there is no topic "{topic}"'
                raise NotFoundError(f"{text}; {hint}" if hint else text)
        return found

    def _metadata(self, topic: str | None) -> Any:
        until = time.monotonic() + METADATA_S
        while True:
            try:
                return self.client.list_topics(topic=topic, timeout=ATTEMPT_S)
            except self.kafka.KafkaException as error:
                # A broker that is not there says so at once, one that is slow may take its time.
                failed = self.failed("asking for its topics", error)
                gives_up = self.down or self.refused is not None or failed.status is not None
                if gives_up or time.monotonic() >= until:
                    raise failed from None

    def partitions(self, topic: str) -> list[int]:
        """The partitions of a topic, in order."""
        return sorted(self.topics(topic).topics[topic].partitions)

    def ends(self, topic: str, partition: int) -> tuple[int, int]:
        """The first offset of a partition, and the one that its next message will have."""
        place = self.kafka.TopicPartition(topic, partition)
        try:
            low, high = self.client.get_watermark_offsets(place, timeout=METADATA_S)
        except self.kafka.KafkaException as error:
            doing = f'asking for the ends of "{topic}", partition {partition}'
            raise self.failed(doing, error) from None
        return low, high

    def topic_id(self, topic: str) -> str | None:
        """The id that the cluster gave a topic; null where it tells none. Of an "AdminClient".

        Kafka has them since 2.8; who may only read, or asks something that is not quite Kafka, gets
        no answer: the topic is known by its name, then.
        """
        collection = self.kafka.TopicCollection([topic])
        try:
            asked = self.client.describe_topics(collection, request_timeout=TOPIC_ID_S)
            found = asked[topic].result()
        except self.kafka.KafkaException as error:
            log.info(
                "%s does not tell the id of its topic %r: %s", self._what, topic, reason(error)
            )
            return None
        return None if found.topic_id in (None, self.kafka.Uuid(0, 0)) else str(found.topic_id)


def _class(kafka: Any, kind: str) -> Any:
    if kind == "AdminClient":
        from confluent_kafka.admin import AdminClient

        return AdminClient
    return getattr(kafka, kind)
