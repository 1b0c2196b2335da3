"""Workers that know the operations of these tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sesam_node.scheduling.workers import WorkerExecutor

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


@pytest.fixture
def known(monkeypatch):
    """Processes started from here find `worker_operations`."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))


@pytest.fixture
def executor(known, tmp_path):
    made = WorkerExecutor(f"lmdb:{tmp_path / 'store'}", 2, 2)
    yield made
    made.close()


@pytest.fixture
def call(executor):
    """Start an operation of `worker_operations`."""

    def start(name, timeout_s=30.0, **payload):
        return executor.call(f"worker_operations:{name}", payload, timeout_s=timeout_s)

    return start
