"""Transforms, rules, and whole programs: a rule set with all it runs over."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

import sesam_node.dtl.functions  # noqa: F401 - fills the registry
from sesam_node.dtl.registry import EXPRESSIONS, TRANSFORMS

from .expressions import Env, Writer
from .types import LIKELY
from .values import DATASETS, MALFORMED, Values, make_dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FUNCTIONS = sorted(EXPRESSIONS)
ENDING = ("fail!", "trip!", "filter", "discard")
"""Transforms that may end an entity: they stand at the end of a rule, where most is done."""

COMMON = sorted(set(TRANSFORMS) - set(ENDING))
PROPERTIES = 9
"""How many functions have their turn in one program."""

ODD_NAMES: tuple[Any, ...] = (
    "_id", "_deleted", "$ids", " ", "a:b", "::a", ":a", "_S.name", "_S.tags", ["list"],
    ["list", 1, "z"], ["path", "home", "_S."], "~~tilde", "$children", "_filtered",
    ["path", "no-such", "_S."],
)  # fmt: skip
"""What may stand for the name of a property that is added."""

RULE_NAMES = ("order", "my rule", "rule-1", "def", "x'y", "é", "1", "Default", "S", "a.b")


@dataclass
class Program:
    """A rule set, what it runs over and with; `added` are properties that the default rule adds.

    `context` holds fields of `RuleContext`, `previous` earlier versions of source entities by
    `_id`, `neat` says that nothing odd was put in on purpose.
    """

    rules: dict[str, Any]
    entities: list[dict[str, Any]]
    datasets: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    previous: dict[str, dict[str, Any]] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    neat: bool = True


class RuleWriter:
    """Writes rules and their transforms with the expressions of a `Writer`."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.chance = writer.chance
        self.count = 0
        writer.write_rule = self.applied

    def name(self, env: Env, kind: str) -> str:
        """A new property of the target; `_T.name` may be read from then on."""
        self.count += 1
        name = f"x{self.count}"
        env.target[name] = kind
        return name

    def applied(self, kind: str, env: Env) -> str:
        """The name of a new rule for values of a type, which an expression may apply."""
        free = [name for name in RULE_NAMES if name not in self.writer.rules]
        name = self.chance.choice(free) if free else f"rule{len(self.writer.rules)}"
        self.writer.rules[name] = []  # taken, while its transforms may name further ones
        source = next((k for n, k in env.variables if n == "_S"), "person")
        variables = [("_S", kind), ("_P._S", source), ("_R._S", "person"), ("_B", "parameters")]
        if any(n == "_P._S" for n, _ in env.variables):
            variables.append(("_P._P._S", "person"))
        inner = Env(tuple(variables), {}, min(env.depth, 2), env.fixed)
        block: list[Any] = [["copy", self.chance.choice(["*", "n*", ["list", "no", "name"]])]]
        block += [self.transform(self.common(), inner) for _ in range(self.chance.randint(1, 2))]
        if kind == "tree" and not env.fixed:
            block.append(["add", "kids", ["apply", name, "_S.children"]])
        if self.chance.random() < 0.2:
            ending = self.chance.choice(["filter", "discard"])
            block.insert(self.chance.randint(0, len(block)), self.transform(ending, inner))
        self.writer.rules[name] = block
        return name

    def common(self) -> str:
        # What an applied rule creates comes out in the order of the values: not for hops.
        return self.chance.choice([name for name in COMMON if name != "create"])

    def block(self, env: Env) -> Any:
        """One transform or a list of some."""
        count = self.chance.choice([0, 1, 1, 2])
        made = [self.transform(self.common(), env.deeper()) for _ in range(count)]
        return made[0] if len(made) == 1 and self.chance.random() < 0.5 else made

    def transform(self, name: str, env: Env) -> Any:
        """A transform of one kind, ready to be run."""
        return MAKERS[name](self, name, env)

    # -- one kind each -----------------------------------------------------------------------------

    def adding(self, name: str, env: Env) -> Any:
        kind = self.chance.choice([*LIKELY, "any", "[scalar]", "bool"])
        value = self.writer.expression(kind, env)
        if self.writer.rough and self.chance.random() < 0.2:
            return [name, self.chance.choice(ODD_NAMES), value]
        given: Any = self.name(env, kind)
        if self.chance.random() < 0.1:
            given = ["list", given, ["concat", given, "b"]]
        if name == "add-if" and self.chance.random() < 0.5:
            return [name, given, self.writer.function_expression(kind, "bool", env), value]
        return [name, given, value]

    def copying(self, name: str, env: Env) -> Any:
        include = self.chance.choice(["*", "a*", "?d", "_id", ["list", "na?e", "x*"], "tags", "$*"])
        exclude = [self.chance.choice(["_*", ["list", "p*", "odd.*"], "age"])]
        return [name, include, *(exclude if self.chance.random() < 0.4 else [])]

    def removing(self, name: str, env: Env) -> Any:
        for key in [key for key in env.target if key.startswith("y")]:
            env.target.pop(key)
        return [name, self.chance.choice(["y*", ["list", "a?e", "$x"], "no-such", "*.name"])]

    def renaming(self, name: str, env: Env) -> Any:
        old = self.chance.choice(["name", "age", "tags", "no", "size", "odd.name", "no-such"])
        return [name, old, self.chance.choice([f"y{old}", "renamed", ["concat", "y", old]])]

    def naming(self, name: str, env: Env) -> Any:
        old = self.chance.choice(["name", "tags", "digits", "age", "city"])
        to = [f"y{old}"] if self.chance.random() < 0.4 else []
        return [name, self.chance.choice(["people", "a:b", ""]), old, *to]

    def merging(self, name: str, env: Env) -> Any:
        pick = self.chance.randrange(3)
        if pick == 0:
            return [name, {"y1": self.writer.values.constant("scalar"), "_hidden": 1}]
        if pick == 1:
            return [name, ["list", self.writer.expression("line", env), {"y2": [1, 2]}, None]]
        return [name, ["dict", "y3", self.writer.expression("any", env)]]

    def creating(self, name: str, env: Env) -> Any:
        child = ["dict", "_id", ["concat", "c-", self.writer.expression("word", env)]]
        child += ["of", self.writer.expression("scalar", env)]
        return [name, child if self.chance.random() < 0.6 else ["list", child, {"_id": "c2"}]]

    def branching(self, name: str, env: Env) -> Any:
        condition = self.writer.expression("bool", env)
        other = [self.block(env)] if self.chance.random() < 0.6 else []
        if name == "if":
            return [name, condition, self.block(env), *other]
        count = self.chance.choice([1, 1, 2, 4])
        if name == "case":
            pairs = [(self.writer.expression("bool", env), self.block(env)) for _ in range(count)]
            return [name, *(part for pair in pairs for part in pair), *other]
        kind = self.chance.choice(["str", "int", "bool"])
        pairs = [(self.writer.expression(kind, env), self.block(env)) for _ in range(count)]
        value = self.writer.expression(kind, env)
        return [name, value, *(part for pair in pairs for part in pair), *other]

    def stopping(self, name: str, env: Env) -> Any:
        """Mostly a condition that holds."""
        if self.chance.random() < 0.03:
            return [name]
        condition = self.writer.expression("bool", env)
        return [name, ["or", condition, "_S."] if self.chance.random() < 0.95 else condition]

    def failing(self, name: str, env: Env) -> Any:
        return [name, self.chance.choice(["no name", "~tilde", "it's {x}", ""])]

    def sleeping(self, name: str, env: Env) -> Any:
        return [name, self.chance.choice([0, 1, 0.5])]

    def commenting(self, name: str, env: Env) -> Any:
        return [name, *self.chance.choice([(), ("text",), (["no-such", 1], {"a": []})])]


MAKERS: dict[str, Callable[[RuleWriter, str, Env], Any]] = {
    "add": RuleWriter.adding,
    "add-if": RuleWriter.adding,
    "default": RuleWriter.adding,
    "copy": RuleWriter.copying,
    "remove": RuleWriter.removing,
    "rename": RuleWriter.renaming,
    "make-ni": RuleWriter.naming,
    "merge": RuleWriter.merging,
    "merge-union": RuleWriter.merging,
    "create": RuleWriter.creating,
    "create-child": RuleWriter.creating,
    "if": RuleWriter.branching,
    "case": RuleWriter.branching,
    "case-eq": RuleWriter.branching,
    "filter": RuleWriter.stopping,
    "discard": RuleWriter.stopping,
    "fail!": RuleWriter.failing,
    "trip!": RuleWriter.failing,
    "sleep!": RuleWriter.sleeping,
    "comment": RuleWriter.commenting,
}


def in_namespace(value: Any, namespace: str) -> Any:
    """Entities as a pipe with namespaces would have them: names qualified, `_id` too."""
    if type(value) is list:
        return [in_namespace(item, namespace) for item in value]
    if type(value) is not dict:
        return value
    return {
        name if name[:1] in "_$" else f"{namespace}:{name}": in_namespace(item, namespace)
        for name, item in value.items()
    }


def default_rule(rules: RuleWriter, env: Env, roots: list[str]) -> tuple[list[Any], list[str]]:
    """The default rule: a property for each of the functions, transforms between them."""
    chance = rules.chance
    block: list[Any] = [chance.choice([["copy", "_id"], ["copy", "*"], ["add", "_id", "_S._id"]])]
    added = []
    for root in roots:
        name = f"p{len(added)}"
        block.append(["add", name, rules.writer.call(root, env)])
        added.append(name)
    for _ in range(3):
        made = rules.transform(chance.choice(COMMON), env)
        block.insert(chance.randint(1, len(block)), made)
    if chance.random() < 0.5:
        block.append(rules.transform(chance.choice(["filter", "discard"]), env))
    if chance.random() < 0.08:
        block.append(rules.transform(chance.choice(["fail!", "trip!"]), env))
    return block, added


def make_context(chance: Random) -> dict[str, Any]:
    context: dict[str, Any] = {"pipe_id": chance.choice(["pipe", "my pipe's", "p"])}
    if chance.random() < 0.2:
        context["namespaced"] = True
        context["property_namespace"] = chance.choice(["people", "pipe", None])
        context["identity_namespace"] = chance.choice(["people", "pipe", None])
    if chance.random() < 0.2:
        context["namespaces"] = {"ex": "http://example.org/a/"}
    if chance.random() < 0.5:
        context["source_dataset"] = "people"
    if chance.random() < 0.1:
        context["id_required"] = False
    return context


def make_program(chance: Random, roots: list[str] | None = None) -> Program:
    """A program in which each function of `roots` gives a property; some by chance without them."""
    neat = chance.random() < 0.8
    rough = 0.0 if neat else chance.choice([0.03, 0.1])
    values = Values(chance, rough)
    datasets = {name: make_dataset(values, name) for name in DATASETS}
    context = make_context(chance)
    namespaced = bool(context.get("namespaced"))
    writer = Writer(chance, values, rough=rough, namespaced=namespaced)
    rules = RuleWriter(writer)
    env = Env((("_S", "person"), ("_R._S", "person"), ("_B", "parameters")))
    roots = roots if roots is not None else [chance.choice(FUNCTIONS) for _ in range(4)]
    block, added = default_rule(rules, env, roots)
    writer.rules["default"] = block
    entities = [dict(entity) for entity in datasets["people"] if not entity.get("_deleted")][:2]
    if not neat:
        entities.append(rough_entity(values, entities[0]))
    previous = {
        e["_id"]: e | {"name": "before", "age": 1} for e in entities if chance.random() < 0.7
    }
    if namespaced and chance.random() < 0.8:
        entities = in_namespace(entities, "people")
        datasets = {name: in_namespace(made, name) for name, made in datasets.items()}
        previous = {key: in_namespace(entity, "people") for key, entity in previous.items()}
    return Program(
        writer.rules,
        entities,
        datasets,
        context,
        values.shaped("parameters"),
        previous,
        tuple(added),
        neat,
    )


def rough_entity(values: Values, entity: dict[str, Any]) -> dict[str, Any]:
    """An entity with properties that are missing, of other types, or tagged and malformed."""
    chance = values.chance
    made = {key: value for key, value in entity.items() if chance.random() < 0.8}
    for key in made:
        if chance.random() < 0.15:
            made[key] = chance.choice([*MALFORMED, values.oddity()])
    return made | {"_id": entity["_id"]}


def turns(seed: int | str) -> Iterator[list[str]]:
    """The functions that have their turn, program after program: all of them equally often."""
    chance = Random(seed)
    deck: list[str] = []
    while True:
        if len(deck) < PROPERTIES:
            more = list(FUNCTIONS)
            chance.shuffle(more)
            deck += more
        yield [deck.pop(0) for _ in range(PROPERTIES)]


def programs(count: int, seed: int | str = 0) -> Iterator[Program]:
    """Programs one after the other; the same for the same seed."""
    for number, roots in zip(range(count), turns(seed), strict=False):
        yield make_program(Random(f"{seed}/{number}"), roots)
