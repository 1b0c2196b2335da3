"""The client of a node's HTTP API: hub, pipe, dataset, system, project, run."""

from sesam_interactive.client.errors import ClientError, NoNodeError
from sesam_interactive.client.hub import Hub, connect, connected_hub, current_hub
from sesam_interactive.client.managed import ManagedNode
from sesam_interactive.client.pipes import Run

__all__ = [
    "ClientError",
    "Hub",
    "ManagedNode",
    "NoNodeError",
    "Run",
    "connect",
    "connected_hub",
    "current_hub",
]
