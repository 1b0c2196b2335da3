"""The dtl transform: the rules of a pipe, compiled."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import msgspec

from sesam_node.dtl import compile_rules
from sesam_node.model import encode
from sesam_node.pipes.component import Option, transform
from sesam_node.pipes.rule_context import rule_context
from sesam_node.pipes.trigger import TRIGGER, trigger

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.dtl import CompiledRules, RuleContext, Runtime
    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context


@transform(
    "dtl",
    Option("rules", "dtl-rules", doc='rule name to list of transforms; "default" is applied'),
    Option("id_required", "boolean", default=True, doc="does an entity without _id fail?"),
    TRIGGER,
)
class DtlTransform:
    """The Data Transformation Language."""

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        rules = options["rules"]
        path = ("transform", context.position) if context.in_list else ("transform",)
        self.rules = rules
        self.path = (*path, "rules")
        self.context = rule_context(context, id_required=options["id_required"])
        compiled = _compiled(rules, self.context, self.path)
        self.compiled = compiled
        self.datasets: frozenset[str] = compiled.datasets
        self.indexes = compiled.indexes
        self.looked_up = compiled.looked_up
        self.trackers = compiled.trackers
        self.untracked = frozenset(looked_up_datasets(rules)) & compiled.datasets
        self.lookups = compiled.lookups
        self.keeps_deletes = compiled.keeps_deletes
        self._trigger = trigger(options["trigger_on"])
        self.emits_own_id: bool = compiled.emits_own_id
        text = encode(rules)
        self.creates_children = b'"create-child"' in text
        self.reads_previous = b'"is-changed"' in text
        self.reads_header = any(
            name in text for name in (b"_updated", b"_previous", b"_ts", b"_hash")
        )

    def bind(self, runtime: Runtime) -> Callable[[Entity, list[Entity]], None]:
        run = self.compiled.bind(runtime)
        return run if self._trigger is None else self._trigger(run)

    def takes(self, entity: Entity) -> bool:
        """Is the entity transformed, or does `trigger_on` let it pass?"""
        if self._trigger is None:
            return True
        taken: list[Entity] = []
        self._trigger(lambda item, _out: taken.append(item))(entity, [])
        return bool(taken)


_kept: OrderedDict[Any, CompiledRules] = OrderedDict()
KEPT = 64


def _compiled(rules: Any, context: RuleContext, path: tuple[str | int, ...]) -> CompiledRules:
    """As `compile_rules`; the last ones are kept: a worker runs the same pipes again and again."""
    names = (field.name for field in fields(context) if field.name != "namespaces")
    facts = tuple(getattr(context, name) for name in names)
    # In the order they were written in: it is that of the properties that come out.
    key = msgspec.json.encode(rules), facts, tuple(context.namespaces.items()), path
    found = _kept.pop(key, None) or compile_rules(rules, context, path=path)
    _kept[key] = found
    if len(_kept) > KEPT:
        _kept.popitem(last=False)
    return found


def looked_up_datasets(rules: Any) -> set[str]:
    """The datasets that `lookup-entity` names: no way leads back from those to the source."""
    found: set[str] = set()
    items = list(rules.values()) if type(rules) is dict else list(rules)
    if items[:1] == ["lookup-entity"] and type(rules) is list and type(items[1]) is str:
        found.add(items[1])
    for item in items:
        if type(item) in (list, dict):
            found |= looked_up_datasets(item)
    return found
