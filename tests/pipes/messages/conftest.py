"""A mail server, and nodes with a system `out` for it."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

from certificates import make_certificate
from mail_server import mail_server, secure_mail_server
from pipes_helpers import Node


class Mailing:
    """A node whose pipe `mail` sends a mail for each entity of the dataset `in`."""

    sink: ClassVar = {
        "type": "mail",
        "system": "out",
        "body_template": "Hello {{ name }}",
        "subject_template": "To {{ name }}",
        "recipients_property": "to",
        "mail_from": "node@example.org",
    }

    def __init__(self, node=None, **system):
        self.node = node or Node()
        self.node.more = {"systems": {"out": {"_id": "out", **system}}}

    def configure(self, pump=None, batch_size=None, pipe="mail", **sink):
        config = {k: v for k, v in {**self.sink, **sink}.items() if v is not None}
        more = {"batch_size": batch_size} if batch_size else {}
        self.node.pipe(pipe, source="in", sink=config, pump=pump or {}, **more)

    def send(self, *entities, **config):
        """Puts entities into the dataset and runs the pipe."""
        self.configure(**config)
        self.node.put("in", *entities)
        return self.node.run("mail")

    def error(self, *entities, **config):
        """What a run says that fails: its message, and its problems."""
        self.configure(**config)
        self.node.put("in", *entities)
        result = self.node.try_run("mail")
        assert not result.success
        return result.error


@pytest.fixture
def server():
    with mail_server() as made:
        yield made


@pytest.fixture
def mailing(server):
    made = Mailing(**server.options())
    yield made
    made.node.store.close()


@pytest.fixture(scope="session")
def certificate():
    return make_certificate()


@pytest.fixture
def secure(certificate, tmp_path):
    with secure_mail_server(tmp_path, certificate) as made:
        yield made


@pytest.fixture
def mailing_by():
    """`mailing_by(**options of the system)`"""
    with ExitStack() as stack:

        def make(node=None, **system):
            made = Mailing(node, **system)
            stack.callback(made.node.store.close)
            return made

        yield make
