"""A Kafka cluster in this process: the one that librdkafka brings to test clients against.

It speaks the protocol over TCP (Metadata, Produce with idempotence, Fetch, ListOffsets), keeps
messages in memory, and can be told to fail. Commands come as JSON lines, each answered by a line;
it ends with its input. Run by `kafka_cluster.py`.
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path

import confluent_kafka

PRODUCER = 0


def library():
    folder = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    rd = ctypes.CDLL(str(next(folder.glob("librdkafka*"))))
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
        getattr(rd, name).restype = ctypes.c_void_p
    rd.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    return rd


class Cluster:
    def __init__(self, brokers):
        self.rd = library()
        text = ctypes.create_string_buffer(512)
        conf = self.rd.rd_kafka_conf_new()
        handle = self.rd.rd_kafka_new(PRODUCER, ctypes.c_void_p(conf), text, len(text))
        if not handle:
            raise OSError(text.value.decode())
        self.cluster = ctypes.c_void_p(
            self.rd.rd_kafka_mock_cluster_new(ctypes.c_void_p(handle), brokers)
        )
        self.call("set_controller_id", 1)
        self.servers = self.rd.rd_kafka_mock_cluster_bootstraps(self.cluster).decode()

    def call(self, name, *arguments):
        found = [item.encode() if isinstance(item, str) else item for item in arguments]
        return getattr(self.rd, f"rd_kafka_mock_{name}")(self.cluster, *found)

    def push_request_errors(self, api_key, *errors):
        array = (ctypes.c_int * len(errors))(*errors)
        function = self.rd.rd_kafka_mock_push_request_errors_array
        function(self.cluster, ctypes.c_int16(api_key), ctypes.c_size_t(len(errors)), array)
        return 0


def say(answer):
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main():
    cluster = Cluster(int(sys.argv[1]))
    say(cluster.servers)
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        if name == "push_request_errors":
            answer = cluster.push_request_errors(*arguments)
        else:
            answer = cluster.call(name, *arguments)
        say(answer)


if __name__ == "__main__":
    main()
