"""What a cell would change, as text and HTML: places of the configuration, and what comes out."""

from __future__ import annotations

from html import escape
from typing import Any

from sesam_interactive.magics.config_diff import changes, unified
from sesam_interactive.magics.look import (
    AMBER,
    CODE,
    GREEN,
    RED,
    code,
    heading,
    note,
    page,
    rows_table,
)
from sesam_node.errors import preview

KINDS = ("added", "changed", "deleted", "unchanged", "errors")
PLACES = 20
PROPERTIES = 20
ENTITIES = 10
EXAMPLES = 3
VALUE = 50
Told = dict[str, Any]


class Comparison:
    """What a draft would change: `changes` of the configuration, `output` over a sample.

    `output` has `counts` (added, changed, deleted, unchanged, errors), `properties` by name with
    examples, `entities` (the first that differ), `complete`; it is null where nothing ran, then
    `notes` say why. `before` and `after` are the configurations.
    """

    def __init__(
        self, name: str, where: str, before: Told | None, after: Told, output: Told | None
    ) -> None:
        self.name = name
        self.where = where
        self.before = before
        self.after = after
        self.output = output
        self.notes: list[str] = []
        self.changes = [] if before is None else changes(before, after)

    @property
    def counts(self) -> dict[str, int]:
        """How many entities would be added, changed, deleted, stay, or fail; empty if unknown."""
        return {} if self.output is None else {kind: self.output["counts"][kind] for kind in KINDS}

    @property
    def is_empty(self) -> bool:
        """Is neither the configuration another one, nor the output?"""
        differing = any(count for kind, count in self.counts.items() if kind != "unchanged")
        return self.before is not None and not self.changes and not differing

    def unified(self) -> str:
        """The configurations as text, line by line."""
        names = f"{self.name} (deployed)", f"{self.name} (new)"
        return "" if self.before is None else unified(self.before, self.after, *names)

    # -- as text -----------------------------------------------------------------------------------

    def __repr__(self) -> str:
        lines = [self._title(), *(f"  note: {text}" for text in self.notes)]
        lines += [f"  {change}" for change in self.changes[:PLACES]]
        if len(self.changes) > PLACES:
            lines.append(f"  ... and {len(self.changes) - PLACES} more places: .changes")
        if self.output is not None:
            lines += ["", f"output {self._over()}", f"  {self._counted()}"]
            lines += [f"  {self._property(*item)}" for item in self._properties()]
            lines += [f"  {line}" for entity in self._entities() for line in _entity(entity)]
        return "\n".join(lines)

    def _title(self) -> str:
        if self.before is None:
            return f'pipe "{self.name}" is new on {self.where}'
        count = len(self.changes)
        differ = f"{count} place{'' if count == 1 else 's'} differ{'s' if count == 1 else ''}"
        same = "the configuration is the same"
        return f'pipe "{self.name}" on {self.where}: {differ if count else same}'

    def _over(self) -> str:
        output: Told = self.output or {}
        of = "all" if output["complete"] else "a sample of"
        return f"against {output['against']}, over {of} {output['read']:,} source entities"

    def _counted(self) -> str:
        return ", ".join(f"{count:,} {kind}" for kind, count in self.counts.items())

    def _properties(self) -> list[tuple[str, Told]]:
        return list((self.output or {})["properties"].items())[:PROPERTIES]

    def _property(self, name: str, found: Told) -> str:
        return f"{name}: {_numbers(found)}; {_examples(found)}"

    def _entities(self) -> list[Told]:
        found: list[Told] = (self.output or {}).get("entities", [])
        return found[:ENTITIES]

    # -- as HTML -----------------------------------------------------------------------------------

    def _repr_html_(self) -> str:
        parts = [heading(self._title()), *map(note, self.notes)]
        rows = [
            (
                code(change.path),
                code(_side(change.old, change.kind, "added")),
                code(_side(change.new, change.kind, "removed")),
            )
            for change in self.changes[:PLACES]
        ]
        if rows:
            parts.append(rows_table(("place", "deployed", "new"), rows, ("30%", "35%", "35%")))
            whole = _coloured(self.unified())
            parts.append(f"<details><summary>line by line</summary>{whole}</details>")
        if self.output is not None:
            parts += self._output_html()
        return page(*parts)

    def _output_html(self) -> list[str]:
        parts = [heading(f"output {self._over()}"), f"<div>{escape(self._counted())}</div>"]
        rows = [
            (code(name), escape(_numbers(found)), code(_examples(found)))
            for name, found in self._properties()
        ]
        if rows:
            widths = ("25%", "25%", "50%")
            parts.append(rows_table(("property", "in how many entities", "examples"), rows, widths))
        lines = [line for entity in self._entities() for line in _entity(entity)]
        if lines:
            title = "<summary>entity by entity</summary>"
            parts.append(f"<details>{title}{_coloured(chr(10).join(lines))}</details>")
        return parts


def _side(value: Any, kind: str, absent: str) -> str:
    return "" if kind == absent else preview(value, 200)


def _numbers(found: Told) -> str:
    shown = [f"{found[kind]:,} {kind}" for kind in ("changed", "added", "removed") if found[kind]]
    return ", ".join(shown)


def _examples(found: Told) -> str:
    return "; ".join(
        f"{one['_id']}: {_value(one, 'old')} → {_value(one, 'new')}"
        for one in found["examples"][:EXAMPLES]
    )


def _value(one: Told, side: str) -> str:
    return preview(one[side], VALUE) if side in one else "nothing"


def _entity(entity: Told) -> list[str]:
    sign = {"added": "+", "deleted": "-", "errors": "!"}.get(entity["kind"], "~")
    head = f"{sign} {preview(entity['_id'])} {entity['kind']}"
    if entity.get("text"):
        return [f"{head}: {entity['text']}"]
    return [
        head,
        *(
            f"    {name}: {_value(one, 'old')} → {_value(one, 'new')}"
            for name, one in entity.get("properties", {}).items()
        ),
    ]


def _coloured(text: str) -> str:
    """Lines of a difference: what goes red, what comes green."""
    colours = {"+": GREEN, "-": RED, "~": AMBER, "!": RED}
    lines = []
    for line in text.splitlines():
        colour = colours.get(line[:1])
        style = f"background:rgba({colour},.16)" if colour else ""
        lines.append(f'<div style="{style}">{escape(line) or "&nbsp;"}</div>')
    return f'<div style="{CODE}">{"".join(lines)}</div>'
