"""The rest source: entities from the answers of an operation of a REST system, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import InputError, PipeError
from sesam_node.model.stream import check_entities
from sesam_node.pipes.batch import BATCH_SIZE, Batch, must_be_named
from sesam_node.pipes.common_options import REST_CALL, REST_SINCE
from sesam_node.pipes.component import Option, source
from sesam_node.pipes.exchanges import Tracer
from sesam_node.pipes.http.answer import named_kind
from sesam_node.pipes.rest.call import Call
from sesam_node.pipes.rest.statuses import Statuses
from sesam_node.pipes.updated import updated_batch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context, Offset
    from sesam_node.pipes.rest.call import Page
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
        self._tracer = Tracer(context, options, "source")

    def read(self, since: Offset) -> Iterator[Batch]:
        options = self._options
        if since is None:
            since = options["initial_since_value"]
        if not self.supports_since:
            since = None
        system: RestSystem = self._context.system(options["system"])
        name = options["operation"]
        operation = system.operation(name, options)
        allowed = Statuses("allowed_status_codes", "200-299")
        call = Call(system, name, operation, allowed, self._tracer)
        for page in call.pages({}, since=since, places=True):
            entities = self._checked(system, call, page)
            for start in range(0, len(entities), BATCH_SIZE):
                batch = updated_batch(entities[start : start + BATCH_SIZE], self, since)
                since = batch.offset
                yield batch

    def _checked(self, system: RestSystem, call: Call, page: Page) -> list[Entity]:
        """The entities of a page. Raises PipeError."""
        entities = list(call.entities(page))
        if self._options["response_include_content_type"]:
            for entity in entities:
                entity["content-type"] = page.content_type
        try:
            return check_entities(entities, named=self._named)
        except InputError as error:
            unnamed = any("_id" in problem.path for problem in error.problems)
            hint = '; set "id_expression"' if unnamed else ""
            kind = "" if page.is_json else named_kind(page.headers)
            message = f"{system}: {page.url}: {error.message}{kind}{hint}"
            raise PipeError(message, error.problems) from None
