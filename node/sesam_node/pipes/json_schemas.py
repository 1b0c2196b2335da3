"""JSON Schemas: what is wrong with one, and what checks values against it. Nothing is fetched."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sesam_node.config.options import Flaw, Path
from sesam_node.model.values import number, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.model import Value

DATA_KEYWORDS = frozenset(("const", "default", "enum", "examples"))
"""Keywords whose values are data: what looks like a reference in them is none."""


def make_validator(schema: Any) -> Any:
    """The validator of the draft that `$schema` names, the newest where it names none.

    Its `iter_errors(value)` gives errors with a `message`.
    """
    from jsonschema.validators import Draft202012Validator, validator_for
    from jsonschema_specifications import REGISTRY

    # The registry holds the drafts themselves. The usual one would read references from the web.
    made = validator_for(schema, default=Draft202012Validator)
    return made(schema, registry=REGISTRY)


def schema_flaws(schema: Any) -> list[Flaw]:
    """What is wrong with a schema."""
    checked = make_validator(schema)
    found = [
        Flaw(tuple(error.absolute_path), "broken-schema", error.message)
        for error in make_validator(checked.META_SCHEMA).iter_errors(schema)
    ]
    return found or [
        Flaw(
            place,
            "unknown-reference",
            f'"{reference}" leads nowhere',
            "a reference leads to a part of the schema itself",
        )
        for place, reference in _lost_references(schema)
    ]


def _lost_references(schema: Any) -> Iterator[tuple[Path, str]]:
    from jsonschema_specifications import REGISTRY
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012, specification_with

    named = schema.get("$schema") if type(schema) is dict else None
    drafts = DRAFT202012 if named is None else specification_with(named, default=DRAFT202012)
    root = drafts.create_resource(schema)
    resolver = REGISTRY.with_resource(root.id() or "", root).crawl().resolver(root.id() or "")
    for place, reference, is_moved in _references(schema):
        # What an inner "$id" moves is left to the validator.
        if not is_moved:
            try:
                resolver.lookup(reference)
            except Unresolvable:
                yield place, reference


def _references(
    schema: Any, path: Path = (), *, is_moved: bool = False
) -> Iterator[tuple[Path, str, bool]]:
    if type(schema) is dict:
        is_moved = is_moved or (bool(path) and type(schema.get("$id")) is str)
        for name, value in schema.items():
            if name == "$ref" and type(value) is str:
                yield (*path, name), value, is_moved
            elif name not in DATA_KEYWORDS:
                yield from _references(value, (*path, name), is_moved=is_moved)
    elif type(schema) is list:
        for position, value in enumerate(schema):
            yield from _references(value, (*path, position), is_moved=is_moved)


def plain(value: Value) -> Any:
    """A value as JSON: decimals as numbers, other typed values as the text behind their tag."""
    kind = type(value)
    if kind is dict:
        return {name: plain(item) for name, item in value.items()}
    if kind is list:
        return [plain(item) for item in value]
    if kind is str and value[:1] == "~":
        amount = number(value)
        if type(amount) is not Decimal:
            return plain_text(value)
        # As a schema has its numbers: a decimal and a float do not divide each other.
        return int(amount) if _is_whole(amount) else float(amount)
    return value


def _is_whole(amount: Decimal) -> bool:
    return amount.adjusted() < 400 and amount == amount.to_integral_value()
