"""Keeps what is secret out of traces and of what is told of rules.

Secret are: the values of `$SECRET(name)`; keys and passwords that stand in the rules; what a
`decrypt…` function gives, and what functions make of that. It is all replaced by `*****`.

What is made of a decrypted value is followed by value: the texts and numbers that come out of a
call which got a secret one, and that no entity had before, are secret too. Truth values are not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sesam_node.dtl.functions  # noqa: F401 - fills the registry
from sesam_node.dtl.registry import EXPRESSIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sesam_node.model.values import Value

HIDDEN = "*****"
HIDDEN_KEY = f"$SECRET({HIDDEN})"
"""In place of a key in the rules: the compiler takes it for a key."""

ENCRYPTION = frozenset(name for name, entry in EXPRESSIONS.items() if entry.group == "encryption")
DECRYPTING = frozenset(name for name in ENCRYPTION if name.startswith("decrypt"))
ENCRYPTING = ENCRYPTION - DECRYPTING
WHOLE = 4
"""Secret text of fewer characters is hidden where it is a value, not where it is part of a text."""


def without_keys(rules: Any) -> Any:
    """The rules with the keys and passwords in them hidden; `$SECRET(name)` stays as it is."""
    if type(rules) is dict:
        return {name: without_keys(item) for name, item in rules.items()}
    if type(rules) is not list:
        return rules
    if rules and type(rules[0]) is str and rules[0] in ENCRYPTION and len(rules) > 2:
        keys = [_key(item) for item in rules[1:-1]]
        return [rules[0], *keys, without_keys(rules[-1])]
    return [without_keys(item) for item in rules]


def _key(constant: Any) -> Any:
    return HIDDEN_KEY if type(constant) is str and "$SECRET(" not in constant else constant


def decrypts(rules: Any) -> bool:
    """Is there a call in the rules that gives something decrypted?"""
    if type(rules) is dict:
        return any(map(decrypts, rules.values()))
    if type(rules) is not list:
        return False
    named = bool(rules) and type(rules[0]) is str and rules[0] in DECRYPTING
    return named or any(map(decrypts, rules))


def masked(document: dict[str, Any], secrets: Iterable[str] = ()) -> dict[str, Any]:
    """A trace document without secrets: the same, with `*****` in their place.

    `secrets` are the values of `$SECRET(name)`.
    """
    texts = {text for text in secrets if text}
    shown = {**document, "rules": without_keys(document["rules"])}
    if document["strength"] != "full":
        return shown
    hidden = Atoms(document).secret()
    if not hidden and not texts:
        return shown
    mask = Mask(hidden, texts)
    shown["values"] = [mask.value(value) for value in document["values"]]
    shown["entities"] = [mask.entity(entity) for entity in document["entities"]]
    return shown


def atoms_of(value: Value) -> Iterator[Any]:
    """The texts and numbers in a value, names of properties too, each with its type."""
    kind = type(value)
    if kind is str or kind is int or kind is float:
        if value != "":
            yield kind, value
    elif kind is list or kind is tuple:
        for item in value:
            yield from atoms_of(item)
    elif kind is dict:
        for name, item in value.items():
            yield str, name
            yield from atoms_of(item)


class Atoms:
    """Follows what was decrypted through the events of a full trace."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.known: dict[int, frozenset[Any]] = {}

    def of(self, number: int) -> frozenset[Any]:
        """The atoms of a value of the document."""
        found = self.known.get(number)
        if found is None:
            found = self.known[number] = frozenset(atoms_of(self.document["values"][number]))
        return found

    def secret(self) -> set[Any]:
        """The atoms that were decrypted, or made of such."""
        names = {node["name"] for node in self.document["nodes"]}
        if not names & DECRYPTING:
            return set()
        hidden: set[Any] = set()
        for entity in self.document["entities"]:
            for event in entity["events"]:
                if event["name"] in DECRYPTING and "output" in event:
                    hidden |= self.of(event["output"])
        for entity in self.document["entities"]:
            self._follow(entity, hidden)
        return hidden

    def _follow(self, entity: dict[str, Any], hidden: set[Any]) -> None:
        clean = self._given(entity)
        events = entity["events"]
        below: list[list[dict[str, Any]]] = [[] for _ in events]
        for event in events:
            if event["parent"] is not None and event["kind"] != "rule":
                below[event["parent"]].append(event)
        size = -1
        while size != len(hidden):
            size = len(hidden)
            # Inner events come behind the outer ones, so their outputs are known first.
            for event, inner in zip(reversed(events), reversed(below), strict=True):
                made = event["kind"] == "function" and "output" in event
                if not made or event["name"] in ENCRYPTING:
                    continue
                taken = [*event.get("inputs", ()), *(i["output"] for i in inner if "output" in i)]
                if any(not hidden.isdisjoint(self.of(number)) for number in taken):
                    hidden |= self.of(event["output"]) - clean

    def _given(self, entity: dict[str, Any]) -> set[Any]:
        """The atoms of the source entity, and of those that hops found."""
        found = set(self.of(entity["source"]))
        for event in entity["events"]:
            for row in event.get("rows", ()):
                for hop in row.values():
                    found |= self.of(hop["value"])
        return found


class Mask:
    """Puts `*****` in the place of secrets."""

    def __init__(self, atoms: Collection[Any], texts: Collection[str]) -> None:
        self.atoms = atoms
        parts = {value for kind, value in atoms if kind is str and len(value) >= WHOLE}
        self.parts = sorted({*parts, *texts}, key=len, reverse=True)

    def text(self, text: str) -> str:
        """A text without the secrets in it."""
        if (str, text) in self.atoms:
            return HIDDEN
        for part in self.parts:
            if part in text:
                text = text.replace(part, HIDDEN)
        return text

    def value(self, value: Value) -> Value:
        """A value without the secrets in it."""
        kind = type(value)
        if kind is str:
            return self.text(value)
        if kind is dict:
            return {self.text(name): self.value(item) for name, item in value.items()}
        if kind is list or kind is tuple:
            return [self.value(item) for item in value]
        return HIDDEN if (kind, value) in self.atoms else value

    def entity(self, entity: dict[str, Any]) -> dict[str, Any]:
        """What was recorded of an entity: messages, ids and names may hold a secret."""
        shown = {**entity, "events": [self.event(event) for event in entity["events"]]}
        if entity["error"]:
            message = self.text(entity["error"]["message"])
            shown["error"] = {**entity["error"], "message": message}
        return shown

    def event(self, event: dict[str, Any]) -> dict[str, Any]:
        shown = dict(event)
        if "error" in event:
            shown["error"] = self.text(event["error"])
        if "sets" in event:
            shown["sets"] = {self.text(name): number for name, number in event["sets"].items()}
        if "removes" in event:
            shown["removes"] = [self.text(name) for name in event["removes"]]
        if "rows" in event:
            shown["rows"] = [
                {alias: {**hop, "id": self.text(hop["id"])} for alias, hop in row.items()}
                for row in event["rows"]
            ]
        return shown
