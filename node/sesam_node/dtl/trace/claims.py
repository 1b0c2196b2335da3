"""What the constants of a transform say that it writes or copies, and what a source has."""

from __future__ import annotations

from typing import Any

from sesam_node.dtl.trace.places import matches, same_property

WRITING = ("add", "add-if", "default")


def has(source: Any, name: str) -> bool:
    """Has a source a property of this name, in any namespace?"""
    return type(source) is dict and any(same_property(name, other) for other in source)


def copies(raw: Any, name: str, source: Any) -> bool:
    """Would a transform copy this property of this source?"""
    if type(raw) is not list or len(raw) < 2 or raw[0] != "copy" or not has(source, name):
        return False
    excluded = len(raw) > 2 and any(fits(pattern, name) for pattern in patterns(raw[2]))
    return not excluded and any(fits(pattern, name) for pattern in patterns(raw[1]))


def patterns(raw: Any) -> list[str]:
    """The patterns that an argument of copy stands for."""
    if type(raw) is list:
        return [p for p in (raw[1:] if raw[:1] == ["list"] else raw) if type(p) is str]
    return [raw] if type(raw) is str else []


def fits(pattern: str, name: str) -> bool:
    """May a pattern mean a property? An unqualified one crosses namespaces."""
    plain = pattern.lstrip(":")
    return matches(plain, name) or (":" not in plain and matches(plain, name.rpartition(":")[2]))


def writes(raw: Any, name: str) -> bool:
    """Does a transform say that it writes this property, as far as its constants tell?"""
    if type(raw) is not list or len(raw) < 2:
        return False
    named: Any = None
    if raw[0] in WRITING:
        named = raw[1]
    elif raw[0] == "rename" and len(raw) > 2:
        named = raw[2]
    elif raw[0] == "make-ni" and len(raw) > 2:
        named = raw[3] if len(raw) > 3 else f"{raw[2]}-ni"
    elif raw[0] == "create-child":
        named = "$children"
    names = named[1:] if type(named) is list and named[:1] == ["list"] else [named]
    return any(type(one) is str and same_property(one, name) for one in names)
