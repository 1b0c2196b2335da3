"""Histories over LMDB, played in forked children that are killed, and go on in others.

A server process that has no environment open forks a child for each stretch of a history: LMDB
must not cross a fork. The child kills itself with SIGKILL at the write that a `kill` step names;
the next child goes on with the step after it. Run as a program it is that server: requests come as
lines of JSON on its standard input, answers go to its standard output.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from .history import History
    from .play import Played

TESTS = Path(__file__).parent.parent
MEMORY = Path("/dev/shm")


class Children:
    """The server, and histories played through it."""

    def __init__(self) -> None:
        program = "from histories.children import serve; serve()"
        paths = [str(TESTS), str(TESTS.parent), *sys.path]
        self._server = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for stream in (self._server.stdin, self._server.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
        self._server.wait(timeout=60)

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        line = self._server.stdout.readline()
        assert line, "the server of the children has died"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def play(self, history: History) -> Played:
        """Play a history over LMDB: its kills are real."""
        from .play import Played

        # The files are there for the kills, not for the disk: memory will do, and is quick.
        folder = tempfile.mkdtemp(prefix="histories-", dir=MEMORY if MEMORY.is_dir() else None)
        played = Played()
        first = 0
        try:
            while first < len(history.steps) and not played.difference:
                given = asdict(replace(history, features=[], labels=[]))
                answer = self._ask({"history": given, "folder": folder, "first": first})
                first = answer["next"]
                for name in ("runs", "changing", "kills", "checks", "incremental"):
                    setattr(played, name, getattr(played, name) + answer["played"][name])
                played.difference = answer["played"]["difference"]
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return played


# -- in the server ---------------------------------------------------------------------------------


def serve() -> None:
    """Fork a child for each request, and tell how it ended."""
    import histories.play  # noqa: F401 - loaded once, for every child

    for line in sys.stdin:
        request = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.close(reading)
            _be_child(request, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            written = pipe.read()
        _, status = os.waitpid(child, 0)
        # Each step is told before it is taken, and what has come of it afterwards.
        answer = json.loads(written.splitlines()[-1])
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL) and status:
            answer["played"]["difference"] = f"a child ended with {status}"
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _be_child(request: dict[str, Any], writing: int) -> None:
    """Play steps until there are no more, or one asks for another process; never returns."""
    status = 1
    try:
        _play_stretch(request, writing)
        status = 0
    except BaseException:  # noqa: BLE001 - the parent is told by the status
        traceback.print_exc()
    finally:
        os._exit(status)


def _play_stretch(request: dict[str, Any], writing: int) -> None:
    from pipes_helpers import Node

    from .history import History
    from .play import DifferenceError, Player, compiled_once, small_batches

    history = History(**request["history"])

    def kill() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    node = Node(f"lmdb:{request['folder']}/store")
    player = Player(history, node, kill)
    first: int = request["first"]
    player.skip(first)

    def tell(following: int) -> None:
        told = {"next": following, "played": asdict(player.played)}
        os.write(writing, json.dumps(told).encode() + b"\n")

    with small_batches(history.batch), compiled_once():
        for number in range(first, len(history.steps)):
            step = history.steps[number]
            if step[0] == "kill":
                player.played.kills += 1
            tell(number + 1)
            if step[0] == "restart" and number > first:
                break
            try:
                player.step(step)
            except DifferenceError as error:
                player.played.difference = f"at step {number}: {error}"
            tell(number + 1)
            if player.played.difference:
                break
    node.store.close()


if __name__ == "__main__":
    serve()
