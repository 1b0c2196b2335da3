"""Specifications of hops whose joins hit: what leads from one shape to another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .types import SHAPES, fits
from .values import DATASETS, GROUPS

if TYPE_CHECKING:
    from .expressions import Env, Writer

JOINS: dict[str, tuple[tuple[Any, str, Any], ...]] = {
    "person": (
        ("L._id", "sales", "R.customer"),
        ("L.place", "places", "R._id"),
        ("L.friends", "people", "R._id"),
        ("L._id", "people", "R.friends"),
        (["lower", "L.name"], "people", ["lower", "R.name"]),
        (["tuples", "L._id", "L.age"], "people", ["tuples", "R._id", "R.age"]),
        ("L.place", "people", "R.place"),
        (["concat", "i", ["substring", 1, "L._id"]], "items", "R._id"),
        (["combine", "L.friends", "L._id", None], "sales", "R.customer"),
    ),
    "sale": (
        ("L.customer", "people", "R._id"),
        ("L.item", "items", "R._id"),
        ("L.group", "items", "R.group"),
        ("L.customer", "sales", "R.customer"),
        (["tuples", "L.customer", "L.group"], "sales", ["tuples", "R.customer", "R.group"]),
    ),
    "item": (("L._id", "sales", "R.item"), ("L.group", "places", "R.group")),
    "place": (
        ("L.parent", "places", "R._id"),
        ("L._id", "places", "R.parent"),
        ("L.near", "places", "R._id"),
        ("L._id", "people", "R.place"),
    ),
}
"""From each shape: its side of the join, the dataset, the other side."""

RECURSIVE = {"person": "people", "place": "places", "sale": "sales"}
ALIASES = ("o", "p", "it", "def", "T", "S", "x1", "found", "seen", "é", "a-b", "None")
"""Some are what generated code has names for, none may matter."""


def with_ends(side: Any, left: str, right: str) -> Any:
    if type(side) is list:
        return [side[0], *(with_ends(part, left, right) for part in side[1:])]
    if type(side) is str and side[:2] in ("L.", "R."):
        return (left if side[0] == "L" else right) + side[1:]
    return side


def make_spec(writer: Writer, shape: str, env: Env, *, most: int = 3) -> tuple[Any, dict[str, str]]:
    """One specification from entities of a shape, without "return": it and its aliases' shapes."""
    chance = writer.chance
    ends = {"_S": shape}
    datasets, where = [], []
    taken = chance.sample(ALIASES, chance.choice([1, 1, 1, 2, 2, most]))
    for alias in taken:
        start = chance.choice([end for end, kind in ends.items() if kind in JOINS])
        left, dataset, right = chance.choice(JOINS[ends[start]])
        sides = [with_ends(left, start, alias), with_ends(right, start, alias)]
        where.append(["eq", *(sides if chance.random() < 0.6 else sides[::-1])])
        datasets.append(f"{dataset} {alias}")
        ends[alias] = DATASETS[dataset][0]
    inner = replace(env, depth=2, fixed=True)
    for end, kind in ends.items():
        inner = inner.with_variable(end, kind)
    filters = range(chance.choice([0, 0, 0, 1, 1, 2]))
    where += [filter_of(writer, inner, chance.choice(taken), ends) for _ in filters]
    chance.shuffle(where)
    spec: dict[str, Any] = {"datasets": datasets, "where": where}
    if len(where) == 1 and chance.random() < 0.5:
        spec["where"] = where[0]
    elif chance.random() < 0.2:
        spec["where"] = ["and", *where]
    if chance.random() < 0.15:
        alias = chance.choice(taken)
        if "group" in SHAPES[ends[alias]]:
            own = chance.choice(["_S.group", f"{alias}.group", ["upper", "_S.group"]])
            value = chance.choice(GROUPS)
            wanted = value.upper() if type(own) is list else value
            spec["subsets"] = {alias: ["eq", own, chance.choice([wanted, ["list", wanted, "old"]])]}
    if chance.random() < 0.1:
        spec["track-dependencies"] = chance.random() < 0.5
    return spec, {alias: ends[alias] for alias in taken}


def filter_of(writer: Writer, env: Env, alias: str, ends: dict[str, str]) -> Any:
    """A condition on rows that holds more often than not, or anything."""
    chance = writer.chance
    pick = chance.randrange(5)
    shape = SHAPES[ends[alias]]
    numbers = [name for name, kind in shape.items() if fits(kind, "num")]
    if pick == 0 or not numbers:
        return ["neq", f"{alias}._id", writer.leaf("str", env)]
    if pick == 1:
        return ["or", ["gt", f"{alias}.{chance.choice(numbers)}", 10], ["eq", "_S._id", "p1"]]
    if pick == 2:
        return ["lte", -100, f"{alias}.{chance.choice(numbers)}"]
    if pick == 3:
        return ["eq", f"{alias}._id", f"{alias}._id"]
    return ["or", writer.expression("bool", env), True]


def make_specs(writer: Writer, env: Env, *, whole: bool) -> tuple[list[Any], str]:
    """One or two specifications from `_S`, and the shape that comes out; `whole`: of one alias."""
    chance = writer.chance
    shape = next((kind for name, kind in env.variables if name == "_S" and kind in JOINS), "")
    if not shape:
        # From a value that joins nothing: a constant leads into a dataset.
        spec = {"datasets": ["people p"], "where": ["eq", ["list", "p1", "_S."], "p._id"]}
        return [spec], "person"
    specs: list[Any] = []
    if chance.random() < 0.3:
        spec, aliases = make_spec(writer, shape, env, most=2)
        specs.append(spec)
        shape = list(aliases.values())[-1]
    inner = env.with_variable("_S", shape)
    if shape in RECURSIVE and chance.random() < 0.3:
        spec = recursion(writer, shape, inner)
        return [*specs, spec], shape
    spec, aliases = make_spec(writer, shape, inner)
    shape = list(aliases.values())[-1]
    if chance.random() < 0.5:
        alias = chance.choice(list(aliases))
        spec["return"] = alias
        shape = aliases[alias]
    return [*specs, spec], shape


def recursion(writer: Writer, shape: str, env: Env) -> Any:
    """A specification that leads from a shape back to it, round after round."""
    chance = writer.chance
    alias = chance.choice(ALIASES)
    dataset = RECURSIVE[shape]
    joins = [join for join in JOINS[shape] if join[1] == dataset]
    left, _, right = chance.choice(joins)
    spec: dict[str, Any] = {
        "datasets": [f"{dataset} {alias}"],
        "where": [["eq", with_ends(left, "_S", alias), with_ends(right, "_S", alias)]],
        "recurse": True,
    }
    if chance.random() < 0.5:
        spec["max_depth"] = chance.choice([0, 1, 2, None])
    if chance.random() < 0.5:
        spec["exclude_root"] = chance.random() < 0.6
    return spec


def make_hops(writer: Writer, env: Env) -> tuple[Any, str]:
    """A call of hops, and what it gives: "entities" or "values"."""
    chance = writer.chance
    specs, shape = make_specs(writer, env, whole=False)
    last = specs[-1]
    if last.get("recurse") or chance.random() < 0.4:
        return ["hops", *specs], "entities"
    aliases = {text.split()[1]: DATASETS[text.split()[0]][0] for text in last["datasets"]}
    alias = chance.choice(list(aliases))
    pick = chance.randrange(4)
    if pick == 0:
        last["return"] = ", ".join(chance.sample(list(aliases), len(aliases)))
        return ["hops", *specs], "entities"
    inner = replace(env, depth=2, fixed=True).with_variable("_S", shape)
    for name, kind in aliases.items():
        inner = inner.with_variable(name, kind)
    names = [n for n in SHAPES[aliases[alias]] if "." not in n and "'" not in n]
    if pick == 1:
        last["return"] = f"{alias}.{chance.choice(names)}"
    elif pick == 2:
        last["return"] = {
            "id": f"{alias}._id",
            "also": writer.expression("scalar", inner),
            "deep": {"text": f"{alias}.{chance.choice(names)}"},
        }
    else:
        last["return"] = ["json", ["list", *(f"{name}._id" for name in aliases)]]
    return ["hops", *specs], "values"


def ordered(writer: Writer, made: tuple[Any, str]) -> Any:
    """Hops in an order that does not depend on the plan: the manual promises none."""
    call, gives = made
    pick = writer.chance.randrange(4)
    if pick == 0:
        return ["count", call]
    if gives == "entities":
        if pick == 1:
            return ["map", "_._id", ["sorted", "_._id", call]]
        return ["sorted", "_._id", call]
    return ["sorted", ["map", ["json", "_."], call]]
