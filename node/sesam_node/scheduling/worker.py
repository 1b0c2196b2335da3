"""A worker process: it carries out one job after the other for the node that started it.

`main` talks pickled tuples over the socket whose descriptor it is given. The main thread
works; a second one listens, so that a cancel is heard during a job, and so that the process ends
at once when the node's end of the socket closes, however the node died. Commits that an orphan
might still have in hand are refused by the store's fence.

From the node: `("open", Start)`, `("run", request)`, `("call", id, operation, payload)`,
`("cancel", id)`, `("credit", id)`, `("answer", number, answer)`. To the node: `("ready",)`,
`("begun", id)`, `("progress", id, progress)`, `("result", id, result)`, `("chunk", id, bytes)`,
`("value", id, value)`, `("error", id, error)`, and what systems ask the node's desk: `("ask", id,
number, question)`, where 0 wants no answer.
"""

from __future__ import annotations

import gc
import logging
import os
import pickle
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any

from sesam_node import errors, log
from sesam_node.hiding import hidden, hidden_error, hidden_messages, keeping
from sesam_node.pipes.kept_secrets import kept_in
from sesam_node.pipes.shared import line
from sesam_node.scheduling.executor import WINDOW, is_stream, perform

if TYPE_CHECKING:
    from sesam_node.pipes.runs import Progress, RunRequest
    from sesam_node.pipes.shared.questions import Question
    from sesam_node.store import Store

PROGRESS_S = 0.2
STOPPED = "the run was stopped"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Start:
    """What a worker is told first. `nice` lowers its priority, `memory_bytes` of 0 is no limit."""

    parent: int
    store_url: str
    nice: int = 0
    memory_bytes: int = 0
    log_level: str = "info"
    log_format: str = "text"
    preload: tuple[str, ...] = ()


class _Cancelled(Exception):  # noqa: N818 - not an error: the reader has gone
    """Ends a call whose reader has gone."""


class Worker:
    """The state of the process: the open store and the job in hand."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._jobs: SimpleQueue[tuple[Any, ...]] = SimpleQueue()
        self._changed = Condition()
        self._cancelled: set[str] = set()
        self._on_the_way = 0
        self._job = ""
        self._asked = 0
        self._answers: dict[int, Any] = {}
        self._start = Start(0, "memory:")
        self._store: Store | None = None

    def run(self) -> None:
        """Work until the node closes the connection."""
        kind, start = self._connection.recv()
        if kind != "open":
            raise RuntimeError(f'expected "open" from the node, got {kind!r}')
        self._start = start
        _join_parent(start)
        for module in start.preload:
            _import(module)
        # What is loaded now stays: the collector need not look at it again.
        gc.freeze()
        line.use(self)
        Thread(target=self._listen, daemon=True, name="listener").start()
        self._send("ready")
        while True:
            job = self._jobs.get()
            self._job = job[1].run_id if job[0] == "run" else job[1]
            self._send("begun", self._job)
            if job[0] == "run":
                self._run(job[1])
            else:
                self._call(*job[1:])

    # -- the line to the desk ----------------------------------------------------------------------

    def ask(self, question: Question) -> Any:
        """The desk's answer. Raises PipeError where the job in hand is stopped meanwhile."""
        with self._changed:
            self._asked += 1
            number = self._asked
            self._answers.clear()
        self._send("ask", self._job, number, question)
        with self._changed:
            self._changed.wait_for(lambda: number in self._answers or self._stopped)
            if number not in self._answers:
                raise errors.PipeError(STOPPED)
            return self._answers.pop(number)

    def tell(self, question: Question) -> None:
        """Tell the desk what has no answer."""
        self._send("ask", self._job, 0, question)

    def wait(self, seconds: float) -> None:
        """Do nothing for a while. Raises PipeError where the job in hand is stopped meanwhile."""
        with self._changed:
            if self._changed.wait_for(lambda: self._stopped, seconds):
                raise errors.PipeError(STOPPED)

    @property
    def _stopped(self) -> bool:
        return self._job in self._cancelled

    # -- messages ----------------------------------------------------------------------------------

    def _listen(self) -> None:
        while True:
            try:
                message = self._connection.recv()
            except (EOFError, OSError):
                # Without flushing or closing anything: a commit is either done or undone.
                os._exit(0)
            kind = message[0]
            if kind in ("run", "call"):
                self._jobs.put(message)
                continue
            with self._changed:
                if kind == "cancel":
                    self._cancelled.add(message[1])
                elif kind == "answer":
                    self._answers[message[1]] = message[2]
                else:
                    self._on_the_way -= 1
                self._changed.notify_all()

    def _send(self, *message: Any) -> None:
        try:
            self._connection.send(message)
        except OSError:
            os._exit(0)

    def _open(self) -> Store:
        if self._store is None:
            from sesam_node.dtl import compile_index
            from sesam_node.store import open_store

            self._store = open_store(self._start.store_url, index_resolver=compile_index)
        return self._store

    def _run(self, request: RunRequest) -> None:
        from sesam_node.pipes.pump import run_pump

        told = 0.0

        def report(progress: Progress) -> None:
            nonlocal told
            now = time.monotonic()
            if now - told >= PROGRESS_S:
                told = now
                self._send("progress", request.run_id, progress)

        try:
            with log.about(pipe=request.definition.pipe_id, run=request.run_id):
                result = run_pump(
                    request, self._open(), report, lambda: request.run_id in self._cancelled
                )
        except Exception as error:  # noqa: BLE001 - told to the node, which has the log
            self._send("error", request.run_id, portable(error), traceback.format_exc())
        else:
            self._send("result", request.run_id, result)
        self._cancelled.discard(request.run_id)

    def _call(self, call: str, operation: str, payload: dict[str, Any]) -> None:
        self._on_the_way = 0
        with keeping(kept_in(payload)):
            self._carry_out(call, operation, payload)
        self._cancelled.discard(call)

    def _carry_out(self, call: str, operation: str, payload: dict[str, Any]) -> None:
        try:
            result = perform(operation, payload, self._open)
            if is_stream(result):
                self._stream(call, result)
                result = None
            self._send("value", call, hidden_messages(result))
        except _Cancelled:
            self._send("value", call, None)
        except MemoryError:
            limit = self._start.memory_bytes // (1024 * 1024)
            error = errors.SesamError(f"the operation needs more than {limit} MiB of memory")
            self._send("error", call, error, "")
        except Exception as error:  # noqa: BLE001 - raised again at the reader
            text = hidden(traceback.format_exc())
            self._send("error", call, hidden_error(portable(error)), text)

    def _stream(self, call: str, chunks: Any) -> None:
        try:
            for chunk in chunks:
                with self._changed:
                    self._changed.wait_for(
                        lambda: self._on_the_way < WINDOW or call in self._cancelled
                    )
                    if call in self._cancelled:
                        raise _Cancelled
                    self._on_the_way += 1
                self._send("chunk", call, bytes(chunk))
        finally:
            if hasattr(chunks, "close"):
                chunks.close()


def _import(module: str) -> None:
    try:
        import_module(module)
    except ImportError:
        # The job that needs it says so, to somebody who reads it.
        logger.exception("%s cannot be loaded", module)


def portable(error: Exception) -> Exception:
    """The error if it survives the way between processes, else its nearest known relative."""
    try:
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
        if type(copy) is type(error) and str(copy) == str(error):
            error.__traceback__ = error.__cause__ = error.__context__ = None
            return error
    except Exception:  # noqa: BLE001 - any failure means that it does not travel
        logger.debug("%s does not travel between processes", type(error).__name__)
    if isinstance(error, errors.SesamError):
        family = next(kind for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
        relative: Exception = family(error.message, error.problems)
        return relative
    return errors.SesamError(f"{type(error).__name__}: {error}")


def _join_parent(start: Start) -> None:
    """Live and die with the node, at lower priority and with a limit of memory."""
    log.set_up(start.log_level, start.log_format)
    log.take_all()
    # An interrupt at the terminal is for the node, which ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        import ctypes

        # The listener ends this process too, but cannot while C code holds the interpreter.
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
        if os.getppid() != start.parent:
            os._exit(0)
    if start.nice:
        os.nice(start.nice)
    if start.memory_bytes:
        import resource

        # Private memory only: the maps of the store are files.
        resource.setrlimit(resource.RLIMIT_DATA, (start.memory_bytes, start.memory_bytes))


def main() -> None:
    """The process: `sys.argv[1]` is the descriptor of its socket."""
    Worker(Connection(int(sys.argv[1]))).run()
