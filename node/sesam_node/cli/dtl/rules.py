"""Rule files: what stands in one, where its rules are, and what they are compiled for.

A file holds a list of transforms, a dict of rules, a transform object or a whole pipe; JSON with
comments. The rules keep their place in the file, so that a problem leads to line and column.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sesam_node.cli.dtl.show import broken
from sesam_node.dtl import RuleContext
from sesam_node.dtl.source_text import SourceText, read_source
from sesam_node.errors import InputError, json_path, preview, suggestion
from sesam_node.model.namespaces import BUILT_IN

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

STDIN = "-"
MAX_BYTES = 64 * 1024 * 1024
"""The most that is read of a rule file."""


@dataclass(frozen=True)
class RuleSet:
    """One rule set of a file, at `at`; `default` is the path in the file of its rule `default`."""

    rules: Any
    at: tuple[str | int, ...]
    context: RuleContext
    default: str

    def place(self, path: str) -> str:
        """The path in the file of the path of a problem or event."""
        own = json_path((*self.at, "default"))
        if path == own or path.startswith(f"{own}["):
            return self.default + path[len(own) :]
        return path

    def starting_at(self, name: str | None) -> RuleSet:
        """The rule set with the named rule in place of `default`; it may apply the others.

        Raises InputError where there is no such rule.
        """
        if name is None or name == "default":
            return self
        if type(self.rules) is not dict or name not in self.rules:
            hint = suggestion(name, self.rules) if type(self.rules) is dict else ""
            raise InputError(f"there is no rule {preview(name)}{'; ' + hint if hint else ''}")
        rules = {**self.rules, "default": self.rules[name]}
        return replace(self, rules=rules, default=json_path((*self.at, name)))


@dataclass(frozen=True)
class RuleFile:
    """A file of rules: its name in messages, its text and the rule sets in it, in order."""

    name: str
    source: SourceText
    sets: tuple[RuleSet, ...]

    def only(self, transform: int | None = None) -> RuleSet:
        """The rule set that is meant. Raises InputError where there are several to choose from."""
        if transform is not None:
            for rule_set in self.sets:
                if rule_set.at[1:2] == (transform,) or (len(self.sets) == 1 and transform == 0):
                    return rule_set
            raise InputError(f"{self.name} has no dtl transform at position {transform}")
        if len(self.sets) == 1:
            return self.sets[0]
        positions = ", ".join(str(rule_set.at[1]) for rule_set in self.sets)
        raise InputError(
            f"{self.name} has {len(self.sets)} dtl transforms; choose one with --transform "
            f"(positions {positions})"
        )


def read_file(name: str, *, limit: int = MAX_BYTES) -> str:
    """The text of a file, or of standard input for `-`. Raises InputError."""
    try:
        if name == STDIN:
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(limit + 1)
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}") from None
    if len(data) > limit:
        raise InputError(f"{name} has more than {limit:,} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is no UTF-8 text (byte {error.start})") from None


def read_rules(name: str, text: str, options: argparse.Namespace | None = None) -> RuleFile:
    """The rule sets in a text, compiled for what the options say.

    Raises RulesError for what is no JSON and InputError for JSON that holds no rules.
    """
    source = read_text(name, text)
    sets = list(_sets(name, source.value))
    return RuleFile(
        name, source, tuple(replace(s, context=_context(s.context, options)) for s in sets)
    )


def read_text(name: str, text: str) -> SourceText:
    """JSON with comments. Raises RulesError."""
    try:
        return read_source(text)
    except InputError as error:
        offset = getattr(error, "offset", 0)
        raise broken(name, text, offset, error.problems[0]) from None


def _sets(name: str, value: Any) -> Iterable[RuleSet]:
    context = RuleContext(namespaces=BUILT_IN)
    if type(value) is list:
        return [RuleSet({"default": value}, (), context, "$")]
    if type(value) is not dict:
        raise InputError(
            f"{name} holds no rules: expected a list or an object, got {preview(value)}"
        )
    if "source" in value or "transform" in value or value.get("type") == "pipe":
        return _of_pipe(name, value)
    if "rules" in value and (type(value["rules"]) is dict or value.get("type") == "dtl"):
        return [_of_transform(value, ("rules",), context)]
    return [RuleSet(value, (), context, "$.default")]


def _of_transform(value: Any, at: tuple[str | int, ...], context: RuleContext) -> RuleSet:
    required = value.get("id_required")
    context = replace(context, id_required=required is not False)
    return RuleSet(value["rules"], at, context, json_path((*at, "default")))


def _of_pipe(name: str, value: dict[str, Any]) -> list[RuleSet]:
    context = _pipe_context(value)
    given = value.get("transform")
    listed = type(given) is list
    found = []
    transforms: list[Any] = value["transform"] if listed else [given]
    for position, transform in enumerate(transforms):
        if type(transform) is dict and transform.get("type") == "dtl" and "rules" in transform:
            at = ("transform", position, "rules") if listed else ("transform", "rules")
            # What a later transform gets is no longer as it is stored.
            own = replace(context, source_dataset=None) if position else context
            found.append(_of_transform(transform, at, own))
    if not found:
        raise InputError(f"{name} is a pipe without a dtl transform")
    return found


def _pipe_context(value: dict[str, Any]) -> RuleContext:
    pipe_id = str(value.get("_id", ""))
    own = value.get("namespaces")
    own = own if type(own) is dict else {}
    source = value.get("source")
    source = source if type(source) is dict else {}
    namespaced = value.get("namespaced_identifiers") is True
    adds = value.get("add_namespaces")
    stored_as_is = source.get("type") == "dataset" and not adds
    dataset = source.get("dataset") if stored_as_is else None
    return RuleContext(
        pipe_id=pipe_id,
        namespaced=namespaced,
        identity_namespace=own.get("identity") or pipe_id or None,
        property_namespace=own.get("property") or pipe_id or None,
        namespaces={**BUILT_IN, **(own.get("default") or {})},
        source_dataset=dataset if type(dataset) is str else None,
    )


def _context(context: RuleContext, options: argparse.Namespace | None) -> RuleContext:
    """The context with what the options say instead."""
    if options is None:
        return context
    changes: dict[str, Any] = {}
    if options.namespaced:
        changes["namespaced"] = True
    if options.identity_namespace is not None:
        changes["identity_namespace"] = options.identity_namespace
    if options.property_namespace is not None:
        changes["property_namespace"] = options.property_namespace
    return replace(context, **changes)
