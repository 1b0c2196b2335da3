"""Where a cursor stands in an unfinished text, and what belongs there.

From the outermost bracket inwards each container gets a role: rules hold blocks, blocks transforms,
the arguments of a call what its signature says. The role at the cursor decides what is suggested.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import sesam_node.dtl.functions  # noqa: F401 - fills the registry
from sesam_node.dtl.registry import EXPRESSIONS, TRANSFORMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.dtl.registry import Function
    from sesam_node.dtl.signature import Parameter
    from sesam_node.dtl.written_text import Written, WrittenText


class Role(StrEnum):
    """What a value is, or what may stand at a place."""

    CONFIG = "config"
    RULES = "rules"
    RULE_KEY = "rule key"
    BLOCK = "block"
    TRANSFORM = "transform"
    TRANSFORM_NAME = "transform name"
    EXPRESSION = "expression"
    FUNCTION_NAME = "function name"
    WHERE = "where"
    TEMPLATE = "template"
    HOPS = "hops"
    HOP_KEY = "hop key"
    HOP_DATASETS = "hop datasets"
    HOP_DATASET = "hop dataset"
    RETURN = "return"
    SUBSETS = "subsets"
    ALIAS = "alias"
    SWITCH = "switch"
    DATASET = "dataset"
    DATASETS = "datasets"
    RULE = "rule"
    PATTERN = "pattern"
    SOURCE_NAME = "source name"
    TARGET_NAME = "target name"
    CONSTANT = "constant"


CONFIG_KEYS = frozenset(["_id", "type", "source", "transform", "sink", "pump"])
HOP_ROLES = {
    "datasets": Role.HOP_DATASETS,
    "where": Role.WHERE,
    "return": Role.RETURN,
    "subsets": Role.SUBSETS,
    "recurse": Role.SWITCH,
    "exclude_root": Role.SWITCH,
    "track-dependencies": Role.SWITCH,
    "trace": Role.SWITCH,
}
CONFIG_ROLES = {"dataset": Role.DATASET, "datasets": Role.DATASETS, "rules": Role.RULES}
SLOT_ROLES = {
    "transforms": Role.BLOCK,
    "rule": Role.RULE,
    "dataset": Role.DATASET,
    "hops-spec": Role.HOPS,
    "pattern": Role.PATTERN,
}
NAME_ROLES = {
    ("add", "NAME"): Role.TARGET_NAME,
    ("add-if", "NAME"): Role.TARGET_NAME,
    ("default", "NAME"): Role.TARGET_NAME,
    ("rename", "FROM"): Role.SOURCE_NAME,
    ("rename", "TO"): Role.TARGET_NAME,
    ("make-ni", "FROM"): Role.SOURCE_NAME,
    ("make-ni", "TO"): Role.TARGET_NAME,
    ("completeness", "VIA_DATASET_ID"): Role.DATASET,
    ("completeness", "DATASET_ID"): Role.DATASET,
}
MORE_ARGUMENTS = 6
"""So many arguments may still be missing behind the cursor for a signature to fit."""


@dataclass(frozen=True, slots=True)
class Step:
    """A container around the cursor, its role, and which of its values the cursor is at.

    `slot` is the parameter of that argument where the container is a call.
    """

    node: Written
    role: Role
    position: int
    key: str
    slot: Parameter | None


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a text: the containers around it from the outside in, and what belongs there.

    `token` is the string or word at the cursor (a key too), `rule` the rule it is in.
    """

    offset: int
    steps: tuple[Step, ...]
    role: Role
    token: Written | None
    rule: str

    @property
    def call(self) -> Step | None:
        """The innermost container, if it is a call."""
        step = self.steps[-1] if self.steps else None
        return step if step and call_name(step.node) is not None else None

    @property
    def is_quoted(self) -> bool:
        return self.token is not None and self.token.kind == "string"


def call_name(node: Written) -> str | None:
    """The name with which a list begins."""
    if node.kind == "list" and node.items and node.items[0].kind == "string":
        return str(node.items[0].value)
    return None


def text_at(node: Written, position: int) -> str:
    """The string at a position of a list; empty where there is none."""
    item = node.items[position] if position < len(node.items) else None
    return str(item.value) if item is not None and item.kind == "string" else ""


def lists_of(node: Written) -> Iterator[Written]:
    """A value and all in it that are lists, in order of the text."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one.kind == "list":
            yield one
        waiting += [item for item in reversed(one.items) if item.kind in ("list", "object")]


def entry_of(node: Written, role: Role) -> Function | None:
    """What a call means where it stands."""
    name = call_name(node)
    if name is None:
        return None
    return (TRANSFORMS if role in (Role.TRANSFORM, Role.BLOCK) else EXPRESSIONS).get(name)


def slot_at(entry: Function, node: Written, position: int) -> Parameter | None:
    """The parameter that an argument of an unfinished call is for; positions count from 1."""
    given = max(len(node.items) - 1, position)
    fitting = [n for n in range(given, given + MORE_ARGUMENTS) if entry.signature.match(n)]
    slots = [entry.signature.slots(n)[position - 1] for n in fitting]
    if not slots:
        return None
    child = node.items[position] if position < len(node.items) else None
    if child is not None and call_name(child) is not None:
        # Behind a branch comes the next condition as well as the ELSE, which is a list of lists.
        slots.sort(key=lambda slot: slot.kind == "transforms")
    return slots[0]


def child_role(role: Role, node: Written, position: int, key: str, slot: Parameter | None) -> Role:
    """The role of a value in a container of that role."""
    if node.kind == "object":
        return _member_role(role, node, key)
    if role is Role.CONFIG:
        return Role.CONFIG
    if role in (Role.HOP_DATASETS, Role.DATASETS):
        aliased = role is Role.HOP_DATASETS
        return Role.HOP_DATASET if aliased else Role.DATASET
    if role is Role.PATTERN:
        return Role.PATTERN if position else Role.FUNCTION_NAME
    name = call_name(node)
    first_is_list = bool(node.items) and node.items[0].kind != "string"
    if role is Role.BLOCK and name is None:
        return Role.TRANSFORM
    if role is Role.WHERE and (not node.items or first_is_list):
        return Role.WHERE
    if role in (Role.TRANSFORM, Role.BLOCK):
        if position == 0:
            return Role.TRANSFORM_NAME
    elif role in (Role.EXPRESSION, Role.WHERE, Role.RETURN, Role.TEMPLATE):
        if position == 0:
            return Role.FUNCTION_NAME
        if role is Role.WHERE and name in ("and", "or", "not"):
            return Role.WHERE
    else:
        return Role.CONSTANT
    return _argument_role(name, slot)


def _member_role(role: Role, node: Written, key: str) -> Role:
    if role is Role.RULES:
        return Role.BLOCK
    if role is Role.HOPS:
        return HOP_ROLES.get(key, Role.CONSTANT)
    if role is Role.SUBSETS:
        return Role.EXPRESSION
    if role in (Role.TEMPLATE, Role.RETURN):
        return Role.TEMPLATE
    if role is Role.CONFIG:
        found = CONFIG_ROLES.get(key, Role.CONFIG)
        kind = node.get("type")
        if found is Role.DATASETS and kind is not None and kind.value == "merge":
            return Role.HOP_DATASETS
        return found
    return Role.CONSTANT


def _argument_role(name: str | None, slot: Parameter | None) -> Role:
    if slot is None:
        return Role.EXPRESSION
    named = NAME_ROLES.get((name or "", slot.name))
    if named is not None:
        return named
    if slot.kind.endswith("-expression"):
        return Role.EXPRESSION
    return SLOT_ROLES.get(slot.kind, Role.CONSTANT)


def root_role(root: Written) -> Role:
    """What a whole text is: a list of transforms, rules, or a configuration (or a list of them)."""
    if root.kind == "list":
        configs = bool(root.items) and root.items[0].kind == "object"
        return Role.CONFIG if configs else Role.BLOCK
    keys = {key.value for key in root.keys}
    return Role.CONFIG if keys & CONFIG_KEYS else Role.RULES


def rule_blocks(written: WrittenText) -> dict[str, Written]:
    """The rules of a text by name; of a name that stands there twice the first."""
    found: dict[str, Written] = {}
    if written.root is not None:
        for name, block in _blocks(written.root, root_role(written.root)):
            found.setdefault(name, block)
    return found


def _blocks(node: Written, role: Role) -> Iterator[tuple[str, Written]]:
    if role is Role.BLOCK:
        yield "default", node
    elif role is Role.RULES and node.kind == "object":
        for key, item in zip(node.keys, node.items, strict=True):
            yield str(key.value), item
    elif role is Role.CONFIG:
        for position, item in enumerate(node.items):
            name = str(node.keys[position].value) if node.keys else ""
            if item.kind in ("list", "object"):
                yield from _blocks(item, child_role(role, node, position, name, None))


def locate(written: WrittenText, offset: int) -> Place:
    """The place at an offset of a text."""
    node, role, rule = written.document, Role.CONSTANT, ""
    steps: list[Step] = []
    while True:
        position = _position(node, offset)
        child = node.items[position] if position < len(node.items) else None
        key = node.keys[position] if position < len(node.keys) else None
        at_key = node.kind == "object" and (key is None or offset <= key.end)
        name = "" if key is None else str(key.value)
        if node is written.document:
            role = root_role(child) if child is not None else Role.BLOCK
            if role is Role.BLOCK:
                rule = "default"
        else:
            entry = entry_of(node, role)
            slot = slot_at(entry, node, position) if entry and position else None
            steps.append(Step(node, role, position, name, slot))
            if at_key:
                token = key if key is not None and _is_at(key, offset) else None
                return Place(offset, tuple(steps), _key_role(role), token, rule)
            if role is Role.RULES:
                rule = name
            role = child_role(role, node, position, name, slot)
        if child is None or not _is_at(child, offset):
            return Place(offset, tuple(steps), role, None, rule)
        if child.kind not in ("list", "object"):
            return Place(offset, tuple(steps), role, child, rule)
        node = child


def _key_role(role: Role) -> Role:
    roles = {Role.RULES: Role.RULE_KEY, Role.HOPS: Role.HOP_KEY, Role.SUBSETS: Role.ALIAS}
    return roles.get(role, Role.CONSTANT)


def _position(node: Written, offset: int) -> int:
    """Which value of a container an offset is at; behind the last comma it is the next."""
    for position, item in enumerate(node.items):
        key = node.keys[position] if node.keys else item
        if offset < key.start:
            return position
        if offset <= max(item.comma, item.end):
            return position
    last = node.items[-1] if node.items else None
    if last is not None and last.comma < 0 and last.kind == "missing":
        return len(node.items) - 1
    return len(node.items)


def _is_at(node: Written, offset: int) -> bool:
    """Is the cursor inside of a value (of a word: or at one of its ends)?"""
    if node.kind in ("word", "number"):
        return node.start <= offset <= node.end
    return node.start < offset and (offset < node.end or (offset == node.end and not node.closed))
