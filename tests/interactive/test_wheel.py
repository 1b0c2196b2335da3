"""The wheel in an empty environment without Node.js: all of it is there, and enabled."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
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
def installed(tmp_path_factory, environment):
    """The programs of an environment that has the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("wheel")
    run([UV, "build", "--out-dir", folder / "dist"], ROOT, environment)
    wheel = next((folder / "dist").glob("*.whl"))
    run([UV, "venv", "--python", sys.executable, folder / "venv"], folder, environment)
    python = folder / "venv" / "bin" / "python"
    run(
        [UV, "pip", "install", "--python", python, f"{wheel}[node,lab]"],
        folder,
        environment,
    )
    return python.parent


def test_the_extensions_are_there_and_enabled(installed, environment, tmp_path):
    environment = environment | {"PATH": str(installed)}
    listed = run([installed / "jupyter", "labextension", "list"], tmp_path, environment)
    assert re.search(r"sesam-interactive v\S+ .*enabled.*OK", listed), listed
    servers = run([installed / "jupyter", "server", "extension", "list"], tmp_path, environment)
    assert re.search(r"sesam_interactive .*enabled", servers), servers


def test_jupyterlab_serves_the_page_with_it(installed, environment, tmp_path):
    environment = environment | {"PATH": str(installed)}
    command = [installed / "jupyter-lab", "--no-browser", "--allow-root", "--ServerApp.port=0"]
    command += [f"--ServerApp.root_dir={tmp_path}", "--ServerApp.use_redirect_file=False"]
    command += [f"--SesamInteractive.data={tmp_path / 'node'}"]
    process = subprocess.Popen(
        [str(part) for part in command], stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        address = next(filter(None, map(address_of, process.stderr)))
        reading = Thread(target=process.stderr.read)
        reading.start()
        url, token = address[1], address[2]
        headers = {"Authorization": f"token {token}"}
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as client:
            page = client.get("/lab").text
            config = re.search(r'id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.DOTALL)
            extensions = json.loads(config[1])["federated_extensions"]
            ours = next(one for one in extensions if one["name"] == "sesam-interactive")
            script = client.get(f"/lab/extensions/sesam-interactive/{ours['load']}")
            assert script.status_code == 200
            assert script.headers["Content-Type"].startswith(("text/javascript", "application/"))
            assert client.get("/sesam-interactive/node").json()["problem"] == ""
        process.terminate()
        reading.join()
    finally:
        process.kill()
        process.wait(60)
        process.stderr.close()


def address_of(line):
    return re.search(r"(http://(?:localhost|127\.0\.0\.1):\d+)/lab\S*\?token=(\w+)", line)


def test_a_node_serves_its_own_page(installed, environment, tmp_path):
    command = [installed / "sesam-node", "serve", "--data", tmp_path / "node", "--port", "0"]
    process = subprocess.Popen(
        [*map(str, command), "--stop-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=tmp_path,
    )
    try:
        url = re.search(r"http://[\d.]+:\d+", process.stdout.readline())[0]
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            page = client.get("/")
            assert page.status_code == 200
            files = re.findall(r'"(static/[^"]+)"', page.text)
            assert len(files) > 2
            assert [client.get(f"/{file}").status_code for file in files] == [200] * len(files)
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()
