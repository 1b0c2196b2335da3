"""The embedded source: entities that stand in the configuration."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from sesam_node.model import decode, encode
from sesam_node.model.stream import check_entities
from sesam_node.pipes.batch import BATCH_SIZE, Batch, must_be_named
from sesam_node.pipes.component import Option, source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.pipes.batch import Context, Offset


@source(
    "embedded",
    Option("entities", "array", doc="the entities"),
    Option("system", "string", None, "accepted, without effect"),
    is_since_comparable=True,
    fetches=True,
    namespaces=True,
)
class EmbeddedSource:
    """Entities in the configuration of the pipe itself."""

    datasets: tuple[str, ...] = ()

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        # By way of the stored form, so that the order of keys is the same as everywhere.
        entities = check_entities(deepcopy(options["entities"]), named=must_be_named(context))
        self._entities = decode(encode(entities))

    def read(self, since: Offset) -> Iterator[Batch]:  # noqa: ARG002 - it cannot
        for start in range(0, len(self._entities), BATCH_SIZE):
            yield Batch(self._entities[start : start + BATCH_SIZE], None, None)
