"""The http transform: a service that takes entities and gives entities back.

Each source entity is POSTed as a list of its own: what comes back belongs to it, so that an
incremental run can tell what it no longer gives, and a failure is that of one entity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import InputError, PipeError
from sesam_node.model import content, encode
from sesam_node.model.json_stream import array_elements
from sesam_node.model.stream import check_entities
from sesam_node.pipes.common_options import HEADERS, SYSTEM_ID, URL, URL_SYSTEMS
from sesam_node.pipes.component import Option, transform
from sesam_node.pipes.http.answer import named_kind
from sesam_node.pipes.http.headers import string_headers
from sesam_node.pipes.transforms.outside import OutsideTransform
from sesam_node.pipes.trigger import TRIGGER

if TYPE_CHECKING:
    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context


@transform(
    "http",
    SYSTEM_ID,
    URL,
    Option(
        "batch_size",
        "integer",
        100,
        "most entities in one request; this version sends one",
        least=1,
    ),
    HEADERS,
    TRIGGER,
    side_effects=True,
    system_types=URL_SYSTEMS,
)
class HttpTransform(OutsideTransform):
    """POSTs entities to a URL and goes on with those that come back."""

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        super().__init__(options)
        self._context = context
        self._headers = {
            "content-type": "application/json",
            "accept": "application/json",
            **string_headers(options["headers"]),
        }

    def asked(self, entity: Entity, out: list[Entity]) -> None:
        system = self._context.system(self._options["system"])
        body = encode([content(entity)])
        with system.request(
            "POST", self._options["url"], headers=self._headers, body=body
        ) as answer:
            try:
                given = [value for _, value, _ in array_elements(answer.body)]
                out += check_entities(given)
            except InputError as error:
                raise PipeError(
                    f"{system}: {answer.url}: {error.message}{named_kind(answer.headers)}",
                    error.problems,
                ) from None
