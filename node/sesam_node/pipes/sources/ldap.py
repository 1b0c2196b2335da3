"""The ldap source: entries of a directory. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import SYSTEM_ID
from sesam_node.pipes.component import Option, declare_source

declare_source(
    "ldap",
    SYSTEM_ID,
    Option("search_base", "string", "*", "where in the directory to search"),
    Option(
        "search_filter", "string", "(objectClass=organizationalPerson)", "which entries to read"
    ),
    Option("attributes", "string", "*", "which attributes to read"),
    Option("id_attribute", "string", "cn", "the attribute that makes _id"),
    Option("page_size", "integer", 500, "entries read at once"),
    Option("attribute_blacklist", "string-list", [], "attributes left out"),
    doc="Entries of an LDAP directory.",
    is_since_comparable=True,
    fixed=True,
    namespaces=True,
    system_types=("ldap",),
)
