"""A node for the conformance tests, copies of the projects, and what serves their files."""

from __future__ import annotations

import json
import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from sesam_node.cli.child import ChildNode

PROJECTS = Path(__file__).parent / "projects"


class QuietFiles(SimpleHTTPRequestHandler):
    """The files of a folder."""

    def log_message(self, *args):
        pass


@pytest.fixture
def project(tmp_path):
    """`project(name)` is a copy of a project; the files of its folder `files` are served."""
    servers = []

    def copy(name):
        folder = Path(shutil.copytree(PROJECTS / name, tmp_path / name))
        if (folder / "files").is_dir():
            handler = partial(QuietFiles, directory=str(folder / "files"))
            server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            servers.append((server, thread))
            env = json.loads((folder / "test-env.json").read_text())
            env["file-server"] = f"http://127.0.0.1:{server.server_port}"
            (folder / "test-env.json").write_text(json.dumps(env))
        return folder

    yield copy
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def child(tmp_path):
    """A node of its own."""
    with ChildNode(tmp_path / "data", folder=tmp_path) as node:
        yield node
