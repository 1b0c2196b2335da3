"""One worker process, seen from the node: started, talked to over a socket, ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from multiprocessing.connection import Connection
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sesam_node.scheduling.worker import Start

CLOSE_S = 0.5
HIDDEN_VARIABLES = ("SESAM_JWT_KEY",)

COMMAND = "from sesam_node.scheduling.worker import main; main()"


class WorkerDied(Exception):  # noqa: N818 - says what happened
    """The process ended while it had a job."""


class Process:
    """One worker process and the socket to it."""

    def __init__(self, start: Start) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            environment = {
                name: value for name, value in os.environ.items() if name not in HIDDEN_VARIABLES
            }
            # -P: a file in the current folder must not stand in for a module.
            self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                [sys.executable, "-P", "-c", COMMAND, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=environment,
            )
        self._connection = Connection(ours.detach())
        self._sending = Lock()
        self.send("open", replace(start, parent=os.getpid()))

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def send(self, *message: Any) -> None:
        """Raises OSError where the process has ended."""
        with self._sending:
            self._connection.send(message)

    def receive(self, timeout_s: float | None = None) -> tuple[Any, ...] | None:
        """The next message; None when there is none in time. Raises WorkerDied."""
        try:
            if timeout_s is not None and not self._connection.poll(timeout_s):
                return None
            message: tuple[Any, ...] = self._connection.recv()
        except (EOFError, OSError):
            raise WorkerDied(self.ending()) from None
        return message

    def ending(self) -> str:
        """How the process ended: "was killed by SIGKILL", "ended with status 1"."""
        code = self._wait()
        if code >= 0:
            return f"ended with status {code}"
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"was killed by {name}"

    def kill(self) -> None:
        """End it now."""
        self._process.kill()

    def close(self) -> None:
        """End it and give everything back."""
        with self._sending:
            self._connection.close()
        self._wait()

    def _wait(self) -> int:
        """The status of a process that is about to end by itself."""
        try:
            return self._process.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
