"""Who has got the message of an entity already, while the entity itself is not done.

A batch that fails is tried again, in this run or a later one, and with it what was sent before the
failure. What got through is therefore kept with the node until it is done. It is written only
after failures: a process that is killed in the middle of a batch sends that batch's messages again.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from sesam_node.model import content_hash, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sesam_node.model import Entity
    from sesam_node.store.api import Settings

MOST_KEPT = 10_000
KEPT_S = 7 * 86_400
"""An entity that nobody tried again for a week was given up."""


def key_of(entity: Entity) -> str:
    """What tells a version of an entity from all others."""
    return content_hash(encode(entity)).hex()


class Delivered:
    """Recipients by entity, of one pipe; `now` gives seconds since 1970."""

    def __init__(
        self, settings: Settings, pipe_id: str, now: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._key = f"messages/delivered/{pipe_id}"
        self._now = now
        stored: dict[str, Any] = json.loads(settings.get(self._key) or b"{}")
        earliest = now() - KEPT_S
        self._kept = {key: item for key, item in stored.items() if item["at"] >= earliest}
        self._stored = bool(stored)

    def to(self, key: str) -> frozenset[str]:
        """The recipients that have the message of this entity."""
        return frozenset(self._kept[key]["to"]) if key in self._kept else frozenset()

    def add(self, key: str, recipient: str) -> None:
        item = self._kept.setdefault(key, {"at": self._now(), "to": []})
        item["to"].append(recipient)

    def forget(self, keys: Iterable[str]) -> None:
        """These entities are done, as far as the pipe gets on behind them."""
        for key in keys:
            self._kept.pop(key, None)
        if self._stored:
            self.save()

    def save(self) -> None:
        """Keep what is known, over the end of the process."""
        newest = dict(list(self._kept.items())[-MOST_KEPT:])
        self._settings.write({self._key: json.dumps(newest).encode() if newest else None})
        self._stored = bool(newest)
