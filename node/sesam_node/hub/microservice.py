"""One microservice that the node runs: its process, what it printed, and how it is ended."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sesam_node.errors import PipeError
from sesam_node.hiding import hidden_in
from sesam_node.model import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LINES: Final = 1_000
GRACE_S: Final = 5.0
PARENT_DIED: Final = 1
"""PR_SET_PDEATHSIG of Linux's prctl."""


class Line(NamedTuple):
    """A line that it printed, and when: seconds since 1970."""

    at: float
    text: str


class Launch(NamedTuple):
    """How a process is started, and ended where a signal is not enough.

    `given` goes to its standard input. `container` is its name where it is one.
    """

    command: list[str]
    environment: Mapping[str, str]
    folder: str | None = None
    given: bytes | None = None
    container: str = ""
    end: Callable[[], None] | None = None


@dataclass(slots=True)
class Microservice:
    """A process, and what it was started with; `kept` are texts that its output is cleared of."""

    config: Mapping[str, Any]
    port: int
    kept: frozenset[str] = frozenset()
    process: subprocess.Popen[bytes] | None = None
    container: str = ""
    starting: bool = False
    started: float = 0.0
    failures: int = 0
    next_start: float = 0.0
    next_pull: float | None = None
    problem: str = ""
    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=LINES))
    _gone: bool = False
    _end: Callable[[], None] | None = None
    _lock: Lock = field(default_factory=Lock)

    @property
    def runs(self) -> bool:
        process = self.process
        return process is not None and process.poll() is None

    def launch(self, launch: Launch) -> None:
        """Start the process, unless it was ended for good meanwhile. Raises PipeError."""
        with self._lock:
            if self._gone:
                return
            try:
                process = subprocess.Popen(  # noqa: S603 - what the configuration says
                    launch.command,
                    cwd=launch.folder,
                    env=launch.environment,
                    stdin=subprocess.DEVNULL if launch.given is None else subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    preexec_fn=_die_with_parent,  # noqa: PLW1509 - one system call
                )
            except OSError as error:
                text = f"{launch.command[0]}: {error.strerror}"
                self.say(text)
                raise PipeError(f"cannot be started: {text}") from None
            self.started = time.monotonic()
            self.container, self._end, self.problem = launch.container, launch.end, ""
            self.process = process
        Thread(target=self._talk, args=(process, launch.given), daemon=True).start()

    def say(self, text: str) -> None:
        """Add a line to what it printed."""
        self.lines.append(Line(time.time(), hidden_in(text, self.kept)))

    def _talk(self, process: subprocess.Popen[bytes], given: bytes | None) -> None:
        if given is not None and process.stdin is not None:
            try:
                process.stdin.write(given)
                process.stdin.close()
            except OSError:
                pass  # it has ended already, which the output tells
        # All of it is read, so that a full pipe never stops the process.
        for line in process.stdout or ():
            self.say(line.decode(errors="replace").rstrip("\r\n"))

    def end(self, *, for_good: bool = True) -> None:
        """End the process and wait until it is gone; `for_good`, it is not started again."""
        with self._lock:
            self._gone = self._gone or for_good
            process, self.process = self.process, None
            end, self._end = self._end, None
        if process is None:
            return
        if end is not None:
            end()
        else:
            process.terminate()
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def environment_of_services() -> dict[str, str]:
    """That of the node, without what is for the node alone: its keys, where its data is."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SESAM_")}


def environment_of(config: Mapping[str, Any]) -> dict[str, str]:
    """The variables of a microservice: text as it is, all else as JSON."""
    docker = config.get("docker") or {}
    given = docker.get("environment") or {}
    return {
        str(name): value if isinstance(value, str) else encode(value).decode()
        for name, value in given.items()
    }


def _die_with_parent() -> None:
    """A node that is killed takes its microservices along; where the system can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DIED, signal.SIGKILL)
