"""The rules of a merge source: its datasets, and the expressions whose values link entities.

An equality is a join as in hops: each side an index expression over one alias (manual: merge
source, joins). Every neighbouring pair of an equality set is an equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sesam_node.dtl import RuleContext, compile_index, problems_of
from sesam_node.dtl.calls import function_of
from sesam_node.dtl.joins import index_text, is_primary_key, references
from sesam_node.dtl.parse import parse_node
from sesam_node.dtl.syntax import VARIABLES, Block, Call, Node
from sesam_node.dtl.syntax import Path as PathNode
from sesam_node.errors import Problem, json_path, preview, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sesam_node.model import Entity, Value

    Path = tuple[str | int, ...]
    At = Callable[[Path], str]
    Keys = Callable[[Entity], list[Value]]

PRIMARY_KEY = ""
"""Stands for the index of the primary key where an equality names `alias._id`."""

CONTEXT = RuleContext()
IN_RULE: Path = ("default", 0, 2)


End = tuple[int, str]
"""One end of an equality: position of the dataset, and index."""


@dataclass(slots=True)
class Rules:
    """`datasets` in order; `links[i]` tell of the one at position i which index leads where."""

    datasets: tuple[str, ...]
    links: list[dict[str, list[End]]] = field(default_factory=list)
    keys: dict[str, Keys] = field(default_factory=dict)

    def add(self, left: End, right: End) -> None:
        """Add an equality, unless it is there."""
        for (position, index), other in ((left, right), (right, left)):
            ends = self.links[position].setdefault(index, [])
            if other not in ends:
                ends.append(other)
            if index not in self.keys:
                self.keys[index] = _ids if index == PRIMARY_KEY else compile_index(index)

    @property
    def indexes(self) -> tuple[tuple[str, str], ...]:
        """The pairs of dataset and index that are looked up."""
        return tuple(
            (self.datasets[position], index)
            for position, links in enumerate(self.links)
            for index in links
            if index != PRIMARY_KEY
        )

    def text(self) -> dict[str, Any]:
        """The rules as data: what tells whether two sets of them find the same groups."""
        pairs = {
            tuple(sorted([(position, index), other]))
            for position, links in enumerate(self.links)
            for index, ends in links.items()
            for other in ends
        }
        links = [[list(end) for end in pair] for pair in sorted(pairs)]
        return {"datasets": list(self.datasets), "links": links}


def extends(now: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Do the rules `now` find the same groups among the datasets of those `before`?

    So it is where datasets have been added behind the others, with the equalities that name them:
    nothing of them has been read yet.
    """
    known = before["datasets"]
    if now["datasets"][: len(known)] != known:
        return False
    links = [link for link in now["links"] if all(end[0] < len(known) for end in link)]
    same: bool = links == before["links"]
    return same and all(
        now[name] == before[name] for name in before if name not in ("datasets", "links")
    )


def _ids(entity: Entity) -> list[Value]:
    return [entity["_id"]]


class RulesReader:
    """Reads the rules of a merge source; `problems` says what is wrong, `rules` what was read.

    `path` is where the source stands, `at` gives the JSON path to tell of a place below it.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        context: RuleContext = CONTEXT,
        path: Path = ("source",),
        at: At = json_path,
    ) -> None:
        self.problems: list[Problem] = []
        self._context = context
        self._path = path
        self._at = at
        self._positions = self._read_datasets(options.get("datasets"))
        self._aliases = frozenset(self._positions)
        names = tuple(dict.fromkeys(self._names))
        self.rules = Rules(names, [{} for _ in names])
        self._read_equality(options.get("equality"))
        self._read_sets(options.get("equality_sets"))

    def _problem(self, at: Path, code: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self._at((*self._path, *at)), code, message, hint))

    # -- datasets ----------------------------------------------------------------------------------

    def _read_datasets(self, datasets: Any) -> dict[str, int]:
        """The position of each alias."""
        self._names: list[str] = []
        positions: dict[str, int] = {}
        for position, text in enumerate(datasets if type(datasets) is list else ()):
            at = ("datasets", position)
            parts = text.split() if type(text) is str else []
            if len(parts) != 2 or "." in parts[1]:
                message = f'expected "dataset alias", got {preview(text)}'
                self._problem(at, "wrong-shape", message, 'as "crm-person crm"')
            elif parts[0] in self._names:
                message = f"the dataset {preview(parts[0])} is there twice"
                self._problem(at, "two-times", message, "a dataset can be merged once")
            elif parts[1] in positions or parts[1].startswith("_"):
                taken = "is taken" if parts[1] in positions else "reads as a variable"
                self._problem(at, "wrong-alias", f"the alias {preview(parts[1])} {taken}")
            else:
                positions[parts[1]] = len(self._names)
                self._names.append(parts[0])
        return positions

    # -- equalities --------------------------------------------------------------------------------

    def _read_equality(self, equality: Any) -> None:
        for position, item in enumerate(equality if type(equality) is list else ()):
            at = ("equality", position)
            if type(item) is not list or len(item) != 3 or item[0] != "eq":
                message = f'expected ["eq", expression, expression], got {preview(item)}'
                self._problem(at, "wrong-shape", message, 'as ["eq", "a.email", "b.email"]')
                continue
            left = self._side(item[1], (*at, 1))
            right = self._side(item[2], (*at, 2))
            self._link(left, right, at)

    def _read_sets(self, sets: Any) -> None:
        for position, items in enumerate(sets if type(sets) is list else ()):
            at = ("equality_sets", position)
            if type(items) is not list or not items:
                message = f"expected a list of expressions, got {preview(items)}"
                self._problem(at, "wrong-shape", message, 'as ["a.email", "b.email"]')
                continue
            if type(items[0]) is str and "." not in items[0] and len(items) > 1:
                message = f"expected a list of expressions, got one, {preview(items)}"
                self._problem(at, "wrong-shape", message, "put it and its equals in a list")
                continue
            sides = [self._side(item, (*at, i)) for i, item in enumerate(items)]
            for i in range(1, len(sides)):
                self._link(sides[i - 1], sides[i], (*at, i))

    def _link(self, left: End | None, right: End | None, at: Path) -> None:
        if left is None or right is None:
            return
        if left[0] == right[0]:
            alias = next(name for name, position in self._positions.items() if position == left[0])
            message = f"expected two aliases, got {preview(alias)} on both sides"
            self._problem(at, "one-alias", message, "an equality links two datasets")
            return
        self.rules.add(left, right)

    def _side(self, raw: Any, at: Path) -> End | None:
        """Position and index of one side; null where something is wrong with it."""
        node = parse_node(raw, at)
        used = references(node, self._aliases)
        if len(used) != 1:
            self._wrong_aliases(node, raw, used, at)
            return None
        (alias,) = used
        if self._wrong_expression(raw, alias, at):
            return None
        if is_primary_key(node):
            return self._positions[alias], PRIMARY_KEY
        index = index_text(node, alias, self._context, self._aliases | VARIABLES)
        if index is None:
            message = f"{preview(raw)} is no expression that can be indexed"
            hint = f'it may depend on "{alias}." alone: no hops, no time, no other variable'
            self._problem(at, "no-index", message, hint)
            return None
        return self._positions[alias], index

    def _wrong_aliases(self, node: Node, raw: Any, used: frozenset[str], at: Path) -> None:
        if used:
            listed = " and ".join(preview(alias) for alias in sorted(used))
            message = f"expected one alias on each side, got {listed}"
            self._problem(at, "two-aliases", message, "compare two expressions, one of each")
            return
        known = self._aliases | VARIABLES
        other = next((n.variable for n in _paths(node) if n.variable not in known), None)
        if other is None:
            hint = 'name a property, as "alias.email"'
            message = f"expected an expression over one alias, got {preview(raw)}"
            self._problem(at, "no-alias", message, hint)
            return
        own = [alias for alias, place in self._positions.items() if self._names[place] == other]
        hint = f'its alias is "{own[0]}"' if own else suggestion(other, sorted(self._aliases))
        if not hint:
            hint = "the aliases are " + ", ".join(preview(alias) for alias in self._positions)
        self._problem(at, "unknown-alias", f"unknown alias {preview(other)}", hint)

    def _wrong_expression(self, raw: Any, alias: str, at: Path) -> bool:
        """Tells what the language finds wrong; gives whether it cannot be used."""
        rules = {"default": [["add", "key", _over(raw, alias)]]}
        inner, outer = json_path(IN_RULE), self._at((*self._path, *at))
        found = [
            replace(problem, path=outer + problem.path[len(inner) :])
            for problem in problems_of(rules, self._context, path=())
            if problem.path.startswith(inner)
        ]
        self.problems += found
        return any(problem.level == "error" for problem in found)


def _paths(node: Node) -> Iterator[PathNode]:
    if isinstance(node, PathNode):
        yield node
    elif isinstance(node, Block):
        for item in node.items:
            yield from _paths(item)
    elif isinstance(node, Call):
        found = function_of(node)
        constant = [slot.is_constant for slot in found[1]] if found else [False] * len(node.raw)
        for argument, skipped in zip(node.arguments, constant, strict=False):
            if not skipped:
                yield from _paths(argument)


def _over(raw: Any, alias: str) -> Any:
    """The expression with paths from an alias as paths from `_S`."""
    if type(raw) is list:
        return [_over(item, alias) for item in raw]
    if type(raw) is str and raw.startswith(f"{alias}."):
        return "_S" + raw[len(alias) :]
    return raw
