"""What a grid of entities asks, and who answers it: pages of rows, columns, versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sesam_interactive.widgets.answering import Answering, request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.model import Entity

WAIT_S = 2


class Table(Protocol):
    """What the grid asks of the side of the node; a view says which rows are meant."""

    name: str
    moment: str | None

    def rows(
        self,
        view: Mapping[str, Any],
        start: int,
        limit: int,
        as_of: int | None = None,
        wait_s: int | None = None,
    ) -> dict[str, Any]: ...
    def first(
        self, view: Mapping[str, Any], limit: int, as_of: int | None = None
    ) -> list[Entity]: ...
    def news(self) -> dict[str, Any]: ...
    def columns(self) -> list[dict[str, Any]]: ...
    def versions(self, entity_id: str) -> dict[str, Any]: ...
    def version(self, entity_id: str, offset: int | None = None) -> Entity: ...
    def references(self, entity_id: str) -> list[dict[str, Any]]: ...
    def reasons(self, entity_id: str) -> str: ...
    def debugging(self) -> list[str]: ...
    def debug(self, pipe: str, entity_id: str) -> Any: ...
    def expression(self, view: Mapping[str, Any]) -> str: ...
    def frame(self, view: Mapping[str, Any], as_of: int | None = None) -> Any: ...


class GridAnswers(Answering):
    """The answers for one dataset."""

    def __init__(self, table: Table) -> None:
        self._table = table

    @request(apart=True)
    def page(
        self, view: dict[str, Any], start: int, limit: int, as_of: int | None = None
    ) -> dict[str, Any]:
        """Rows; where it takes long it is `pending`, and the page asks again if it still wants."""
        return self._table.rows(view, start, limit, as_of, WAIT_S)

    @request(apart=True)
    def first(self, view: dict[str, Any], limit: int, as_of: int | None = None) -> list[Entity]:
        return self._table.first(view, limit, as_of)

    @request(apart=True)
    def news(self) -> dict[str, Any]:
        return self._table.news()

    @request(apart=True)
    def columns(self) -> list[dict[str, Any]]:
        return self._table.columns()

    @request(apart=True)
    def versions(self, entity_id: str) -> dict[str, Any]:
        return self._table.versions(entity_id)

    @request(apart=True)
    def version(self, entity_id: str, offset: int | None = None) -> Entity:
        return self._table.version(entity_id, offset)

    @request(apart=True)
    def references(self, entity_id: str) -> list[dict[str, Any]]:
        return self._table.references(entity_id)

    @request(apart=True)
    def reasons_of(self, entity_id: str) -> str:
        return self._table.reasons(entity_id)

    @request(apart=True)
    def debugging(self) -> list[str]:
        return self._table.debugging()

    @request
    def expression(self, view: dict[str, Any], as_of: int | None = None) -> str:  # noqa: ARG002 - as `bind` has it
        return self._table.expression(view)
