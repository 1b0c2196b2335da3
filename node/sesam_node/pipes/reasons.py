"""Why rules make of a source entity what they make of it: the answer to somebody who writes them.

The entity goes through the rules once more, recorded. So nothing is kept between a trace that is
looked at and a question about it, and a question is answered by the rules that it comes with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.trace import why, why_not, why_not_text, why_text
from sesam_node.dtl.trace.places import MISSING, at, parts_of
from sesam_node.dtl.trace.recording import Recording
from sesam_node.errors import NotFoundError
from sesam_node.pipes.dtl import HERE, trace_rules

if TYPE_CHECKING:
    from sesam_node.pipes.overlay import World
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.pipes.samples import Wanted
    from sesam_node.store.api import Store


def why_rules(
    definition: PipeDefinition,
    store: Store,
    *,
    rules: Any = None,
    wanted: Wanted,
    path: str,
    result: int,
    position: int | None = None,
    world: World = HERE,
) -> dict[str, Any]:
    """Why there is what there is at `path` of a result of the first wanted entity, or why not.

    The answer of `why`, else that of `why_not`, as `sesam_node.dtl.trace` has them; `told` is the
    same for people. Raises DtlError, InputError, NotFoundError where there is no such entity.
    """
    found = trace_rules(
        definition,
        store,
        rules=rules,
        wanted=wanted,
        strength="full",
        position=position,
        world=world,
    )
    document = found["trace"]
    if not document["entities"]:
        skipped = found.get("skipped")
        reason = f"; an earlier transform failed: {skipped[0]['message']}" if skipped else ""
        raise NotFoundError(f"there is no such source entity{reason}")
    results = Recording(document, 0).results
    is_result = 0 <= result < len(results)
    if is_result and at(results[result], parts_of(path)) is not MISSING:
        answer = why(document, 0, result, path)
        return {**answer, "told": why_text(answer).rstrip()}
    answer = why_not(document, 0, path, result=result if is_result else None)
    return {**answer, "told": why_not_text(answer).rstrip()}
