"""Systems as the API shows them: configuration, and what holds requests to them back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.hub.pumps import time_text

if TYPE_CHECKING:
    from sesam_node.hub.configuration import Configuration
    from sesam_node.pipes.shared.desk import Desk


class Systems:
    """The service behind `/api/systems`."""

    def __init__(self, configuration: Configuration, desk: Desk) -> None:
        self._configuration = configuration
        self._desk = desk

    def get(self, system_id: str) -> dict[str, Any]:
        """A system: its configuration, whether it is right, whether requests to it wait.

        Raises NotFoundError.
        """
        system = self._configuration.component("system", system_id)
        until, waiting = self._desk.held(system_id)
        system["runtime"] |= {"paused-until": time_text(until), "waiting-requests": waiting}
        return system

    def reason(self, system_id: str) -> str:
        """Why requests to a system wait; empty where they do not."""
        until, waiting = self._desk.held(system_id)
        if until is None:
            return ""
        return f"wants no requests until {time_text(until)}; {waiting:,} wait"
