"""Names of entities and properties as IRIs, and back.

`ns:id` is the IRI of a declared namespace with the id behind it; a name in angle brackets is an IRI
as it stands. Back again an IRI becomes `ns:id` in pipes with namespaced identifiers, and the IRI in
brackets in others (the manual's rdf source). A name is only given if it leads back to its IRI.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.model.namespaces import BUILT_IN, split_name
from sesam_node.pipes.rdf.terms import ABSOLUTE, absolute_iri, quoted_iri
from sesam_node.pipes.rule_context import rule_context

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.pipes.batch import Context

DEFAULT = "_"
"""The namespace of names without one."""


class Names:
    """The names of one pipe; `collapses` says that IRIs become names with namespaces."""

    def __init__(self, namespaces: Mapping[str, str], *, collapses: bool = False) -> None:
        self._prefixes = {**BUILT_IN, **namespaces}
        self._collapses = collapses
        longest_first = sorted(
            ((prefix, namespace) for namespace, prefix in self._prefixes.items() if prefix),
            key=lambda item: (-len(item[0]), item[1]),
        )
        self._by_length = [item for item in longest_first if item[1] != DEFAULT]
        self._names: dict[str, str] = {}
        self._iris: dict[str, str] = {}

    @classmethod
    def of(cls, context: Context) -> Names:
        """The names of a pipe."""
        return cls(rule_context(context).namespaces, collapses=context.namespaced)

    def property_iri(self, name: str) -> str:
        """The IRI of a property; properties are few, so it is remembered."""
        found = self._iris.get(name)
        if found is None:
            found = self._iris[name] = self.iri(name)
        return found

    def iri(self, name: str) -> str:
        """The IRI that a name stands for. Raises ValueError where there is none."""
        if name[:1] == "<" and name[-1:] == ">":
            return absolute_iri(name[1:-1])
        namespace, local = split_name(name)
        prefix = None if namespace is None else self._prefixes.get(namespace)
        if prefix is not None:
            return absolute_iri(f"{prefix}{local}")
        if ABSOLUTE.match(name):
            return quoted_iri(name)
        return absolute_iri(f"{self._prefixes[DEFAULT]}{name}")

    def property_name(self, iri: str) -> str:
        """The name of a property, or of a subject."""
        found = self._names.get(iri)
        if found is None:
            found = self._names[iri] = self.name(iri)
        return found

    def name(self, iri: str) -> str:
        """The name that stands for an IRI."""
        if self._collapses:
            collapsed = self.collapsed(iri)
            if collapsed is not None:
                return collapsed
            if self._leads_back(iri, iri):
                return iri
        return f"<{iri}>"

    def value(self, iri: str) -> str:
        """The value that stands for an IRI: `~:ns:id` or `~r`."""
        collapsed = self.collapsed(iri) if self._collapses else None
        return f"~r{iri}" if collapsed is None else f"~:{collapsed}"

    def collapsed(self, iri: str) -> str | None:
        """`ns:id` in the namespace with the longest prefix; null without one."""
        for prefix, namespace in self._by_length:
            if iri.startswith(prefix):
                name = f"{namespace}:{iri[len(prefix) :]}"
                if self._leads_back(name, iri):
                    return name
        return None

    def _leads_back(self, name: str, iri: str) -> bool:
        try:
            return name[:1] not in "_$" and self.iri(name) == iri
        except ValueError:
            return False
