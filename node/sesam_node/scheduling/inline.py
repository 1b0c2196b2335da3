"""The executor without processes: runs at once, in the calling thread. For tests and notebooks."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from sesam_node.hiding import hidden_error, hidden_messages, keeping
from sesam_node.log import about
from sesam_node.pipes.kept_secrets import kept_in
from sesam_node.pipes.shared.desk import Desk
from sesam_node.pipes.shared.line import LocalLine, using
from sesam_node.scheduling.executor import CallHandle, is_stream, perform

if TYPE_CHECKING:
    from sesam_node.pipes.runs import Progress, RunRequest, RunResult
    from sesam_node.store import Store


class InlineRun:
    """A run that has ended when `submit` returns."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._cancelled = False
        self._progress: dict[str, Any] = {}
        self._result: Future[RunResult] = Future()

    @property
    def run_id(self) -> str:
        return self._run_id

    def cancel(self, grace_s: float | None = None) -> None:  # noqa: ARG002 - there is no process
        self._cancelled = True

    def progress(self) -> dict[str, Any]:
        return self._progress

    def result(self) -> Future[RunResult]:
        return self._result

    def carry_out(self, request: RunRequest, store: Store) -> None:
        from sesam_node.pipes.pump import run_pump

        with about(pipe=request.definition.pipe_id, run=request.run_id):
            result = run_pump(request, store, self._report, lambda: self._cancelled)
        self._result.set_result(result)

    def _report(self, progress: Progress) -> None:
        self._progress = {
            "processed": progress.processed,
            "changed": progress.changed,
            "sync_type": progress.sync_type,
        }


class InlineExecutor:
    """Runs pumps and operations in the calling thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._line = LocalLine(Desk())

    def share(self, desk: Desk) -> None:
        self._line = LocalLine(desk)

    def submit(self, request: RunRequest) -> InlineRun:
        run = InlineRun(request.run_id)
        with using(self._line):
            run.carry_out(request, self._store)
        return run

    def call(
        self,
        operation: str,
        payload: dict[str, Any],
        *,
        timeout_s: float,  # noqa: ARG002 - nothing can stop the calling thread
    ) -> CallHandle:
        handle = CallHandle()
        with keeping(kept_in(payload)):
            try:
                with using(self._line):
                    result = perform(operation, payload, lambda: self._store)
                    if is_stream(result):
                        for chunk in result:
                            handle.put(chunk)
                        result = None
                handle.finish(hidden_messages(result))
            except Exception as error:  # noqa: BLE001 - raised at the reader
                handle.fail(hidden_error(error))
        return handle

    def restart(self, grace_s: float = 2.0) -> None:
        """There are no workers."""

    def close(self, grace_s: float = 2.0) -> None:
        """Nothing runs between calls."""
