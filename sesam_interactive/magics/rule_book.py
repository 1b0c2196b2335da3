"""Rules that cells have named (`%%dtl --name enrich`), for `["apply", "enrich", ...]` in others.

Each node has a book of its own, so that two hubs in one kernel do not mix. What is run, compared
and saved holds the named rules that it applies, as rules like others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_interactive.display.html import table
from sesam_interactive.display.json_text import pretty
from sesam_interactive.magics.cell import CellError
from sesam_interactive.magics.look import code, heading, page
from sesam_node.errors import preview, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_interactive.client import Hub
    from sesam_interactive.magics.cell import Cell

APPLYING = ("apply", "apply-hops")
_books: dict[str, RuleBook] = {}


@dataclass(frozen=True)
class NamedRule:
    """One rule, with the other rules of the cell that named it, and that cell."""

    name: str
    rules: dict[str, Any]
    cell: Cell

    @property
    def rule(self) -> list[Any]:
        found: list[Any] = self.rules[self.name]
        return found

    def __repr__(self) -> str:
        return f"{self.name}: {_count(self.rule)}\n{pretty(self.rules, 100)}"

    def _repr_html_(self) -> str:
        return page(heading(self.name, _count(self.rule)), code(pretty(self.rules, 100)))


class RuleBook(dict[str, NamedRule]):
    """The named rules of one node, by name."""

    def keep(self, name: str, cell: Cell) -> NamedRule:
        """Take the rules of a cell under a name: its `default` is the rule of that name."""
        rules = dict(cell.rules)
        if "default" not in rules:
            raise CellError(f'a cell with a --name needs a rule "default" (it becomes "{name}")')
        if name == "default":
            raise CellError('"default" is the rule of every cell; give the rule another name')
        if name in rules:
            raise CellError(f'the cell has a rule "{name}" of its own; give it another --name')
        renamed = {(name if key == "default" else key): rule for key, rule in rules.items()}
        self[name] = NamedRule(name, renamed, cell)
        return self[name]

    def forget(self, name: str) -> None:
        """Raises CellError where there is none of that name."""
        self.get_rule(name)
        del self[name]

    def get_rule(self, name: str) -> NamedRule:
        if name not in self:
            hint = suggestion(name, self) or "%dtl rules lists them"
            raise CellError(f'no cell has named a rule "{name}"; {hint}')
        return self[name]

    def complete(self, rules: dict[str, Any]) -> dict[str, Any]:
        """The rules with the named ones that they apply, and those that these apply.

        A rule of their own comes before a named one. Raises CellError where two different rules
        would have one name.
        """
        found = dict(rules)
        waiting = list(applied(rules))
        while waiting:
            name = waiting.pop()
            if name in found or name not in self:
                continue
            for key, rule in self[name].rules.items():
                if key in found and found[key] != rule:
                    text = f'the rule "{key}" beside the named rule "{name}" is another one here'
                    raise CellError(f"{text}; rename one of them")
                found[key] = rule
            waiting.extend(applied(self[name].rules))
        return found

    def __repr__(self) -> str:
        if not self:
            return 'no named rules; "%%dtl --name enrich" keeps the rules of a cell'
        return "\n".join(f"{name}: {_count(named.rule)}" for name, named in sorted(self.items()))

    def _repr_html_(self) -> str:
        if not self:
            return f"<p>{self!r}</p>"
        return table(
            {"rule": name, "transforms": len(named.rule), "first": preview(named.rule[:1], 80)}
            for name, named in sorted(self.items())
        )

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - IPython's call
        printer.text(repr(self))


def rule_book(hub: Hub) -> RuleBook:
    """The named rules of the hub's node."""
    return _books.setdefault(hub.url, RuleBook())


def applied(value: Any) -> Iterator[str]:
    """The names of the rules that some DTL applies."""
    if isinstance(value, dict):
        for item in value.values():
            yield from applied(item)
    elif isinstance(value, list):
        if len(value) > 1 and value[0] in APPLYING and isinstance(value[1], str):
            yield value[1]
        for item in value:
            yield from applied(item)


def _count(rule: list[Any]) -> str:
    return f"{len(rule)} transform{'' if len(rule) == 1 else 's'}"
