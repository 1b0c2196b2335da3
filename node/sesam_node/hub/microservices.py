"""Microservices that the node runs itself: containers, or commands beside the node.

A system of type `microservice` is run as its container, by Docker or Podman (`containers.py`), or,
where it has a `command` (beyond the manual), as a process of its own, whose variable `PORT` says
where it has to answer. It is started with the configuration, or, with `eager_load` false, where a
pipe uses it; again when it ends; and ended with the node. Commands and containers run only where
the node was told to allow them: whoever may change systems could run anything.

Processes are started by the loop's thread, which lives as long as the node: a process whose parent
thread ends is killed. What takes its time (images, ends) is done by threads beside it.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime
from threading import Thread
from typing import TYPE_CHECKING, Any

from sesam_node.config.secrets import resolve_secrets
from sesam_node.errors import ConfigError, InputError, NotFoundError, PipeError, preview
from sesam_node.hub.containers import image_of
from sesam_node.hub.microservice import (
    Launch,
    Microservice,
    environment_of,
    environment_of_services,
)
from sesam_node.pipes.kept_secrets import kept_secrets
from sesam_node.pipes.runs import PipeDefinition
from sesam_node.scheduling.schedule import next_cron

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sesam_node.hub.active import Active
    from sesam_node.hub.configuration import Configuration
    from sesam_node.hub.containers import Containers

    Preparation = Callable[[str, Microservice], Launch | None]

log = logging.getLogger(__name__)

TYPE = "system:microservice"
TOLD_LINES = 200
WATCH_S = 0.5
LONGEST_PAUSE_S = 60.0
WELL_S = 30.0
"""A process that has lived so long is started again at once when it ends."""


class Microservices:
    """The service that keeps them running; `configured` is told of each new configuration.

    `containers` is null where none may run.
    """

    def __init__(
        self,
        configuration: Configuration,
        *,
        folder: str,
        allowed: bool,
        containers: Containers | None = None,
    ) -> None:
        self._configuration = configuration
        self._folder = folder
        self._allowed = allowed
        self._containers = containers
        self._running: dict[str, Microservice] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch; needs a running loop."""
        if self._task is None:
            self._task = asyncio.create_task(self._watch())

    def configured(self) -> None:
        """Start what is new, end what is gone, and both where a system has changed."""
        wanted = self._wanted()
        for system_id in list(self._running):
            if system_id not in wanted or self._running[system_id].config != wanted[system_id][0]:
                found = self._running.pop(system_id)
                Thread(target=found.end).start()
        for system_id, (config, kept) in wanted.items():
            if system_id not in self._running:
                self._running[system_id] = Microservice(config, _free_port(), kept)
                self._begin(system_id)

    def with_address(self, system_id: str, system: dict[str, Any]) -> dict[str, Any]:
        """The system with the URL of its process, where it has one and names no other."""
        found = self._running.get(system_id)
        if found is None or system.get("url_pattern"):
            return system
        scheme = "https" if system.get("use_https") else "http"
        url = f"{scheme}://127.0.0.1:{found.port}/%s"
        return {**system, "url_pattern": url, "started_by_node": True}

    def state(self, system_id: str) -> dict[str, Any] | None:
        """Whether it runs, and what it printed last; null where the node does not run it."""
        found = self._running.get(system_id)
        if found is None:
            return None
        process = found.process
        told = {
            "running": found.runs,
            "starting": found.starting,
            "pid": None if process is None else process.pid,
            "port": found.port,
            "failures": found.failures,
            "problem": found.problem,
            "output": [line.text for line in list(found.lines)[-TOLD_LINES:]],
        }
        return told | ({"container": found.container} if found.container else {})

    def log(self, system_id: str, since: str | None) -> str:
        """What it printed, a line each, of those that came after `since` (ISO 8601, or seconds).

        Raises NotFoundError for a system that the node does not run, InputError.
        """
        after = _moment(since)
        lines = list(self._known(system_id).lines)
        return "".join(f"{line.text}\n" for line in lines if line.at > after)

    def reload(self, system_id: str) -> None:
        """Fetch the image again and start anew. Raises NotFoundError."""
        found = self._known(system_id)
        if found.starting:
            return
        found.failures = 0
        self._beside(self._prepare_again, system_id, found)

    def _known(self, system_id: str) -> Microservice:
        self._configuration.component("system", system_id)
        found = self._running.get(system_id)
        if found is None:
            raise NotFoundError(f'the node runs no microservice for the system "{system_id}"')
        return found

    async def stop(self) -> None:
        """End all of them."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        running, self._running = list(self._running.values()), {}
        await asyncio.gather(*(asyncio.to_thread(found.end) for found in running))

    # -- what is wanted --------------------------------------------------------------------------

    def _wanted(self) -> dict[str, tuple[dict[str, Any], frozenset[str]]]:
        """The systems to run, by id, their secrets put in, and what is not told."""
        active = self._configuration.active
        found: dict[str, tuple[dict[str, Any], frozenset[str]]] = {}
        for system_id in active.document.systems:
            if system_id in active.invalid:
                continue
            effective = active.effective(system_id)
            if effective.get("type") != TYPE or not self._may_run(system_id, effective):
                continue
            if not (_is_eager(active, effective) or _is_used(active, system_id)):
                continue
            systems, secrets = self._configuration.with_secrets({system_id: effective})
            try:
                resolved = resolve_secrets(systems[system_id], secrets)
                kept = kept_secrets(PipeDefinition({}, {system_id: effective}, secrets=secrets))
                # What is printed comes a line at a time.
                lines = {line for text in kept for line in text.splitlines()}
                found[system_id] = (resolved, frozenset(kept) | lines)
            except ConfigError as error:
                log.warning('the system "%s" is not started: %s', system_id, error.message)
        return found

    def _may_run(self, system_id: str, system: Mapping[str, Any]) -> bool:
        if system.get("command"):
            if not self._allowed:
                log.warning(
                    'the command of the system "%s" is not run: the node does not allow commands',
                    system_id,
                )
            return self._allowed
        return self._containers is not None and not system.get("url_pattern")

    # -- starting --------------------------------------------------------------------------------

    def _begin(self, system_id: str) -> None:
        found = self._running[system_id]
        if found.config.get("command"):
            self._launch(system_id, found, self._of_command(found))
        else:
            self._beside(self._prepare, system_id, found)

    def _beside(
        self,
        work: Callable[[str, Microservice], Launch | None],
        system_id: str,
        found: Microservice,
    ) -> None:
        """Have a thread prepare a start, which may take its time, and the loop carry it out."""
        loop = asyncio.get_running_loop()
        found.starting = True

        def prepare() -> None:
            launch: Launch | None = None
            try:
                launch = work(system_id, found)
            except (PipeError, ConfigError) as error:
                self._failed(system_id, found, f"cannot be started: {error.message}")
            with suppress(RuntimeError):  # the loop has ended, and the node with it
                loop.call_soon_threadsafe(self._launch, system_id, found, launch)

        Thread(target=prepare, daemon=True).start()

    def _launch(self, system_id: str, found: Microservice, launch: Launch | None) -> None:
        try:
            if launch is not None:
                found.launch(launch)
        except PipeError as error:
            self._failed(system_id, found, error.message)
        else:
            if launch is not None and found.process is not None:
                what = found.container or f"process {found.process.pid}"
                log.info('the microservice "%s" runs as %s', system_id, what)
        finally:
            found.starting = False

    def _of_command(self, found: Microservice) -> Launch:
        variables = environment_of(found.config) | {"PORT": str(found.port)}
        command = [str(part) for part in found.config["command"]]
        return Launch(command, environment_of_services() | variables, self._folder or None)

    def _prepare(self, system_id: str, found: Microservice) -> Launch:
        if self._containers is None:
            raise ConfigError("the node runs no containers")
        found.next_pull = _next_pull(found.config)
        self._containers.pull(found.config)
        return self._containers.launch(system_id, found.config, found.port)

    def _prepare_again(self, system_id: str, found: Microservice) -> Launch:
        found.end(for_good=False)
        if found.config.get("command"):
            return self._of_command(found)
        return self._prepare(system_id, found)

    def _prepare_newer(self, system_id: str, found: Microservice) -> Launch | None:
        """Look for a new image; where one came, start anew."""
        containers = self._containers
        if containers is None:
            return None
        try:
            before = containers.image_id(image_of(found.config))
            if containers.pull(found.config) == before:
                return None
        except (PipeError, ConfigError) as error:
            log.warning('the image of "%s" was not fetched: %s', system_id, error.message)
            return None
        return self._prepare_again(system_id, found)

    def _failed(self, system_id: str, found: Microservice, how: str) -> None:
        lived = time.monotonic() - found.started if found.started else 0.0
        found.failures = 1 if lived > WELL_S else found.failures + 1
        pause = 0.0 if lived > WELL_S else min(2.0 ** (found.failures - 1), LONGEST_PAUSE_S)
        found.next_start = time.monotonic() + pause
        found.problem = how
        last = found.lines[-1].text.strip() if found.lines else ""
        log.warning('the microservice "%s" %s; %s', system_id, how, last)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            for system_id, found in list(self._running.items()):
                process = found.process
                if found.starting:
                    continue
                if process is None:
                    if time.monotonic() >= found.next_start:
                        self._begin(system_id)
                elif process.poll() is not None:
                    found.process = None
                    self._failed(system_id, found, f"ended with {process.returncode}")
                elif found.next_pull is not None and time.time() >= found.next_pull:
                    found.next_pull = _next_pull(found.config)
                    self._beside(self._prepare_newer, system_id, found)


def _is_eager(active: Active, system: Mapping[str, Any]) -> bool:
    """Is it started before a pipe needs it? The system says so, or else the node."""
    if system.get("eager_load") is not None:
        return bool(system["eager_load"])
    defaults = active.metadata.get("global_defaults") or {}
    return defaults.get("eager_load_microservices") is not False


def _is_used(active: Active, system_id: str) -> bool:
    return any(system_id in facts.systems for facts in active.facts.values())


def _next_pull(config: Mapping[str, Any]) -> float | None:
    """When to look for a new image, in seconds since 1970."""
    cron = config["docker"].get("pull_image_cron_expression")
    return next_cron(cron, time.time()) if cron else None


def _moment(text: str | None) -> float:
    if not text:
        return 0.0
    try:
        return float(text)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        expected = 'a time like "2024-01-31T12:00:00Z", or seconds since 1970'
        raise InputError(f"expected {expected}, got {preview(text)}") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
