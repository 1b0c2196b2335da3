"""The smtp system: a mail server. Declared only."""

from __future__ import annotations

from sesam_node.pipes.component import Option, declare_system

declare_system(
    "smtp",
    Option("smtp_server", "string", "localhost", "the name of the server"),
    Option("smtp_port", "integer", 25, "its port"),
    Option("smtp_username", "string", None, "the user to log in as"),
    Option("smtp_password", "string", None, "the user's password", secret=True),
    Option("use_tls", "boolean", default=False, doc="secure the connection?"),
    Option("max_per_hour", "integer", 1000, "most mails in an hour"),
    doc="A mail server.",
)
