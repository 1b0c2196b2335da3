"""Keeping a dataset in order by hand: corrections, reposts, compaction, indexes, its end."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from sesam_interactive.display.json_text import content as stored_content
from sesam_interactive.display.rows import Rows

if TYPE_CHECKING:
    from sesam_interactive.client.connection import Connection
    from sesam_node.model import Entity


class Upkeep:
    """The part of a dataset that changes it past its pipe."""

    _connection: Connection
    _path: str

    @abstractmethod
    def entity(self, entity_id: str) -> Entity:
        """The latest version of one entity."""

    def write(self, entities: list[Entity] | Entity, *, force: bool = False) -> dict[str, int]:
        """Write entities straight into it, past its pipe, all or none; `_deleted` true deletes.

        For corrections by hand. Gives how many were `changed` and `unchanged`; `force` makes a new
        version of what is unchanged too.
        """
        listed = [entities] if isinstance(entities, dict) else list(entities)
        path, params = f"{self._path}/entities", {"force": force}
        found: dict[str, int] = self._connection.json("POST", path, json=listed, params=params)
        return found

    def repost(self, *entity_ids: str) -> dict[str, int]:
        """Write the latest version of these entities again: whatever reads it, gets them anew."""
        found = [self.entity(entity_id) for entity_id in entity_ids]
        return self.write([stored_content(entity) for entity in found], force=True)

    def delete_entities(self, *entity_ids: str) -> dict[str, int]:
        """Write deleted versions of these entities; their history stays."""
        return self.write([{"_id": name, "_deleted": True} for name in entity_ids])

    def operate(self, operation: str) -> dict[str, Any]:
        """Send it an operation; what the node says of it then."""
        asked = {"operation": operation}
        found: dict[str, Any] = self._connection.json("POST", self._path, data=asked)
        return found

    def compact(self) -> dict[str, int]:
        """Drop the old versions that its pipe does not keep, now; how many `versions` went."""
        found: dict[str, int] = self.operate("compact")["compacted"]
        return found

    def commit_breaker(self) -> None:
        """Let through what its tripped circuit breaker holds back. Raises ClientError (409)."""
        self.operate("commit-circuit-breaker")

    def roll_back_breaker(self) -> None:
        """Drop what its tripped circuit breaker holds back. Raises ClientError (409)."""
        self.operate("rollback-circuit-breaker")

    def indexes(self) -> Rows:
        """Its indexes: `_id`, `expression`, `status`, how far they are built."""
        found = self._connection.get(f"{self._path}/indexes")
        return Rows(found, ("_id", "expression", "status", "progress"), "no indexes")

    def delete_orphaned_indexes(self) -> int:
        """Delete the indexes that no pipe needs any more; gives how many."""
        orphans = [index for index in self.indexes() if index["status"] == "orphaned"]
        for index in orphans:
            self.delete_index(index["_id"])
        return len(orphans)

    def delete_index(self, number: int) -> None:
        """Delete an orphaned index by its `_id`. Raises ClientError (409) for one in use."""
        self._connection.json("DELETE", f"{self._path}/indexes/{number}")

    def delete(self) -> None:
        """Delete the dataset with all its versions; its pipe starts from the beginning."""
        self._connection.json("DELETE", self._path)
