"""Comparisons of a draft with a whole sink, in the background: begun, looked at, cancelled.

A job is carried out in slices of some seconds, each a call of an interactive worker, so that it
holds up nobody. What it keeps between them is in a dataset of its own, which goes with it. Jobs do
not outlive the node.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sesam_node.errors import ConflictError, NotFoundError, SesamError
from sesam_node.hub.active import delete_datasets
from sesam_node.pipes.diff import PREFIX, staging_name

if TYPE_CHECKING:
    from sesam_node.pipes.diff import Sliced
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.scheduling.executor import Executor
    from sesam_node.store import Store

log = logging.getLogger(__name__)

SLICE = "sesam_node.pipes.diff:diff_slice"
SLICE_S = 2.0
MAX_RUNNING = 2
MAX_KEPT = 20
"""How many jobs that have ended are remembered."""

RUNNING, DONE, FAILED, CANCELLED = "running", "done", "failed", "cancelled"


@dataclass
class Job:
    """One comparison."""

    id: str
    pipe: str
    state: str = RUNNING
    progress: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] | None = None
    error: str = ""
    task: asyncio.Task[None] | None = None

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "job": self.id,
            "pipe": self.pipe,
            "state": self.state,
            "progress": self.progress,
        }
        if self.result is not None:
            told["result"] = self.result
        if self.error:
            told["error"] = self.error
        return told


class Diffs:
    """The jobs of a node."""

    def __init__(self, store: Store, executor: Executor, *, timeout_s: float) -> None:
        self._store = store
        self._executor = executor
        self._timeout_s = timeout_s
        self._jobs: dict[str, Job] = {}

    async def start(self) -> None:
        """Remove what jobs of an earlier life of the node have left."""
        left = [name for name in self._store.names() if name.startswith(PREFIX)]
        await asyncio.to_thread(delete_datasets, self._store, left)

    def begin(self, definition: PipeDefinition) -> Job:
        """Begin a job. Raises ConflictError where there are as many as there may be."""
        running = [job for job in self._jobs.values() if job.state == RUNNING]
        if len(running) >= MAX_RUNNING:
            raise ConflictError(
                f"{MAX_RUNNING} comparisons are running; wait for one, or cancel it: "
                + ", ".join(f'"{job.id}" of pipe "{job.pipe}"' for job in running)
            )
        ended = [job.id for job in self._jobs.values() if job.state != RUNNING]
        for job_id in ended[: max(0, len(ended) - MAX_KEPT + 1)]:
            del self._jobs[job_id]
        job = Job(uuid4().hex, definition.pipe_id)
        self._jobs[job.id] = job
        job.task = asyncio.create_task(self._carry_out(job, definition))
        return job

    def get(self, pipe_id: str, job_id: str) -> Job:
        """A job of a pipe. Raises NotFoundError."""
        job = self._jobs.get(job_id)
        if job is None or job.pipe != pipe_id:
            raise NotFoundError(f'there is no comparison "{job_id}" of the pipe "{pipe_id}"')
        return job

    async def cancel(self, pipe_id: str, job_id: str) -> Job:
        """End a job, if it still runs; what it kept is gone when this returns."""
        job = self.get(pipe_id, job_id)
        await self._end(job)
        return job

    async def stop(self) -> None:
        """End all jobs."""
        await asyncio.gather(*(self._end(job) for job in self._jobs.values()))

    async def _end(self, job: Job) -> None:
        task = job.task
        if task is not None and not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _carry_out(self, job: Job, definition: PipeDefinition) -> None:
        ended = FAILED
        try:
            await asyncio.to_thread(self._store.dataset, staging_name(job.id))
            job.result = await self._compared(job, definition)
            ended = DONE
        except asyncio.CancelledError:
            ended = CANCELLED
            raise
        except SesamError as error:
            job.error = str(error)
        except Exception:
            job.error = "an unexpected error; the node's log has it"
            log.exception("a comparison failed", extra={"pipe": job.pipe})
        finally:
            # Who reads that it has ended finds nothing left of it.
            await asyncio.shield(asyncio.to_thread(self._clear, job.id))
            job.state = ended

    async def _compared(self, job: Job, definition: PipeDefinition) -> dict[str, Any]:
        sliced: Sliced | None = None
        while sliced is None or sliced.phase != "done":
            payload = {
                "definition": definition,
                "job": job.id,
                "sliced": sliced,
                "seconds": SLICE_S,
            }
            call = self._executor.call(SLICE, payload, timeout_s=self._timeout_s)
            sliced = await call.value()
            assert sliced is not None  # noqa: S101 - a slice gives how far it is
            job.progress = sliced.progress()
        return sliced.told

    def _clear(self, job_id: str) -> None:
        with contextlib.suppress(NotFoundError):
            self._store.delete(staging_name(job_id))
