"""Hubs over a store in memory with runs that the test ends itself, or over LMDB with workers."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import Future
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from sesam_node.dtl import compile_index
from sesam_node.hub import Hub
from sesam_node.pipes.runs import RunResult
from sesam_node.scheduling.inline import InlineExecutor
from sesam_node.scheduling.workers import WorkerExecutor
from sesam_node.settings import Settings
from sesam_node.store import open_store

# The tests import `hub_testing` and `processes` from these folders.
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "scheduling")]

KEY = Fernet.generate_key()


class Handle:
    """A run that ends when the test says so, or when it is cancelled."""

    def __init__(self, request):
        self.request = request
        self.run_id = request.run_id
        self.cancelled = False
        self._result = Future()

    def cancel(self, grace_s=None):
        self.cancelled = True
        self.end(success=False, error="the run was stopped", cancelled=True)

    def progress(self):
        return {"processed": 7, "changed": 3, "sync_type": "full"}

    def result(self):
        return self._result

    def end(self, **values):
        pipe = self.request.definition.pipe_id
        self._result.set_result(
            RunResult(pipe, self.run_id, started="2026-01-01T00:00:00Z", **values)
        )


class HeldExecutor(InlineExecutor):
    """Calls are carried out, runs are held in `runs` by pipe."""

    def __init__(self, store):
        super().__init__(store)
        self.runs = {}

    def submit(self, request):
        handle = Handle(request)
        self.runs[request.definition.pipe_id] = handle
        return handle


def make_hub(store, executor, data, **settings):
    options = {"call_timeout_s": 30.0, "cancel_grace_s": 5.0, **settings}
    return Hub(
        Settings(data=data, **options),
        store,
        executor,
        epoch=store.lock_node(),
        vault_key=KEY,
        base_folder=str(data),
    )


@pytest.fixture
def store():
    made = open_store("memory:", index_resolver=compile_index)
    yield made
    made.close()


@pytest.fixture
def play(store, tmp_path):
    """Run a scenario, `async def scenario(hub)`, on a hub in memory; it may be done again.

    With `held` runs wait for the test to end them (`hub.executor.runs[pipe].end(…)`).
    """

    def run(scenario, *, held=False, **settings):
        async def main():
            executor = HeldExecutor(store) if held else InlineExecutor(store)
            hub = make_hub(store, executor, tmp_path, **settings)
            hub.store = store
            hub.executor = executor
            await hub.start()
            try:
                return await scenario(hub)
            finally:
                await hub.stop()

        return asyncio.run(main())

    return run


@asynccontextmanager
async def real_hub(folder, **settings):
    """A hub over LMDB with worker processes."""
    url = f"lmdb:{folder / 'store'}"
    store = open_store(url, index_resolver=compile_index)
    executor = WorkerExecutor(url, 2, 1)
    hub = make_hub(store, executor, folder, **settings)
    hub.store = store
    hub.executor = executor
    try:
        await hub.start()
        yield hub
    finally:
        await hub.stop()
        executor.close()
        store.close()


@pytest.fixture
def play_real(tmp_path):
    """As `play`, over LMDB in `tmp_path` and with worker processes."""

    def run(scenario, **settings):
        async def main():
            async with real_hub(tmp_path, **settings) as hub:
                return await scenario(hub)

        return asyncio.run(main())

    return run
