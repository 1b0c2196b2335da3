"""Which properties a name or pattern means, with and without namespaced identifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl.names import read_name, written_name
from sesam_node.model.namespaces import split_name

if TYPE_CHECKING:
    from sesam_node.dtl.syntax import RuleContext
    from sesam_node.model.values import Entity


def glob(pattern: str, text: str) -> bool:
    """Does the whole text match? `*` is any run of characters, `?` one of them."""
    # `reached` are the places of the text up to which the pattern so far can have come.
    reached = {0}
    for sign in pattern:
        if sign == "*":
            reached = set(range(min(reached), len(text) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(text) and sign in ("?", text[at])}
        if not reached:
            return False
    return len(text) in reached


def selects(pattern: str, name: str, context: RuleContext) -> bool:
    """Does a pattern of copy or remove mean this property?

    With namespaced identifiers namespace and identifier are matched apart; a pattern without a
    namespace crosses all of them, `::a` is the plain name only, `:a` that of the pipe's namespace.
    """
    if not context.namespaced:
        return glob(pattern, name)
    exact = read_name(pattern, context)
    if exact is not None and not set(exact) & set("*?"):
        return exact == name
    namespace, identifier = split_name(name)
    wanted, identified = split_name(pattern if exact is None else exact)
    if not glob(identified, identifier):
        return False
    if wanted is not None:
        return namespace is not None and glob(wanted, namespace)
    return namespace is None or not pattern.startswith("::")


def selected(include: list[str], exclude: list[str], name: str, context: RuleContext) -> bool:
    """Does one of `include` mean this property, and none of `exclude`?"""
    if any(selects(pattern, name, context) for pattern in exclude):
        return False
    return any(selects(pattern, name, context) for pattern in include)


def properties_read(entity: Entity, name: str, context: RuleContext) -> list[str]:
    """The properties of an entity that a name reads, sorted."""
    exact = read_name(name, context)
    if exact is not None:
        return [exact] if exact in entity else []
    return sorted(found for found in entity if split_name(found)[1] == name)


def property_written(found: str, name: str, context: RuleContext) -> str:
    """The property that the value of a found one goes to under another name.

    With namespaced identifiers a name without a namespace takes that of the property found.
    """
    if not context.namespaced or ":" in name or name[:1] in ("_", "$"):
        return written_name(name, context)
    namespace, _ = split_name(found)
    return name if namespace is None else f"{namespace}:{name}"
