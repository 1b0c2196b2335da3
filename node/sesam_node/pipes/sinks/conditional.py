"""The conditional sink: one of several, chosen by a value, normally of the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.pipes.choice import CHOICE, chosen
from sesam_node.pipes.component import build, sink

if TYPE_CHECKING:
    from sesam_node.pipes.batch import Context


@sink("conditional", *CHOICE)
def conditional_sink(options: dict[str, Any], context: Context) -> Any:
    """The sink that `condition` names among `alternatives`."""
    return build("sink", chosen("sink", options), context)
