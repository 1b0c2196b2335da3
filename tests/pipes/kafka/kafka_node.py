"""A node that knows a Kafka cluster."""

from __future__ import annotations

from pipes_helpers import Node


class KafkaNode(Node):
    """A node with a system `events` for a cluster."""

    def __init__(self, cluster, url="memory:", **system):
        super().__init__(url)
        self.cluster = cluster
        options = {"type": "system:kafka", "bootstrap_servers": cluster.servers, **system}
        self.more = {"systems": {"events": {"_id": "events", **options}}}

    def collect(self, topic, rules=None, sink=None, pump=None, **options):
        """Configures the pipe `got`, which reads a topic."""
        source = {"type": "kafka", "system": "events", "topic": topic, "consumer_timeout_ms": 100}
        more = {name: value for name, value in (("sink", sink), ("pump", pump)) if value}
        self.pipe("got", source=source | options, rules=rules, **more)

    def share(self, topic, pump=None, rules=None, batch_size=None, **options):
        """Configures the pipe `out`, which writes the dataset `data` to a topic."""
        sink = {"type": "kafka", "system": "events", "topic": topic, **options}
        more = {
            name: value for name, value in (("pump", pump), ("batch_size", batch_size)) if value
        }
        self.pipe("out", source="data", sink=sink, rules=rules, **more)
