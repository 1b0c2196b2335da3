"""Where runs and interactive operations are carried out: the protocol that executors share.

A run is a whole pump run (`submit`); a call is one short operation for somebody who waits, such as
a publisher or a preview (`call`). Both give a handle at once. `workers.py` runs them in processes,
`inline.py` in the calling thread; an executor on other machines fulfils the same protocol.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from importlib import import_module
from threading import Condition
from typing import TYPE_CHECKING, Any, Protocol

from sesam_node.errors import SesamError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from concurrent.futures import Future

    from sesam_node.pipes.runs import RunRequest, RunResult
    from sesam_node.pipes.shared.desk import Desk
    from sesam_node.store import Store

WINDOW = 8
"""How many chunks of a call are on their way before its worker waits for the reader."""

OPERATIONS = "sesam_node.pipes.operations"


class RunHandle(Protocol):
    """One run of a pump, waiting, running or ended."""

    @property
    def run_id(self) -> str: ...

    def cancel(self, grace_s: float | None = None) -> None:
        """End the run at its next batch; after `grace_s` seconds its process is killed."""
        ...

    def progress(self) -> dict[str, Any]:
        """`processed`, `changed` and `sync_type` so far; empty before the first batch."""
        ...

    def result(self) -> Future[RunResult]:
        """How it ended. Never an exception: a run that fails, or is lost, says so in its result."""
        ...


class Executor(Protocol):
    """Runs pumps and operations."""

    def submit(self, request: RunRequest) -> RunHandle: ...

    def call(self, operation: str, payload: dict[str, Any], *, timeout_s: float) -> CallHandle:
        """Start an operation: a function of `pipes/operations.py`, or "module:function".

        It is called with `payload` as keyword arguments, and `store` if it takes one.
        """
        ...

    def share(self, desk: Desk) -> None:
        """Have the systems of all runs and operations ask this desk."""
        ...

    def restart(self, grace_s: float = 2.0) -> None:
        """Cancel everything and begin with new workers."""
        ...

    def close(self, grace_s: float = 2.0) -> None:
        """Cancel everything and end the workers within about `grace_s` seconds."""
        ...


class CallHandle:
    """The answer of an operation: chunks of bytes as they come, or one value at the end.

    The other side puts in (`put`, `finish`, `fail`), from any thread. One reader takes out, either
    a thread (`iterate`, `wait`) or a task (`chunks`, `value`); errors are raised at the reader. A
    reader that goes away ends the operation.
    """

    def __init__(self) -> None:
        self.on_take: Callable[[], None] = _nothing
        self.on_cancel: Callable[[], None] = _nothing
        self._chunks: deque[bytes] = deque()
        self._changed = Condition()
        self._ended = False
        self._value: Any = None
        self._error: BaseException | None = None
        self._wake: Callable[[], None] = _nothing

    @property
    def ended(self) -> bool:
        return self._ended

    @property
    def waits_for_reader(self) -> bool:
        return len(self._chunks) >= WINDOW

    # The side of the operation

    def put(self, chunk: bytes) -> None:
        with self._changed:
            if not self._ended:
                self._chunks.append(chunk)
            self._tell()

    def finish(self, value: Any = None) -> None:
        self._end(value, None)

    def fail(self, error: BaseException) -> None:
        self._end(None, error)

    def _end(self, value: Any, error: BaseException | None) -> None:
        with self._changed:
            if not self._ended:
                self._ended, self._value, self._error = True, value, error
            self._tell()

    def _tell(self) -> None:
        self._changed.notify_all()
        wake, self._wake = self._wake, _nothing
        wake()

    # The side of the reader

    def cancel(self) -> None:
        """Give up: what has not been read is dropped, and the operation ends."""
        if not self._ended:
            self.fail(SesamError("the operation was cancelled"))
            self.on_cancel()

    def iterate(self) -> Iterator[bytes]:
        """The chunks, for a thread."""
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._chunks or self._ended)
                    chunk = self._take()
                if chunk is None:
                    return
                self.on_take()
                yield chunk
        finally:
            self.cancel()

    def wait(self) -> Any:
        """The value, for a thread; chunks that nobody reads are joined into it."""
        chunks = list(self.iterate())
        return b"".join(chunks) if self._value is None and chunks else self._value

    async def chunks(self) -> AsyncIterator[bytes]:
        """The chunks, for a task."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                with self._changed:
                    woken = None
                    if not self._chunks and not self._ended:
                        woken = loop.create_future()
                        self._wake = _waker(loop, woken)
                    else:
                        chunk = self._take()
                if woken is not None:
                    await woken
                    continue
                if chunk is None:
                    return
                self.on_take()
                yield chunk
        finally:
            self.cancel()

    async def value(self) -> Any:
        """The value, for a task; see `wait`."""
        chunks = [chunk async for chunk in self.chunks()]
        return b"".join(chunks) if self._value is None and chunks else self._value

    def _take(self) -> bytes | None:
        if self._chunks:
            return self._chunks.popleft()
        if self._error is not None:
            raise self._error
        return None


def _nothing() -> None:
    """Stands for a listener that is not there."""


def _waker(loop: asyncio.AbstractEventLoop, woken: asyncio.Future[None]) -> Callable[[], None]:
    def set_result() -> None:
        if not woken.done():
            woken.set_result(None)

    def wake() -> None:
        # The loop may be closed already when a node stops.
        if not loop.is_closed():
            loop.call_soon_threadsafe(set_result)

    return wake


def find_operation(name: str) -> Callable[..., Any]:
    """The function that `call` names."""
    module, _, function = name.rpartition(":")
    found: Callable[..., Any] = getattr(import_module(module or OPERATIONS), function)
    return found


def perform(name: str, payload: dict[str, Any], store: Callable[[], Store]) -> Any:
    """Call an operation; `store` opens the store for those that take one."""
    function = find_operation(name)
    if "store" in inspect.signature(function).parameters:
        return function(store=store(), **payload)
    return function(**payload)


def is_stream(result: Any) -> bool:
    """Is the result of an operation an iterator of chunks, rather than a value?"""
    return hasattr(result, "__next__")
