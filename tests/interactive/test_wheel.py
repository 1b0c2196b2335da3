"""The wheel in an empty environment without Node.js: all of it is there, and enabled."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import httpx
import pytest
from demo_project import ROOT

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

UV = shutil.which("uv") or str(Path(sys.prefix).parent / ".uv" / "bin" / "uv")


def run(command, folder, environment):
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """No Node.js, nothing of the environment that the tests run in."""
    folder = tmp_path_factory.mktemp("own")
    own_ways = ("PYTHON", "JUPYTER", "VIRTUAL_ENV", "SESAM", "NODE", "JWT")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(own_ways)}
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    own = {name: str(folder / name.lower()) for name in names}
    return {**kept, **own, "PATH": "/usr/bin:/bin"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory, environment):
    """The wheel, as it is made of the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run([UV, "build", "--out-dir", folder], ROOT, environment)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory, environment):
    """The programs of an environment that has the wheel and what it asks for."""
    return install(tmp_path_factory.mktemp("installed"), environment, f"{wheel}[node,lab]")


@pytest.fixture(scope="module")
def bare(wheel, tmp_path_factory, environment):
    """A Jupyter server that was there, and then the client alone."""
    return install(tmp_path_factory.mktemp("bare"), environment, wheel, "jupyter-server>=2.15")


def install(folder, environment, *packages):
    run([UV, "venv", "--python", sys.executable, folder], folder, environment)
    python = folder / "bin" / "python"
    run([UV, "pip", "install", "--python", python, *packages], folder, environment)
    return python.parent


def test_the_extensions_are_there_and_enabled(installed, environment, tmp_path):
    environment = environment | {"PATH": str(installed)}
    listed = run([installed / "jupyter", "labextension", "list"], tmp_path, environment)
    assert re.search(r"sesam-interactive v\S+ .*enabled.*OK", listed), listed
    servers = run([installed / "jupyter", "server", "extension", "list"], tmp_path, environment)
    assert re.search(r"sesam_interactive .*enabled", servers), servers


def test_jupyterlab_serves_the_page_with_it_and_the_node_its_own(installed, environment, tmp_path):
    command = [installed / "jupyter-lab", f"--SesamInteractive.data={tmp_path / 'node'}"]
    with serving(command, installed, environment, tmp_path) as (client, _):
        page = client.get("/lab").text
        config = re.search(r'id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.DOTALL)
        extensions = json.loads(config[1])["federated_extensions"]
        ours = next(one for one in extensions if one["name"] == "sesam-interactive")
        script = client.get(f"/lab/extensions/sesam-interactive/{ours['load']}")
        assert script.status_code == 200
        assert script.headers["Content-Type"].startswith(("text/javascript", "application/"))
        while not (state := client.get("/sesam-interactive/node").json())["running"]:
            assert state["problem"] == ""
            time.sleep(0.1)
        assert "<script" in httpx.get(f"{state['url']}/", trust_env=False).text
        assert client.get("/sesam-interactive/api/status").status_code == 200


def test_views_bring_their_scripts(installed, environment, tmp_path):
    program = """
import anywidget, sesam_interactive.widgets.base as base
print(sorted(file.stem for file in base.STATIC.glob("*.js")))
"""
    found = run([installed / "python", "-c", program], tmp_path, environment)
    assert {"entity_grid", "trace_view", "dtl_editor"} <= set(re.findall(r"'(\w+)'", found))


def test_the_client_alone_leaves_a_server_as_it_was(bare, environment, tmp_path):
    """The package is enabled wherever it is: without the rest it says what is lacking."""
    run([bare / "python", "-c", "import sesam_interactive as s; s.connect"], tmp_path, environment)
    command = [bare / "jupyter-server"]
    with serving(command, bare, environment, tmp_path) as (client, lines):
        assert client.get("/api/status").status_code == 200
        told = client.get("/sesam-interactive/node")
        assert told.status_code == 501
        assert 'pip install "sesam-interactive[node,lab]"' in told.json()["message"]
    assert 'pip install "sesam-interactive[node,lab]"' in "".join(lines)
    assert "Traceback" not in "".join(lines)


@contextmanager
def serving(command, programs, environment, folder):
    """A client of a Jupyter server while it runs, and the lines that it logs."""
    command += ["--no-browser", "--allow-root", "--ServerApp.port=0"]
    command += [f"--ServerApp.root_dir={folder}", "--ServerApp.use_redirect_file=False"]
    process = subprocess.Popen(
        [str(part) for part in command],
        stderr=subprocess.PIPE,
        text=True,
        env=environment | {"PATH": str(programs)},
    )
    lines = []
    try:
        for line in process.stderr:
            lines.append(line)
            if address := ADDRESS.search(line):
                break
        reading = Thread(target=lambda: lines.extend(process.stderr))
        reading.start()
        headers = {"Authorization": f"token {address[2]}"}
        with httpx.Client(
            base_url=address[1], headers=headers, trust_env=False, timeout=60
        ) as client:
            yield client, lines
        process.terminate()
        reading.join()
    finally:
        process.kill()
        process.wait(60)
        process.stderr.close()


ADDRESS = re.compile(r"(http://(?:localhost|127\.0\.0\.1):\d+)/\S*\?token=(\w+)")
