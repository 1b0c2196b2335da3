"""The conditional transform: one of several, chosen by a value, normally of the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.pipes.choice import CHOICE, chosen
from sesam_node.pipes.component import build, transform

if TYPE_CHECKING:
    from sesam_node.pipes.batch import Context


@transform("conditional", *CHOICE)
def conditional_transform(options: dict[str, Any], context: Context) -> Any:
    """The transform that `condition` names among `alternatives`."""
    return build("transform", chosen("transform", options), context)
