"""Entries of a directory as entities."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from sesam_node.errors import PipeError, Problem, preview
from sesam_node.model.values import as_string

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sesam_node.model import Entity
    from sesam_node.pipes.ldap.connection import Found
    from sesam_node.pipes.ldap.values import Reading

DN = "dn"
ALL, OPERATIONAL = "*", "+"
ESCAPED = re.compile(r"\\([0-9a-fA-F]{2})|\\(.)", re.DOTALL)


class Wanted:
    """Which attributes a source asks for, and which of those that come it keeps.

    `attributes` are names and wildcards, with commas or blanks between them; case does not count.
    """

    def __init__(self, attributes: str, blacklist: Sequence[str], id_attribute: str) -> None:
        names = [name for name in re.split(r"[,\s]+", attributes) if name]
        self._patterns = [name.lower() for name in names]
        self._refused = frozenset(name.lower() for name in blacklist)
        asked = [name for name in names if not set(name) & set("*?[")]
        if len(asked) < len(names) or not names:
            asked.insert(0, ALL)
        if id_attribute.lower() != DN:
            asked.append(id_attribute)
        self.asked = list(dict.fromkeys(asked))
        self._kept: dict[str, bool] = {}

    def keeps(self, name: str) -> bool:
        kept = self._kept.get(name)
        if kept is None:
            kept = self._kept[name] = self._keeps(name.lower())
        return kept

    def _keeps(self, name: str) -> bool:
        names = (name, name.partition(";")[0])
        if self._refused.intersection(names):
            return False
        if not self._patterns or {ALL, OPERATIONAL}.intersection(self._patterns):
            return True
        return any(fnmatchcase(one, pattern) for one in names for pattern in self._patterns)


class Entries:
    """Makes entities of entries: a property an attribute, and the DN."""

    def __init__(self, owner: str, reading: Reading, wanted: Wanted, id_attribute: str) -> None:
        self._owner = owner
        self._reading = reading
        self._wanted = wanted
        self._id_attribute = id_attribute

    def entity(self, found: Found) -> Entity:
        """Raises PipeError for an entry without its `id_attribute`."""
        dn, attributes = found
        entity: Entity = {"_id": self._identity(dn, attributes), DN: as_string(dn)}
        for name, values in attributes.items():
            if values and self._wanted.keeps(name):
                entity[name] = self._reading(name, values)
        return entity

    def _identity(self, dn: str, attributes: Mapping[str, Any]) -> str:
        wanted = self._id_attribute
        if wanted.lower() == DN:
            return as_string(dn)
        values = attributes.get(wanted)
        if not values:
            problem = Problem(
                "",
                "missing-id",
                f"the entry {preview(dn, 200)} has no {preview(wanted)}",
                'choose another "id_attribute", "dn" for the DN, or narrow "search_filter"',
            )
            raise PipeError(f"{self._owner}: an entry has no _id", [problem])
        found = self._reading.identities(wanted, values)
        if len(found) > 1:
            # Servers give values in any order: the one that names the entry lasts, else the least.
            naming = naming_value(dn, wanted)
            found = [one for one in found if one.casefold() == naming] or [min(found)]
        return as_string(found[0])


def naming_value(dn: str, attribute: str) -> str:
    """The value of this attribute in the first part of a DN, case folded; empty where none is."""
    first = re.match(r"(?:\\.|[^,\\])*", dn, re.DOTALL)
    for part in re.findall(r"(?:\\.|[^+\\])+", first[0] if first else "", re.DOTALL):
        name, _, value = part.partition("=")
        if name.strip().lower() == attribute.lower():
            return unescaped(value.strip()).casefold()
    return ""


def unescaped(text: str) -> str:
    """A value of a DN without its escapes, whose hexadecimal ones are bytes of UTF-8."""
    made = bytearray()
    at = 0
    for found in ESCAPED.finditer(text):
        made += text[at : found.start()].encode()
        made += bytes.fromhex(found[1]) if found[1] else found[2].encode()
        at = found.end()
    made += text[at:].encode()
    return made.decode(errors="replace")
