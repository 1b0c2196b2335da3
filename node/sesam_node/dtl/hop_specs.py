"""The specifications of hops: constants are read into a `HopSpec`, or what is wrong is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.parse import TRUE_LIST, clean, constant_problem, parse_node, parse_template
from sesam_node.dtl.syntax import Block, Call, HopSpec, Node
from sesam_node.errors import Problem, json_path, preview, suggestion

if TYPE_CHECKING:
    from sesam_node.dtl.syntax import At

MAX_ALIASES = 12
HOP_OPTIONS = (
    "datasets",
    "where",
    "return",
    "recurse",
    "max_depth",
    "exclude_root",
    "subsets",
    "track-dependencies",
    "trace",
)


class HopReader:
    """Reads one hops specification; `problems` says what is wrong, `spec` is what could be read."""

    def __init__(self, raw: Any, at: At, *, last: bool) -> None:
        self.at = at
        self.problems: list[Problem] = []
        self.spec: HopSpec | None = None
        if type(raw) is not dict:
            self.problem((), "wrong-shape", f"expected a specification object, got {preview(raw)}")
            return
        for key in raw:
            if key not in HOP_OPTIONS:
                hint = suggestion(str(key), HOP_OPTIONS)
                self.problem((str(key),), "unknown-option", f"unknown option {preview(key)}", hint)
        aliases = self.aliases(raw)
        where = self.where(raw)
        recurse = self.flag(raw, "recurse", default=False)
        returned = self.returned(raw, aliases)
        given = raw.get("return") is not None
        if given and recurse:
            self.problem(("return",), "wrong-return", '"return" and "recurse" exclude each other')
        elif given and not last:
            message = 'only the last specification may have a "return"'
            self.problem(("return",), "wrong-return", message)
        spec = HopSpec(
            at,
            aliases,
            where,
            returned,
            recurse,
            self.max_depth(raw),
            self.flag(raw, "exclude_root", default=False),
            self.subsets(raw, aliases),
            self.flag(raw, "track-dependencies", default=True),
        )
        if aliases:
            self.spec = spec

    def problem(self, at: At, code: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(json_path((*self.at, *at)), code, message, hint))

    def flag(self, raw: dict[str, Any], name: str, *, default: bool) -> bool:
        value = raw.get(name, default)
        if type(value) is not bool:
            self.problem((name,), "wrong-type", f"expected true or false, got {preview(value)}")
            return default
        return value

    def max_depth(self, raw: dict[str, Any]) -> int | None:
        value = raw.get("max_depth", 10)
        if value is None or (type(value) is int and value >= 0):
            return value
        message = f"expected a number of rounds or null, got {preview(value)}"
        self.problem(("max_depth",), "wrong-type", message)
        return 10

    def aliases(self, raw: dict[str, Any]) -> dict[str, str]:
        example = 'as ["orders o"]'
        if "datasets" not in raw:
            self.problem((), "wrong-shape", 'missing "datasets"', f'"datasets": {example[3:]}')
            return {}
        datasets = raw["datasets"]
        if type(datasets) is not list or not datasets:
            message = f'expected a list of "dataset alias", got {preview(datasets)}'
            hint = f"as [{preview(datasets)}]" if type(datasets) is str else example
            self.problem(("datasets",), "wrong-shape", message, hint)
            return {}
        if len(datasets) > MAX_ALIASES:
            message = f"expected at most {MAX_ALIASES} datasets, got {len(datasets)}"
            self.problem(("datasets",), "too-many", message, "use further specifications")
            return {}
        aliases: dict[str, str] = {}
        for position, text in enumerate(datasets):
            parts = text.split() if type(text) is str else []
            at: At = ("datasets", position)
            if len(parts) != 2 or "." in parts[1]:
                message = f'expected "dataset alias", got {preview(text)}'
                self.problem(at, "wrong-shape", message, example)
            elif parts[1] in aliases or parts[1].startswith("_"):
                taken = "is taken" if parts[1] in aliases else "reads as a variable"
                self.problem(at, "wrong-alias", f"the alias {preview(parts[1])} {taken}")
            else:
                aliases[parts[1]] = parts[0]
        return aliases

    def where(self, raw: dict[str, Any]) -> tuple[Node, ...]:
        if "where" not in raw:
            return ()
        node = parse_node(raw["where"], (*self.at, "where"))
        return tuple(conjuncts(node))

    def returned(self, raw: dict[str, Any], aliases: dict[str, str]) -> tuple[str, ...] | Node:
        if raw.get("return") is None:
            return tuple(aliases)[-1:]
        value = raw["return"]
        if type(value) is str and "." not in value:
            names = tuple(name.strip() for name in value.split(","))
            for name in names:
                if name not in aliases and aliases:
                    own = [alias for alias, dataset in aliases.items() if dataset == name]
                    hint = f'its alias is "{own[0]}"' if own else suggestion(name, aliases)
                    message = f"unknown alias {preview(name)}"
                    self.problem(("return",), "unknown-alias", message, hint)
            return tuple(name for name in names if name in aliases)
        return parse_template(value, (*self.at, "return"))

    def subsets(self, raw: dict[str, Any], aliases: dict[str, str]) -> dict[str, tuple[Node, Any]]:
        subsets = raw.get("subsets", {})
        if type(subsets) is not dict:
            message = f"expected an object of subsets by alias, got {preview(subsets)}"
            self.problem(("subsets",), "wrong-shape", message)
            return {}
        found: dict[str, tuple[Node, Any]] = {}
        for alias, subset in subsets.items():
            at: At = ("subsets", str(alias))
            if alias not in aliases:
                hint = suggestion(str(alias), aliases)
                self.problem(at, "unknown-alias", f"unknown alias {preview(alias)}", hint)
            elif type(subset) is not list or len(subset) != 3 or subset[0] != "eq":
                message = f'expected ["eq", expression, value], got {preview(subset)}'
                self.problem(at, "wrong-shape", message)
            elif constant_problem(subset[2]):
                self.problem((*at, 2), "wrong-constant", constant_problem(subset[2]) or "")
            else:
                value = subset[2]
                if type(value) is list:
                    # As everywhere, a list is a call; only the constant list has a meaning here.
                    if value[:1] != ["list"]:
                        message = f"expected a constant, got {preview(value)}"
                        self.problem((*at, 2), "wrong-constant", message, TRUE_LIST)
                        continue
                    value = value[1:]
                found[alias] = (parse_node(subset[1], (*self.at, *at, 1)), clean(value))
        return found


def conjuncts(node: Node) -> list[Node]:
    """The conditions that must all hold: those of a list, of `and`, else the node alone."""
    if isinstance(node, Block):
        return [inner for item in node.items for inner in conjuncts(item)]
    if isinstance(node, Call) and node.name == "and" and node.arguments:
        return [inner for item in node.arguments for inner in conjuncts(item)]
    return [node]


def hop_specs(call: Call, first: int = 0) -> list[HopReader]:
    """The specifications among the arguments of `hops` or `apply-hops`, from position `first`."""
    end = len(call.arguments)
    return [
        HopReader(call.constant(position), call.arguments[position].at, last=position == end - 1)
        for position in range(first, end)
    ]
