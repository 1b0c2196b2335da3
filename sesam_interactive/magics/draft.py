"""The pipe that a cell describes: what feeds its rules, and where they stand in it.

Rules take the place of the DTL of a deployed pipe, its other transforms stay; or they stand over a
dataset; a whole pipe is taken as it is. Nothing here is deployed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sesam_interactive.magics.cell import RULES_AT, CellError
from sesam_interactive.magics.rule_book import applied
from sesam_node.errors import Problem, suggestion

if TYPE_CHECKING:
    from argparse import Namespace

    from sesam_interactive.client import Hub
    from sesam_interactive.magics.cell import Cell
    from sesam_interactive.magics.rule_book import RuleBook

# Sources that wait to be written to: nothing to sample but what they wrote.
RECEIVER = "http_endpoint"


@dataclass(frozen=True)
class Known:
    """The ids of a node's pipes, and of its datasets, with those that are still to be written."""

    pipes: frozenset[str]
    datasets: frozenset[str]


@dataclass
class Draft:
    """A pipe that is tried.

    `rules` are those of its DTL transform, which is at `position` in a list of transforms (null:
    it is the only one). `feed` names what has its source entities on the node: a pipe or a
    dataset; it is empty where only the draft itself says it.
    """

    title: str
    config: dict[str, Any]
    cell: Cell
    feed: dict[str, str] = field(default_factory=dict)
    position: int | None = None

    @property
    def id(self) -> str:
        return str(self.config["_id"])

    @property
    def transforms(self) -> list[dict[str, Any]]:
        given = self.config.get("transform") or []
        return given if isinstance(given, list) else [given]

    @property
    def rules(self) -> dict[str, Any] | None:
        """The rule set that is tried; null for a pipe without DTL."""
        at = self.dtl_at
        return None if at is None else _rule_set(self.transforms[at].get("rules"))

    @property
    def dtl_at(self) -> int | None:
        """Where among the transforms the rules are that are tried: the first DTL of a pipe cell."""
        if self.position is not None:
            return self.position
        found = _dtl_positions(self.transforms)
        return found[0] if found else None

    @property
    def rules_at(self) -> str:
        """The path of the rules in the configuration."""
        if isinstance(self.config.get("transform"), list):
            return f"$.transform[{self.dtl_at or 0}].rules"
        return RULES_AT

    def error(self, problems: Any, asked: str | None = None) -> CellError:
        """The problems as an error of the cell; `asked` is the path that the rules were sent at."""
        own = [self.placed(problem, asked) for problem in problems]
        return self.cell.error(own, self.rules_at)

    def placed(self, problem: Problem, asked: str | None = None) -> Problem:
        """A problem with its path in the configuration."""
        if asked is None or not problem.path.startswith(asked):
            return problem
        path = self.rules_at + problem.path[len(asked) :]
        return Problem(path, problem.code, problem.message, problem.hint, problem.level)


def known(hub: Hub) -> Known:
    """What the node has."""
    graphs = hub.connection.get("/pipes", fields="graph")
    outputs = {item.get("graph", {}).get("output") for item in graphs}
    pipes = frozenset(item["_id"] for item in graphs)
    return Known(pipes, frozenset(hub.datasets.names()) | (outputs - {None}))


def make_draft(
    cell: Cell, options: Namespace, hub: Hub, book: RuleBook, there: Known
) -> Draft | None:
    """What a cell and its options describe; null for rules that nothing feeds.

    Raises CellError, with what was probably meant, where the named pipe or dataset is not there.
    """
    name = options.dataset or options.pipe
    if cell.is_pipe:
        return _whole(cell, options, book)
    if name is None:
        return None
    rules = book.complete(own_rules(cell, options.name))
    if name in there.pipes and not options.dataset:
        pipe = hub.pipes.make(name)
        effective = pipe.effective
        receives = effective["source"].get("type") == RECEIVER
        itself = name in (options.save, (options.diff or "").partition("@")[0])
        if not receives or itself:
            config, position = with_rules(pipe.config, rules, options.transform)
            return Draft(name, config, cell, {"pipe": name}, position)
        name = str(effective.get("sink", {}).get("dataset") or name)
    _check_dataset(name, options, there)
    config = {
        "_id": f"{name}-draft",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": name},
        "transform": {"type": "dtl", "rules": rules},
    }
    return Draft(name, config, cell, {"dataset": name})


def _whole(cell: Cell, options: Namespace, book: RuleBook) -> Draft:
    config = {"_id": options.save or options.pipe or "draft", "type": "pipe", **cell.value}
    given = config.get("transform")
    transforms: list[Any] = given if isinstance(given, list) else [given]
    completed = [
        {**one, "rules": book.complete(_rule_set(one["rules"]))} if _has_rules(one) else one
        for one in transforms
    ]
    if given is not None:
        config["transform"] = completed if isinstance(given, list) else completed[0]
    source = config.get("source")
    dataset = source.get("dataset") if isinstance(source, dict) else None
    stored = isinstance(dataset, str) and not (isinstance(source, dict) and source.get("subset"))
    feed = {"dataset": str(dataset)} if stored else {}
    return Draft(str(config["_id"]), config, cell, feed, options.transform)


def with_rules(
    config: dict[str, Any], rules: dict[str, Any], position: int | None
) -> tuple[dict[str, Any], int | None]:
    """A pipe with other rules in its DTL transform, and where among several that is.

    Raises CellError where the pipe has several and it is not said which.
    """
    given = config.get("transform")
    if not isinstance(given, list):
        if given is not None and not _has_rules(given):
            return {**config, "transform": [given, {"type": "dtl", "rules": rules}]}, 1
        before: Any = given or {"type": "dtl"}
        return {**config, "transform": {**before, "rules": rules}}, None
    known = _dtl_positions(given)
    if position is None and len(known) > 1:
        listed = ", ".join(map(str, known))
        raise CellError(f"the pipe has DTL transforms at {listed}; say --transform N")
    at = position if position is not None else (known[0] if known else len(given))
    if at not in known and at != len(given):
        listed = ", ".join(map(str, known)) or "none"
        raise CellError(f"--transform {at}: the pipe has DTL transforms at {listed}")
    before = given[at] if at < len(given) else {"type": "dtl"}
    changed = [*given[:at], {**before, "rules": rules}, *given[at + 1 :]]
    return {**config, "transform": changed}, at


def _check_dataset(name: str, options: Namespace, there: Known) -> None:
    if name in there.datasets or name.startswith("system:"):
        return
    others = there.datasets if options.dataset else there.datasets | there.pipes
    hint = suggestion(name, sorted(others))
    text = f'there is no {"" if options.dataset else "pipe or "}dataset "{name}"'
    raise CellError(f"{text}; {hint or '%sesam pipes and %sesam datasets list them'}")


def own_rules(cell: Cell, name: str | None) -> dict[str, Any]:
    """The rules of a cell; where they apply the name that they get, they are there under it too."""
    rules = cell.rules
    if name and name not in rules and "default" in rules and name in applied(rules):
        return {**rules, name: rules["default"]}
    return rules


def _has_rules(transform: Any) -> bool:
    return isinstance(transform, dict) and isinstance(transform.get("rules"), list | dict)


def _dtl_positions(transforms: list[Any]) -> list[int]:
    return [
        at
        for at, one in enumerate(transforms)
        if isinstance(one, dict) and one.get("type") in ("dtl", None) and "rules" in one
    ]


def _rule_set(rules: Any) -> Any:
    return {"default": rules} if isinstance(rules, list) else rules
