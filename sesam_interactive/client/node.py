"""What can be asked and done with a node as a whole: is it well, figures, restart, reset."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.errors import ClientError, NoNodeError
from sesam_interactive.client.metrics import Metrics
from sesam_interactive.client.waiting import pause

if TYPE_CHECKING:
    from sesam_interactive.client.connection import Connection

POLL_S = 0.2
RESTART_S = 120.0
NOT_WELL = (503,)


class Node:
    """The part of a hub that is about the node itself."""

    _connection: Connection

    def ping(self) -> bool:
        """Is the node there?"""
        try:
            return bool(self._connection.get("/ping")["status"] == "running")
        except NoNodeError:
            return False

    def health(self) -> dict[str, Any]:
        """`{"status": "ok"}`, or what is wrong with the node."""
        found: dict[str, Any] = self._connection.json("GET", "/health", allowed=NOT_WELL)
        return found

    def about(self) -> dict[str, Any]:
        """What kind of node this is: version, start time, developer mode."""
        found: dict[str, Any] = self._connection.get("/")["status"]
        return found

    def license(self) -> dict[str, Any]:
        """The licence of the software, its version."""
        found: dict[str, Any] = self._connection.get("/license")
        return found

    def stats(self) -> dict[str, Any]:
        """Figures of the node and its requests, for people."""
        found: dict[str, Any] = self._connection.get("/stats")
        return found

    def metrics(self) -> Metrics:
        """Figures of pipes, pumps, store, requests and process: a row a sample."""
        return Metrics(self._connection.text("/metrics"))

    def namespaces(self) -> dict[str, str]:
        """Prefix to namespace, the built-in ones included."""
        found: dict[str, str] = self._connection.get("/namespaces")
        return found

    def openapi(self) -> dict[str, Any]:
        """The description of the node's HTTP API, as OpenAPI."""
        found: dict[str, Any] = self._connection.get("/openapi.json")
        return found

    def restart(self, *, wait: bool = True) -> None:
        """Restart the node; everything stays. Waits until it is there again, unless told not to.

        Raises NoNodeError where it does not come back within two minutes.
        """
        self._operate("restart", wait=wait)

    def reset(self, *, confirm: str = "", wait: bool = True) -> None:
        """Empty the node: configuration, variables, secrets, datasets; users and keys stay.

        It cannot be undone: `confirm` must be the URL of the node. Waits as `restart` does.
        """
        url = self._connection.url
        if confirm != url:
            raise ClientError(f'this empties the node; to do so: .reset(confirm="{url}")')
        self._operate("reset", wait=wait)

    def _operate(self, operation: str, *, wait: bool) -> None:
        before = self.about()["node_start_time"]
        self._connection.json("POST", "/admin", data={"operation": operation})
        deadline = time.monotonic() + RESTART_S
        while wait and self._start_time() in (None, before):
            if time.monotonic() > deadline:
                raise NoNodeError(f"the node at {self._connection.url} does not come back")
            pause(POLL_S)

    def _start_time(self) -> float | None:
        try:
            return float(self.about()["node_start_time"])
        except ClientError:
            return None
