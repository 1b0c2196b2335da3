"""The rest transform: an operation of a REST system an entity. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import REST_CALL
from sesam_node.pipes.component import Option, declare_transform

declare_transform(
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
    doc="Calls an operation of a REST system for each entity.",
    side_effects=True,
    system_types=("rest",),
)
