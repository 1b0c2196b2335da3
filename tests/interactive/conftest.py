"""A managed node with a small project, and an IPython shell connected to it."""

import json
import sys
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

import sesam_interactive
from sesam_interactive.client import ManagedNode

sys.path.insert(0, str(Path(__file__).parent))

PEOPLE = [
    {"_id": "1", "name": "Ada", "born": "~t1815-12-10T00:00:00Z", "worth": "~f10.50", "dept": "x"},
    {"_id": "2", "name": "Bo", "dept": "y"},
    {"_id": "3", "name": "Cy", "born": "~t1990-01-01T00:00:00Z", "worth": "~f3", "dept": "x"},
]
PIPES = [
    {"_id": "person", "type": "pipe", "source": {"type": "embedded", "entities": PEOPLE}},
    {
        "_id": "dept",
        "type": "pipe",
        "source": {"type": "embedded", "entities": [{"_id": "x", "title": "Mathematics"}]},
    },
    {
        "_id": "person-named",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "person"},
        "transform": {
            "type": "dtl",
            "rules": {"default": [["copy", "_id"], ["add", "name", ["upper", "_S.name"]]]},
        },
    },
    {
        "_id": "failing",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "person"},
        "transform": {"type": "dtl", "rules": {"default": [["fail!", "not today"]]}},
    },
    {"_id": "inbox", "type": "pipe", "source": {"type": "http_endpoint"}},
]


@pytest.fixture(scope="session")
def node(tmp_path_factory):
    """A node of its own, its pipes started by hand only."""
    with ManagedNode(tmp_path_factory.mktemp("node")) as managed:
        yield managed


@pytest.fixture
def hub(node):
    """A hub with the small project freshly uploaded, nothing run yet."""
    connected = sesam_interactive.connect(node.url, node.token)
    manual = [pipe | {"pump": {"mode": "manual"}} for pipe in PIPES]
    connected.connection.json("PUT", "/config", json=[])
    connected.connection.json("PUT", "/config", json=manual)
    yield connected
    connected.close()


@pytest.fixture
def shell(hub, monkeypatch):
    """An IPython shell with the magics."""
    monkeypatch.delenv("SESAM_PROJECT", raising=False)
    made = InteractiveShell()
    sesam_interactive.load_ipython_extension(made)
    yield made
    made.history_manager.end_session()


@pytest.fixture
def project_folder(tmp_path):
    """The small project as a folder."""
    (tmp_path / "pipes").mkdir()
    for pipe in PIPES:
        (tmp_path / "pipes" / f"{pipe['_id']}.conf.json").write_text(json.dumps(pipe))
    return tmp_path
