"""Operations that are called for an entity, by the REST sink and transform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import PipeError, preview
from sesam_node.pipes.exchanges import Tracer
from sesam_node.pipes.plain import plain
from sesam_node.pipes.rest.call import Call
from sesam_node.pipes.rest.statuses import Statuses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context
    from sesam_node.pipes.rest.call import Page
    from sesam_node.pipes.systems.rest import RestSystem

USUAL = "200-299"


class EntityCalls:
    """The calls of one component, by operation."""

    def __init__(
        self, options: dict[str, Any], context: Context, component: str, passed: str = ""
    ) -> None:
        """`passed` are statuses that are no failure beside those that are allowed.

        `component` is what a trace calls it: "sink" or "transform".
        """
        self._tracer = Tracer(context, options, component)
        self._options = options
        self._context = context
        self._passed = passed
        self._calls: dict[str | None, tuple[Call, dict[str, Any]]] = {}

    @property
    def system(self) -> RestSystem:
        found: RestSystem = self._context.system(self._options["system"])
        return found

    def of(self, entity: Entity) -> tuple[Call, Iterator[Page]]:
        """The call for an entity, and its pages. Raises ConfigError, PipeError."""
        named = entity.get("operation")
        if named is not None and not isinstance(named, str):
            raise PipeError(f"{self.system}: expected an operation's name, got {preview(named)}")
        name = named or self._options["operation"]
        if name not in self._calls:
            operation = self.system.operation(name, self._options)
            allowed = str(operation.get("allowed_status_codes") or USUAL)
            statuses = f"{allowed},{self._passed}" if self._passed else allowed
            allow = Statuses("statuses", statuses)
            made = Call(self.system, str(name), operation, allow, self._tracer)
            self._calls[name] = made, operation
        call, operation = self._calls[name]
        shown = plain(entity)
        own = entity.get("properties")
        properties = plain(own) if isinstance(own, dict) else operation.get("properties") or {}
        variables = {**shown, "entity": shown, "properties": properties}
        return call, call.pages(variables, payload=entity.get("payload"))
