"""The rest source: entities from the answers of an operation of a REST system, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import InputError, PipeError
from sesam_node.model.stream import check_entities
from sesam_node.pipes.batch import BATCH_SIZE, Batch, must_be_named
from sesam_node.pipes.common_options import REST_CALL, REST_SINCE
from sesam_node.pipes.component import Option, source
from sesam_node.pipes.rest.call import Call
from sesam_node.pipes.rest.statuses import Statuses
from sesam_node.pipes.updated import updated_batch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context, Offset
    from sesam_node.pipes.systems.rest import RestSystem


@source(
    "rest",
    Option("operation", "string", doc="the operation of the system to call"),
    *REST_CALL,
    *REST_SINCE,
    is_since_comparable=True,
    fetches=True,
    system_types=("rest",),
)
class RestSource:
    """The answer of an operation of a REST system, page by page."""

    datasets: tuple[str, ...] = ()

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self.supports_since = bool(options["supports_since"])
        self.is_since_comparable = options["is_since_comparable"] is not False
        self.is_chronological = bool(options["is_chronological"])
        self._options = options
        self._context = context
        self._named = must_be_named(context)

    def read(self, since: Offset) -> Iterator[Batch]:
        options = self._options
        if since is None:
            since = options["initial_since_value"]
        if not self.supports_since:
            since = None
        system: RestSystem = self._context.system(options["system"])
        name = options["operation"]
        operation = system.operation(name, options)
        call = Call(system, name, operation, Statuses("allowed_status_codes", "200-299"))
        entities: list[Entity] = []
        for page in call.pages({}, since=since, places=True):
            for entity in call.entities(page):
                if options["response_include_content_type"]:
                    entity["content-type"] = page.content_type
                entities.append(entity)
            while len(entities) >= BATCH_SIZE:
                batch = self._batch(system, entities[:BATCH_SIZE], since)
                entities, since = entities[BATCH_SIZE:], batch.offset
                yield batch
        if entities:
            yield self._batch(system, entities, since)

    def _batch(self, system: RestSystem, entities: list[Entity], since: Offset) -> Batch:
        try:
            check_entities(entities, named=self._named)
        except InputError as error:
            hint = 'set "id_expression"' if any("_id" in p.path for p in error.problems) else ""
            message = f"{system}: {error.message}"
            text = f"{message}; {hint}" if hint else message
            raise PipeError(text, error.problems) from None
        return updated_batch(entities, self, since)
