"""Microservices as containers of a real engine: started, reached, changed, killed, ended."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

import pytest
from container_engine import IMAGE, SERVICE, podman
from test_microservices import PIPE, collected, wait_until

from sesam_node.errors import ConfigError
from sesam_node.hub import containers
from sesam_node.hub.containers import Containers
from sesam_node.hub.microservice import environment_of_services


@pytest.fixture(scope="module")
def engine():
    with tempfile.TemporaryDirectory(prefix="podman-") as folder, podman(Path(folder)) as made:
        if made.why_not:
            pytest.skip(made.why_not)
        yield made


def system(who="Ada", image=IMAGE, **docker):
    environment = {"WHO": who, "LIMITS": {"pages": 10}, "TEXT": "$SECRET(words)"}
    docker = {"image": image, "port": 8080, "environment": environment, "skip_pull": True} | docker
    return {"_id": "people-service", "type": "system:microservice", "docker": docker}


def load(client, *components):
    client.put("/secrets", json={"words": "two\nlines"})
    assert client.put("/config", json=list(components)).status_code == 200


def state(client):
    return client.get("/systems/people-service/status").json()["microservice"]


def command_lines():
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes()
        except OSError:
            continue


@pytest.mark.long
def test_a_container_is_started_reached_changed_and_ended(engine, start):
    child, client = start("--containers", "podman")
    load(client, system(), PIPE)
    (first,) = collected(client)
    assert (first["_id"], first["limits"]) == ("Ada", {"pages": 10})
    told = state(client)
    assert (told["running"], told["output"][0]) == (True, "listening as Ada")
    assert client.get("/systems/people-service/logs").text.endswith("text: *****\n*****\n")
    assert client.get("/systems/people-service/logs?since=2999-01-01T00:00:00Z").text == ""
    assert client.get("/systems/people-service/logs?since=soon").status_code == 400
    lines = list(command_lines())
    assert any(b"people:1" in line for line in lines)
    assert not any(b"two" in line.split(b"\0") or b"two\nlines" in line for line in lines)
    limits = json.loads(engine.told("inspect", told["container"]))[0]["HostConfig"]
    assert (limits["Memory"], limits["CpuQuota"]) == (128 * 1024 * 1024, 25_000)
    # Another environment is another container, and the old one goes.
    load(client, system("Bo"), PIPE)
    wait_until(lambda: collected(client)[-1]["_id"] == "Bo")
    second = state(client)["container"]
    wait_until(lambda: engine.names() == [second])
    # One that dies comes back.
    engine.told("kill", second)
    wait_until(lambda: state(client)["failures"] == 1 and state(client)["running"])
    assert client.put("/config", json=[], params={"force": "true"}).status_code == 200
    wait_until(lambda: engine.names() == [])
    load(client, system(), PIPE)
    wait_until(lambda: state(client)["running"])
    child._stop()
    assert engine.names() == []


@pytest.mark.long
def test_what_a_killed_node_leaves_goes_when_it_starts_again(engine, start):
    child, client = start("--containers", "podman")
    load(client, system(), PIPE)
    collected(client)
    left = state(client)["container"]
    child._process.kill()
    child._process.wait()
    _again, client = start("--containers", "podman")
    wait_until(lambda: state(client)["running"])
    assert engine.names() == [state(client)["container"]]
    assert engine.names() != [left]
    (found,) = collected(client)
    assert found["_id"] == "Ada"


@pytest.mark.long
def test_a_new_image_is_taken_by_a_reload(engine, start):
    engine.make("localhost/changing:1")
    _child, client = start("--containers", "podman")
    # Its registry is not there: the image that is there will do.
    load(client, system(image="localhost/changing:1", skip_pull=False), PIPE)
    assert collected(client)[-1]["_id"] == "Ada"
    engine.make("localhost/changing:1", SERVICE.replace('"$WHO" "$', '"new $WHO" "$'))
    assert client.post("/systems/people-service/reload").status_code == 202
    wait_until(lambda: collected(client)[-1]["_id"] == "new Ada")
    assert client.post("/systems/none/reload").status_code == 404


def fake(folder, text="exit 0"):
    """An engine that does nothing, for what is made before one is asked."""
    path = folder / "engine"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return Containers(str(path), "n")


@pytest.mark.parametrize(
    ("docker", "told"),
    [
        ({"image": "--privileged"}, '"--privileged" is no name of an image'),
        ({"hosts": {"a b": "1.2.3.4"}}, '"hosts" has {"a b": "1.2.3.4"}, not a name and its'),
        ({"cpuset_cpus": "all"}, '"cpuset_cpus" is "all"'),
        ({"environment": {"A=B": "x"}}, '"A=B" is no name of an environment variable'),
        ({"environment": {"PATH": "a\nb"}}, 'the variable "PATH" has several lines'),
        ({"environment": {"A": "a\0b"}}, 'the variable "A" holds a null byte'),
    ],
)
def test_what_is_no_argument_of_an_engine_is_refused(tmp_path, docker, told):
    with pytest.raises(ConfigError, match=re.escape(told)):
        fake(tmp_path).launch("s", system(**docker), 4321)


@pytest.mark.long
def test_an_image_that_is_not_there_is_told(engine, start):
    _child, client = start("--containers", "podman")
    load(client, system(image="localhost/none:1", skip_pull=False), PIPE)
    wait_until(lambda: state(client)["problem"])
    told = state(client)
    assert told["running"] is False
    assert 'the image "localhost/none:1" is not there: ' in told["problem"]
    assert "connection refused" in told["problem"]


@pytest.mark.long
def test_one_that_no_pipe_uses_waits_for_one_if_it_may(engine, start):
    _child, client = start("--containers", "podman")
    load(client, system() | {"eager_load": False})
    assert "microservice" not in client.get("/systems/people-service/status").json()
    load(client, system() | {"eager_load": False}, PIPE)
    assert collected(client)[-1]["_id"] == "Ada"


def test_containers_do_not_run_unless_they_are_allowed(start):
    _child, client = start()
    load(client, system(), PIPE)
    told = client.get("/systems/people-service/status").json()
    assert "start the node with --containers" in told["message"]
    assert client.get("/systems/people-service/logs").status_code == 404


def test_an_engine_that_does_not_answer_is_told(tmp_path):
    broken = fake(tmp_path, "echo 'Cannot connect to the daemon' >&2; exit 1")
    with pytest.raises(ConfigError, match=r"no container engine answers: .*Cannot connect"):
        _ = broken.engine
    with pytest.raises(ConfigError, match="no-such-engine is not installed"):
        _ = Containers("no-such-engine", "x").engine


@pytest.mark.parametrize(
    ("image", "registries"),
    [
        ("people:1", ["docker.io", "https://index.docker.io/v1/"]),
        ("team/people", ["docker.io", "https://index.docker.io/v1/"]),
        ("registry.example:5000/people:1", ["registry.example:5000"]),
    ],
)
def test_a_login_is_a_file_that_nobody_else_reads(tmp_path, image, registries):
    found = containers._login({"username": "u", "password": "p"}, image, str(tmp_path))
    path = Path(found["REGISTRY_AUTH_FILE"])
    assert found["DOCKER_CONFIG"] == str(path.parent)
    assert path.stat().st_mode & 0o777 == 0o600
    logins = {name: {"auth": "dTpw"} for name in registries}
    assert json.loads(path.read_text()) == {"auths": logins}
    assert containers._login({"username": None}, image, str(tmp_path)) == {}


def test_the_arguments_of_a_container(tmp_path):
    docker = {
        "image": "people:1",
        "port": 5000,
        "environment": {"A": "x y", "B": "1\n2"},
        "memory": 64,
        "cpu_quota": 150,
        "cpu_period": 50,
        "cpuset_cpus": "0-1",
        "hosts": {"db.example": "10.0.0.1"},
    }
    launch = fake(tmp_path).launch("my system", {"docker": docker}, 4321)
    assert launch.command == [
        *(str(tmp_path / "engine"), "run", "--rm", "--name", "sesam-n-my-system-4321"),
        *("--label", "sesam.node=n", "--label", "sesam.system=my system"),
        *("--publish", "127.0.0.1:4321:5000", "--memory", "64m"),
        *("--cpu-period", "50000", "--cpu-quota", "150000"),
        *("--security-opt", "no-new-privileges", "--cpuset-cpus", "0-1"),
        *("--add-host", "db.example:10.0.0.1", "--env-file", "/dev/stdin", "--env", "B"),
        "people:1",
    ]
    assert launch.given == b"A=x y\n"
    assert launch.environment == environment_of_services() | {"B": "1\n2"}
