"""A node as a child process: nothing to install or start beside the package.

The child listens on a free port of the loopback, makes its own token, and ends when its standard
input closes: when this process stops, or dies of a kill -9. Two files (0600) in its data folder
tell other kernels where it is, and its token: `url`, which it holds a lock on, and `token`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Self

from sesam_interactive.client.connection import Connection
from sesam_interactive.client.errors import ClientError, NoNodeError

if TYPE_CHECKING:
    from collections.abc import Sequence

START_S = 60
STOP_S = 10
LAST_LINES_S = 1
ADDRESS_FILE = "url"
READY = re.compile(r"sesam-node \S+ is ready at ")
DATA_VARIABLE = "SESAM_NODE_DATA"
PROJECT_VARIABLE = "SESAM_PROJECT"


def wait_for_node(data: Path, timeout_s: float = START_S) -> tuple[str, str]:
    """URL and token of the managed node that another process is starting on this data folder.

    Raises NoNodeError when it does not answer in time.
    """
    deadline = time.monotonic() + timeout_s
    while (found := running_node(data)) is None:
        if time.monotonic() > deadline:
            raise NoNodeError(f"the workbench's node on {data} does not answer; see its server log")
        time.sleep(0.1)
    return found


def data_folder() -> Path:
    """Where the managed node keeps its data: SESAM_NODE_DATA, or a folder of the user."""
    given = os.environ.get(DATA_VARIABLE)
    if given:
        return Path(given)
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "sesam-interactive" / "node"


def running_node(data: Path) -> tuple[str, str] | None:
    """URL and token of a node that runs on this data folder and answers."""
    if not is_held(data):
        return None
    try:
        url = _url_of(data)
        token = (data / "token").read_text().strip()
        connection = Connection(url, token, waits_s=())
    except (OSError, ValueError):
        return None
    try:
        connection.get("/ping")
    except ClientError:
        return None
    finally:
        connection.close()
    return url, token


def _failure(output: str) -> NoNodeError:
    kind = FolderInUseError if "is in use by process" in output else NoNodeError
    return kind("the node did not start:\n" + output)


def _url_of(data: Path) -> str:
    return (data / ADDRESS_FILE).read_text().strip()


def is_held(data: Path) -> bool:
    """Does the node live that tells its address in this data folder?

    After a kill -9 the file is left, and anyone may listen at its address: the token is not for
    them.
    """
    file = data / ADDRESS_FILE
    try:
        import fcntl
    except ImportError:
        # No node runs on such a machine; a folder may be shared with one that has.
        return file.exists()
    try:
        with file.open() as opened:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


class FolderInUseError(NoNodeError):
    """Another node has the data folder, or is about to start on it."""


class ManagedNode:
    """A node of our own: `start()` gives when it answers, `stop()` ends it cleanly.

    Relative paths in its configuration begin at the project, else at `folder`, by default where
    this process runs.
    """

    def __init__(
        self,
        data: Path,
        project: Path | None = None,
        profile: str = "test",
        port: int = 0,
        *,
        folder: Path | None = None,
    ) -> None:
        self.data = data.absolute()
        self.folder = folder
        self.project = project
        self.profile = profile
        self.port = port
        self.url = ""
        self.token = ""
        self._process: subprocess.Popen[str] | None = None
        self._reading: Thread | None = None
        self._lines: list[str] = []

    def __repr__(self) -> str:
        return f"<ManagedNode {self.url or 'not started'}>"

    def _command(self) -> Sequence[str]:
        command = [sys.executable, "-m", "sesam_node", "serve", "--data", str(self.data)]
        command += ["--port", str(self.port), "--stop-with-stdin"]
        if self.project is not None:
            command += ["--project", str(self.project.absolute()), "--profile", self.profile]
        return command

    def start(self) -> None:
        """Start the child and wait until it answers. Raises NoNodeError with what it printed."""
        self.data.mkdir(parents=True, exist_ok=True)
        # The workbench's project is for the workbench's node.
        environment = {k: v for k, v in os.environ.items() if k != PROJECT_VARIABLE}
        process = self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
            self._command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env=environment,
            text=True,
            # An interrupt in the notebook is for the cell, not for the node.
            start_new_session=True,
        )
        self._reading = Thread(target=self._read, args=(process,), daemon=True)
        self._reading.start()
        deadline = time.monotonic() + START_S
        while not self.url:
            if process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise _failure(self.output)
            time.sleep(0.02)
        self.token = (self.data / "token").read_text().strip()

    def _read(self, process: subprocess.Popen[str]) -> None:
        # All of its output is read, so that a full pipe never stops the node.
        assert process.stdout is not None  # noqa: S101 - it was asked for
        with process.stdout as lines:
            for line in lines:
                self._lines.append(line)
                del self._lines[:-200]
                if READY.match(line) and not self.url:
                    # A line of the log may hold any address: the node's own is in its file.
                    self.url = _url_of(self.data)

    @property
    def output(self) -> str:
        """The last lines that the node printed."""
        return "".join(self._lines)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End the child: its standard input closes, and it stops as on SIGTERM."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._reading is not None:
            # Its last lines say why it ended; what it has started may hold its output longer.
            self._reading.join(LAST_LINES_S)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()
