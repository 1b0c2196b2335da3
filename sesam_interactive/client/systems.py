"""Systems of a node: `hub.systems["crm"]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_interactive.client.collection import Collection
from sesam_interactive.client.connection import segment
from sesam_interactive.display.html import properties_table

if TYPE_CHECKING:
    from sesam_interactive.client.connection import Connection


class System:
    """One system of a node; secrets are never part of what it shows."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self.name = name

    def info(self) -> dict[str, Any]:
        found: dict[str, Any] = self._connection.get(f"/systems/{segment(self.name)}")
        return found

    @property
    def config(self) -> dict[str, Any]:
        """Its configuration as it was uploaded."""
        original: dict[str, Any] = self.info()["config"]["original"]
        return original

    def __repr__(self) -> str:
        return f'<System "{self.name}">'

    def _repr_html_(self) -> str:
        config = self.config
        rows = {"type": config.get("type"), "description": config.get("description")}
        return properties_table(f"System {self.name}", {k: v for k, v in rows.items() if v})


class Systems(Collection[System]):
    """The systems of a node, by id."""

    noun = "system"
    path = "/systems"

    def make(self, name: str) -> System:
        return System(self._connection, name)

    def _row(self, item: dict[str, Any]) -> dict[str, Any]:
        original = item["config"]["original"]
        return {"system": item["_id"], "type": original.get("type")}
