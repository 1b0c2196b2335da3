"""Which node the magics work with: connected, told of, started, stopped."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sesam_interactive.client import ClientError, Hub, connect, connected_hub
from sesam_interactive.client.managed import PROJECT_VARIABLE, data_folder, running_node
from sesam_interactive.client.profiles import Profiles
from sesam_interactive.display.html import properties_table
from sesam_node.model.pumps import state_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def profile_names() -> list[str]:
    """The names in the file of profiles; none where it is not there, or broken."""
    try:
        return Profiles().names()
    except ClientError:
        return []


def use(target: str) -> Hub:
    """Connect to a node: `local`, a URL, or the name of a profile.

    The token of a URL is that of the environment (`JWT`). Raises ClientError.
    """
    if target == "local":
        return _local()
    if "/" in target or ":" in target:
        return connect(target, os.environ.get("JWT"))
    return connect(profile=target)


def _local() -> Hub:
    """The managed node, whatever `NODE` says."""
    return connect(data=data_folder(), project=os.environ.get(PROJECT_VARIABLE))


@contextmanager
def other_hub(profile: str) -> Iterator[Hub]:
    """The node of a profile for a moment; the magics' node stays what it is."""
    hub = connect(profile=profile, default=False)
    try:
        yield hub
    finally:
        hub.close()


class Status:
    """The node at a glance: where it is, what is there, which pipes run, failed or wait."""

    def __init__(self, hub: Hub) -> None:
        self.url = hub.url
        about = hub.connection.get("/")["status"]
        self.version = str(about.get("version"))
        self.datasets = len(hub.datasets.names())
        self.systems = len(hub.systems.names())
        pipes = hub.connection.get("/pipes", fields="runtime")
        self.pipes = [(pipe["_id"], pipe.get("runtime", {})) for pipe in pipes]

    def named(self, state: str) -> list[str]:
        """The pipes in a state, such as `running`, `failed`, `tripped`, `invalid`, `disabled`."""
        return [name for name, runtime in self.pipes if state_of(runtime) == state]

    @property
    def rows(self) -> list[tuple[str, str]]:
        found = [("node", f"{self.url}, version {self.version}")]
        counts = f"{len(self.pipes)} pipes, {self.datasets} datasets, {self.systems} systems"
        found.append(("has", counts))
        for state in ("running", "failed", "tripped", "invalid", "disabled", "waiting"):
            names = self.named(state)
            if names:
                more = f" and {len(names) - 10} more" if len(names) > 10 else ""
                found.append((state, ", ".join(names[:10]) + more))
        return found

    def __repr__(self) -> str:
        return "\n".join(f"{name:<9}{text}" for name, text in self.rows)

    def _repr_html_(self) -> str:
        (_, node), *rows = self.rows
        return properties_table(f"Node {node}", dict(rows))


def start() -> Hub:
    """Connect to the managed node; it is started where it does not run."""
    return _local()


def stop() -> str:
    """End the node that this kernel has started; what it keeps stays on disk.

    Raises ClientError for a node that is somebody else's to stop.
    """
    hub = connected_hub()
    if hub is None:
        found = running_node(data_folder())
        raise ClientError("not connected to a node" + ("; %sesam connect first" if found else ""))
    if hub.managed is None:
        raise ClientError(
            f"the node at {hub.url} was not started by this kernel: stop it where it was"
        )
    folder = hub.managed.data
    hub.close()
    return f"the node at {hub.url} has stopped; its data stays in {folder}"
