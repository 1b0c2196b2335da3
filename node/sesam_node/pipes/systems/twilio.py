"""The twilio system: a provider of short messages. Declared only."""

from __future__ import annotations

from sesam_node.pipes.component import Option, declare_system

declare_system(
    "twilio",
    Option("account", "string", doc="the account"),
    Option("token", "string", doc="the token of the account", secret=True),
    Option("max_per_hour", "integer", 1000, "most messages in an hour"),
    Option("proxy", "string", None, "a SOCKS5 proxy", secret=True),
    doc="An account at Twilio.",
)
