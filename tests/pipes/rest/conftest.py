"""REST services for tests."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from rest_service import Service


@pytest.fixture
def service():
    """`service(answer, operations, **system)`"""
    with ExitStack() as stack:
        yield lambda answer, operations, **system: Service(answer, stack, operations, **system)
