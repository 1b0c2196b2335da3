"""Indexes that a dataset sink declares, beside those that hops ask for.

`"$ids"` stands for an index on that property; a list holds index expressions over `_S`, or subsets
(`["eq", expression, literal]`), whose expression is indexed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl import compile_index, compile_rules
from sesam_node.errors import ConfigError, preview

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model import Entity, Value
    from sesam_node.pipes.pipe import Pipe


def declared_indexes(pipe: Pipe) -> list[tuple[str, Callable[[Entity], list[Value]]]]:
    """Id and key function of each declared index. Raises ConfigError, DtlError."""
    sink: Any = pipe.sink
    declared = sink.indexes or []
    if not declared and pipe.definition.default("always_index_ids", otherwise=False):
        declared = "$ids"
    if declared == "$ids":
        declared = ["_S.$ids"]
    if type(declared) is not list:
        raise ConfigError(f'expected "indexes" to be "$ids" or a list, got {preview(declared)}')
    return [(index, compile_index(index)) for index in map(index_id, declared)]


def index_id(expression: Any) -> str:
    """The id of the index on an expression over `_S`, as the planner of hops would name it.

    Raises ConfigError where it is none that can be indexed.
    """
    if type(expression) is list and len(expression) == 3 and expression[0] == "eq":
        expression = expression[1]
    where = ["eq", "_S.key", _over(expression, "entity")]
    hop = ["hops", {"datasets": ["indexed entity"], "where": [where]}]
    compiled = compile_rules({"default": [["add", "_id", hop]]}, path=("sink", "indexes"))
    for dataset, index in compiled.indexes:
        if dataset == "indexed":
            return index
    raise ConfigError(f"{preview(expression)} is no expression that can be indexed")


def _over(expression: Any, variable: str) -> Any:
    """The expression with paths from `_S` as paths from another variable."""
    if type(expression) is list:
        return [_over(item, variable) for item in expression]
    if type(expression) is str and (expression == "_S" or expression.startswith("_S.")):
        return variable + expression[2:]
    return expression
