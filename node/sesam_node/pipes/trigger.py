"""`trigger_on`: a transform that takes only entities whose property has a value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sesam_node.config.options import Option
from sesam_node.errors import ConfigError, preview
from sesam_node.model.values import equal, plain_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model import Entity, Value

    Run = Callable[[Entity, list[Entity]], None]

TRIGGER = Option(
    "trigger_on",
    "object",
    None,
    'only entities that match are transformed, others pass: {"key": path, "value": with *}',
    fields=(
        Option("key", "string", "_trigger", "the property, a path with dots"),
        Option("value", "any", doc="its value; * in a string stands for any text"),
    ),
)


def matcher(options: dict[str, Any] | None) -> Callable[[Entity], bool] | None:
    """Does an entity match? Null where all do."""
    if options is None:
        return None
    if "value" not in options:
        raise ConfigError(f'"trigger_on" has no "value", got {preview(options)}')
    path = str(options.get("key") or "_trigger").split(".")
    wanted = options["value"]
    pattern = None
    if type(wanted) is str and "*" in wanted:
        pattern = re.compile(".*".join(map(re.escape, wanted.split("*"))), re.DOTALL)

    def matches(entity: Entity) -> bool:
        value: Value = entity
        for name in path:
            value = value.get(name) if type(value) is dict else None
        if pattern is None:
            return equal(value, wanted)
        return type(value) is str and pattern.fullmatch(plain_text(value)) is not None

    return matches


def trigger(options: dict[str, Any] | None) -> Callable[[Run], Run] | None:
    """What puts the condition around a transform; null where there is none."""
    matches = matcher(options)
    if matches is None:
        return None

    def around(run: Run) -> Run:
        def triggered(entity: Entity, out: list[Entity]) -> None:
            if matches(entity):
                run(entity, out)
            else:
                out.append(entity)

        return triggered

    return around
