"""All functions and transforms, by group. Importing this package fills the registry."""

from __future__ import annotations

from importlib import import_module

GROUPS = (
    "transforms",
    "hops",
    "rules",
    "dictionaries",
    "lists",
    "nulls",
    "misc",
    "json_text",
    "sets",
    "namespaced_identifiers",
    "strings",
    "numbers",
    "arithmetic",
    "dates",
    "booleans",
    "boolean_logic",
    "comparisons",
    "conditionals",
    "encryption",
    "byte_strings",
    "phonenumbers",
    "uris",
    "uuids",
)

for _group in GROUPS:
    try:
        import_module(f"{__name__}.{_group}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{_group}":
            raise
