"""A process that reads a topic and kills itself, right before or right behind its second commit.

Arguments: the servers, the topic, the URL of the store, and "before" or "behind".
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from kafka_node import KafkaNode

from sesam_node.pipes import writer


class Cluster:
    def __init__(self, servers):
        self.servers = servers


def pipe(topic):
    source = {"type": "kafka", "system": "events", "topic": topic, "consumer_timeout_ms": 100}
    return {"source": source, "batch_size": 50, "checkpoint_interval": 2}


def main():
    servers, topic, url, place = sys.argv[1:]
    node = KafkaNode(Cluster(servers), url)
    writer.COMMIT_ENTITIES = 100
    write = writer.SinkWriter._write
    with_output = []

    def write_and_die(self, batch, changes):
        if batch:
            with_output.append(batch)
        last = len(with_output) == 2 and bool(batch)
        if last and place == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        written = write(self, batch, changes)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return written

    writer.SinkWriter._write = write_and_die
    node.pipe("got", **pipe(topic))
    node.run("got")


if __name__ == "__main__":
    main()
