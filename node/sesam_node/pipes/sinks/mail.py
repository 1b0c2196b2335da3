"""The mail sink: one mail an entity. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import SYSTEM_ID
from sesam_node.pipes.component import Option, declare_sink

declare_sink(
    "mail",
    SYSTEM_ID,
    Option("body_template", "string", None, "template of the body"),
    Option("body_template_property", "string", "body_template", "where an entity has its own"),
    Option("subject_template", "string", None, "template of the subject"),
    Option(
        "subject_template_property", "string", "subject_template", "where an entity has its own"
    ),
    Option("text_body_template", "string", None, "template of the plain text body"),
    Option(
        "text_body_template_property", "string", "text_body_template", "where an entity has its own"
    ),
    Option("recipients", "string", None, "addresses, with commas between them"),
    Option("recipients_property", "string", "recipients", "where an entity has its own"),
    Option("mail_from", "string", doc="the address of the sender"),
    Option(
        "unhandled_template_variable_replacement",
        "string",
        "debug",
        "what becomes of a name the entity does not have",
        ("debug", "empty_string", "strict"),
    ),
    doc="Sends a mail for each entity.",
    namespaces=True,
    system_types=("smtp",),
)
