"""A node for the conformance tests, and copies of the shared projects."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sesam_node.cli.child import ChildNode

PROJECTS = Path(__file__).parent / "projects"


@pytest.fixture
def project(tmp_path):
    """`project(name)` is a copy of a shared project."""

    def copy(name):
        return Path(shutil.copytree(PROJECTS / name, tmp_path / name))

    return copy


@pytest.fixture
def child(tmp_path):
    """A node of its own."""
    with ChildNode(tmp_path / "data", folder=tmp_path) as node:
        yield node
