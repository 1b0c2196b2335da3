"""What a directory offers: the kinds of entries that it holds, found in the first of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from sesam_node.pipes.introspection import Offer
from sesam_node.pipes.ldap.entries import DN
from sesam_node.pipes.ldap.values import BINARY, BOOLEAN, INTEGER, TIME, Reading, syntaxes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sesam_node.pipes.ldap.connection import Directory, Found

MOST_ENTRIES = 2_000
PAGE = 200
LIKELY_IDS = ("uid", "sAMAccountName", "cn", "ou", "o", "dc")
ANY = "(objectClass=*)"


@dataclass(slots=True)
class Kind:
    """What is known of the entries of one class."""

    count: int = 0
    attributes: dict[str, int] = field(default_factory=dict)
    ids: dict[str, set[str]] = field(default_factory=dict)

    def add(self, found: Found, reading: Reading) -> None:
        _, attributes = found
        self.count += 1
        for name, values in attributes.items():
            self.attributes[name] = self.attributes.get(name, 0) + 1
            if name in LIKELY_IDS and len(values) == 1:
                ids = self.ids.setdefault(name, set())
                ids.add(reading.identities(name, values)[0].casefold())

    def id_attribute(self) -> str:
        """The likeliest attribute that every entry has, each another value; else the DN."""
        unique = (one for one in LIKELY_IDS if len(self.ids.get(one, ())) == self.count)
        return next(unique, DN)


def classes(directory: Directory, charset: str) -> Iterator[Offer]:
    """An offer for each class of entries below each base, by name."""
    syntax = syntaxes(directory.schema)
    reading = Reading(syntax, charset)
    structural = _structural(directory.schema)
    bases = directory.bases
    for base in bases:
        kinds: dict[str, Kind] = {}
        entries = chain.from_iterable(directory.pages(base, ANY, ["*"], PAGE))
        for found in islice(entries, MOST_ENTRIES):
            name = _class(found[1].get("objectClass") or (), structural)
            kinds.setdefault(name, Kind()).add(found, reading)
        for name, kind in sorted(kinds.items()):
            yield _offer(base if len(bases) > 1 else "", name, kind, syntax)


def _offer(base: str, name: str, kind: Kind, syntax: dict[str, str]) -> Offer:
    key = kind.id_attribute()
    columns = [
        {"name": one, "type": _type(one, syntax), "nullable": count < kind.count}
        | ({"primary_key": True} if one == key else {})
        for one, count in sorted(kind.attributes.items())
    ]
    source: dict[str, Any] = {"type": "ldap", "search_filter": f"(objectClass={name})"}
    if base:
        source["search_base"] = base
    source["id_attribute"] = key
    problem = "no attribute names each entry once; the DN does, and changes when it moves"
    return Offer(
        f"{name},{base}" if base else name,
        "class",
        tuple(columns),
        source,
        None,
        problem if key == DN else "",
        {"entries_seen": kind.count},
    )


def _type(name: str, known: dict[str, str]) -> str:
    base, _, options = name.lower().partition(";")
    syntax = known.get(base, "")
    if syntax in BINARY or options == "binary":
        return "bytes"
    if syntax in INTEGER:
        return "integer"
    return {BOOLEAN: "boolean", TIME: "time"}.get(syntax, "text")


def _structural(schema: Any) -> dict[str, frozenset[str]]:
    """The structural classes by name in lower case, each with the names of its ancestors."""
    if schema is None:
        return {}
    types = schema.object_classes
    found: dict[str, frozenset[str]] = {}
    for name in types:
        if str(types[name].kind).upper() == "STRUCTURAL":
            above: set[str] = set()
            queue = list(types[name].superior or ())
            while queue:
                parent = queue.pop()
                if parent.lower() not in above:
                    above.add(parent.lower())
                    known = types.get(parent)
                    queue += list(known.superior or ()) if known else []
            found[name.lower()] = frozenset(above)
    return found


def _class(values: Sequence[bytes], structural: dict[str, frozenset[str]]) -> str:
    """The most special class of an entry: the structural one that no other of its own is below."""
    names = [value.decode(errors="replace") for value in values]
    own = [name for name in names if name.lower() in structural]
    above = set[str]().union(*(structural[name.lower()] for name in own))
    leaves = [name for name in own if name.lower() not in above]
    return (leaves or names or ["top"])[-1]
