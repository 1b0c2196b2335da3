"""Pipes by chance, out of the features that incremental runs must not fail on.

Each feature is a function that adds transforms to a `Maker`. Source entities and those of hopped
datasets have the same properties (see `changes`); where the pipe adds namespaces, those of hopped
datasets are written with the namespace, so that one path serves both.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

SINK = "SINK"
"""Stands for the id of the sink dataset, which a fresh pipe has another of."""

HOPPED = ["h", "g", "m"]
SOURCES = ["a", "b"]


class Maker:
    """A pipe in the making: transforms by step, named rules of each, the features that are in."""

    def __init__(self, chance: random.Random, wanted: list[str]) -> None:
        self.chance = chance
        self.features: set[str] = set(wanted)
        self.prefix = "n:" if {"add_namespaces", "computed-ids"} & self.features else ""
        self.steps: list[Any] = []
        self.transforms: list[Any] = []
        self.named: dict[str, list[Any]] = {}
        self.names = 0

    # -- words -------------------------------------------------------------------------------------

    def one(self, *choices: Any) -> Any:
        return self.chance.choice(choices)

    def may(self, share: float) -> bool:
        return self.chance.random() < share

    def s(self, name: str) -> str:
        """A property of the source entity."""
        return f"_S.{self.p(name)}"

    def p(self, name: str) -> str:
        return name if name.startswith(("_", "$")) else self.prefix + name

    def path(self, alias: str, name: str) -> str:
        return f"{alias}.{self.p(name)}"

    def new(self) -> str:
        """A new property of the target."""
        self.names += 1
        return self.p(f"x{self.names}")

    def dataset(self) -> str:
        return self.one("h", "h", "g", "m")

    def join(self, alias: str, left: str = "_S") -> list[Any]:
        """A join from what is known to an alias."""
        of = (lambda name: self.path(left, name)) if left != "_S" else self.s
        return self.one(
            ["eq", of("k"), self.path(alias, "k")],
            ["eq", of("ref"), f"{alias}._id"],
            ["eq", f"{alias}._id", of("ref")],
            ["eq", of("_id"), self.path(alias, "of")],
            ["eq", ["concat", of("k"), of("t")], ["concat", self.path(alias, "k"), "x"]],
            [
                "eq",
                ["tuples", of("k"), of("t")],
                ["tuples", self.path(alias, "k"), self.path(alias, "t")],
            ],
        )

    def spec(self, *, alias: str = "h", returned: bool = True, **more: Any) -> dict[str, Any]:
        """A specification over one dataset."""
        dataset = self.dataset()
        made: dict[str, Any] = {"datasets": [f"{dataset} {alias}"], "where": [self.join(alias)]}
        if returned:
            made["return"] = self.path(alias, self.one("v", "k"))
        return {**made, **more}

    def hop(self) -> list[Any]:
        return ["hops", self.spec()]

    def add(self, value: Any) -> str:
        name = self.new()
        self.steps.append(["add", name, value])
        return name

    # -- whole ------------------------------------------------------------------------------------

    def end_transform(self) -> None:
        """The next steps are those of a further transform."""
        rules = {"default": self.steps, **self.named}
        self.transforms.append({"type": "dtl", "rules": rules})
        self.steps, self.named = [], {}

    def config(self) -> dict[str, Any]:
        """The configuration of the pipe, without its sink."""
        features = self.features
        self.begin()
        order = [name for name in STEPS if name in features]
        self.chance.shuffle(order)
        # Those that end a transform, or decide about the entity, come last.
        order.sort(key=lambda name: LATE.index(name) if name in LATE else -1)
        if not order:
            features.add("hops")
            order = ["hops"]
        for name in order:
            if name == "chained":
                continue
            STEPS[name](self)
        self.end_transform()
        if "chained" in features:
            self.transforms.insert(0, self.first_transform())
        config: dict[str, Any] = {"source": self.source(), "transform": self.transforms}
        if self.prefix:
            config["add_namespaces"] = True
            config["namespaces"] = {"identity": "n", "property": "n"}
        if "computed-ids" in features:
            config["namespaced_identifiers"] = True
        if self.prefix and self.may(0.3):
            config["remove_namespaces"] = True
        elif self.prefix:
            config["remove_namespaces"] = False
        return config

    def begin(self) -> None:
        if "deleted-hops" in self.features:
            # Without `_deleted` what comes of a deleted entity lives on.
            kept = ["_id", *map(self.p, ["k", "v", "up"])]
            self.steps.append(["copy", ["list", *kept]])
        else:
            self.steps.append(["copy", "*"])

    def first_transform(self) -> Any:
        """A transform before the others that changes what they join by."""
        steps: list[Any] = [["copy", "*"]]
        key = self.p("k")
        value = self.one(
            ["if", ["eq", self.s("v"), 2], "p", self.s("k")],
            ["first", ["hops", self.spec(returned=False) | {"return": self.path("h", "k")}]],
            ["if-null", ["first", ["hops", self.spec() | {"return": self.path("h", "k")}]], "q"],
            ["concat", self.s("k")],
        )
        steps.append(["add", key, value])
        if self.may(0.4):
            steps.append(["add", self.p("ref"), self.one(self.s("up"), ["concat", self.s("ref")])])
        return {"type": "dtl", "rules": {"default": steps}}

    def source(self) -> dict[str, Any]:
        features = self.features
        if "union" in features:
            prefixed = self.may(0.6)
            return {"type": "union_datasets", "datasets": SOURCES, "prefix_ids": prefixed}
        if "merge" in features:
            return self.merging()
        made: dict[str, Any] = {"type": "dataset", "dataset": "a"}
        if "subset-source" in features:
            made["subset"] = ["eq", self.one("_S.t", "_S.ts", ["concat", "_S.t"]), "x"]
        return made

    def merging(self) -> dict[str, Any]:
        joins = [
            ["eq", "a.k", "b.k"],
            ["eq", "a.ref", "b._id"],
            ["eq", "a._id", "b._id"],
            ["eq", ["concat", "a.k", "a.t"], ["concat", "b.k", "x"]],
            ["eq", "a.ks", "b.ks"],
        ]
        return {
            "type": "merge",
            "version": 2,
            "datasets": [f"{name} {name}" for name in SOURCES],
            "equality": self.chance.sample(joins, self.one(1, 2)),
            "identity": self.one("first", "composite"),
            "strategy": self.one("default", "compact", "list"),
        }


# -- features --------------------------------------------------------------------------------------


def hops(m: Maker) -> None:
    m.add(m.hop())


def two_datasets(m: Maker) -> None:
    returned = m.one(m.path("g", "v"), "g", "h, g", {"v": m.path("g", "v"), "w": m.path("h", "v")})
    where = [m.join("h"), m.join("g", "h")]
    if m.may(0.2):
        where.append(["gt", m.path("g", "v"), m.path("h", "v")])
    m.add(["hops", {"datasets": ["h h", "g g"], "where": where, "return": returned}])


def three_datasets(m: Maker) -> None:
    where = [m.join("h"), m.join("g", "h"), m.join("m", m.one("g", "g", "h"))]
    spec = {"datasets": ["h h", "g g", "m m"], "where": where, "return": m.path("m", "v")}
    if m.may(0.3):
        m.add(
            [
                "hops",
                {"datasets": ["h h"], "where": [m.join("h")]},
                {"datasets": ["g g"], "where": [m.join("g")]},
                {"datasets": ["m m"], "where": [m.join("m")], "return": m.path("m", "v")},
            ]
        )
    else:
        m.add(["hops", spec])


def list_join(m: Maker) -> None:
    join = m.one(
        ["eq", m.s("refs"), "h._id"],
        ["eq", m.s("ks"), m.path("h", "ks")],
        ["eq", m.s("ks"), m.path("h", "k")],
        ["eq", m.s("k"), m.path("h", "ks")],
        ["eq", m.s("_id"), m.path("h", "ofs")],
    )
    m.add(["hops", {"datasets": [f"{m.dataset()} h"], "where": join, "return": m.path("h", "v")}])


def recursion(m: Maker) -> None:
    join = m.one(
        ["eq", m.s("refs"), "h._id"],
        ["eq", m.s("ref"), "h._id"],
        ["eq", m.s("_id"), m.path("h", "of")],
        ["eq", m.s("k"), m.path("h", "ks")],
    )
    spec: dict[str, Any] = {"datasets": ["h h"], "where": join, "recurse": True}
    if m.may(0.4):
        spec["max_depth"] = m.one(1, 2, None)
    spec["exclude_root"] = m.may(0.7)
    specs = [spec]
    if m.may(0.3):
        specs.append({"datasets": ["g g"], "where": [m.join("g")]})
    m.add(["sorted", m.path("_", "v"), ["hops", *specs]] if m.may(0.2) else ["hops", *specs])


def conditional(m: Maker) -> None:
    condition = m.one(
        ["eq", m.s("v"), 1],
        ["gt", ["count", m.hop()], 0],
        ["eq", ["first", m.hop()], 1],
    )
    way = m.one("transform", "expression", "case")
    if way == "transform":
        m.steps.append(["if", condition, [["add", m.new(), m.hop()]], [["add", m.new(), m.hop()]]])
    elif way == "expression":
        m.add(["if", condition, m.hop(), m.one(None, m.hop())])
    else:
        m.steps.append(["case", condition, [["add", m.new(), m.hop()]]])


def apply_hops(m: Maker) -> None:
    m.names += 1
    rule = f"sub{m.names}"
    inner: list[Any] = [["copy", ["list", "_id", m.p("v")]]]
    if m.may(0.6):
        inner.append(["add", m.new(), ["hops", m.spec(alias="i")]])
    if m.may(0.4):
        path = f"_P._S.{m.p(m.one('k', 'v'))}"
        inner.append(["add", m.new(), path])
    if m.may(0.3):
        where = ["eq", ["list", m.s("none"), f"_P._S.{m.p('k')}"], m.path("j", "k")]
        spec = {"datasets": [f"{m.dataset()} j"], "where": where, "return": m.path("j", "v")}
        inner.append(["add", m.new(), ["hops", spec]])
    if m.may(0.3):
        inner.append(["filter", ["neq", m.s("v"), 2]])
    m.named[rule] = inner
    m.add(["apply-hops", rule, m.spec(returned=False)])


def computed_ids(m: Maker) -> None:
    where = m.one(
        ["eq", "_S.$ids", "h.$ids"],
        ["eq", "_S.$ids", m.path("h", "ofni")],
    )
    m.add(["hops", {"datasets": ["h h"], "where": where, "return": m.path("h", "v")}])


def lookup_entity(m: Maker) -> None:
    key = m.one(
        m.s("ref"),
        ["concat", m.s("ref")],
        ["first", ["hops", m.spec() | {"return": m.path("h", "ref")}]],
        ["concat", "", "2"],
    )
    value = m.one(
        ["path", m.p("v"), ["lookup-entity", m.dataset(), key]], ["lookup-entity", "g", key]
    )
    m.add(value)


def computed_key(m: Maker) -> None:
    """A join by what was put into the target before."""
    name = m.add(m.one(m.s("k"), ["first", ["hops", m.spec() | {"return": m.path("h", "k")}]]))
    where = ["eq", ["list", m.s("none"), f"_T.{name}"], m.path("h", "k")]
    m.add(["hops", {"datasets": [f"{m.dataset()} h"], "where": where, "return": m.path("h", "v")}])


def subset_hop(m: Maker) -> None:
    spec = m.spec()
    spec["subsets"] = {"h": ["eq", m.one(m.s("t"), m.s("ts")), "x"]}
    m.add(["hops", spec])


def own_source(m: Maker) -> None:
    """A hop into the source's own dataset, whose properties have no namespace."""
    where = m.one(["eq", m.s("k"), "h.k"], ["eq", m.s("up"), "h._id"], ["eq", m.s("ref"), "h.ref"])
    m.add(["hops", {"datasets": ["a h"], "where": where, "return": "h.v"}])


def own_sink(m: Maker) -> None:
    """Along `up`, which leads to smaller ids only: what comes of it in the end is one thing."""
    spec = {"datasets": [f"{SINK} h"], "where": ["eq", m.s("up"), "h._id"]}
    name = m.new()
    value = m.one(
        ["hops", spec | {"return": "h.v"}],
        ["+", 1, ["if-null", ["first", ["hops", spec | {"return": f"h.{name}"}]], 0]],
    )
    m.steps.append(["add", name, value])


def filters(m: Maker) -> None:
    condition = m.one(
        ["neq", m.s("v"), 2],
        ["neq", ["first", m.hop()], 2],
        ["gt", ["count", m.hop()], 0],
    )
    m.steps.append(["filter", condition])


def computed_id(m: Maker) -> None:
    value = m.one(
        ["concat", "k-", m.s("k")],
        ["concat", "k-", m.s("k"), "-", m.s("v")],
        ["concat", "h-", ["if-null", ["first", m.hop()], "none"]],
        ["if", ["eq", m.s("v"), 1], ["concat", "one-", m.s("k")], "_S._id"],
    )
    m.steps.append(["add", "_id", value])


def create(m: Maker) -> None:
    m.names += 1
    rule = f"made{m.names}"
    m.named[rule] = [
        ["copy", ["list", "_id", m.p("v")]],
        ["add", "_id", m.one(["concat", "h-", "_S._id"], ["concat", "h-", m.s("k")])],
    ]
    found = ["hops", m.spec(returned=False)]
    m.steps.append(["create", ["apply", rule, found]])
    if m.may(0.3):
        m.steps.append(["filter", ["eq", 1, 2]])


def create_child(m: Maker) -> None:
    m.names += 1
    rule = f"child{m.names}"
    key = m.one(["concat", "_P._S._id", "-", "_S._id"], ["concat", "c-", "_S._id"])
    m.named[rule] = [["copy", ["list", "_id", m.p("v")]], ["add", "_id", key]]
    m.steps.append(["create-child", ["apply", rule, ["hops", m.spec(returned=False)]]])
    m.end_transform()
    m.transforms.append({"type": "emit_children"})
    m.steps.append(["copy", "*"])
    if m.may(0.5):
        m.add(
            [
                "hops",
                {
                    "datasets": ["m h"],
                    "where": ["eq", m.s("v"), m.path("h", "v")],
                    "return": "h._id",
                },
            ]
        )


STEPS: dict[str, Callable[[Maker], None]] = {
    "hops": hops,
    "two-datasets": two_datasets,
    "three-datasets": three_datasets,
    "list-join": list_join,
    "recursion": recursion,
    "conditional": conditional,
    "apply-hops": apply_hops,
    "computed-ids": computed_ids,
    "lookup-entity": lookup_entity,
    "computed-key": computed_key,
    "subset-hop": subset_hop,
    "own-source": own_source,
    "own-sink": own_sink,
    "filters": filters,
    "computed-id": computed_id,
    "create": create,
    "create-child": create_child,
    "chained": hops,
}
LATE = ["filters", "computed-id", "create", "create-child"]
WITHOUT_STEPS = ["add_namespaces", "subset-source", "union", "merge", "deleted-hops"]
FEATURES = [*STEPS, *WITHOUT_STEPS]

NOT_TOGETHER = [
    {"union", "subset-source"},
    {"merge", "subset-source"},
    {"merge", "union"},
    {"merge", "own-sink"},  # merged entities may refer to each other in a circle
    {"own-source", "add_namespaces"},
    {"own-source", "computed-ids"},
    {"own-sink", "add_namespaces"},
    {"own-sink", "computed-ids"},
]


def choose(chance: random.Random) -> list[str]:
    """The features of a pipe."""
    wanted: list[str] = []
    for name in chance.sample(FEATURES, chance.choice([1, 2, 2, 3, 3, 4, 5])):
        if not any({name, other} in NOT_TOGETHER for other in wanted):
            wanted.append(name)
    return wanted


def make_pipe(chance: random.Random, wanted: list[str]) -> dict[str, Any]:
    """The configuration of a pipe with these features, without id and sink."""
    return Maker(chance, wanted).config()


def read_datasets(config: dict[str, Any]) -> list[str]:
    """The datasets that a pipe looks into, as far as a history changes them."""
    text = json.dumps(config)
    return [name for name in [*HOPPED, *SOURCES] if f'"{name} ' in text or f'"{name}", ' in text]


def with_sink(config: dict[str, Any], sink: str) -> dict[str, Any]:
    """The configuration with the id of the sink dataset in it."""
    named: dict[str, Any] = json.loads(json.dumps(config).replace(SINK, sink))
    return {**named, "sink": {"type": "dataset", "dataset": sink, "set_initial_offset": "onload"}}
