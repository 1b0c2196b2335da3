"""What a pipe makes of a source entity against what it makes as deployed, and what its sink has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import InputError
from sesam_node.model import content, decode, encode
from sesam_node.pipes.evaluate import EntityError, Evaluator, source_entity
from sesam_node.pipes.lookup import StoreLookup
from sesam_node.pipes.operations import error_data

if TYPE_CHECKING:
    from collections.abc import Collection

    from sesam_node.dtl import Runtime
    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Batch
    from sesam_node.pipes.pipe import Pipe

Outputs = dict[str, Any]


class Differ:
    """Compares the output of a pipe, source entity by source entity.

    `against` names what is compared: "deployed" (the pipe `other`), "stored" (the sink). Raises
    InputError where the pipe writes to no dataset.
    """

    def __init__(
        self,
        pipe: Pipe,
        lookup: StoreLookup,
        runtime: Runtime,
        other: Pipe | None,
        against: Collection[str],
    ) -> None:
        self._pipe = pipe
        self._against = against
        self._edited = Evaluator(pipe, lookup, runtime)
        self._deployed: Evaluator | None = None
        if other is not None:
            lookup = StoreLookup(other.context)
            self._deployed = Evaluator(
                other,
                lookup,
                type(runtime)(lookup=lookup, sleep=runtime.sleep, secrets=runtime.secrets),
            )
        self._sink = None
        if "stored" in against:
            if not pipe.sink.dataset:
                raise InputError("the pipe writes to no dataset: nothing is stored")
            self._sink = pipe.context.dataset(pipe.sink.dataset)

    def of(self, one: Batch) -> tuple[Entity, Outputs, list[str]]:
        """The source entity, what each side has by `_id`, and the sides that differ.

        Outputs are `{"edited", "deployed", "stored"}`, those that were asked for: each a list of
        entities in the order of `_id`, or `{"error"}` where the entity failed.
        """
        source = source_entity(one, 0)
        outputs: Outputs = {"edited": _made(self._edited, one)}
        if self._deployed is not None:
            outputs["deployed"] = _made(self._deployed, one)
        if "stored" in self._against:
            outputs["stored"] = self._stored(source, list(outputs.values()))
        edited = encode(outputs["edited"])
        differing = [
            name for name in self._against if name in outputs and encode(outputs[name]) != edited
        ]
        return source, outputs, differing

    def _stored(self, source: Entity, made: list[Any]) -> list[Entity]:
        ids = {self._pipe.sink_id(str(source["_id"]))}
        for side in made:
            if isinstance(side, list):
                ids |= {str(entity["_id"]) for entity in side}
        if self._sink is None:
            return []
        found = self._sink.get_many(sorted(ids))
        return [content(decode(v.body)) for v in found if v is not None and not v.deleted]


def _made(evaluator: Evaluator, one: Batch) -> list[Entity] | dict[str, Any]:
    """The live entities that a source entity becomes, as a sink would keep them."""
    try:
        emitted = [item for _, out in evaluator.emitted(one) for item in out]
    except EntityError as error:
        return {"error": error_data(error.cause)}
    live = [e for e in emitted if "_filtered" not in e and e.get("_deleted") is not True]
    kept = {str(entity["_id"]): decode(encode(content(entity))) for entity in live}
    return [kept[name] for name in sorted(kept)]
