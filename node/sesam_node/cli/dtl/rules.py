"""Rule files: what stands in one, where its rules are, and what they are compiled for.

A file holds a list of transforms, a dict of rules, a transform object or a whole pipe; JSON with
comments. The rules keep their place in the file, so that a problem leads to line and column.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sesam_node.cli.dtl.files import read_file, read_text
from sesam_node.dtl import RuleContext
from sesam_node.errors import InputError, json_path, preview, suggestion
from sesam_node.model.namespaces import BUILT_IN
from sesam_node.pipes.rule_texts import dtl_transforms, is_later

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from sesam_node.dtl.source_text import SourceText

METADATA = "node-metadata.conf.json"


@dataclass(frozen=True)
class RuleSet:
    """One rule set of a file, at `at`; `default` is the path in the file of its rule `default`.

    `name` is how `--transform` chooses it: the position of the transform, or its alternative.
    """

    rules: Any
    at: tuple[str | int, ...]
    context: RuleContext
    default: str
    name: str = "0"

    @property
    def first(self) -> bool:
        """Do these rules meet the entities of the source, with no transform before them?"""
        return not is_later(self.at)

    def place(self, path: str) -> str:
        """The path in the file of the path of a problem or event."""
        own = json_path((*self.at, "default"))
        if path == own or path.startswith(f"{own}["):
            return self.default + path[len(own) :]
        return path

    def starting_at(self, name: str | None) -> RuleSet:
        """The rule set with the named rule in place of `default`, and the rules that it may apply.

        Raises InputError where there is no such rule.
        """
        if name is None or name == "default":
            return self
        if type(self.rules) is not dict or name not in self.rules:
            hint = suggestion(name, self.rules) if type(self.rules) is dict else ""
            raise InputError(f"there is no rule {preview(name)}{'; ' + hint if hint else ''}")
        # Without the others nobody is told that they, or the rule itself, are never applied.
        applied = _named_below(self.rules, name) - {"default"}
        rules = {rule: self.rules[rule] for rule in self.rules if rule in applied}
        rules["default"] = self.rules[name]
        return replace(self, rules=rules, default=json_path((*self.at, name)))


def _named_below(rules: dict[str, Any], name: str) -> set[str]:
    """The rules whose names stand in a rule, or in one of those."""
    found: set[str] = set()
    waiting = [rules[name]]
    while waiting:
        value = waiting.pop()
        if type(value) is list:
            waiting.extend(value)
        elif type(value) is dict:
            waiting.extend(value.values())
        elif type(value) is str and value in rules and value not in found:
            found.add(value)
            waiting.append(rules[value])
    return found


@dataclass(frozen=True)
class RuleFile:
    """A file of rules: its name in messages, its text and the rule sets in it, in order."""

    name: str
    source: SourceText
    sets: tuple[RuleSet, ...]

    def only(self, transform: str | None = None) -> RuleSet:
        """The rule set that is meant. Raises InputError where there are several to choose from."""
        if transform is None and len(self.sets) == 1:
            return self.sets[0]
        for rule_set in self.sets:
            if rule_set.name == transform:
                return rule_set
        names = ", ".join(rule_set.name for rule_set in self.sets)
        if transform is None:
            count = f"{self.name} has {len(self.sets)} dtl transforms"
            raise InputError(f"{count}; choose one with --transform: {names}")
        raise InputError(f"{self.name} has no dtl transform {transform}; there are {names}")


def read_rules(name: str, text: str, options: argparse.Namespace | None = None) -> RuleFile:
    """The rule sets in a text, compiled for what the options say.

    Raises RulesError for what is no JSON and InputError for JSON that holds no rules.
    """
    source = read_text(name, text)
    sets = list(_sets(name, source.value))
    return RuleFile(
        name, source, tuple(replace(s, context=_context(s.context, options)) for s in sets)
    )


def _metadata(name: str) -> dict[str, Any]:
    """The metadata of the node whose project a file is in; nothing where there is none."""
    if not Path(name).is_file():  # `-e`, standard input
        return {}
    folder = Path(name).absolute().parent
    for file in (folder / METADATA, folder.parent / METADATA):
        if file.is_file():
            value = read_text(str(file), read_file(str(file))).value
            return value if type(value) is dict else {}
    return {}


def _sets(name: str, value: Any) -> Iterable[RuleSet]:
    context = RuleContext(namespaces=BUILT_IN)
    if type(value) is list:
        return [RuleSet({"default": value}, (), context, "$")]
    if type(value) is not dict:
        raise InputError(
            f"{name} holds no rules: expected a list or an object, got {preview(value)}"
        )
    if "source" in value or "transform" in value or value.get("type") == "pipe":
        return _of_pipe(name, value, _metadata(name))
    if type(kind := value.get("type")) is str and kind.partition(":")[0] in ("system", "metadata"):
        raise InputError(f"{name} holds no rules: it is of the type {preview(kind)}")
    if "rules" in value and (type(value["rules"]) is dict or value.get("type") == "dtl"):
        return [_of_transform(value, ("rules",), context)]
    return [RuleSet(value, (), context, "$.default")]


def _of_transform(
    value: Any, at: tuple[str | int, ...], context: RuleContext, name: str = "0"
) -> RuleSet:
    required = value.get("id_required")
    context = replace(context, id_required=required is not False)
    return RuleSet(value["rules"], at, context, json_path((*at, "default")), name)


def _of_pipe(name: str, value: dict[str, Any], metadata: dict[str, Any]) -> list[RuleSet]:
    context = _pipe_context(value, metadata)
    found = []
    for transform, at in dtl_transforms(value):
        # What a later transform gets is no longer as it is stored.
        own = replace(context, source_dataset=None) if is_later(at) else context
        position = at[1] if type(at[1]) is int else 0
        alternative = at[-2] if "alternatives" in at else ""
        found.append(_of_transform(transform, at, own, str(alternative or position)))
    if not found:
        raise InputError(f"{name} is a pipe without a dtl transform")
    return found


def _pipe_context(value: dict[str, Any], metadata: dict[str, Any]) -> RuleContext:
    pipe_id = str(value.get("_id", ""))
    own = value.get("namespaces")
    own = own if type(own) is dict else {}
    source = value.get("source")
    source = source if type(source) is dict else {}
    on = value.get("namespaced_identifiers")
    namespaced = (metadata.get("namespaced_identifiers") if on is None else on) is True
    known = metadata.get("namespaces")
    defaults = known.get("default") if type(known) is dict else None
    adds = value.get("add_namespaces")
    stored_as_is = source.get("type") == "dataset" and not adds
    dataset = source.get("dataset") if stored_as_is else None
    return RuleContext(
        pipe_id=pipe_id,
        namespaced=namespaced,
        identity_namespace=own.get("identity") or pipe_id or None,
        property_namespace=own.get("property") or pipe_id or None,
        namespaces={**BUILT_IN, **_dict(defaults), **_dict(own.get("default"))},
        source_dataset=dataset if type(dataset) is str else None,
    )


def _dict(value: Any) -> dict[str, Any]:
    return value if type(value) is dict else {}


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
