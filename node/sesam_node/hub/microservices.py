"""Microservices without containers: a command beside the node, for the system that names it.

A system of type `microservice` with a `command` (beyond the manual) is run as a process of its own,
with the environment of its `docker.environment` and the variable `PORT`, which says where it has to
answer. It is started with the configuration, again when it ends, and ended with the node, also when
that is killed. Commands run only where the node was told to allow them: whoever may change systems
could run anything.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING, Any

from sesam_node.config.secrets import resolve_secrets
from sesam_node.errors import ConfigError, SesamError
from sesam_node.hiding import hidden_in
from sesam_node.pipes.kept_secrets import kept_secrets
from sesam_node.pipes.runs import PipeDefinition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.hub.configuration import Configuration

log = logging.getLogger(__name__)

TYPE = "system:microservice"
LINES = 200
WATCH_S = 0.5
LONGEST_PAUSE_S = 60.0
GRACE_S = 5.0
WELL_S = 30.0
"""A process that has lived so long is started again at once when it ends."""
PARENT_DIED = 1
"""PR_SET_PDEATHSIG of Linux's prctl."""


@dataclass(slots=True)
class Microservice:
    """One process, and what it was started with; `kept` are texts that its output is cleared of."""

    config: Mapping[str, Any]
    port: int
    kept: frozenset[str] = frozenset()
    process: subprocess.Popen[str] | None = None
    started: float = 0.0
    failures: int = 0
    next_start: float = 0.0
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LINES))


class Microservices:
    """The service that keeps them running; `configured` is told of each new configuration."""

    def __init__(self, configuration: Configuration, *, folder: str, allowed: bool) -> None:
        self._configuration = configuration
        self._folder = folder
        self._allowed = allowed
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
                _end(self._running.pop(system_id))
        for system_id, (config, kept) in wanted.items():
            if system_id not in self._running:
                self._running[system_id] = Microservice(config, _free_port(), kept)
                self._run(system_id)

    def with_address(self, system_id: str, system: dict[str, Any]) -> dict[str, Any]:
        """The system with the URL of its process, where it has one and names no other."""
        found = self._running.get(system_id)
        if found is None or system.get("url_pattern"):
            return system
        return {**system, "url_pattern": f"http://127.0.0.1:{found.port}/%s"}

    def state(self, system_id: str) -> dict[str, Any] | None:
        """`{"running", "pid", "port", "failures", "output"}`; null for a system without command."""
        found = self._running.get(system_id)
        if found is None:
            return None
        process = found.process
        return {
            "running": process is not None and process.poll() is None,
            "pid": None if process is None else process.pid,
            "port": found.port,
            "failures": found.failures,
            "output": list(found.lines),
        }

    async def stop(self) -> None:
        """End all of them."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        running, self._running = list(self._running.values()), {}
        await asyncio.gather(*(asyncio.to_thread(_end, found) for found in running))

    # -- processes -----------------------------------------------------------------------------

    def _wanted(self) -> dict[str, tuple[dict[str, Any], frozenset[str]]]:
        """The systems with a command, by id, their secrets put in; and what is not to be told."""
        active = self._configuration.active
        found: dict[str, tuple[dict[str, Any], frozenset[str]]] = {}
        for system_id in active.document.systems:
            if system_id in active.invalid:
                continue
            effective = active.effective(system_id)
            if effective.get("type") != TYPE or not effective.get("command"):
                continue
            if not self._allowed:
                log.warning(
                    'the command of the system "%s" is not run: the node does not allow commands',
                    system_id,
                )
                continue
            systems, secrets = self._configuration.with_secrets({system_id: effective})
            try:
                resolved = resolve_secrets(systems[system_id], secrets)
                kept = kept_secrets(PipeDefinition({}, {system_id: effective}, secrets=secrets))
                found[system_id] = (resolved, frozenset(kept))
            except ConfigError as error:
                log.warning('the system "%s" is not started: %s', system_id, error.message)
        return found

    def _run(self, system_id: str) -> None:
        found = self._running[system_id]
        docker = found.config.get("docker") or {}
        given = {name: str(value) for name, value in (docker.get("environment") or {}).items()}
        command = [str(part) for part in found.config["command"]]
        found.started = time.monotonic()
        try:
            found.process = subprocess.Popen(  # noqa: S603 - what the configuration says
                command,
                cwd=self._folder or None,
                env=environment_of_services() | given | {"PORT": str(found.port)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one system call
            )
        except OSError as error:
            found.process = None
            found.lines.append(f"{command[0]}: {error.strerror}")
            self._failed(system_id, f"cannot be started: {command[0]}: {error.strerror}")
            return
        log.info('the microservice "%s" runs as process %d', system_id, found.process.pid)
        Thread(target=_read, args=(found, found.process), daemon=True).start()

    def _failed(self, system_id: str, how: str) -> None:
        found = self._running[system_id]
        lived = time.monotonic() - found.started
        found.failures = 1 if lived > WELL_S else found.failures + 1
        pause = 0.0 if lived > WELL_S else min(2.0 ** (found.failures - 1), LONGEST_PAUSE_S)
        found.next_start = time.monotonic() + pause
        last = found.lines[-1].strip() if found.lines else ""
        log.warning('the microservice "%s" %s; %s', system_id, how, last)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            for system_id, found in list(self._running.items()):
                process = found.process
                if process is not None and process.poll() is not None:
                    found.process = None
                    self._failed(system_id, f"ended with {process.returncode}")
                elif process is None and time.monotonic() >= found.next_start:
                    try:
                        self._run(system_id)
                    except SesamError:
                        log.exception("a microservice cannot be started")


def _read(found: Microservice, process: subprocess.Popen[str]) -> None:
    # All of it is read, so that a full pipe never stops the process.
    for line in process.stdout or ():
        found.lines.append(hidden_in(line, found.kept))


def environment_of_services() -> dict[str, str]:
    """That of the node, without what is for the node alone: its keys, where its data is."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SESAM_")}


def _end(found: Microservice) -> None:
    process, found.process = found.process, None
    if process is None:
        return
    process.terminate()
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _die_with_parent() -> None:
    """A node that is killed takes its microservices along; where the system can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DIED, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
