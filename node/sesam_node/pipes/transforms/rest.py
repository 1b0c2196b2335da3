"""The rest transform: an operation of a REST system for each entity.

The entity goes on with the answer in `response_property`; with `replace_entity` the entities of the
answer go on instead (REST transform in the manual).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError, InputError, PipeError
from sesam_node.model.stream import check_entities
from sesam_node.pipes.common_options import REST_CALL
from sesam_node.pipes.component import Option, transform
from sesam_node.pipes.plain import as_values
from sesam_node.pipes.rest.for_entity import EntityCalls
from sesam_node.pipes.rest.statuses import Statuses
from sesam_node.pipes.transforms.outside import OutsideTransform
from sesam_node.pipes.trigger import TRIGGER

if TYPE_CHECKING:
    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context
    from sesam_node.pipes.rest.call import Call, Page


@transform(
    "rest",
    Option("operation", "string", None, "the operation, where the entity does not name one"),
    *(option for option in REST_CALL if option.name != "response_property"),
    Option("response_property", "string", "response", "the property that takes the answer"),
    Option("response_status_property", "string", None, "the property that takes its status"),
    Option("replace_entity", "boolean", default=False, doc="does the answer replace the entity?"),
    Option("allowed_status_codes", "string", "200-299", "statuses that are no failure"),
    Option("ignored_status_codes", "string", None, "statuses whose answer is left out"),
    Option(
        "if_transform_empty", "string", "accept", "may a full run give nothing?", ("accept", "fail")
    ),
    TRIGGER,
    side_effects=True,
    system_types=("rest",),
)
class RestTransform(OutsideTransform):
    """Calls an operation of a REST system for each entity."""

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        super().__init__(options)
        ignored = options["ignored_status_codes"] or ""
        self._ignored = Statuses("ignored_status_codes", ignored)
        if self._ignored.overlaps(
            Statuses("allowed_status_codes", options["allowed_status_codes"])
        ):
            raise ConfigError('"ignored_status_codes" and "allowed_status_codes" overlap')
        self._calls = EntityCalls(options, context, "transform", ignored)

    def asked(self, entity: Entity, out: list[Entity]) -> None:
        call, answers = self._calls.of(entity)
        pages = [page for page in answers if page.status not in self._ignored]
        if not pages:
            return
        if self._options["replace_entity"]:
            made = [found for page in pages for found in self._replaced(entity, call, page)]
        else:
            made = [self._completed(entity, pages)]
        try:
            out += check_entities(made)
        except InputError as error:
            where = f"{self._calls.system}: {pages[0].url}"
            raise PipeError(f"{where}: {error.message}", error.problems) from None

    def _replaced(self, entity: Entity, call: Call, page: Page) -> list[Entity]:
        if page.is_json:
            return [{"_id": entity["_id"], **found} for found in call.entities(page)]
        found: Entity = {"_id": entity["_id"], self._options["response_property"]: page.body}
        if self._options["response_include_content_type"]:
            found["content-type"] = page.content_type
        return [found]

    def _completed(self, entity: Entity, pages: list[Page]) -> Entity:
        """The entity with what came back; lists of several pages are one list."""
        options, last = self._options, pages[-1]
        parts = [page.part for page in pages]
        answer = parts[0]
        if len(parts) > 1:
            lists = (part if isinstance(part, list) else [part] for part in parts)
            answer = [item for part in lists for item in part]
        made = dict(entity)
        made[options["response_property"]] = as_values(answer)
        if options["response_headers_property"]:
            made[options["response_headers_property"]] = dict(last.headers)
        if options["response_status_property"]:
            made[options["response_status_property"]] = last.status
        if options["response_include_content_type"]:
            made["content-type"] = last.content_type
        return made
