"""A process that runs the pipe of `test_killed_retries` and kills itself on the way.

Arguments: the URL of the store, where to kill ("processed" or "told"), and the number of it.
"""

from __future__ import annotations

import os
import signal
import sys

from pipes_helpers import Node

from sesam_node.pipes import writer
from sesam_node.pipes.execution_log import RunLog

COUNT = 4_000
EVERY = 500
PUMP = {
    "max_write_errors_in_retry_dataset": 100,
    "max_consecutive_write_errors": 100,
    "max_retries_per_entity": 3,
    "dead_letter_dataset": "letters",
}
RULES = [["copy", "*"], ["if", ["eq", "_S.bad", True], ["fail!", "it is bad"]]]


def begin(url):
    """A node with the pipe, and what it reads; every 500th entity is bad."""
    node = Node(url)
    writer.COMMIT_ENTITIES = 100
    node.pipe("b", source="a", rules=RULES, pump=PUMP, batch_size=10, checkpoint_interval=10)
    if not node.versions("a"):
        node.put("a", *({"_id": f"{i:05}", "bad": i % EVERY == 0} for i in range(COUNT)))
    return node


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def main():
    url, place, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
    node = begin(url)
    if place == "told":
        deliver = RunLog.deliver
        told = []

        def deliver_and_die(self, outbox, *, again):
            deliver(self, outbox, again=again)
            told.append(outbox)
            if len(told) == number:
                die()

        RunLog.deliver = deliver_and_die
        node.run("b", run_id="killed")
    else:
        node.run(
            "b", run_id="killed", report=lambda progress: progress.processed >= number and die()
        )


if __name__ == "__main__":
    main()
