"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from demo_project import DEMO, small_demo


@pytest.fixture(scope="session")
def demo_data():
    """The demo's CSV files are unpacked."""
    if not (DEMO / "data" / "flights.csv").exists():
        pytest.fail("the demo's data is missing; `make test` unpacks it")
    return DEMO / "data"


@pytest.fixture
def demo_copy(tmp_path, demo_data):
    """A copy of the demo project, with some thousand flights."""
    return small_demo(tmp_path)
