"""A project folder that is followed while the node runs."""

from __future__ import annotations

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hub_testing import QUIET, pipe
from processes import until_async

from sesam_node.node import Node
from sesam_node.settings import Settings


class Project:
    """A project folder; writing into it is what an editor does."""

    def __init__(self, folder):
        self.folder = folder
        self.write("node-metadata", QUIET)

    def write(self, name, component):
        path = self.folder / f"{name}.conf.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(component if isinstance(component, str) else json.dumps(component))

    def pipe(self, name, **more):
        self.write(f"pipes/{name}", pipe(name, **more))

    def delete(self, name):
        (self.folder / f"{name}.conf.json").unlink()


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "project")


@pytest.fixture
def follow(tmp_path, project, monkeypatch):
    """Run `async def scenario(hub)` in a node that follows the project."""
    monkeypatch.setattr("sesam_node.node.WATCH_S", 0.02)

    def run(scenario, **settings):
        async def main():
            options = {"workers": 1, "interactive_workers": 1, "watch": True, **settings}
            data = tmp_path / "data"
            node = Node(
                Settings(data=data, project=project.folder, **options), make_application=None
            )
            await node.start()
            try:
                return await scenario(node.hub)
            finally:
                await node.stop()

        return asyncio.run(main())

    return run


def pipes(hub):
    return hub.configuration.active.document.pipes


def test_new_changed_renamed_and_deleted_files_are_applied(follow, project):
    project.pipe("a")
    project.pipe("b")

    async def scenario(hub):
        assert sorted(pipes(hub)) == ["a", "b"]
        project.pipe("c")
        await until_async(lambda: "c" in pipes(hub))
        project.pipe("a", description="changed")
        await until_async(lambda: pipes(hub)["a"].get("description") == "changed")
        revision = hub.configuration.active.revision
        old = project.folder / "pipes/a.conf.json"
        old.rename(project.folder / "pipes/renamed.conf.json")
        project.delete("pipes/b")
        await until_async(lambda: "b" not in pipes(hub))
        assert hub.configuration.active.revision == revision + 1
        assert sorted(pipes(hub)) == ["a", "c"]

    follow(scenario)


def test_without_watching_a_folder_is_read_at_the_start_only(follow, project, tmp_path):
    project.pipe("a")

    async def scenario(hub):
        project.pipe("b")
        # The file beside it is followed: when it has been taken over, the folder had its chance.
        file = tmp_path / "data" / "node-config.json"
        file.write_text(json.dumps([pipe("later")]))
        await until_async(lambda: "later" in pipes(hub))
        assert sorted(pipes(hub)) == ["a", "later"]

    follow(scenario, watch=False)


def test_broken_files_leave_everything_as_it_was_and_are_told_of(follow, project, caplog):
    project.pipe("a")

    async def scenario(hub):
        project.write("pipes/a", '{"_id": "a",\n  "type" "pipe"}')
        await until_async(lambda: "is not applied" in caplog.text)
        assert "a.conf.json" in caplog.text
        assert "line 2" in caplog.text
        assert "column" in caplog.text
        assert pipes(hub)["a"] == pipe("a")
        project.pipe("a", description="mended")
        await until_async(lambda: pipes(hub)["a"].get("description") == "mended")

    follow(scenario)


def test_a_folder_that_is_gone_or_empty_takes_nothing_with_it(follow, project, caplog):
    project.pipe("a")

    async def scenario(hub):
        (project.folder / "pipes").rename(project.folder / "elsewhere")
        project.delete("node-metadata")
        await until_async(lambda: "there are no components any more" in caplog.text)
        project.folder.rename(project.folder.with_name("moved"))
        assert list(pipes(hub)) == ["a"]

    follow(scenario)


def test_what_the_api_changed_stays_until_its_file_changes(follow, project):
    project.pipe("a")
    project.pipe("b")

    async def scenario(hub):
        text = (project.folder / "pipes/a.conf.json").read_text()
        await hub.configuration.put_one("pipe", "a", pipe("a", description="by the API"))
        await hub.configuration.add([pipe("mine")], kind="pipe")
        project.pipe("b", description="changed")
        await until_async(lambda: pipes(hub)["b"].get("description") == "changed")
        assert pipes(hub)["a"]["description"] == "by the API"
        assert (project.folder / "pipes/a.conf.json").read_text() == text
        project.pipe("a", description="by the file")
        await until_async(lambda: pipes(hub)["a"].get("description") == "by the file")
        assert sorted(pipes(hub)) == ["a", "b", "mine"]

    follow(scenario)


def test_variables_of_the_profile_are_followed(follow, project):
    project.pipe("a", description="$ENV(text)")
    env = project.folder / "test-env.json"
    env.write_text('{"text": "one", "gone": 1}')

    async def scenario(hub):
        await hub.configuration.put_env({"own": 1})
        env.write_text('{"text": "two"}')
        await until_async(lambda: hub.configuration.env() == {"text": "two", "own": 1})
        assert hub.configuration.active.effective("a")["description"] == "two"

    follow(scenario)


class Held(BaseHTTPRequestHandler):
    """Answers with no entities, once it may."""

    asked = threading.Event()
    may_answer = threading.Event()

    def do_GET(self):
        self.asked.set()
        self.may_answer.wait(60)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *_):
        pass


@pytest.fixture
def held():
    """A server that holds its answer back."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Held)
    threading.Thread(target=server.serve_forever).start()
    Held.asked.clear()
    Held.may_answer.clear()
    yield server
    Held.may_answer.set()
    server.shutdown()
    server.server_close()


def test_a_run_of_another_pipe_goes_on(follow, project, held):
    url = f"http://127.0.0.1:{held.server_port}/%s"
    project.write("systems/web", {"_id": "web", "type": "system:url", "url_pattern": url})
    project.pipe("slow", source={"type": "json", "system": "web", "url": "x"})
    project.pipe("other")

    async def scenario(hub):
        driver = hub.pumps.driver
        run = asyncio.create_task(driver.run("slow"))
        await asyncio.to_thread(Held.asked.wait, 60)
        handle = driver.running["slow"]
        project.pipe("other", description="changed")
        await until_async(lambda: pipes(hub)["other"].get("description") == "changed")
        assert driver.running["slow"] is handle
        Held.may_answer.set()
        result = await run
        assert (result.success, result.cancelled) == (True, False), result.error

    follow(scenario)
