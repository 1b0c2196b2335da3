"""Expressions of a wanted type, by the recipes; calls of a wanted function."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.registry import EXPRESSIONS

from . import hops
from .recipes import RECIPES, Recipe, constant
from .types import KINDS_OF, LIKELY, SHAPES, element, fits, is_list, paths_of
from .values import DATASETS, FORMATS, ZONES, Values

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from sesam_node.dtl.signature import Form

RARE_IN_DEPTH = frozenset(
    ["hops", "apply-hops", "encrypt-pki", "decrypt-pki", "encrypt-pgp", "decrypt-pgp", "decrypt"]
)
"""Slow, or long to read: they stand where they have their turn, and nowhere else."""

CONSTANT_LISTS = "list"

ODD_PATHS = (
    "_S.", "_T.", "_R.", "_P.", "_B.", "_.", "_P._S", "_P._T", "_P._P", "_P._P._T", "_P._P._P._S",
    "_R._S", "_R._T", "_R._P._S", "_R.name", "_P.name", "_T._id", "_S.orders.lines.cost", "_S..",
    "_S.'orders'.'no'", "_S.''", "_T.x1", "_T.p0", "_R._T.p1", "_P._T.x1", "_S.matrix.x", "_X.a",
    "_S.$ids", "_S._deleted", "_S.tree.children.children.name", "_S.tags.name", "S.name", "_Sx.a",
)  # fmt: skip
"""Paths that are legal everywhere, and mean something or nothing."""


@dataclass(frozen=True)
class Env:
    """Where an expression stands: its variables with their types, the target's properties.

    `depth` is how much deeper calls may go. `fixed` says that nothing may depend on how often or in
    which order it is evaluated: in hops that is the plan's affair.
    """

    variables: tuple[tuple[str, str], ...]
    target: dict[str, str] = field(default_factory=dict)
    depth: int = 3
    fixed: bool = False

    def deeper(self) -> Env:
        return replace(self, depth=self.depth - 1)

    def with_variable(self, name: str, kind: str) -> Env:
        others = tuple(pair for pair in self.variables if pair[0] != name)
        return replace(self, variables=(*others, (name, kind)))


def path_text(variable: str, names: tuple[str, ...]) -> str:
    """A path as it is written; odd names are quoted."""
    quoted = [
        "'" + name.replace("'", "''") + "'" if "." in name or "'" in name else name
        for name in names
    ]
    # `_S.` is the variable itself, but `_P._S` a path of its own.
    return ".".join([variable, *quoted]) if quoted or "." in variable else f"{variable}."


@lru_cache(maxsize=4096)
def paths_to(variable: str, kind: str, wanted: str) -> tuple[str, ...]:
    """The paths from a variable of one type to values of a wanted one."""
    return tuple(path_text(variable, names) for names, k in paths_of(kind) if fits(k, wanted))


def as_constant(value: Any) -> Any:
    """JSON data as an expression that gives it."""
    return ["literal", value] if type(value) is list else value


class Writer:
    """Writes the expressions of one program. `rules` grows by those that `apply` names."""

    def __init__(self, chance: Random, values: Values, *, rough: float, namespaced: bool) -> None:
        self.chance = chance
        self.values = values
        self.rough = rough
        self.namespaced = namespaced
        self.rules: dict[str, list[Any]] = {}
        self.write_rule: Callable[[str, Env], str] | None = None

    # -- values ------------------------------------------------------------------------------------

    def expression(self, wanted: str, env: Env) -> Any:
        """An expression that gives a value of a type: a constant, a path or a call."""
        chance = self.chance
        if self.rough and chance.random() < self.rough:
            pick = chance.randrange(3)
            if pick == 0:
                return as_constant(self.values.oddity())
            if pick == 1:
                return chance.choice(ODD_PATHS)
            wanted = "any"
        if env.depth <= 0 or chance.random() < 0.45:
            return self.leaf(wanted, env)
        if wanted in KINDS_OF and chance.random() < 0.5:
            wanted = chance.choice(KINDS_OF[wanted])
        names = [name for name in givers(wanted) if name not in RARE_IN_DEPTH]
        if not names:
            return self.leaf(wanted, env)
        name = chance.choice(names)
        if env.fixed and name in ("uuid", "now", "apply"):
            return self.leaf(wanted, env)
        return self.call(name, env, wanted)

    def leaf(self, wanted: str, env: Env) -> Any:
        """A path to a value of a type where there is one, else a constant."""
        chance = self.chance
        if chance.random() < 0.85:
            found: list[str] = []
            for variable, kind in env.variables:
                if variable == "_":
                    # The current value is what a function expression is about.
                    own = paths_to(variable, kind, wanted)
                    if own:
                        return chance.choice(own)
                else:
                    found += paths_to(variable, kind, wanted)
            for name, kind in env.target.items():
                if fits(kind, wanted):
                    found.append(path_text("_T", (name,)))
            if found:
                return self.qualified(chance.choice(found))
        if is_list(wanted) and chance.random() < 0.5:
            inner = [
                as_constant(self.values.constant(element(wanted)))
                for _ in range(chance.randint(1, 3))
            ]
            return [CONSTANT_LISTS, *inner]
        return as_constant(self.values.constant(wanted))

    def qualified(self, path: str) -> str:
        """A path of one plain name, now and then with its namespace."""
        if self.namespaced and self.chance.random() < 0.2 and path.startswith("_S."):
            name = path[3:]
            if name.isalpha():
                return f"_S.{self.chance.choice(['people:', '::', ':'])}{name}"
        return path

    def function_expression(self, of: str, gives: str, env: Env) -> Any:
        """An expression of `_`."""
        inner = env.with_variable("_", of).deeper()
        if self.chance.random() < 0.1 and fits(of, gives):
            return "_."
        return self.expression(gives, inner)

    # -- calls -------------------------------------------------------------------------------------

    def call(self, name: str, env: Env, wanted: str = "any") -> Any:
        """A call of a function; its result is of the wanted type where the function can give it."""
        special = SPECIAL.get(name)
        if special is not None:
            return special(self, env.deeper(), wanted)
        choices = [recipe for recipe in RECIPES[name] if unified(recipe, wanted) is not None]
        recipe = self.chance.choice(choices or RECIPES[name])
        bound = unified(recipe, wanted) or {}
        for variable in "@#":
            bound.setdefault(variable, self.chance.choice(LIKELY))
        as_list = recipe.mapped and (
            is_list(wanted) or (wanted == "any" and self.chance.random() < 0.4)
        )
        return self.filled(recipe, bound, env.deeper(), as_list=as_list)

    def filled(self, recipe: Recipe, bound: dict[str, str], env: Env, *, as_list: bool) -> Any:
        forms = EXPRESSIONS[recipe.name].signature.forms
        form = self.chance.choice([f for f in forms if names_of(f) <= set(recipe.takes)] or forms)
        call: list[Any] = [recipe.name]
        for parameter in form.parameters:
            times = parameter.least
            # Without its options a function is used most; a rough program may forget an else.
            if parameter.most == 1 and not parameter.least:
                times = int(
                    parameter.name in recipe.takes
                    and (parameter.name == "ELSE" or self.chance.random() < 0.5)
                )
            elif parameter.most > 1:
                times = max(times, self.chance.choice([1, 1, 2, 2, 3]))
            for _ in range(times):
                for member in parameter.members or (parameter,):
                    what = recipe.takes[member.name]
                    call.append(self.argument(what, bound, env, as_list=as_list))
        return call

    def argument(self, what: str, bound: dict[str, str], env: Env, *, as_list: bool) -> Any:
        if what[:1] == "=":
            return constant(self.chance, what[1:])
        if what[:2] == "f:":
            of, gives = (resolved(part, bound) for part in what[2:].split(">"))
            return self.function_expression(of, gives, env)
        kind = resolved(what.lstrip("*%"), bound)
        if (what[:1] == "*" and as_list) or (what[:1] == "%" and self.chance.random() < 0.5):
            kind = f"[{kind}]"
        return self.expression(kind, env)


def resolved(what: str, bound: dict[str, str]) -> str:
    for variable, kind in bound.items():
        what = what.replace(variable, kind)
    return what


def names_of(form: Form) -> set[str]:
    """The parameters of a form, members of groups by themselves."""
    return {m.name for p in form.parameters for m in (p.members or (p,))}


def unified(recipe: Recipe, wanted: str) -> dict[str, str] | None:
    """What the variables of a recipe are, so that it gives the wanted type; null: it cannot."""
    gives = recipe.gives
    inner = gives.strip("[]")
    if inner not in ("@", "#"):
        if fits(gives, wanted) or (recipe.mapped and fits(f"[{gives}]", wanted)):
            return {}
        return None
    if wanted == "any":
        return {}
    while gives[:1] == "[":
        if not is_list(wanted):
            return None
        gives, wanted = gives[1:-1], wanted[1:-1]
    return {inner: wanted}


@lru_cache(maxsize=256)
def givers(wanted: str) -> tuple[str, ...]:
    """The functions that can give a type."""
    names = [n for n, rs in RECIPES.items() if any(unified(r, wanted) is not None for r in rs)]
    names += [n for n, kinds in SPECIAL_GIVES.items() if any(fits(k, wanted) for k in kinds)]
    return tuple(sorted(names))


# -- functions whose arguments must fit each other -------------------------------------------------


def datetime_parse(writer: Writer, env: Env, wanted: str) -> Any:
    """A format with a text that it reads, whole or put together from parts."""
    form, text = writer.chance.choice(FORMATS)
    zone = [writer.chance.choice(ZONES)] if writer.chance.random() < 0.5 else []
    value: Any = text
    if is_list(wanted) or writer.chance.random() < 0.3:
        value = ["list", text, writer.expression("str", env), text]
        if not is_list(wanted):
            return ["first", ["datetime-parse", *zone, form, value]]
    elif writer.chance.random() < 0.5:
        value = ["concat", text[:4], ["if", ["is-null", "_S._id"], "x", text[4:]]]
    return ["datetime-parse", *zone, form, value]


def path_call(writer: Writer, env: Env, wanted: str) -> Any:
    """One or two property names that are there."""
    shape = writer.chance.choice(["person", "order", "address"])
    kind = shape if writer.chance.random() < 0.6 else f"[{shape}]"
    if shape == "person" and (is_list(kind) or ("_S", "person") not in env.variables):
        shape = kind = "table"
    fitting = [n for n, k in paths_of(kind) if n and fits(k, wanted)]
    names = writer.chance.choice(fitting or [n for n, _ in paths_of(kind) if n])
    value = "_S." if shape == "person" else writer.expression(kind, env)
    given: Any = names[0] if len(names) == 1 else ["list", *names]
    if writer.chance.random() < 0.3:
        given = ["combine", *names, ["list"]]
    return ["path", given, value]


def has_key(writer: Writer, env: Env, _: str) -> Any:
    shape = writer.chance.choice(["order", "address", "line", "table"])
    key = writer.chance.choice([*SHAPES[shape], "no-such"])
    return ["has-key", key, writer.expression(shape, env)]


def literal(writer: Writer, _env: Env, wanted: str) -> Any:
    if wanted == "any" and writer.chance.random() < 0.3:
        return ["literal", writer.chance.choice(["_S.name", ["upper", "x"], {"a": ["list"]}])]
    return ["literal", writer.values.constant(wanted)]


def apply(writer: Writer, env: Env, wanted: str) -> Any:
    kind = writer.chance.choice(["order", "tree", "line", "address", "table"])
    values = writer.expression(kind if not is_list(wanted) else f"[{kind}]", env)
    if writer.write_rule is None or len(writer.rules) > 4:
        return as_constant(writer.values.constant(wanted))
    return ["apply", writer.write_rule(kind, env), values]


def encrypted(
    encrypt: list[str], decrypt: list[str], *, whole: bool
) -> Callable[[Writer, Env, str], Any]:
    """What is encrypted differs each time, so it is decrypted, or only looked at."""

    def make(writer: Writer, env: Env, _: str) -> Any:
        text: Any = writer.expression("word", replace(env, depth=min(env.depth, 1)))
        if writer.chance.random() < 0.3:
            text = ["list", text, 5, "ab"]
        made = [*encrypt, text]
        return [*decrypt, made] if whole else ["is-list", ["list", made]]

    return make


PASSWORD = "$SECRET(password)"
FERNET = (["encrypt", PASSWORD], ["decrypt", PASSWORD])
RSA = (["encrypt-pki", "$SECRET(rsa-public)"], ["decrypt-pki", "$SECRET(rsa-private)"])
PGP = (["encrypt-pgp", "$SECRET(pgp-public)"], ["decrypt-pgp", "$SECRET(pgp-private)", ""])


def hops_call(writer: Writer, env: Env, _: str) -> Any:
    return hops.ordered(writer, hops.make_hops(writer, env))


def apply_hops(writer: Writer, env: Env, _: str) -> Any:
    specs, kind = hops.make_specs(writer, env, whole=True)
    if writer.write_rule is None:
        return ["sorted", "_._id", ["hops", *specs]]
    rule = writer.write_rule(kind, replace(env, fixed=True))
    return ["sorted", ["json", "_."], ["apply-hops", rule, *specs]]


def lookup_entity(writer: Writer, env: Env, wanted: str) -> Any:
    shapes = {shape: name for name, (shape, _, _) in DATASETS.items()}
    wanted = wanted if wanted in shapes else writer.chance.choice(list(shapes))
    dataset = shapes[wanted]
    kinds = {"people": "people-id", "places": "place-id", "items": "item-id"}
    found = writer.leaf(kinds.get(dataset, "str"), replace(env, depth=0))
    fixed = f"{DATASETS[dataset][1]}1"
    entity_id = found if dataset in kinds else fixed
    if writer.chance.random() < 0.3:
        entity_id = ["list", entity_id, "no-such"]
    return ["coalesce-args", ["lookup-entity", dataset, entity_id], {"_id": "none"}]


SPECIAL: dict[str, Callable[[Writer, Env, str], Any]] = {
    "datetime-parse": datetime_parse,
    "path": path_call,
    "has-key": has_key,
    "literal": literal,
    "apply": apply,
    "encrypt": encrypted(*FERNET, whole=False),
    "decrypt": encrypted(*FERNET, whole=True),
    "encrypt-pki": encrypted(*RSA, whole=False),
    "decrypt-pki": encrypted(*RSA, whole=True),
    "encrypt-pgp": encrypted(*PGP, whole=False),
    "decrypt-pgp": encrypted(*PGP, whole=True),
    "hops": hops_call,
    "apply-hops": apply_hops,
    "lookup-entity": lookup_entity,
}

SPECIAL_GIVES = {
    "datetime-parse": ("dt", "[dt]"),
    "path": ("str", "num", "dt", "[num]", "[str]"),
    "has-key": ("bool",),
    "literal": ("str", "scalar", "[str]", "[int]"),
    "apply": ("dict", "[dict]"),
    "lookup-entity": ("person", "sale", "item", "place"),
}
"""The types that those functions can give; those not here stand only where they have a turn."""
