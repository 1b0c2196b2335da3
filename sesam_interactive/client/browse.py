"""A dataset as a table to look through: what the grid asks the node.

hub.datasets["orders"].browse()
hub.datasets["orders"].entity_view("order:7")
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.connection import segment
from sesam_interactive.client.reading import History, Query
from sesam_interactive.client.schema import EntityType
from sesam_interactive.client.why import Why

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_interactive.client.connection import Connection
    from sesam_interactive.widgets.entity_grid import EntityGrid
    from sesam_interactive.widgets.entity_tree import EntityTree
    from sesam_node.model import Entity


WALK_S = 900.0
"""How long a condition over all entities of a large dataset may take."""

WORDS = {"object": "dict", "array": "list", "number": "float"}
"""Types in the words of DTL where JSON schema has others."""


class Browsing:
    """The rows of one dataset of a node, now or as of a moment.

    A `view` says which rows are meant: `where` (a DTL condition), `text`, `order_by`, `deleted`.
    """

    def __init__(self, connection: Connection, name: str, moment: str | None = None) -> None:
        self._connection = connection
        self._path = f"/datasets/{segment(name)}"
        self.name = name
        self.moment = moment

    def rows(
        self,
        view: Mapping[str, Any],
        start: int,
        limit: int,
        as_of: int | None = None,
        wait_s: int | None = None,
    ) -> dict[str, Any]:
        """Rows from a place on: `rows`, `count` of all, `as_of` the offset that they are as of.

        After `wait_s` seconds it may be `pending`: without rows, to be asked for again.
        """
        asked = _asked(view) | {"start": start, "limit": limit, "as_of": as_of, "wait_s": wait_s}
        if as_of is None:
            asked["as_of"] = self.moment
        return self._post("rows", asked)  # type: ignore[no-any-return] # an object of the API

    def first(self, view: Mapping[str, Any], limit: int, as_of: int | None = None) -> list[Entity]:
        """The first rows of a view, before it is known how many there are."""
        asked = _asked(view) | {"limit": limit, "as_of": self.moment if as_of is None else as_of}
        return self._post("query", asked)  # type: ignore[no-any-return] # a list of the API

    def news(self) -> dict[str, Any]:
        """The offset of the newest version (`last`, null for none) and the `generation`."""
        runtime = self._connection.get(self._path)["runtime"]
        last = runtime["last-offset"]
        return {"last": last if last >= 0 else None, "generation": runtime["generation"]}

    def columns(self) -> list[dict[str, Any]]:
        """The properties: `name`, `types` that were seen, `filled` (the share that has it)."""
        schema = EntityType(self._connection.get(f"{self._path}/schema"))
        total = schema.get("x-entities") or 0
        return [
            {
                "name": name,
                "types": [WORDS.get(word, word) for word in schema.types(name)],
                "filled": found.get("x-count", 0) / total if total else None,
            }
            for name, found in schema.get("properties", {}).items()
            if name != "_id"
        ]

    def versions(self, entity_id: str) -> dict[str, Any]:
        """The `changes` in the life of an entity, oldest first; are they `complete`?"""
        history = History(self._connection, self._path, entity_id)
        names = ("_updated", "time", "change")
        changes = [{name: item[name] for name in names} for item in reversed(history.changes)]
        return {"changes": changes, "complete": history.complete}

    def version(self, entity_id: str, offset: int | None = None) -> Entity:
        """The version of an entity at an offset, or the latest."""
        then = None if offset is not None else self.moment
        path = f"{self._path}/entity"
        found: Entity = self._connection.get(path, entity_id=entity_id, offset=offset, as_of=then)
        return found

    def references(self, entity_id: str) -> list[dict[str, Any]]:
        """Which source entities of pipes that hop here look this one up."""
        found: list[dict[str, Any]] = self._connection.get(
            f"{self._path}/references", entity_id=entity_id
        )
        return found

    def reasons(self, entity_id: str) -> str:
        """Why an entity is as it is, as text. Raises ClientError where no pipe can tell."""
        found = self._connection.get(f"{self._path}/why", entity_id=entity_id)
        return Why(found).text

    def debugging(self) -> list[str]:
        """The pipes that transform the entities of this dataset."""
        pipes = self._connection.get("/pipes")
        return sorted(
            str(pipe["_id"])
            for pipe in pipes
            if self.name in _sources(pipe["config"]["effective"].get("source") or {})
            and pipe["config"]["effective"].get("transform")
        )

    def debug(self, pipe: str, entity_id: str) -> Any:
        """The view of a debugging session of one entity in a pipe. Raises ClientError."""
        from sesam_interactive.client.debug import debug

        return debug(self._connection, pipe, (entity_id,)).view()

    def expression(self, view: Mapping[str, Any]) -> str:
        """The Python that gives a view as a frame."""
        dataset = f"hub.datasets[{_quoted(self.name)}]"
        if self.moment is not None:
            dataset += f".as_of({_quoted(self.moment)})"
        asked = _asked(view)
        if not asked:
            return f"{dataset}.to_polars()"
        words = [f"{name}={value!r}" for name, value in asked.items()]
        if "where" in asked:
            words[0] = repr(asked["where"])
        return f"{dataset}.query({', '.join(words)}).to_polars()"

    def frame(self, view: Mapping[str, Any], as_of: int | None = None) -> Any:
        """A view as a polars frame."""
        then = self.moment if as_of is None else as_of
        asked = _asked(view) | ({} if then is None else {"as_of": then})
        return Query(self._connection, self._path, asked).to_polars()

    def _post(self, what: str, asked: Mapping[str, Any]) -> Any:
        body = {name: value for name, value in asked.items() if value is not None}
        path = f"{self._path}/{what}"
        return self._connection.json("POST", path, json=body, safe=True, timeout=WALK_S)


def _asked(view: Mapping[str, Any]) -> dict[str, Any]:
    """What a view asks beyond all entities, the condition first."""
    names = ("where", "text", "order_by", "deleted")
    return {name: view[name] for name in names if view.get(name)}


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _sources(source: Mapping[str, Any]) -> set[str]:
    """The datasets that a source of a configuration reads."""
    names = [source.get("dataset"), *(source.get("datasets") or ())]
    return {name.split(" ")[0] for name in names if isinstance(name, str)}


def grid(browsing: Browsing, view: Mapping[str, Any], height: int) -> EntityGrid:
    from sesam_interactive.widgets.entity_grid import EntityGrid

    return EntityGrid(browsing, view, height=height)


def tree(browsing: Browsing, entity_id: str) -> EntityTree:
    from sesam_interactive.widgets.entity_tree import EntityTree

    return EntityTree(browsing.version(entity_id), versions=browsing)
