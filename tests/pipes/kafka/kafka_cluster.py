"""A Kafka cluster in a process of its own, and what other programs do with it."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import count
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

PRODUCE = 0
FETCH = 1


class KafkaCluster:
    """A cluster of librdkafka's own brokers; `servers` is its address."""

    def __init__(self, brokers=1):
        program = Path(__file__).parent / "mock_cluster.py"
        self._process = subprocess.Popen(
            [sys.executable, program, str(brokers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.servers = json.loads(self._process.stdout.readline())
        self._names = count()

    def tell(self, name, *arguments):
        """Has a `rd_kafka_mock_…` function carried out."""
        self._process.stdin.write(json.dumps([name, *arguments]) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert answer == 0, (name, arguments, answer)

    def topic(self, name="", partitions=1):
        """Makes a topic; gives its name."""
        name = name or f"topic-{next(self._names)}"
        self.tell("topic_create", name, partitions, 1)
        return name

    def send(self, topic, *messages, partition=0):
        """Messages as other programs send them: (key, value), each text, bytes or null."""
        producer = Producer({"bootstrap.servers": self.servers})
        failed = []
        for message in messages:
            key, value, *headers = message
            producer.produce(
                topic,
                key=key,
                value=value,
                headers=headers[0] if headers else None,
                partition=partition,
                on_delivery=lambda error, _: error and failed.append(error),
            )
        assert producer.flush(30) == 0
        assert not failed

    def messages(self, topic, partitions=1):
        """All messages of a topic: (key, value, headers), by partition and offset."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.servers,
                "group.id": "test",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
            }
        )
        consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in range(partitions)])
        found, ended = [], set()
        while len(ended) < partitions:
            for message in consumer.consume(500, 0.1):
                if message.error() is None:
                    found.append(message)
                else:
                    ended.add(message.partition())
        consumer.close()
        found.sort(key=lambda message: (message.partition(), message.offset()))
        return [(m.key(), m.value(), m.headers()) for m in found]

    def close(self):
        self._process.stdin.close()
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
