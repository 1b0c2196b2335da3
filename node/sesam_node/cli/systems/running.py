"""Systems of a running node."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sesam_node.cli.client import CallError, segment
from sesam_node.cli.systems.place import Ran
from sesam_node.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.cli.client import NodeClient

MISSING, CONFLICT = 404, 409
FIRST_POLL_S, LONGEST_POLL_S = 0.05, 0.5


class RunningNode:
    """A `Place`: everything is asked over HTTP."""

    def __init__(self, client: NodeClient) -> None:
        self._client = client
        self.where = f"the node {client.url.removesuffix('/api')}"

    def systems(self) -> list[dict[str, Any]]:
        return [found["config"]["original"] for found in self._client.get("/systems")]

    def status(self, system: str) -> dict[str, Any]:
        found: dict[str, Any] = self._ask(system, "status")
        return found

    def offers(self, system: str, search: str, *, targets: bool) -> dict[str, Any]:
        what = "targets" if targets else "providers"
        found: dict[str, Any] = self._ask(system, what, search=search or None)
        return found

    def offer(self, system: str, offer: str, limit: int) -> dict[str, Any]:
        found: dict[str, Any] = self._ask(system, f"providers/{segment(offer)}", limit=limit)
        return found

    def sharing(self, system: str, target: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask(system, "sink-prototypes", target=target)
        return found

    def _ask(self, system: str, what: str, **parameters: Any) -> Any:
        try:
            return self._client.get(f"/systems/{segment(system)}/{what}", **parameters)
        except CallError as error:
            if error.status != MISSING:
                raise
            # What is missing is the system or the offer, not an operation of the API.
            raise NotFoundError(error.message.partition(f" answered {MISSING}: ")[2]) from None

    def has(self, component: str) -> bool:
        return any(self._find(noun, component) for noun in ("pipes", "systems"))

    def _find(self, noun: str, component: str) -> bool:
        try:
            self._client.get(f"/{noun}/{segment(component)}")
        except CallError as error:
            if error.status != MISSING:
                raise
            return False
        return True

    def save(self, component: Mapping[str, Any]) -> str:
        noun = "pipes" if component["type"] == "pipe" else "systems"
        try:
            self._client.json("POST", f"/{noun}", json=[component])
        except CallError as error:
            if error.status != CONFLICT:
                raise
            raise ConflictError(error.message.partition(f" answered {CONFLICT}: ")[2]) from None
        return self.where

    def keep_secrets(self, system: str, secrets: Mapping[str, str]) -> None:
        """Put secrets of a system into the node."""
        self._client.json("POST", f"/systems/{segment(system)}/secrets", json=dict(secrets))

    def run(self, pipe: str) -> Ran:
        path = f"/pipes/{segment(pipe)}/pump"
        try:
            self._client.json("POST", path, data={"operation": "start"})
        except CallError as error:
            # It was started by its schedule.
            if error.status != CONFLICT:
                raise
        delay = FIRST_POLL_S
        while (runtime := self._client.get(path)["runtime"])["is-running"]:
            time.sleep(delay)
            delay = min(LONGEST_POLL_S, delay * 1.5)
        events = self._client.get(f"/pipes/{segment(pipe)}/log", limit=1, reverse=True)
        counts = (events[0].get("metrics") or {}).get("entities") or {} if events else {}
        processed = (runtime.get("progress") or {}).get("processed") or 0
        message = runtime.get("last-original-error-message") or runtime.get("last-message") or ""
        return Ran(
            bool(runtime.get("success")),
            int(counts.get("entities_last_run") or processed),
            int(counts.get("changes_last_run") or 0),
            str(message),
        )

    def close(self) -> None:
        self._client.__exit__()
