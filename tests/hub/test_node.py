"""A node as a process: start, stop, kill, and the node that comes after it."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys

import pytest
from processes import is_alive, until, until_async

from sesam_node.errors import ConfigError, StoreError
from sesam_node.node import Node
from sesam_node.scheduling.scheduler import Run
from sesam_node.settings import Settings

ROWS = 30_000

NODE = """
import asyncio, json, signal, sys
from pathlib import Path
from sesam_node.node import Node
from sesam_node.scheduling.scheduler import Run
from sesam_node.settings import Settings

async def main(data, project, start):
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    settings = Settings(data=Path(data), project=Path(project), workers=2, interactive_workers=1)
    node = Node(settings, make_application=None)
    await node.start()
    driver = node.hub.pumps.driver
    if start:
        driver.start(start)
        while not driver.running[start].progress.get("processed"):
            await asyncio.sleep(0.005)
    executor = node._executor
    print(json.dumps(executor.pumps.pids() + executor.calls.pids()), flush=True)
    await stopping.wait()
    await node.stop()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def project(tmp_path):
    """A file of rows, a pipe that reads it, and one that transforms what it wrote."""
    folder = tmp_path / "project"
    for name, content in {
        "node-metadata.conf.json": {
            "_id": "node",
            "type": "metadata",
            "task_manager": {"disable_user_pipes": True},
        },
        "test-env.json": {},
        "systems/files.conf.json": {
            "_id": "files",
            "type": "system:url",
            "url_pattern": f"file:{folder}/%s",
        },
        "pipes/rows.conf.json": {
            "_id": "rows",
            "type": "pipe",
            "source": {"type": "csv", "system": "files", "url": "rows.csv", "primary_key": "id"},
        },
        "pipes/sums.conf.json": {
            "_id": "sums",
            "type": "pipe",
            "source": {"type": "dataset", "dataset": "rows"},
            "transform": {
                "type": "dtl",
                "rules": {
                    "default": [
                        ["copy", "_id"],
                        ["add", "n", ["*", 2, ["integer", "_S.n"]]],
                        ["add", "text", ["concat", ["map", ["string", "_."], ["range", 0, 20]]]],
                    ]
                },
            },
        },
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    lines = [f"{number},{number * 7 % 1000}" for number in range(ROWS)]
    (folder / "rows.csv").write_text("\n".join(["id,n", *lines]))
    return folder


def start_node(data, project, start=""):
    """A node in a process of its own; it has printed its workers when `start` is on its way."""
    process = subprocess.Popen(
        [sys.executable, "-c", NODE, str(data), str(project), start],
        stdout=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    assert line, "the node did not start"
    return process, json.loads(line)


def in_node(data, project, scenario):
    """Run `async def scenario(hub)` in a node of this process."""

    async def main():
        settings = Settings(data=data, project=project, workers=2, interactive_workers=1)
        node = Node(settings, make_application=None)
        await node.start()
        node.hub.executor = node._executor
        try:
            return await scenario(node.hub)
        finally:
            await node.stop()

    return asyncio.run(main())


async def run_both(hub):
    """Run the pipes to their end; gives what their datasets hold."""
    for name in ("rows", "sums"):
        result = await hub.pumps.driver.run(name)
        assert result.success, result.error
    return {name: live(hub, name) for name in ("rows", "sums")}


def live(hub, name):
    """Canonical bytes of what a dataset holds, by id."""
    dataset = hub.datasets.open(name)
    found, since = {}, None
    while versions := dataset.changes(since, 1000, deleted=False):
        found.update((version.entity_id, version.body) for version in versions)
        since = versions[-1].seq
    return found


def kill_and_wait(process, pids):
    """Kill a node as a power cut would, and wait until its workers have noticed."""
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    for pid in pids:
        until(lambda pid=pid: not is_alive(pid))


@pytest.mark.parametrize("victim", ["rows", pytest.param("sums", marks=pytest.mark.long)])
def test_a_node_killed_during_a_run_and_its_successor_give_what_one_run_gives(
    tmp_path, project, victim
):
    expected = in_node(tmp_path / "whole", project, run_both)
    data = tmp_path / "killed"
    if victim == "sums":

        async def prepare(hub):
            await hub.pumps.driver.run("rows")

        in_node(data, project, prepare)
    kill_and_wait(*start_node(data, project, victim))

    async def look(hub):
        partial = hub.pumps.dataset(victim)
        return 0 if partial is None else partial.head(), await run_both(hub)

    written, found = in_node(data, project, look)

    assert written < ROWS
    assert found == expected
    assert len(found["sums"]) == ROWS


def test_a_run_of_an_earlier_node_cannot_write_after_its_successor_has_run_the_pipe(
    tmp_path, project
):
    data = tmp_path / "data"

    async def begin(hub):
        return hub.pumps.prepare(Run("rows"))

    orphan = in_node(data, project, begin)

    async def scenario(hub):
        await hub.pumps.driver.run("rows")
        before = hub.datasets.get("rows")
        result = await asyncio.wrap_future(hub.executor.submit(orphan).result())
        return hub.datasets.get("rows") == before, result.success, result.error

    unchanged, success, error = in_node(data, project, scenario)

    assert (unchanged, success) == (True, False)
    assert "epoch" in error


def test_sigterm_stops_a_node_with_a_run_in_hand_within_five_seconds(tmp_path, project):
    process, pids = start_node(tmp_path / "data", project, "rows")
    process.send_signal(signal.SIGTERM)

    assert process.wait(5) == 0
    process.stdout.close()
    assert not any(is_alive(pid) for pid in pids)


def test_two_nodes_do_not_share_a_data_folder(tmp_path, project):
    process, _ = start_node(tmp_path / "data", project)
    try:
        with pytest.raises(StoreError, match=f"is in use by process {process.pid}"):
            in_node(tmp_path / "data", project, run_both)
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def test_a_project_is_applied_at_the_start_where_it_has_changed(tmp_path, project):
    data = tmp_path / "data"

    async def revision(hub):
        return hub.configuration.active.revision, sorted(hub.configuration.active.document.pipes)

    first = in_node(data, project, revision)
    again = in_node(data, project, revision)
    (project / "pipes" / "sums.conf.json").unlink()
    changed = in_node(data, project, revision)

    assert (first, again, changed) == ((1, ["rows", "sums"]), (1, ["rows", "sums"]), (2, ["rows"]))


def test_a_node_config_file_is_applied_and_followed(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    file = data / "node-config.json"
    file.write_text('[{"_id": "a", "type": "pipe", "source": {"type": "empty"}}]')

    async def scenario(hub):
        found = [list(hub.configuration.active.document.pipes)]
        text = file.read_text().replace('"a"', '"later"')
        file.write_text(text)
        await until_async(lambda: list(hub.configuration.active.document.pipes) != found[0])
        return [*found, list(hub.configuration.active.document.pipes)]

    assert in_node(data, None, scenario) == [["a"], ["later"]]


def test_a_broken_project_is_told_of_and_the_node_runs(tmp_path, project, caplog):
    (project / "pipes" / "sums.conf.json").write_text("{")

    async def pipes(hub):
        return list(hub.configuration.active.document.pipes)

    assert in_node(tmp_path / "data", project, pipes) == []
    assert "is not applied" in caplog.text


def test_a_node_that_others_can_reach_needs_a_key(tmp_path):
    with pytest.raises(ConfigError, match="without a key to check tokens with"):
        Settings(data=tmp_path, host="0.0.0.0").check()
    Settings(data=tmp_path, host="0.0.0.0", jwt_key="k" * 32).check()


def test_settings_come_from_the_environment_and_options_win():
    environment = {"SESAM_PORT": "80", "SESAM_DEVELOPER_MODE": "false", "SESAM_WORKERS": "3"}
    settings = Settings.from_environment(environment, port=81, host=None)

    assert (settings.port, settings.developer_mode, settings.workers, settings.host) == (
        81,
        False,
        3,
        "127.0.0.1",
    )
    with pytest.raises(ConfigError, match="expected a whole number in SESAM_PORT, got 'many'"):
        Settings.from_environment({"SESAM_PORT": "many"})


def test_files_with_secrets_are_for_their_owner_alone(tmp_path, project):
    async def nothing(hub):
        return None

    in_node(tmp_path / "data", project, nothing)

    assert oct((tmp_path / "data" / "secrets.key").stat().st_mode & 0o777) == "0o600"
    assert oct((tmp_path / "data").stat().st_mode & 0o777) == "0o700"
