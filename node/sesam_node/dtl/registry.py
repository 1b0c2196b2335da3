"""The one place where every DTL name is known: signature, doc, examples and code.

Three decorators, by how the code takes part:

- `@function`: plain. Arguments are evaluated, then passed by position in signature order. An
  optional argument that is not given is `runtime.ABSENT`; a repeated one arrives as `*args`; a
  `function-expression` arrives as a Python callable `f(value) -> Value`. Where a signature has
  alternatives (`A | B`), the arguments of the alternative that fits are passed.
- `@special`: the decorated `emit(scope, call) -> str` gives the Python source of an expression
  (`emit.Scope` says what it offers). For lazy forms and forms that need the context.
- `@transform`: the decorated `emit(scope, call) -> None` writes statements.

Faster forms of a plain function when arguments are constants:

    @function("concat", "VALUES(value-expression{>=1})", prepare=prepare_concat)

`prepare(*arguments)` is called once while compiling, with the arguments as the function would get
them, but `runtime.VARIES` where the argument is no constant (so also for every callable). It
returns a callable that takes the varying arguments only, in order, or None for "nothing special".
A pure function whose arguments are all constants is called while compiling; `prepare` is not asked.

`text=str.upper` says what the function gives for one plain string (one without a leading `~`) where
that is its only argument; generated code then asks for the type itself and saves a call.

`pure=False` says that the result depends on more than the arguments (time, chance, datasets): not
folded, never part of an index. `boolean=True` promises that the result is True, False or None, so
that conditions test it as it is. `checks={"PART": check}` refuses constants: `check(value)` gives a
message or None, while compiling, whenever that argument is a constant.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from sesam_node.dtl.signature import Signature, parse_signature

if TYPE_CHECKING:
    from sesam_node.model.values import Entity, Value

F = TypeVar("F", bound=Callable[..., Any])
Check = Callable[[Any], str | None]
NO_CHECKS: Mapping[str, Check] = MappingProxyType({})
FUNCTIONS = "sesam_node.dtl.functions."


@dataclass(frozen=True)
class Example:
    """One use of a function that runs as a test.

    Of a function or special: `expression` and the value it gives. Of a transform: a transform (or
    a list of them), run after `["copy", "_id"]`, and the target entity it gives. The source is
    `{"_id": "x"}` where none is given. `context` holds fields of `RuleContext`, `rules` further
    rules, `fails` says that the entity must fail (`expect` is then part of the message).
    """

    expression: Any
    expect: Value
    source: Entity | None = None
    note: str = ""
    approx: float | None = None
    unordered: bool = False
    datasets: Mapping[str, list[Entity]] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    fails: bool = False


@dataclass(frozen=True)
class Function:
    """A registered name. `kind` is "function", "special" or "transform"; `code` what was decorated.

    `group` is the module or package of `functions` that it stands in, `context` says that its code
    depends on the rule context (namespaces), which then belongs to the id of an index made from it.
    """

    name: str
    kind: str
    signature: Signature
    examples: tuple[Example, ...]
    code: Callable[..., Any]
    group: str
    pure: bool = True
    boolean: bool = False
    context: bool = False
    checks: Mapping[str, Check] = field(default_factory=dict)
    prepare: Callable[..., Callable[..., Value] | None] | None = None
    text: Callable[[str], Value] | None = None

    @property
    def doc(self) -> str:
        return inspect.getdoc(self.code) or ""


EXPRESSIONS: dict[str, Function] = {}
TRANSFORMS: dict[str, Function] = {}


def _group(code: Callable[..., Any]) -> str:
    """The part of the module path that follows `FUNCTIONS`: "lists", also of "lists.ordering"."""
    return code.__module__.removeprefix(FUNCTIONS).partition(".")[0]


def _register(table: dict[str, Function], entry: Function) -> None:
    known = table.get(entry.name)
    if known is not None and known.group != entry.group:
        raise ValueError(f"{entry.name!r} is registered by {known.group} and {entry.group}")
    table[entry.name] = entry


def function(
    name: str,
    signature: str,
    *examples: Example,
    pure: bool = True,
    boolean: bool = False,
    checks: Mapping[str, Check] = NO_CHECKS,
    prepare: Callable[..., Callable[..., Value] | None] | None = None,
    text: Callable[[str], Value] | None = None,
) -> Callable[[F], F]:
    """Register a plain function: arguments first, then the call."""
    parsed = parse_signature(signature)

    def decorate(code: F) -> F:
        entry = Function(
            name,
            "function",
            parsed,
            examples,
            code,
            _group(code),
            pure=pure,
            boolean=boolean,
            checks=checks,
            prepare=prepare,
            text=text,
        )
        _register(EXPRESSIONS, entry)
        return code

    return decorate


def special(
    name: str,
    signature: str,
    *examples: Example,
    pure: bool = True,
    boolean: bool = False,
    context: bool = False,
    checks: Mapping[str, Check] = NO_CHECKS,
) -> Callable[[F], F]:
    """Register an expression that writes its own code: `emit(scope, call) -> str`."""
    parsed = parse_signature(signature)

    def decorate(code: F) -> F:
        entry = Function(
            name,
            "special",
            parsed,
            examples,
            code,
            _group(code),
            pure=pure,
            boolean=boolean,
            context=context,
            checks=checks,
        )
        _register(EXPRESSIONS, entry)
        return code

    return decorate


def transform(
    name: str,
    signature: str,
    *examples: Example,
    checks: Mapping[str, Check] = NO_CHECKS,
) -> Callable[[F], F]:
    """Register a transform: `emit(scope, call) -> None` writes statements."""
    parsed = parse_signature(signature)

    def decorate(code: F) -> F:
        entry = Function(
            name,
            "transform",
            parsed,
            examples,
            code,
            _group(code),
            pure=False,
            checks=checks,
        )
        _register(TRANSFORMS, entry)
        return code

    return decorate


def all_functions() -> list[Function]:
    """Every registered name, sorted by name; a transform after the expression of its name."""
    entries = [*EXPRESSIONS.values(), *TRANSFORMS.values()]
    return sorted(entries, key=lambda entry: (entry.name, entry.kind == "transform"))
