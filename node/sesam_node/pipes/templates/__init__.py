"""Templates: transforms that stand for a chain of transforms (template transform in the manual).

The manual tells what the three named ones do and which properties they take; how they do it is not
published. The chains here are ours, made of `dtl` and `rest` transforms as a person would write
them, and they are what the effective configuration shows. A body of one's own is a transform, or a
list of them, in which `{{@ name @}}` stands for a property.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.options import check_options
from sesam_node.errors import ConfigError, preview, suggestion
from sesam_node.pipes.templates import collect, defaults, share
from sesam_node.pipes.templates.body import filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.config.options import Option, Path

    Chain = list[tuple[Path, dict[str, Any]]]

NAMED = {module.NAME: module for module in (collect, defaults, share)}


def options_of(template: Any) -> tuple[Option, ...] | None:
    """The properties of a named template; null for a body of one's own, which says itself."""
    return NAMED[template].PROPERTIES if type(template) is str and template in NAMED else None


def expanded(transform: Mapping[str, Any]) -> Chain:
    """The transforms that a template stands for, each with the place its rules come from.

    Raises ConfigError where there is no such template, or a property is missing.
    """
    template, properties = transform.get("template"), transform.get("properties") or {}
    if type(template) is str:
        if template not in NAMED:
            hint = suggestion(template, NAMED)
            message = f"there is no template {preview(template)}"
            raise ConfigError(f"{message}; {hint}" if hint else message)
        where = f'the template "{template}"'
        found = check_options(NAMED[template].PROPERTIES, properties, where=where)
        errors = [problem for problem in found if problem.level == "error"]
        if errors:
            raise ConfigError(errors[0].message, errors)
        chain: Chain = NAMED[template].chain(properties)
    else:
        chain = filled(template, properties)
    wanted = transform.get("side_effects")
    if wanted is None:
        return chain
    return [
        (place, {**item, "side_effects": wanted} if item.get("type") in ("rest", "http") else item)
        for place, item in chain
    ]
