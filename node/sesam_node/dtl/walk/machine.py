"""The walk over the tree of a rule set: variables, paths, calls, blocks, rules.

A `Walk` carries one source entity through the rules. It evaluates a node each time it comes to it:
nothing is prepared, folded or shared. What a special or a transform does stands in the modules
beside this one, found through `tables`.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sesam_node.dtl import names
from sesam_node.dtl.limits import APPLIED, spend
from sesam_node.dtl.parse import clean
from sesam_node.dtl.registry import EXPRESSIONS
from sesam_node.dtl.runtime import ABSENT
from sesam_node.dtl.syntax import VARIABLES, Block, Call, Literal, Malformed, Node, Path
from sesam_node.dtl.walk.tables import SPECIALS, TRANSFORMS
from sesam_node.errors import DtlError, preview
from sesam_node.model.values import truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sesam_node.dtl.plan import Plan
    from sesam_node.dtl.registry import Function
    from sesam_node.dtl.runtime import Runtime
    from sesam_node.dtl.syntax import At, RuleContext
    from sesam_node.dtl.walk.recorder import Found, Silent
    from sesam_node.model.values import Entity, Value


@dataclass(frozen=True)
class Context:
    """Source and target of a rule, and the context that it was applied from: what `_P` shows."""

    source: Value
    target: Entity
    caller: Context | None = None

    def value(self) -> Entity:
        """The context as a dict; the target is the one of this moment."""
        shown = {"_S": self.source, "_T": dict(self.target)}
        if self.caller is not None:
            shown["_P"] = self.caller.value()
        return shown


@dataclass(frozen=True)
class Env:
    """What an expression sees where it stands.

    `variables` holds `_S`, `_` and the aliases of hops. `dataset` is the dataset that `_S` is known
    to be an entity of, or None; `hopped` the datasets of those variables that hops have bound.
    """

    target: Entity
    caller: Context | None
    root: Context
    variables: Mapping[str, Value]
    dataset: str | None = None
    hopped: Mapping[str, str] = field(default_factory=dict)

    @property
    def source(self) -> Value:
        return self.variables["_S"]

    def bound(self, variables: Mapping[str, Value]) -> Env:
        """The same place with further variables."""
        return replace(self, variables={**self.variables, **variables})

    def hopped_to(self, alias: str, dataset: str, entity: Entity) -> Env:
        """The same place with an alias that stands for an entity."""
        return replace(self.bound({alias: entity}), hopped={**self.hopped, alias: dataset})

    def started(self, entity: Value, dataset: str) -> Env:
        """The same place with another `_S`, as hops go on from what they found."""
        return replace(self.hopped_to("_S", dataset, entity), dataset=dataset)

    def knows(self, variable: str) -> bool:
        return variable in VARIABLES or variable in self.variables


def step(value: Value, read: str | names.Reader) -> Value:
    """One step of a path: a property of a dict, those of the dicts of a list as one flat list."""
    if type(value) is dict:
        return value.get(read) if isinstance(read, str) else read(value)
    if type(value) is not list:
        return None
    found: list[Value] = []
    for item in value:
        inner = step(item, read)
        if type(inner) is list:
            found.extend(inner)
        elif inner is not None:
            found.append(inner)
    return found


class Walk:
    """One source entity on its way through a planned rule set.

    `out` takes what is emitted. `error` and `at` are the last exception and the node that raised
    it. `planned` says whether hops follow the plan or try every combination of entities.
    """

    def __init__(
        self, plan: Plan, runtime: Runtime, out: list[Entity], recording: Silent, *, planned: bool
    ) -> None:
        self.plan = plan
        self.runtime = runtime
        self.out = out
        self.recording = recording
        self.planned = planned
        self.error: Exception | None = None
        self.at: At = plan.rules.at

    @property
    def context(self) -> RuleContext:
        return self.plan.context

    # -- expressions -------------------------------------------------------------------------------

    def value(self, node: Node, env: Env) -> Value:
        """The value of an expression."""
        if isinstance(node, Literal):
            return node.value
        if isinstance(node, Path):
            if not env.knows(node.variable):
                return node.value
            found = self.path(node.variable, node.names, env)
            self.recording.path(node, found, self.read_from(node.variable, env))
            return found
        if not isinstance(node, Call):
            raise DtlError(f"expected an expression, got {preview(node.raw)}")
        # As few frames of Python as can be for each level of nesting.
        token = self.recording.begin(node.at, "function", node.name)
        try:
            entry = EXPRESSIONS[node.name]
            if entry.kind == "special":
                result = SPECIALS[node.name](self, node, env)
            else:
                result = entry.code(*self.arguments(entry, node, env))
        except Exception as error:
            if error is not self.error:
                self.error, self.at = error, node.at
            self.recording.fail(token, error)
            raise
        self.recording.end(token, result)
        return result

    def argument(self, node: Node, env: Env) -> Value:
        """The value of an argument of the call that is being evaluated."""
        value = self.value(node, env)
        self.recording.input(value)
        return value

    def condition(self, node: Node, env: Env) -> bool:
        """Does an argument count as true?"""
        return truth(self.argument(node, env))

    def arguments(self, entry: Function, call: Call, env: Env) -> list[Any]:
        """What a plain function is called with."""
        found = entry.signature.match(len(call.arguments))
        if found is None:
            raise DtlError(f"the arguments do not fit {entry.name!r}")
        values: list[Any] = []
        position = 0
        for parameter, count in zip(found[0].parameters, found[1], strict=True):
            if count == 0 and not parameter.is_repeated:
                values.append(ABSENT)
            for slot in (parameter.members or (parameter,)) * count:
                if slot.is_constant:
                    values.append(clean(call.constant(position)))
                elif slot.kind == "function-expression":
                    values.append(self.function(call.arguments[position], env))
                else:
                    values.append(self.argument(call.arguments[position], env))
                position += 1
        return values

    def function(self, node: Node, env: Env) -> Callable[[Value], Value]:
        """An expression as a function of `_`."""
        return lambda value: self.value(node, env.bound({"_": value}))

    # -- paths -------------------------------------------------------------------------------------

    def read_from(self, variable: str, env: Env) -> Found | None:
        """The dataset and entity that a variable stands for, where hops have bound it."""
        dataset = env.hopped.get(variable)
        return None if dataset is None else (dataset, env.variables[variable])

    def path(self, variable: str, path: tuple[str, ...], env: Env) -> Value:
        """The value that a path leads to from a variable."""
        if variable == "_T":
            return self.along(env.target, path) if path else dict(env.target)
        if variable == "_P":
            return self.in_context(env.caller, path)
        if variable == "_R":
            if path[:1] == ("_P",):
                return None
            return self.in_context(env.root, path)
        if variable == "_B":
            return self.along(self.runtime.parameters, path)
        return self.along(env.variables[variable], path)

    def in_context(self, context: Context | None, path: tuple[str, ...]) -> Value:
        """A path that begins at a context: its parts are `_S`, `_T` and `_P`."""
        if context is None:
            return None
        if not path:
            return context.value()
        first, rest = path[0], path[1:]
        if first == "_P":
            return self.in_context(context.caller, rest)
        if first == "_T":
            return self.along(context.target, rest) if rest else dict(context.target)
        return self.along(context.source, rest) if first == "_S" else None

    def along(self, value: Value, path: tuple[str, ...]) -> Value:
        """The value that property names lead to, one after the other."""
        for name in path:
            value = step(value, names.reader(name, self.context))
        return value

    # -- transforms and rules ----------------------------------------------------------------------

    def block(self, node: Node, env: Env) -> str:
        """Run transforms in order; "" or how one of them ended the target."""
        for call in node.items if isinstance(node, Block) else (node,):
            if not isinstance(call, Call):
                raise DtlError(f"expected a transform, got {preview(call.raw)}")
            token = self.recording.begin(call.at, "transform", call.name)
            try:
                ended = TRANSFORMS[call.name](self, call, env)
            except Exception as error:
                if error is not self.error:
                    self.error, self.at = error, call.at
                self.recording.fail(token, error)
                raise
            self.recording.end(token)
            if ended:
                return ended
        return ""

    def rule(self, name: str, source: Value, env: Env, dataset: str | None = None) -> Entity | None:
        """The target that a rule applied from somewhere makes of a value; None: it was dropped.

        `dataset` is the one that the value is known to be an entity of.
        """
        spend(APPLIED)
        target: Entity = {}
        caller = Context(env.source, env.target, env.caller)
        inner = Env(target, caller, env.root, {"_S": source, "_": None}, dataset)
        block = self.block_of(name)
        found = None if dataset is None else (dataset, source)
        token = self.recording.frame(name, block.at, source, found)
        ended = self.block(block, inner)
        if ended:
            self.recording.end(token)
            return None
        self.recording.end(token, dict(target))
        return target

    def block_of(self, name: str) -> Block:
        found = self.plan.rules.rules[name]
        if isinstance(found, Malformed):
            raise DtlError(f"there is no rule {preview(name)}")
        return found

    def run(self, source: Entity) -> None:
        """Carry the source entity through the default rule."""
        target: Entity = {}
        root = Context(source, target)
        env = Env(target, None, root, {"_S": source, "_": None}, self.context.source_dataset)
        block = self.block_of("default")
        token = self.recording.frame("default", block.at, source)
        with self.placed(token, block.at):
            ended = self.block(block, env)
            if ended == "filtered":
                self.out.append({"_id": source.get("_id"), "_filtered": True})
            elif not ended:
                self.emit(target)
        self.recording.end(token, ABSENT if ended else dict(target))

    def emit(self, target: Entity) -> None:
        """Let the target of the default rule come out. Raises DtlError where it has no `_id`."""
        entity_id = target.get("_id")
        if type(entity_id) is str and entity_id:
            self.out.append(target)
        elif self.context.id_required:
            raise DtlError(f'the target needs a string "_id", got {preview(entity_id)}')

    @contextmanager
    def placed(self, token: int, at: At) -> Iterator[None]:
        """What fails in here fails at `at`, where nothing within says otherwise."""
        try:
            yield
        except Exception as error:
            if error is not self.error:
                self.error, self.at = error, at
            self.recording.fail(token, error)
            raise
