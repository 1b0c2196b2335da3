"""The client of a node's HTTP API: hub, pipe, dataset, system, project, run."""

from sesam_interactive.client.connecting import (
    connect,
    connect_async,
    connected_hub,
    current_hub,
)
from sesam_interactive.client.errors import ClientError, NoNodeError
from sesam_interactive.client.hub import Hub
from sesam_interactive.client.managed import ManagedNode
from sesam_interactive.client.profiles import Profile, profiles
from sesam_interactive.client.running import Run

__all__ = [
    "ClientError",
    "Hub",
    "ManagedNode",
    "NoNodeError",
    "Profile",
    "Run",
    "connect",
    "connect_async",
    "connected_hub",
    "current_hub",
    "profiles",
]
