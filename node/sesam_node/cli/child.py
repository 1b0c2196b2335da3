"""A node as a child process, for commands that need one for a while.

It takes a free port, and ends when this process does: its standard input closes then.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Self

from sesam_node.errors import SesamError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

START_S = 60.0
STOP_S = 10.0
READY = re.compile(r"https?://\S+")


class ChildNode:
    """A node of our own: `with ChildNode(data) as node` runs it; it has `url` and `token`.

    `folder` is where it runs: relative paths in a configuration begin there.
    """

    def __init__(self, data: Path, *, folder: Path, arguments: Sequence[str] = ()) -> None:
        self.data = data.absolute()
        self.folder = folder
        self.arguments = list(arguments)
        self.url = ""
        self.token = ""
        self._log = self.data / "node.log"

    def __enter__(self) -> Self:
        self.data.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "sesam_node", "serve", "--data", str(self.data)]
        command += ["--port", "0", "--host", "127.0.0.1", "--stop-with-stdin", *self.arguments]
        # The child is a node of its own: what the environment says is for another.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SESAM_")}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self.folder,
                env=environment,
                text=True,
                start_new_session=True,
            )
        self._wait_until_ready()
        return self

    def _wait_until_ready(self) -> None:
        process = self._process
        # A child that hangs before it is ready is ended, which ends the reading too.
        timer = threading.Timer(START_S, process.kill)
        timer.start()
        try:
            for line in process.stdout or ():
                found = READY.search(line)
                if found:
                    self.url = found[0]
                    self.token = (self.data / "token").read_text().strip()
                    return
        finally:
            timer.cancel()
        self._stop()
        raise SesamError(f"the node did not start:\n{self.log_tail()}")

    def log_tail(self, lines: int = 20) -> str:
        """The last lines that the node logged."""
        try:
            text = self._log.read_text("utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(f"  {line}" for line in text.splitlines()[-lines:])

    def _stop(self) -> None:
        process = self._process
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def __exit__(self, *_exception: object) -> None:
        self._stop()
