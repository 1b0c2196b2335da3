"""The http transform: a service that takes entities and gives entities back.

Up to `batch_size` entities go in one request. What comes back under the id of one of them belongs
to it: an incremental run must be able to tell what an entity no longer gives. A service that gives
other ids, too, is asked again with one entity a request, from then on. So is one that refuses a
batch, for that batch: a failure is that of one entity.
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
    from collections.abc import Iterator, Sequence

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
        "most entities in one request; one where the service makes other ids",
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
        self._makes_ids = False
        self._headers = {
            "content-type": "application/json",
            "accept": "application/json",
            **string_headers(options["headers"]),
        }

    def asked(self, entity: Entity, out: list[Entity]) -> None:
        out += self._ask([entity])

    @property
    def at_once(self) -> int:
        return 1 if self._makes_ids else self._options["batch_size"]

    def together(self, given: Sequence[list[Entity]]) -> list[list[Entity] | Exception]:
        """What becomes of each list of entities, in order, up to the first that fails."""
        asked = [entity for entities in given for entity in entities if self.takes(entity)]
        answers: dict[int, list[Entity]] = {}
        for batch in _batches(asked, self._options["batch_size"]):
            answers |= self._ask_at_once(batch)
        found: list[list[Entity] | Exception] = []
        for entities in given:
            try:
                found.append([made for entity in entities for made in self._one(entity, answers)])
            except Exception as error:  # noqa: BLE001 - it becomes the error of its entity
                found.append(error)
                break
        return found

    def _one(self, entity: Entity, answers: dict[int, list[Entity]]) -> list[Entity]:
        if not self.takes(entity):
            return [entity]
        known = answers.get(id(entity))
        return self._ask([entity]) if known is None else known

    def _ask_at_once(self, batch: list[Entity]) -> dict[int, list[Entity]]:
        """The answers by the object that was sent; none where each has to be asked for alone."""
        if len(batch) == 1 or self._makes_ids:
            return {}
        made: dict[str, list[Entity]] = {entity["_id"]: [] for entity in batch}
        try:
            for entity in self._ask(batch):
                made[entity["_id"]].append(entity)
        except KeyError:
            self._makes_ids = True
            return {}
        except PipeError:
            return {}
        return {id(entity): made[entity["_id"]] for entity in batch}

    def _ask(self, entities: list[Entity]) -> list[Entity]:
        """What the service makes of entities. Raises PipeError."""
        system = self._context.system(self._options["system"])
        body = encode([content(entity) for entity in entities])
        with system.request(
            "POST", self._options["url"], headers=self._headers, body=body
        ) as answer:
            try:
                return check_entities([value for _, value, _ in array_elements(answer.body)])
            except InputError as error:
                raise PipeError(
                    f"{system}: {answer.url}: {error.message}{named_kind(answer.headers)}",
                    error.problems,
                ) from None


def _batches(entities: list[Entity], size: int) -> Iterator[list[Entity]]:
    """Entities in batches, none of which has an id twice; those without one are left out."""
    batch: dict[str, Entity] = {}
    for entity in entities:
        entity_id = entity.get("_id")
        if type(entity_id) is not str:
            continue
        if len(batch) == size or entity_id in batch:
            yield list(batch.values())
            batch = {}
        batch[entity_id] = entity
    if batch:
        yield list(batch.values())
