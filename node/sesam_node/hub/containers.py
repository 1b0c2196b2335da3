"""Containers of microservices, by the command line of Docker or Podman.

A container is run in the foreground of its engine's client, so its output and its end are those of
a process. It is known by labels: those of a node that was killed are removed when a node of the
same data folder starts. Values of variables go through the client's standard input or environment,
the login of a registry through a file that is the node's alone: what `ps` shows holds no secret.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from sesam_node.errors import ConfigError, PipeError, preview
from sesam_node.hub.microservice import (
    GRACE_S,
    Launch,
    environment_of,
    environment_of_services,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ENGINES: Final = ("docker", "podman")
ANSWER_S: Final = 15.0
PULL_S: Final = 1_800.0
NODE: Final = "sesam.node"
SYSTEM: Final = "sesam.system"
PERIOD_US: Final = 1_000
IMAGE: Final = re.compile(r"[A-Za-z0-9][\w.:/@-]*").fullmatch
HOST: Final = re.compile(r"[A-Za-z0-9]([\w.-]*\w)?").fullmatch
ADDRESS: Final = re.compile(r"[0-9A-Fa-f.:]+|host-gateway").fullmatch
VARIABLE: Final = re.compile(r"[A-Za-z_][\w.-]*").fullmatch
CPUS: Final = re.compile(r"[\d,-]+").fullmatch
DOCKER_HUB: Final = ("docker.io", "https://index.docker.io/v1/")


class Containers:
    """The containers of one node, by its `node_id`. `engine` is "auto", a name or a path."""

    def __init__(self, engine: str, node_id: str) -> None:
        self._wanted = engine
        self._node_id = node_id
        self._found = ""
        self._lock = Lock()

    @property
    def engine(self) -> str:
        """The engine's program. What an earlier node left is removed before the first use.

        Raises ConfigError where there is none that answers.
        """
        with self._lock:
            if not self._found:
                self._found = self._answering()
                self._remove_left()
            return self._found

    def _answering(self) -> str:
        names = ENGINES if self._wanted == "auto" else (self._wanted,)
        told = []
        for name in names:
            path = shutil.which(name)
            if path is None:
                told.append(f"{name} is not installed")
                continue
            try:
                done = _run([path, "info"], ANSWER_S)
            except PipeError as error:
                told.append(f"{name}: {error.message}")
                continue
            if done.returncode == 0:
                return path
            told.append(f"{name}: {_last_line(done)}")
        raise ConfigError(f"no container engine answers: {'; '.join(told)}")

    def _remove_left(self) -> None:
        done = _run(
            [self._found, "ps", "-aq", "--filter", f"label={NODE}={self._node_id}"], ANSWER_S
        )
        left = done.stdout.decode().split()
        if left:
            _run([self._found, "rm", "-f", *left], ANSWER_S * 4)

    # -- images ----------------------------------------------------------------------------------

    def pull(self, config: Mapping[str, Any]) -> str:
        """Fetch the image, unless told not to; gives the id of what is there.

        Raises PipeError where there is none; where an older one is there, that is good enough.
        """
        docker = config["docker"]
        image = image_of(config)
        told = ""
        if not docker.get("skip_pull"):
            with tempfile.TemporaryDirectory(prefix="sesam-registry-") as folder:
                done = _run([self.engine, "pull", image], PULL_S, _login(docker, image, folder))
            told = "" if done.returncode == 0 else _last_line(done)
        found = self.image_id(image)
        if not found:
            text = f"the image {preview(image)} is not there"
            raise PipeError(f"{text}: {told}" if told else text)
        return found

    def image_id(self, image: str) -> str:
        """The id of a local image; empty where there is none."""
        done = _run([self.engine, "image", "inspect", "--format", "{{.Id}}", image], ANSWER_S)
        return done.stdout.decode().strip() if done.returncode == 0 else ""

    # -- running ---------------------------------------------------------------------------------

    def launch(self, system_id: str, config: Mapping[str, Any], port: int) -> Launch:
        """How the container of a system is run; it is reached at this port of loopback.

        Raises ConfigError where the configuration is of no container.
        """
        name = f"sesam-{self._node_id}-{re.sub(r'[^A-Za-z0-9_.-]', '-', system_id)}-{port}"
        variables = environment_of(config)
        lines, shared = _split(variables)
        arguments = [
            *("run", "--rm", "--name", name),
            *("--label", f"{NODE}={self._node_id}", "--label", f"{SYSTEM}={system_id}"),
            *("--publish", f"127.0.0.1:{port}:{int(config['docker']['port'])}"),
            *_limits(config["docker"]),
            *("--env-file", "/dev/stdin"),
        ]
        for variable in shared:
            # Without a value it is taken from the client's environment.
            arguments += ["--env", variable]
        return Launch(
            [self.engine, *arguments, image_of(config)],
            environment_of_services() | shared,
            given="".join(f"{line}\n" for line in lines).encode(),
            container=name,
            end=lambda: self._end(name),
        )

    def _end(self, name: str) -> None:
        _run([self.engine, "stop", "--time", f"{GRACE_S:.0f}", name], GRACE_S + ANSWER_S)
        _run([self.engine, "rm", "-f", name], ANSWER_S)


def containers_of(engine: str, folder: Path) -> Containers | None:
    """The containers of the node with this data folder, which names it; null for no engine."""
    if not engine:
        return None
    identity = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:10]
    return Containers(engine, identity)


def image_of(config: Mapping[str, Any]) -> str:
    image = str(config["docker"]["image"])
    if not IMAGE(image):
        raise ConfigError(f"{preview(image)} is no name of an image")
    return image


def _limits(docker: Mapping[str, Any]) -> list[str]:
    memory, quota = docker.get("memory"), docker.get("cpu_quota")
    made = ["--memory", f"{int(128 if memory is None else memory)}m"]
    made += ["--cpu-period", str(int(docker.get("cpu_period") or 100) * PERIOD_US)]
    made += ["--cpu-quota", str(int(25 if quota is None else quota) * PERIOD_US)]
    made += ["--security-opt", "no-new-privileges"]
    cpus = docker.get("cpuset_cpus")
    if cpus is not None:
        if not CPUS(str(cpus)):
            raise ConfigError(f'"cpuset_cpus" is {preview(cpus)}, not like "0-2" or "0,1"')
        made += ["--cpuset-cpus", str(cpus)]
    for host, address in (docker.get("hosts") or {}).items():
        if not (HOST(str(host)) and ADDRESS(str(address))):
            raise ConfigError(f'"hosts" has {preview({host: address})}, not a name and its address')
        made += ["--add-host", f"{host}:{address}"]
    return made


def _split(variables: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Variables as lines of a file, and those that no line can hold."""
    lines, shared = [], {}
    for name, value in variables.items():
        if not VARIABLE(name):
            raise ConfigError(f"{preview(name)} is no name of an environment variable")
        if "\0" in value:
            raise ConfigError(f"the variable {preview(name)} holds a null byte")
        if "\n" not in value and "\r" not in value:
            lines.append(f"{name}={value}")
        elif name in os.environ:
            raise ConfigError(
                f"the variable {preview(name)} has several lines, and the engine's client needs "
                "one of this name itself"
            )
        else:
            shared[name] = value
    return lines, shared


def _login(docker: Mapping[str, Any], image: str, folder: str) -> dict[str, str]:
    """The environment for a pull: both engines find the login in a file of this folder."""
    if not docker.get("username"):
        return {}
    pair = f"{docker['username']}:{docker.get('password') or ''}"
    entry = {"auth": base64.b64encode(pair.encode()).decode()}
    first, slash, _ = image.partition("/")
    own = slash and ("." in first or ":" in first or first == "localhost")
    registries = (first,) if own else DOCKER_HUB
    path = Path(folder) / "config.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps({"auths": dict.fromkeys(registries, entry)}))
    return {"DOCKER_CONFIG": folder, "REGISTRY_AUTH_FILE": str(path)}


def _run(
    command: Sequence[str], timeout_s: float, more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - the engine, with arguments made here
            command,
            env=os.environ | dict(more or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PipeError(f"{command[1]} took longer than {timeout_s:g} s") from None
    except OSError as error:
        raise PipeError(f"{command[0]}: {error.strerror}") from None


def _last_line(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else f"it ended with {done.returncode}"
