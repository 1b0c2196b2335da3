"""The template transform: stands for a chain of transforms, see `pipes/templates`.

It is expanded where the effective configuration is made and where a pipe is built, so that all the
rest of the node sees the chain alone: what it looks into, which systems it needs, what it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.options import check_options
from sesam_node.errors import ConfigError, Problem
from sesam_node.pipes.component import Option, specs, transform
from sesam_node.pipes.templates import expanded, options_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.config.options import At, Path


def _flaws(config: Mapping[str, Any], path: Path, at: At) -> list[Problem]:
    """What is wrong with the properties, or with the transforms that come of them."""
    properties, template = config.get("properties"), config.get("template")
    if type(properties) is not dict or template is None:
        return []  # told already
    options = options_of(template)
    if options is not None:
        place = (*path, "properties")
        where = f'the template "{template}"'
        return check_options(options, properties, place, where=where, at=at)
    try:
        chain = expanded(config)
    except ConfigError as error:
        return [Problem(at((*path, "template")), "bad-template", error.message)]
    known = specs()
    problems: list[Problem] = []
    for rules_at, item in chain:
        place = (*path, *rules_at[:-1])
        found = known.get(("transform", str(item.get("type"))))
        if found is None or found.expands is not None:
            message = f"expected a transform, got type {item.get('type')!r}"
            problems.append(Problem(at(place), "unknown-type", message))
        else:
            problems += found.check(item, place, at=at)
    return problems


@transform(
    "template",
    Option(
        "template",
        ("string", "object", "array"),
        doc='"transform-collect-rest", "transform-defaults-rest", "transform-share-rest" or a body',
    ),
    Option("properties", "object", doc="the parameters of the template"),
    side_effects=True,
    expands=expanded,
    further=_flaws,
)
def template_transform(_options: dict[str, Any], _context: Any) -> Any:
    """Stands for a chain of transforms, as those that sync two ways over REST."""
    raise ConfigError("a template stands for several transforms and cannot be one of them")
