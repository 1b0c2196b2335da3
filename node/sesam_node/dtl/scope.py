"""Where generated code is written: names, constants, expressions, statements.

`Scope` is what specials and transforms write with:

    scope.expression(node)       source of a value
    scope.condition(node)        source that is true or false
    scope.function(node)         source of a callable of one value
    scope.value(node)            the constant that a node stands for, or VARIES
    scope.variable("_S")         source of a variable
    scope.constant(value)        source of any object: a literal or a global that holds it
    scope.code(f)                the global that holds a callable
    scope.temporary()            a fresh local name
    scope.call(at, f, *sources)  source of a call of `f`, on a line of its own
    scope.line(text, at)         write a statement
    scope.block(node)            write the transforms of a block
    with scope.directly(): ...   what is written in it is evaluated first in its statement
    with scope.indented(): ...   write an indented suite
    scope.context                the RuleContext

Expressions come in parentheses where they need them. `call.arguments` are nodes in order,
`scope.bound(call)` has them by parameter name, `call.constant(n)` is the JSON of one.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sesam_node.dtl import names
from sesam_node.dtl.module import Module, words_of
from sesam_node.dtl.parse import clean
from sesam_node.dtl.registry import EXPRESSIONS, TRANSFORMS
from sesam_node.dtl.runtime import ABSENT, VARIES, OfText, truth
from sesam_node.dtl.syntax import Block, Call, Literal, Node, Path
from sesam_node.errors import DtlError, json_path, preview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sesam_node.dtl.plan import Plan
    from sesam_node.dtl.registry import Function
    from sesam_node.dtl.syntax import At, RuleContext

HOIST_EVERY = 10  # levels of nesting after which an expression moves into a function of its own
SMALL = 1 << 64
LOOKED_THROUGH = 20  # lines of a rule
NO, READS, KEEPS = 0, 1, 2  # may an expression use values kept in local names; keep them?
TARGETS = ("T", "P[1]", "R[1]")  # sources of dicts that rules go on writing to


def python_constant(value: Any) -> str | None:
    """Source of a small constant; None for those that need a name."""
    kind = type(value)
    if value is None or kind is bool:
        return str(value)
    if kind is str and len(value) <= 200:
        return ascii(value)
    if kind is int and abs(value) < SMALL:
        return repr(value) if value >= 0 else f"({value!r})"
    if kind is float:
        return repr(value) if value >= 0 else f"({value!r})"
    return None


@dataclass
class Scope:
    """Where code is being written: variables, and the body of the function that it goes to.

    `variables` maps each DTL variable to its Python source; `dicts` are the sources that are known
    to be dicts; `root` says that this is the default rule run for a source entity.
    """

    module: Module
    variables: Mapping[str, str]
    dicts: frozenset[str]
    rule: str
    root: bool = False
    body: list[tuple[int, str, At]] = field(default_factory=list)
    depth: int = 1
    base: int = 0
    chain: int = 0
    values: dict[str, str] = field(default_factory=dict)

    @property
    def context(self) -> RuleContext:
        return self.module.context

    @property
    def plan(self) -> Plan:
        return self.module.plan

    # -- names -------------------------------------------------------------------------------------

    def temporary(self) -> str:
        return self.module.fresh("t")

    def constant(self, value: Any) -> str:
        """Source of any Python object: a literal, or the global that holds it."""
        return python_constant(value) or self.module.name(value, self.module.fresh("k"))

    def code(self, function: Callable[..., Any]) -> str:
        """The global that holds a callable."""
        name = getattr(function, "__name__", type(function).__name__).strip("_<>")
        return self.module.name(function, f"f_{name}")

    def variable(self, name: str) -> str:
        """Source of a DTL variable such as `_S`; "None" where it has no value."""
        if name == "_R":
            return "R"
        return self.variables.get(name, "None")

    @property
    def out(self) -> str:
        """Source of the list that created entities are appended to."""
        return "out" if self.root else "R[2]"

    def python_names(self) -> set[str]:
        """The local names that an expression of this scope may use."""
        found = {name for name in self.variables.values() if name.isidentifier()}
        return (found | {"S", "T", "P", "R", "out", "memo"}) - {"None", "B"}

    def used_names(self, source: str) -> list[str]:
        """Those local names that occur in a source, in a fixed order."""
        return sorted(self.python_names() & words_of(source))

    def inner(self, variables: Mapping[str, str], dicts: frozenset[str] = frozenset()) -> Scope:
        """A scope with further variables that writes to a body of its own."""
        merged = {**self.variables, **variables}
        changed = set(variables.values())
        return replace(
            self,
            variables=merged,
            dicts=(self.dicts - changed) | dicts,
            body=[],
            depth=1,
            base=0,
            chain=0,
            values={},
        )

    # -- constants ---------------------------------------------------------------------------------

    def value(self, node: Node) -> Any:
        """The constant that a node stands for, or `VARIES`."""
        if isinstance(node, Literal):
            return node.value
        if isinstance(node, Path):
            return VARIES if node.variable in self.variables else node.value
        if not isinstance(node, Call):
            return VARIES
        known = self.module.folded.get(id(node))
        if known is None:
            known = (node, self._folded(node))
            self.module.folded[id(node)] = known
        return known[1]

    def _folded(self, call: Call) -> Any:
        entry = EXPRESSIONS.get(call.name)
        if entry is None or entry.kind != "function" or not entry.pure:
            return VARIES
        arguments = self._constants(entry, call)
        if any(argument is VARIES for argument in arguments):
            return VARIES
        try:
            return entry.code(*arguments)
        except Exception:  # noqa: BLE001 - it will fail where and when it is evaluated
            return VARIES

    def _constants(self, entry: Function, call: Call) -> list[Any]:
        """The arguments as `prepare` wants them."""
        found = entry.signature.match(len(call.arguments))
        if found is None:
            return [VARIES]
        values: list[Any] = []
        position = 0
        for parameter, count in zip(found[0].parameters, found[1], strict=True):
            if count == 0 and not parameter.is_repeated:
                values.append(ABSENT)
            for _ in range(count):
                if parameter.is_constant:
                    values.append(clean(call.constant(position)))
                elif parameter.kind == "function-expression":
                    values.append(VARIES)
                else:
                    values.append(self.value(call.arguments[position]))
                position += 1
        return values

    def bound(self, call: Call) -> dict[str, Any]:
        """The argument nodes of a call by parameter name; see `Signature.bind`."""
        entry = EXPRESSIONS.get(call.name)
        if entry is None or entry.signature.match(len(call.arguments)) is None:
            entry = TRANSFORMS[call.name]
        return entry.signature.bind(call.arguments)

    # -- expressions -------------------------------------------------------------------------------

    def expression(self, node: Node) -> str:
        """Source of the value of a node."""
        chain, self.chain = self.chain, NO
        constant = self.value(node)
        if constant is not VARIES:
            return self.constant(constant)
        if isinstance(node, Path):
            return self._path(node)
        if not isinstance(node, Call):
            raise DtlError(f"{json_path(node.at)}: expected an expression, got {preview(node.raw)}")
        entry = EXPRESSIONS[node.name]
        if node.height % HOIST_EVERY == 0:
            return self.hoisted(node.at, self._call(entry, node, NO))
        if chain == NO or not self.plan.repeated or entry.kind == "special":
            return self._call(entry, node, chain)
        return self._repeated(entry, node, chain)

    def _repeated(self, entry: Function, node: Call, chain: int) -> str:
        """Source of a call whose value may be known from an earlier statement of the rule."""
        text = json.dumps(node.raw)
        if text in self.values:
            return self.values[text]
        source = self._call(entry, node, chain)
        if chain == READS or (self.rule, text) not in self.plan.repeated:
            return source
        name = self.values[text] = self.temporary()
        return f"({name} := {source})"

    @contextmanager
    def directly(self) -> Iterator[None]:
        """The expression written in it is evaluated where it stands, before all else of its line.

        Calls in it that the rule repeats are then kept in a local name, or read from one: kept only
        where the statement stands under no condition, as all that follow come after it.
        """
        self.chain = KEEPS if self.depth == self.base else READS
        yield
        self.chain = NO

    def _call(self, entry: Function, node: Call, chain: int) -> str:
        if entry.kind == "special":
            source: str = entry.code(self, node)
            return source
        constants = self._constants(entry, node)
        if any(value is not VARIES for value in constants):
            prepared = _prepared(entry, constants)
            if prepared is not None:
                varying = [
                    source
                    for source, value in zip(
                        self._arguments(entry, node, chain), constants, strict=True
                    )
                    if value is VARIES
                ]
                if isinstance(prepared, OfText) and len(varying) == 1:
                    return self._of_text(node.at, entry, prepared, varying[0])
                return self.call(node.at, prepared, *varying)
        arguments = self._arguments(entry, node, chain)
        if entry.text is not None and arguments[:-1] == ["ABSENT"] * (len(arguments) - 1):
            kept = self.temporary()
            quick = f"{self.module.name(entry.text, f'text_{entry.text.__name__}')}({kept})"
            slow = self.call(node.at, entry.code, *arguments[:-1], kept)
            test = f"type({kept} := {arguments[-1]}) is str and {kept}[:1] != '~'"
            return f"({quick} if {test} else {slow})"
        return self.call(node.at, entry.code, *arguments)

    def _of_text(self, at: At, entry: Function, prepared: OfText, source: str) -> str:
        name = entry.code.__name__.strip("_")
        kept = self.temporary()
        quick = f"{self.module.name(prepared.text, f'text_{name}')}({kept})"
        self.module.name(prepared.whole, f"f_{name}")
        slow = self.call(at, prepared.whole, kept)
        return f"({quick} if type({kept} := {source}) is str and '~' not in {kept} else {slow})"

    def _arguments(self, entry: Function, node: Call, chain: int) -> list[str]:
        found = entry.signature.match(len(node.arguments))
        if found is None:
            raise DtlError(f"{json_path(node.at)}: the arguments do not fit {entry.name!r}")
        sources: list[str] = []
        position = 0
        for parameter, count in zip(found[0].parameters, found[1], strict=True):
            if count == 0 and not parameter.is_repeated:
                sources.append("ABSENT")
            for _ in range(count):
                argument = node.arguments[position]
                if parameter.is_constant:
                    sources.append(self.constant(clean(node.constant(position))))
                elif parameter.kind == "function-expression":
                    sources.append(self.function(argument))
                else:
                    sources.append(self.argument(argument, chain))
                position += 1
        return sources

    def argument(self, node: Node, chain: int) -> str:
        """Source of an argument of a plain function: evaluated whenever the function is."""
        self.chain = chain
        return self.expression(node)

    def call(self, at: At, function: Callable[..., Any], *sources: str) -> str:
        """Source of a call that starts a line of its own, so that a failure names `at`."""
        return f"({self.module.mark(at)}{self.code(function)}({', '.join(sources)}))"

    def condition(self, node: Node) -> str:
        """Source that Python's `if` takes: true where the value counts as true."""
        constant = self.value(node)
        if constant is not VARIES:
            return str(truth(constant))
        source = self.expression(node)
        if isinstance(node, Call) and EXPRESSIONS[node.name].boolean:
            return source
        name = self.temporary()
        return f"(({name} := {source}) is not None and {name} is not False and {name} != [])"

    def function(self, node: Node) -> str:
        """Source of a callable of one value: the node with `_` bound to it."""
        if bare := self.bare(node):
            return bare
        name = self.module.fresh("v")
        inner = self.inner({"_": name})
        source = inner.expression(node)
        if self.used_names(source):
            return f"(lambda {name}: {source})"
        # It depends on nothing but its value: made once, not for each entity.
        self.module.functions.append([(0, f"{name}f = (lambda {name}: {source})", node.at)])
        return f"{name}f"

    def bare(self, node: Node) -> str | None:
        """The global of a plain function where a callable is nothing but its call with `_.`."""
        if not isinstance(node, Call) or self.value(node) is not VARIES:
            return None
        entry = EXPRESSIONS[node.name]
        if (
            entry.kind == "function"
            and len(node.arguments) == 1
            and node.arguments[0].raw == "_."
            and entry.signature.slots(1)[0].kind != "function-expression"
            and len(entry.signature.forms) == 1
            and not any(p.least == 0 for p in entry.signature.forms[0].parameters)
        ):
            return self.code(entry.code)
        return None

    def hoisted(self, at: At, source: str) -> str:
        """The same expression as a call of a function of its own; keeps Python's nesting low."""
        return self.defined([(1, f"return ({source})", at)], at)

    def defined(self, body: list[tuple[int, str, At]], at: At) -> str:
        """Source of a call of a new function with this body (lines of `inner().body`)."""
        text = "\n".join(line for _, line, _ in body)
        parameters = ", ".join(self.used_names(text))
        name = self.module.fresh("e")
        self.module.functions.append([(0, f"def {name}({parameters}):", at), *body])
        return f"{name}({parameters})"

    def _path(self, node: Path) -> str:
        source = self.variables[node.variable]
        steps = list(node.names)
        if node.variable in ("_P", "_R"):
            source, steps = self._context_path(node.variable, steps)
        if not steps and source in TARGETS:
            return f"dict({source})"  # as a value: what it holds now
        return self.steps(source, steps)

    def _context_path(self, variable: str, steps: list[str]) -> tuple[str, list[str]]:
        """The source of `_P`, `_P._S`, `_P._P._T`, `_R._S` and what is left of the path."""
        first = steps.pop(0) if steps else None
        if variable == "_R":
            source, target = ("S", "T") if self.root else ("R[0]", "R[1]")
            if first is None:
                return f"{{'_S': {source}, '_T': dict({target})}}", []
            if first not in ("_S", "_T"):
                return "None", []
            return (source if first == "_S" else target), steps
        source = self.variable("_P")
        while first == "_P":
            source = f"f_caller({source})"
            self.module.names["f_caller"] = caller
            first = steps.pop(0) if steps else None
        if first not in (None, "_S", "_T") or source == "None":
            return "None", []
        if first is None:
            return f"{self.code(context_value)}({source})", []
        if source == "P":
            return ("P[0]" if first == "_S" else "P[1]"), steps
        if first == "_T" and not steps:
            return f"{self.code(context_value)}({source})", [first]
        self.module.names["f_part"] = part
        return f"f_part({source}, {0 if first == '_S' else 1})", steps

    def steps(self, source: str, path: list[str]) -> str:
        """Source of a walk from a value along property names."""
        if source == "None":
            return source
        is_dict = source in self.dicts
        for name in path:
            read = names.reader(name, self.context)
            if not isinstance(read, str):
                found = self.module.name(read, self.module.fresh("k"))
                source = f"{found}({source})" if is_dict else f"walk_with({source}, {found})"
            elif is_dict:
                source = f"{source}.get({read!a})"
            else:
                key = ascii(read)
                kept = source if source.isidentifier() else self.temporary()
                made = source if kept == source else f"{kept} := {source}"
                source = f"({kept}.get({key}) if type({made}) is dict else walk({kept}, {key}))"
            is_dict = False
        return source

    # -- statements --------------------------------------------------------------------------------

    def is_target_empty(self) -> bool:
        """Is it certain that nothing has been written to the target so far?"""
        return not any("T" in words_of(text) for _, text, _ in self.body[:LOOKED_THROUGH]) and (
            len(self.body) <= LOOKED_THROUGH
        )

    def line(self, text: str, at: At) -> None:
        """Write one statement."""
        self.body.append((self.depth, text, at))

    @contextmanager
    def indented(self) -> Iterator[None]:
        self.depth += 1
        before = len(self.body)
        yield
        if len(self.body) == before:
            self.line("pass", ())
        self.depth -= 1

    def whole(self, rule: Node) -> None:
        """Write the transforms of a rule."""
        self.block(rule)

    def block(self, node: Node) -> None:
        """Write the transforms of a node: one transform or a list of them."""
        for call in transforms_of(node):
            TRANSFORMS[call.name].code(self, call)

    def stop(self, at: At, *, filtered: bool) -> None:
        """Write the end of this target: nothing is emitted, or the mark of a filtered entity."""
        if self.root and filtered:
            self.line('out.append({"_id": S.get("_id"), "_filtered": True})', at)
        self.line("return None", at)


def transforms_of(node: Node) -> list[Call]:
    """The transforms of a block, or the one that stands alone."""
    calls: list[Call] = []
    for call in node.items if isinstance(node, Block) else (node,):
        if not isinstance(call, Call) or call.name not in TRANSFORMS:
            raise DtlError(f"{json_path(call.at)}: expected a transform, got {preview(call.raw)}")
        calls.append(call)
    return calls


def _prepared(entry: Function, constants: list[Any]) -> Callable[..., Any] | None:
    try:
        return entry.prepare(*constants) if entry.prepare is not None else None
    except Exception:  # noqa: BLE001 - the plain function will fail where and when it is evaluated
        return None


def caller(context: tuple[Any, Any, Any] | None) -> tuple[Any, Any, Any] | None:
    """`_P` of a context."""
    return None if context is None else context[2]


def context_value(context: tuple[Any, Any, Any] | None) -> dict[str, Any] | None:
    """A context as a value: a dict of `_S`, `_T` and, where there is a caller, its `_P`."""
    if context is None:
        return None
    source, target, outer = context
    value = {"_S": source, "_T": dict(target)}
    if outer is not None:
        value["_P"] = context_value(outer)
    return value


def part(context: tuple[Any, Any, Any] | None, position: int) -> Any:
    """`_S` or `_T` of a context that may not be there."""
    return None if context is None else context[position]
