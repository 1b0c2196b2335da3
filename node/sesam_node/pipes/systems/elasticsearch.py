"""The elasticsearch system: a search cluster. Declared only."""

from __future__ import annotations

from sesam_node.pipes.component import Option, declare_system

declare_system(
    "elasticsearch",
    Option("hosts", "string-list", ["localhost:9200"], "host:port or URL of each server"),
    Option("username", "string", None, "the user to log in as"),
    Option("password", "string", None, "the user's password", secret=True),
    Option("authentication", "string", None, "how to log in", ("basic",)),
    doc="An Elasticsearch cluster.",
)
