"""A real directory, and nodes with a system `dir` for it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

from certificates import make_certificate
from directory_server import slapd
from entries import PEOPLE
from pipes_helpers import Node
from server_processes import own_folder


@pytest.fixture(scope="session")
def certificate():
    return make_certificate()


@pytest.fixture(scope="session")
def server(certificate):
    with (
        own_folder("directory-") as folder,
        slapd(folder / "s", PEOPLE, (certificate.certificate, certificate.key)) as made,
    ):
        yield made


class Collecting:
    """A node with a system `dir`, and a pipe `got` that reads it."""

    def __init__(self, **system):
        self.node = Node()
        self.node.more = {"systems": {"dir": {"_id": "dir", **system}}}

    def collect(self, **options):
        """What the pipe makes of the directory: entities by id."""
        self.configure(**options)
        self.node.run("got")
        return self.node.live("got")

    def error(self, **options):
        """What a run says that fails."""
        self.configure(**options)
        result = self.node.try_run("got")
        assert not result.success
        return result.error

    def configure(self, **options):
        return self.node.pipe("got", source={"type": "ldap", "system": "dir", **options})


@pytest.fixture
def reading():
    """`reading(**options of the system)`"""
    made = []

    def make(**system):
        made.append(Collecting(**system))
        return made[-1]

    yield make
    for one in made:
        one.node.store.close()


@pytest.fixture
def directory(server, reading):
    return reading(**server.options())
