"""The ldap system: a directory server. Declared only."""

from __future__ import annotations

from sesam_node.pipes.component import Option, declare_system

declare_system(
    "ldap",
    Option("host", "string", "localhost", "the name of the server"),
    Option("port", "integer", 389, "its port"),
    Option("use_ssl", "boolean", default=False, doc="secure the connection?"),
    Option("verify_ssl", "boolean", default=True, doc="are certificates checked?"),
    Option("custom_ca_pem_chain", "string", None, "certificates to check against, as PEM text"),
    Option("username", "string", None, "the user to log in as"),
    Option("password", "string", None, "the user's password", secret=True),
    Option("charset", "string", "latin-1", "the encoding of text"),
    Option("connect_timeout", "number", 60, "seconds to wait for a connection"),
    Option("read_timeout", "number", 1800, "seconds to wait for an answer"),
    doc="An LDAP directory.",
)
