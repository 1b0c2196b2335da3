"""The conditional source: one of several, chosen by a value, normally of the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.pipes.choice import CHOICE, chosen
from sesam_node.pipes.component import build, source

if TYPE_CHECKING:
    from sesam_node.pipes.batch import Context


@source("conditional", *CHOICE)
def conditional_source(options: dict[str, Any], context: Context) -> Any:
    """The source that `condition` names among `alternatives`."""
    return build("source", chosen("source", options), context)
