"""Hops find what trying every combination of entities finds, whatever the plan."""

from __future__ import annotations

import random
from itertools import product

import pytest

from sesam_node.dtl import run_rules
from sesam_node.dtl.functions.comparisons import equal_values
from sesam_node.dtl.functions.hops import overlap

VALUES = ["1", "2", 1, 2, None, ["1", 1], [], ["2", "1"]]
PROPERTIES = ["_id", "k", "v", "w"]


def made_dataset(chance):
    return [
        {"_id": str(n), **{k: chance.choice(VALUES) for k in "kvw" if chance.random() < 0.8}}
        for n in range(1, chance.randint(1, 5))
    ]


def made_where(chance, aliases):
    """Joins that connect all aliases to `_S`, in any order, and some conditions more."""
    where, reached = [], ["_S"]
    for alias in chance.sample(aliases, len(aliases)):
        sides = [f"{end}.{chance.choice(PROPERTIES)}" for end in (chance.choice(reached), alias)]
        where.append(["eq", *chance.sample(sides, 2)])
        reached.append(alias)
    for _ in range(chance.randint(0, 2)):
        left, right = (f"{chance.choice(reached)}.{chance.choice(PROPERTIES)}" for _ in range(2))
        where.append([chance.choice(["eq", "neq"]), left, chance.choice([right, 1, "1"])])
    return chance.sample(where, len(where))


def end_of(side):
    return side.partition(".")[0] if type(side) is str and "." in side else None


def holds(where, row):
    """Do all conditions hold? The first `eq` between two is a join, all else compares values."""
    joined = set()
    for name, left, right in where:
        ends = frozenset([end_of(left), end_of(right)])
        values = [
            row[end_of(side)].get(side.partition(".")[2]) if end_of(side) else side
            for side in (left, right)
        ]
        if name == "eq" and len(ends) == 2 and None not in ends and ends not in joined:
            joined.add(ends)
            if not overlap(*values):
                return False
        elif equal_values(*values) != (name == "eq"):
            return False
    return True


@pytest.mark.parametrize("seed", range(20))
def test_hops_find_what_trying_every_combination_finds(seed):
    chance = random.Random(seed)
    for _ in range(25):
        datasets = {name: made_dataset(chance) for name in "abc"}
        aliases = ["x", "y", "z"][: chance.randint(1, 3)]
        names = [chance.choice("abc") for _ in aliases]
        spec = {
            "datasets": [f"{n} {a}" for n, a in zip(names, aliases, strict=True)],
            "where": made_where(chance, aliases),
        }
        source = {"_id": "1", "k": chance.choice(VALUES), "v": chance.choice(VALUES)}
        rows = [
            dict(zip(aliases, entities, strict=True))
            for entities in product(*(datasets[name] for name in names))
            if holds(spec["where"], {"_S": source, **dict(zip(aliases, entities, strict=True))})
        ]
        returned = chance.choice(aliases)
        rules = {
            "default": [
                ["copy", "_id"],
                ["add", "one", ["hops", {**spec, "return": returned}]],
                ["add", "all", ["hops", {**spec, "return": ["list", ["list", *(
                    f"{alias}._id" for alias in aliases)]]}]],
            ]
        }  # fmt: skip
        (out,) = run_rules(rules, [source], datasets=datasets)
        assert sorted(out["all"]) == sorted([row[a]["_id"] for a in aliases] for row in rows), spec
        assert sorted(e["_id"] for e in out["one"]) == sorted(
            {row[returned]["_id"] for row in rows}
        ), spec
