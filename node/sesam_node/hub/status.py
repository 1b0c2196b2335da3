"""What the node says of itself."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING, Any

from sesam_node import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.hub.pumps import Pumps


class Status:
    """The service behind `/api/`, `/api/status` and `/api/health`.

    `started` is Unix time with fractions: clients take a difference for a restart.
    """

    def __init__(
        self, pumps: Pumps, started: float, *, developer_mode: bool, healthy: Callable[[], str]
    ) -> None:
        self.started = started
        self._pumps = pumps
        self._developer_mode = developer_mode
        self._healthy = healthy

    def root(self) -> dict[str, Any]:
        """What kind of node this is."""
        return {
            "status": {
                "developer_mode": self._developer_mode,
                "version": __version__,
                "node_start_time": self.started,
            }
        }

    def node(self) -> dict[str, Any]:
        """Version, start time, and how much is going on."""
        active = self._pumps.configuration.active
        return {
            "version": __version__,
            "python_version": platform.python_version(),
            "node_start_time": self.started,
            "process_id": os.getpid(),
            "config_revision": active.revision,
            "pipes": len(active.document.pipes),
            "systems": len(active.document.systems),
            "running": sorted(self._pumps.driver.running),
            "scheduling_held_by": sorted(self._pumps.driver.scheduler.held),
        }

    def health(self) -> dict[str, Any]:
        """`{"status": "ok"}`, or what is wrong."""
        problem = self._healthy()
        return {"status": "ok"} if not problem else {"status": "failing", "message": problem}
