"""Lists are made, joined, numbered: combine, list, flatten, insert, range, enumerate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl.functions.lists._arguments import VALUES, ZERO_STEP, check_step
from sesam_node.dtl.limits import SHORT, refuse_too_many, spend
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import ABSENT, as_list
from sesam_node.errors import DtlError

if TYPE_CHECKING:
    from sesam_node.model.values import Value


@function(
    "combine",
    "VALUES(value-expression{>=1})",
    Example(["combine", 1, ["list", 2, 3], 4], [1, 2, 3, 4]),
    Example(["combine", "_S.x"], ["a"], source={"x": "a"}, note="makes a list of anything"),
    Example(["combine", 1, None, ["list", None]], [1, None], note="null arguments vanish"),
)
def combine(*values: Value) -> Value:
    """Give one list of all values of all arguments, joined one level deep.

    A null argument adds nothing; null elements and duplicates stay.
    """
    out = [item for value in values for item in as_list(value)]
    if len(out) > SHORT:
        spend(len(out))
    return out


@function(
    "list",
    "VALUES(value-expression{>=0})",
    Example(["list"], []),
    Example(["list", "a", ["list", "b"], None], ["a", ["b"], None]),
    Example(["list", "_S.tags", "z"], [["a", "b"], "z"], source={"tags": ["a", "b"]}),
)
def list_(*values: Value) -> Value:
    """Give a list with one element for each argument; nulls and lists stay as they are."""
    return list(values)


@function(
    "flatten",
    VALUES,
    Example(["flatten", ["list", 1, 2, ["list", 3, 4]]], [1, 2, 3, 4]),
    Example(["flatten", ["list", 3, ["list", ["list", 4], 5]]], [3, [4], 5], note="one level"),
    Example(["flatten", None], [], note="null has no values"),
)
def flatten(values: Value) -> Value:
    """Give a list in which the lists among VALUES are spliced, one level deep.

    Everything else stays, nulls too; null alone gives `[]`.
    """
    out: list[Value] = []
    for value in as_list(values):
        if type(value) is list:
            out.extend(value)
        else:
            out.append(value)
    if len(out) > SHORT:
        spend(len(out))
    return out


@function(
    "insert",
    f"INDEX(integer-expression{{1}}), {VALUES}, OBJECT(value-expression{{1}})",
    Example(["insert", 1, ["list", 1, 2], ["list", 3, 4]], [1, [3, 4], 2]),
    Example(["insert", -2, ["list", 1, 2, 3], 4], [1, 4, 2, 3], note="counted from the end"),
    Example(["insert", 9, 2, 3], [2, 3], note="beyond the end: appended"),
    Example(["insert", "0", 2, 3], None, note="INDEX must be an integer"),
)
def insert(index: Value, values: Value, item: Value) -> Value:
    """Give the list of VALUES with OBJECT as one more element before the one at INDEX.

    An INDEX outside is clipped; null where INDEX is no integer. Null VALUES is an empty list.
    """
    if type(index) is not int:
        return None
    out = list(as_list(values))
    if len(out) > SHORT:
        spend(len(out))
    # A list takes no index beyond a machine word.
    out.insert(max(-len(out), min(index, len(out))), item)
    return out


@function(
    "range",
    "START(integer-expression{1}), STOP(integer-expression{1}), STEP(integer-expression{0|1})",
    Example(["range", 0, 4], [0, 1, 2, 3]),
    Example(["range", 4, 0, -1], [4, 3, 2, 1]),
    Example(["range", 4, 0], [], note="the default step goes upwards"),
    Example(["range", 0, "4"], None, note="all arguments must be integers"),
    checks={"STEP": check_step},
)
def range_(start: Value, stop: Value, step: Value = ABSENT) -> Value:
    """Give the integers from START up to, not including, STOP in steps of STEP, by default 1.

    Null where an argument is no integer. Fails where STEP is 0 or the list would be too long.
    """
    if step is ABSENT:
        step = 1
    if not (type(start) is type(stop) is type(step) is int):
        return None
    if step == 0:
        raise DtlError(ZERO_STEP)
    refuse_too_many("range", -((start - stop) // step))
    return list(range(start, stop, step))


@function(
    "enumerate",
    f"START(integer-expression{{0|1}}), {VALUES}",
    Example(["enumerate", ["list", 17, 32]], [{"key": 0, "value": 17}, {"key": 1, "value": 32}]),
    Example(["enumerate", 2, ["list", 17, 32]], [{"key": 2, "value": 17}, {"key": 3, "value": 32}]),
    Example(["enumerate", "a"], {"key": 0, "value": "a"}, note="single value, single dict"),
    Example(["enumerate", None], None),
    Example(["enumerate", "1", "a"], None, note="START must be an integer"),
)
def enumerate_(start: Value, values: Value) -> Value:
    """Give `{"key": number, "value": value}` for each value, numbered from START, by default 0.

    A list gives a list, a single value a single dict, null gives null; null elements are numbered
    too. Null where START is no integer.
    """
    if start is ABSENT:
        start = 0
    if values is None or type(start) is not int:
        return None
    if type(values) is not list:
        return {"key": start, "value": values}
    return [{"key": key, "value": value} for key, value in enumerate(values, start)]
