"""Over a store where requests are round trips, look-ups of a batch are made together."""

from __future__ import annotations

from collections import Counter

import pytest
from pipes_helpers import Node

from sesam_node.dtl import compile_rules
from sesam_node.pipes import prefetch

CUSTOMERS = [{"_id": f"c{n}", "no": n, "name": f"name {n}"} for n in range(50)]
ORDERS = [
    {
        "_id": f"o{n}",
        "customer": f"c{n % 60}",
        "no": n % 70,
        "items": [f"i{n % 9}", f"i{n % 5}", None],
    }
    for n in range(2500)
]
ITEMS = [{"_id": f"i{n}", "price": n} for n in range(7)]

RULES = [
    ["copy", "*"],
    ["filter", ["gt", "_S.no", 3]],
    ["add", "who", ["first", ["hops", {
        "datasets": ["customers c"], "return": "c.name",
        "where": ["eq", "_S.customer", "c._id"]}]]],
    ["add", "same", ["sorted", ["hops", {
        "datasets": ["customers c"], "where": ["eq", "_S.no", "c.no"], "return": "c._id"}]]],
    ["if", ["lt", "_S.no", 60], ["add", "price", ["sum", ["hops", {
        "datasets": ["items i"], "where": ["eq", "_S.items", "i._id"], "return": "i.price"}]]]],
    ["add", "late", ["lookup-entity", "items", ["first", "_T.items"]]],
]  # fmt: skip


class Counted:
    """A part of a store that counts the requests for content."""

    def __init__(self, inner, counts):
        self.inner = inner
        self.counts = counts

    def __getattr__(self, name):
        found = getattr(self.inner, name)
        if name not in ("get", "get_many", "lookup_many"):
            return found

        def counting(*arguments):
            self.counts[self.inner.name, name] += 1
            return found(*arguments)

        return counting


class RoundTrips(Counted):
    """A store whose requests are counted as if each were a round trip."""

    round_trip = True

    def dataset(self, name, **how):
        return Counted(self.inner.dataset(name, **how), self.counts)


def node_with(*, round_trips, orders=ORDERS):
    node = Node()
    node.counts = Counter()
    for name, entities in (("customers", CUSTOMERS), ("orders", orders), ("items", ITEMS)):
        node.put(name, *entities)
    if round_trips:
        node.store = RoundTrips(node.store, node.counts)
    node.pipe("out", source="orders", rules=RULES)
    return node


@pytest.mark.parametrize("change", [False, True])
def test_the_result_is_that_of_look_ups_one_by_one(change):
    nodes = [node_with(round_trips=round_trips) for round_trips in (False, True)]
    for node in nodes:
        node.run("out")
        if change:
            node.put("customers", {"_id": "c7", "no": 8, "name": "new"})
            node.put("items", {"_id": "i3", "price": 1000}, {"_id": "i4", "_deleted": True})
            node.run("out")
    assert nodes[0].live("out") == nodes[1].live("out")
    assert len(nodes[1].live("out")) > 2000


def test_there_is_one_request_a_hop_and_stretch():
    node = node_with(round_trips=True)
    node.run("out")
    # 2,500 orders: stretches of 64, 256, what is left of a batch of 1,000, and two batches.
    assert node.counts["customers", "lookup_many"] <= 5
    assert node.counts["customers", "get_many"] <= 5
    assert node.counts["customers", "get"] == 0
    assert node.counts["items", "get_many"] <= 5


def test_a_stretch_ends_where_it_would_fetch_more_than_its_limit(monkeypatch):
    monkeypatch.setattr(prefetch, "LIMIT_BYTES", 5_000)
    orders = [{"_id": f"p{n}", "no": 9, "customer": f"d{n}"} for n in range(1000)]
    whole, small = (node_with(round_trips=trips, orders=orders) for trips in (False, True))
    for node in (whole, small):
        node.put("customers", *({"_id": f"d{n}", "name": f"{n:50}"} for n in range(1000)))
        node.run("out")
    assert whole.live("out") == small.live("out")
    # 90 bytes each: about 20 stretches of 55 entities
    assert 10 < small.counts["customers", "get_many"] < 100
    assert small.counts["customers", "get"] == 0


def test_a_pipe_that_looks_into_its_own_sink_sees_its_own_writes():
    node = Node()
    node.store = RoundTrips(node.store, Counter())
    node.put("in", *({"_id": str(n), "before": str(n - 1)} for n in range(20)))
    rules = [["copy", "_id"], ["add", "depth", ["count", ["hops", {
        "datasets": ["chain c"], "where": ["eq", "_S.before", "c._id"]}]]]]  # fmt: skip
    node.pipe("chain", source="in", rules=rules)
    node.run("chain")
    assert [node.live("chain")[str(n)]["depth"] for n in range(20)] == [0] + [1] * 19


def keys_of(rules, *entities):
    prefetch = compile_rules({"default": rules}).prefetch()
    return dict(zip(prefetch.lookups, prefetch.keys(entities), strict=True))


HOP = {"datasets": ["d x"], "where": ["eq", "_S.k", "x._id"]}


@pytest.mark.parametrize(
    ("rules", "keys"),
    [
        ([["add", "a", ["hops", HOP]]], [1, 2]),
        ([["add", "a", ["count", ["sorted", "_._id", ["hops", HOP]]]]], [1, 2]),
        ([["filter", ["eq", "_S.k", 2]], ["add", "a", ["hops", HOP]]], [2]),
        ([["discard", ["eq", "_S.k", 2]], ["add", "a", ["hops", HOP]]], [2]),
        ([["if", ["eq", "_S.k", 1], ["add", "a", ["hops", HOP]], []]], [1]),
        ([["if", ["eq", "_S.k", 1], [], [["add", "a", ["hops", HOP]]]]], [2]),
        ([["if", ["eq", "_S.k", 1], ["filter"]], ["add", "a", ["hops", HOP]]], [2]),
        # What is open until then is left to be looked up on demand.
        ([["filter", ["eq", "_T.k", 2]], ["add", "a", ["hops", HOP]]], None),
        ([["filter"], ["add", "a", ["hops", HOP]]], None),
        ([["add", "a", ["if", "_S.k", ["hops", HOP]]]], None),
        ([["add", "a", ["and", "_S.k", ["hops", HOP]]]], None),
        ([["add", "a", ["if", ["hops", HOP], 1]]], [1, 2]),
        ([["case", "_T.k", ["add", "a", ["hops", HOP]]]], None),
        ([["add", "a", ["lookup-entity", "d", "_S.k"]]], [1, 2]),
        ([["add", "a", ["hops", {**HOP, "where": [HOP["where"], ["eq", "_S.k", 2]]}]]], [2]),
    ],
)
def test_keys_are_collected_where_the_source_alone_tells_them(rules, keys):
    found = keys_of(rules, {"_id": "a", "k": 1}, {"_id": "b", "k": 2})
    assert found == ({} if keys is None else {("d", ""): keys})
