"""What pipes, datasets and systems are like, told to whoever follows it as it changes.

While anybody follows, one loop looks at the node again and again, in a thread, and keeps what it
saw; each follower is told where that differs from what it was told last. So many followers cost
what one costs, a slow one skips what it missed, and who lacks a permission never hears of a thing.
A large node is looked at more seldom: the loop takes a small share of the time at most.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

import msgspec

from sesam_node.errors import SesamError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Container, Iterable, Mapping

    from sesam_node.hub.checking import Facts
    from sesam_node.hub.pumps import Pumps
    from sesam_node.pipes.runs import RunResult
    from sesam_node.store import Store

    Allowed = Callable[[str, Iterable[str]], Container[str]]
    """Kind and names to those that may be told of."""
    Things = Mapping[str, Mapping[str, dict[str, Any]]]

log = logging.getLogger(__name__)

CONTENT_TYPE = "text/event-stream; charset=utf-8"
KINDS = {"pipes": "pipe", "datasets": "dataset", "systems": "system"}
EVERY_S = 1.0
SOON_S = 0.2
SHARE = 10
"""A look that took some time is followed by a pause of so many times that."""

HEARTBEAT_S = 15.0
LONGEST_S = 900.0
"""A stream ends after that; who follows on shows a valid token again."""

MESSAGE = 500
RUNTIME = (
    "status",
    "is-running",
    "is-disabled",
    "is-valid-config",
    "circuit-breaker-tripped",
    "disabled-comment",
    "success",
    "last-run",
    "next-run",
    "progress",
    "queues",
    "retries",
    "waiting-for",
    "supported-operations",
)


class Events:
    """The service behind `/api/events`."""

    def __init__(
        self,
        store: Store,
        pumps: Pumps,
        *,
        every_s: float = EVERY_S,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self._store = store
        self._pumps = pumps
        self._every_s = every_s
        self._heartbeat_s = heartbeat_s
        self._followers = 0
        self._looking: asyncio.Task[None] | None = None
        self._seen: Things | None = None
        self._news = asyncio.Event()
        self._soon = asyncio.Event()
        self._stopped = False
        pumps.listen(self._ended)

    def _ended(self, _result: RunResult) -> None:
        self._soon.set()

    async def stop(self) -> None:
        """End all streams."""
        self._stopped = True
        self._announce()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def follow(self, allowed: Allowed, longest_s: float = LONGEST_S) -> AsyncIterator[bytes]:
        """Server-sent events: a `snapshot` of all that may be told, then `changes` of it.

        Both have `pipes`, `datasets` and `systems` by id; null in `changes` is what has gone. A
        comment goes out where nothing changes for a while, so that both ends know of each other.
        """
        self._followers += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        told: dict[str, dict[str, Any]] | None = None
        until = time.monotonic() + longest_s
        try:
            while not self._stopped and time.monotonic() < until:
                news, seen = self._news, self._seen
                if seen is not None:
                    visible = _visible(seen, allowed)
                    if told is None:
                        yield _event("snapshot", visible)
                    elif changes := _changes(told, visible):
                        yield _event("changes", changes)
                    told = visible
                try:
                    async with asyncio.timeout(self._heartbeat_s):
                        await news.wait()
                except TimeoutError:
                    yield b": still here\n\n"
        finally:
            self._followers -= 1

    async def _look(self) -> None:
        """Look at the node while anybody follows."""
        try:
            while self._followers:
                began = time.monotonic()
                await self._look_once()
                pause = max(self._every_s, SHARE * (time.monotonic() - began))
                await self._pause(pause)
        finally:
            # What was seen grows old; who follows next is told what is then.
            self._looking = self._seen = None

    async def _look_once(self) -> None:
        self._soon.clear()
        try:
            seen = await asyncio.to_thread(self._things)
        except SesamError as error:
            # A node that is reset or restarted is looked at again later.
            log.debug("the node could not be looked at: %s", error.message)
            return
        except Exception:
            log.exception("the node could not be looked at")
            return
        if seen != self._seen:
            self._seen = seen
            self._announce()

    async def _pause(self, seconds: float) -> None:
        """Until the next look is due; sooner where a run has ended."""
        await asyncio.sleep(min(SOON_S, seconds))
        try:
            async with asyncio.timeout(max(0.0, seconds - SOON_S)):
                await self._soon.wait()
        except TimeoutError:
            return

    def _announce(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    # -- what there is -----------------------------------------------------------------------------

    def _things(self) -> Things:
        with self._store.reading():
            return self._read_things()

    def _read_things(self) -> Things:
        active = self._pumps.configuration.active
        return {
            "pipes": {name: self._pipe(name, facts) for name, facts in active.facts.items()},
            "datasets": dict(self._pumps.dataset_counts()),
            "systems": {
                name: {
                    "type": active.effective(name).get("type"),
                    "is-valid-config": name not in active.invalid,
                }
                for name in active.document.systems
            },
        }

    def _pipe(self, name: str, facts: Facts) -> dict[str, Any]:
        runtime = self._pumps.runtime(name)
        message = runtime["last-original-error-message"] or runtime["last-message"] or ""
        told = {field: runtime[field] for field in RUNTIME}
        return {
            "source": facts.source_type,
            "inputs": sorted(facts.sources),
            "output": facts.sink,
            "systems": sorted(facts.systems),
            "runtime": told | {"message": message[:MESSAGE] if told["success"] is False else ""},
        }


def _visible(seen: Things, allowed: Allowed) -> dict[str, dict[str, Any]]:
    visible: dict[str, dict[str, Any]] = {}
    for kind, things in seen.items():
        may = allowed(KINDS[kind], things)
        visible[kind] = {name: thing for name, thing in things.items() if name in may}
    return visible


def _changes(told: Things, now: Things) -> dict[str, dict[str, Any]]:
    """What has changed, kind by kind; null is gone. Empty where nothing has."""
    found: dict[str, dict[str, Any]] = {}
    for kind, things in now.items():
        before = told[kind]
        changed: dict[str, Any] = {
            name: thing for name, thing in things.items() if before.get(name) != thing
        }
        changed.update(dict.fromkeys(name for name in before if name not in things))
        if changed:
            found[kind] = changed
    return found


def _event(name: str, data: Any) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"
