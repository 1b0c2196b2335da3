"""Stores to test."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from store_helpers import items, resolver

from sesam_node.store import open_store


@pytest.fixture(params=["memory", "lmdb"])
def url(request, tmp_path):
    return "memory:" if request.param == "memory" else f"lmdb:{tmp_path / 'store'}"


@pytest.fixture
def store(url):
    store = open_store(url, index_resolver=resolver)
    yield store
    store.close()


@pytest.fixture(params=["orders", "system:pump_execution:orders"])
def dataset(request, store):
    """An empty dataset: an ordinary one, and one that shares its files with others."""
    if request.param.startswith("system:"):
        for name in ("system:a", "system:b"):
            store.dataset(name).write(items("a", "b", "c", of=name))
    dataset = store.dataset(request.param)
    if request.param.startswith("system:"):
        store.dataset("system:c").write(items("a", "b", "c", of="system:c"))
    return dataset


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "store"
