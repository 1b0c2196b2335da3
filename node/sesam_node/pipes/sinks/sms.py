"""The sms sink: one short message an entity. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import SYSTEM_ID
from sesam_node.pipes.component import Option, declare_sink

declare_sink(
    "sms",
    SYSTEM_ID,
    Option("body_template", "string", None, "template of the message"),
    Option("body_template_property", "string", "body_template", "where an entity has its own"),
    Option("recipients", "string", None, "phone numbers, with commas between them"),
    Option("recipients_property", "string", "recipients", "where an entity has its own"),
    Option("from_number", "string", doc="the phone number of the sender"),
    doc="Sends a short message for each entity.",
    namespaces=True,
    system_types=("twilio",),
)
