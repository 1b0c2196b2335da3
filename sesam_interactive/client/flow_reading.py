"""Reads the flow of a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_interactive.client.flow import Flow

if TYPE_CHECKING:
    from sesam_interactive.client.connection import Connection


def read_flow(connection: Connection, *, rates: bool = True) -> Flow:
    """The flow of a node as it is now; without `rates` it says nothing that differs by run."""
    found = connection.get("/flow")
    if not rates:
        found["nodes"] = [node | {"rate": None} for node in found["nodes"]]
    return Flow({"url": connection.url, **found}, connection)
