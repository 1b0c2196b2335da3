"""Tables of options in pages that people write, filled between two lines of the page.

    <!-- options: system:kafka source:kafka sink:kafka -->
    <!-- end of options -->

Each word is one table. Types with commas between them share one (`system:postgresql,mysql`), which
says where they differ. `beyond` leaves out what another type takes, too: `system:rest beyond
system:url`. Options that all components of a kind have are not told.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_node.errors import InputError, PipeError
from sesam_node.pipes.component import spec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sesam_node.config.options import ComponentSpec, Option

BEGIN = re.compile(r"^<!-- options: (.+?) -->$", re.MULTILINE)
END = "<!-- end of options -->"
KINDS = ("source", "transform", "sink", "system")


class Group(NamedTuple):
    """One table: the types that share it, and those whose options it leaves out."""

    specs: tuple[ComponentSpec, ...]
    beyond: tuple[ComponentSpec, ...] = ()


class Row(NamedTuple):
    """One option, with the position of the types of its group that have it."""

    option: Option
    members: tuple[int, ...]


def fill(page: str, text: str) -> str:
    """The text of a page with all of its tables as they are declared now.

    Raises InputError, naming the page, where a mark names no type, or has no end.
    """
    made, rest = [], text
    while (found := BEGIN.search(rest)) is not None:
        _, end, after = rest[found.end() :].partition(f"\n{END}")
        if not end:
            raise InputError(f'{page}: no "{END}" after "{found.group()}"')
        made += [rest[: found.end()], "\n\n", "\n".join(_tables(page, found[1])), end]
        rest = after
    return "".join([*made, rest])


def groups(page: str, text: str) -> list[Group]:
    """The types that the marks of a page name, as they stand together."""
    return [group for mark in BEGIN.findall(text) for group in _groups(page, mark)]


def _groups(page: str, mark: str) -> list[Group]:
    found: list[Group] = []
    words = iter(mark.split())
    try:
        for word in words:
            if word == "beyond" and found:
                found[-1] = found[-1]._replace(beyond=_named(next(words, "")))
            else:
                found.append(Group(_named(word)))
    except PipeError as error:
        raise InputError(f'{page}: "options: {mark}": {error}') from None
    return found


def _named(word: str) -> tuple[ComponentSpec, ...]:
    kind, _, types = word.partition(":")
    if kind not in KINDS or not types:
        raise PipeError(f'expected a kind and a type, such as "sink:sql", got "{word}"')
    return tuple(spec(kind, name) for name in types.split(","))


def _tables(page: str, mark: str) -> Iterator[str]:
    told: list[tuple[tuple[Option, ...], str]] = []
    for group in _groups(page, mark):
        names = ", ".join(f"`{_title(one)}`" for one in group.specs)
        beyond = ", ".join(f"`{_title(one)}`" for one in group.beyond)
        yield f"**{names}**" + (f" beyond those of {beyond}:" if beyond else "") + "\n"
        rows = list(_rows(group))
        if not rows:
            yield "takes no options of its own.\n"
            continue
        yield "| option | type | default | what it is |\n| --- | --- | --- | --- |"
        yield from _lines(rows, group, "", told)
        yield ""


def _title(one: ComponentSpec) -> str:
    return f"{one.kind}:{one.type}"


def _rows(group: Group) -> list[Row]:
    """The options of a group, required ones first; those that differ stand apart."""
    left_out = [option for one in group.beyond for option in one.options]
    members: dict[str, list[tuple[Option, list[int]]]] = {}
    for position, one in enumerate(group.specs):
        for option in one.options:
            if option in left_out:
                continue
            same = members.setdefault(option.name, [])
            for known, positions in same:
                if known == option:
                    positions.append(position)
                    break
            else:
                same.append((option, [position]))
    rows = [Row(option, tuple(at)) for same in members.values() for option, at in same]
    return sorted(rows, key=lambda row: not row.option.required)


def _lines(
    rows: Iterable[Row], group: Group, prefix: str, told: list[tuple[tuple[Option, ...], str]]
) -> Iterator[str]:
    for option, members in rows:
        name = f"{prefix}{option.name}"
        inside = option.fields or option.each
        before = next((where for keys, where in told if keys == inside), "") if inside else ""
        parts = [option_doc(option)]
        if len(members) < len(group.specs):
            parts.append("of " + listed(group.specs[at].type for at in members))
        if before:
            parts.append(f"with the keys of `{before}`, above")
        cells = [f"`{name}`", option_kind(option), option_default(option), "; ".join(parts)]
        yield f"| {' | '.join(cells)} |"
        if inside and not before:
            told.append((inside, name))
            deeper = f"{name}." if option.fields else f"{name}.*."
            ordered = sorted(inside, key=lambda one: not one.required)
            alike = tuple(range(len(group.specs)))
            yield from _lines((Row(one, alike) for one in ordered), group, deeper, told)


def option_kind(option: Option) -> str:
    """`string or string list`."""
    return " or ".join(kind.replace("-", " ") for kind in option.kinds)


def option_default(option: Option) -> str:
    """The default as JSON; empty for null."""
    if option.required:
        return "required"
    value: Any = option.default
    return "" if value is None else f"`{json.dumps(value)}`"


def option_doc(option: Option) -> str:
    """What an option is, with its choices; bars do not end the cell."""
    parts = [option.doc.replace("|", "\\|")]
    if option.choices:
        parts.append(f"one of {listed(option.choices)}")
    if option.secret:
        parts.append("a secret, never shown")
    if option.deprecated:
        parts.append(f"deprecated: {option.deprecated}")
    return "; ".join(part for part in parts if part)


def listed(names: Iterable[Any]) -> str:
    """`a`, `b`"""
    return ", ".join(f"`{name}`" for name in names)
