"""The rest system: a service over HTTP with named operations. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import OPERATIONS, RATE_LIMITS, URL_SYSTEM
from sesam_node.pipes.component import Option, declare_system

CUSTOM_AUTH = Option(
    "custom_auth",
    "object",
    None,
    "how to get access tokens by operations of the system",
    fields=(
        Option("get_token_operation", "string", doc="the operation that gives an access token"),
        Option("expires_at_expression", "string", None, "template: when the token ends"),
        Option("expires_in_expression", "string", None, "template: seconds until it ends"),
        Option("refresh_window", "integer", 30, "seconds before its end that a token is renewed"),
        Option("initial_refresh_token", "object", None, "the first refresh token", secret=True),
        Option("get_refresh_token_operation", "string", None, "the operation that gives one"),
        Option("refresh_token_expires_at_expression", "string", None, "template: when it ends"),
        Option("refresh_token_expires_in_expression", "string", None, "template: seconds left"),
        Option("access_token_property", "string", None, "where it is", deprecated="use templates"),
        Option("refresh_token_property", "string", None, "where it is", deprecated="use templates"),
    ),
)

declare_system(
    "rest",
    *URL_SYSTEM,
    OPERATIONS,
    *RATE_LIMITS,
    Option("json_content_types", "string-list", ["application/json"], "types read as JSON"),
    CUSTOM_AUTH,
    doc="A service that is reached over HTTP by named operations.",
    one_of=(("url_pattern", "base_url"),),
)
