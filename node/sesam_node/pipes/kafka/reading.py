"""Reading partitions of a topic until they are at their end and nothing more comes for a while.

The time to wait begins when every partition has told that its end is reached: a slow or absent
broker does not look like a topic that is read to its end.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final

from sesam_node.errors import PipeError
from sesam_node.pipes.kafka.errors import BrokerError
from sesam_node.pipes.kafka.positions import AGAIN, check_range

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sesam_node.pipes.kafka.client import Connection

log = logging.getLogger(__name__)

MOST_MESSAGES: Final = 500
POLL_S: Final = 0.1
DOWN_S: Final = 10.0
"""How long no broker may be reached while there is something to read."""
STALLED_S: Final = 60.0
"""How long nothing may come from a partition that is not at its end."""
PARTITIONS_S: Final = 300.0
"""How often a run that does not end looks for new partitions."""

SETTINGS: Final[dict[str, Any]] = {
    # It is needed, and not used: the offsets are the pipe's own.
    "group.id": "sesam-node",
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",
    "enable.partition.eof": True,
    "queued.max.messages.kbytes": 16 * 1024,
    "fetch.wait.max.ms": 100,
}


class Reading:
    """Messages of a topic from `places` on, the next offset by partition.

    `places` moves along: it is behind all messages that were given. `what` names system and topic.
    Where not `strict`, messages that the topic has dropped are passed over.
    """

    def __init__(
        self,
        what: str,
        connection: Connection,
        topic: str,
        places: dict[int, int],
        *,
        strict: bool,
    ) -> None:
        self._what = what
        self._connection = connection
        self._topic = topic
        self._strict = strict
        self._ended: set[int] = set()
        self.places = places
        for partition, at in places.items():
            self._check_range(partition, at)
        self._assign()

    def _check_range(self, partition: int, at: int) -> None:
        low, high = self._connection.ends(self._topic, partition)
        if at < low and not self._strict:
            log.warning(
                "%s, partition %d: goes on at offset %d instead of %d",
                self._what,
                partition,
                low,
                at,
            )
            self.places[partition] = low
            return
        check_range(self._what, partition, at, low, high)

    def _assign(self) -> None:
        place = self._connection.kafka.TopicPartition
        self._ended.clear()
        self._connection.client.assign(
            [place(self._topic, partition, at) for partition, at in self.places.items()]
        )

    def messages(self, timeout_s: float, wanted: Callable[[], list[int]]) -> Iterator[list[Any]]:
        """Lists of messages as they come; an empty one while nothing does.

        Ends `timeout_s` after the last message. `wanted` gives the partitions to read, which may
        have become more. Raises BrokerError where the cluster cannot be reached, or says no.
        """
        quiet = looked = time.monotonic()
        client = self._connection.client
        while True:
            came = client.consume(MOST_MESSAGES, POLL_S)
            self._connection.check()
            messages = [message for message in came if not self._is_told(message)]
            now = time.monotonic()
            if came:
                self._connection.down = False
                quiet = now
            if messages:
                yield messages
            elif not came:
                self._check_contact(now - quiet)
                if len(self._ended) == len(self.places) and now - quiet >= timeout_s:
                    return
                yield []
            if now - looked >= PARTITIONS_S:
                looked = now
                self._look_for_more(wanted())

    def _is_told(self, message: Any) -> bool:
        """Is it no message, but something that the client tells of a partition?"""
        error, partition = message.error(), message.partition()
        if error is None:
            self._ended.discard(partition)
            self.places[partition] = message.offset() + 1
            return False
        name = error.name()
        if name == "_PARTITION_EOF":
            self._ended.add(partition)
            # Behind the last message there may be marks of transactions.
            self.places[partition] = max(self.places[partition], message.offset())
        elif name in ("_AUTO_OFFSET_RESET", "OFFSET_OUT_OF_RANGE"):
            self._begin_again(partition)
        else:
            raise self._connection.failed(f"reading {self._place(partition)}", error)
        return True

    def _begin_again(self, partition: int) -> None:
        """The place in a partition is gone while it was read. Raises PipeError, unless allowed."""
        before = dict(self.places)
        self._check_range(partition, self.places[partition])
        if self.places == before:
            raise PipeError(
                f"{self._what}, partition {partition}: offset {self.places[partition]} cannot be "
                f"read any more; {AGAIN}"
            )
        self._assign()

    def _check_contact(self, quiet_s: float) -> None:
        if len(self._ended) == len(self.places):
            return
        open_ = sorted(set(self.places) - self._ended)
        if self._connection.down and quiet_s >= DOWN_S:
            doing = f"reading {self._place(open_[0])}"
            error = self._connection.kafka.KafkaError(
                self._connection.kafka.KafkaError._ALL_BROKERS_DOWN  # noqa: SLF001 - so it is named
            )
            raise self._connection.failed(doing, error)
        if quiet_s >= STALLED_S:
            text = f"{self._place(open_[0])} has sent nothing for {STALLED_S:g} s"
            raise BrokerError(f"{self._what}: {text}", reached=False)

    def _place(self, partition: int) -> str:
        return f'"{self._topic}", partition {partition}, offset {self.places.get(partition)}'

    def _look_for_more(self, partitions: list[int]) -> None:
        new = [partition for partition in partitions if partition not in self.places]
        if new:
            self.places.update(dict.fromkeys(new, 0))
            self._assign()
