"""The registry of component types: what exists, what it takes, and which class runs it.

A module of `sources/`, `transforms/`, `sinks/` or `systems/` registers its types when it is
imported: with `@source`, `@transform`, `@sink`, `@system` on the class that runs them, or with the
`declare_…` functions for types that are checked but not built in this version. Sources, transforms
and sinks are made as `factory(options, context)`, where `options` are the effective ones with every
default filled in; what a context is, and what the made object must do, is in `batch.py`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from sesam_node.config.options import REQUIRED, ComponentSpec, Option
from sesam_node.errors import NotBuiltError, PipeError, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "REQUIRED",
    "ComponentSpec",
    "Option",
    "build",
    "declare_sink",
    "declare_source",
    "declare_system",
    "declare_transform",
    "factory",
    "sink",
    "source",
    "spec",
    "specs",
    "system",
    "transform",
]

CONTINUATION = ("supports_since", "is_since_comparable", "is_chronological")
"""What the offsets of a source are worth."""

Made = TypeVar("Made", bound="Callable[..., Any]")

_specs: dict[tuple[str, str], ComponentSpec] = {}
_factories: dict[tuple[str, str], Callable[..., Any]] = {}


def _doc_line(doc: str | None) -> str:
    return (doc or "").strip().partition("\n")[0]


def _declare(kind: str, type_: str, options: tuple[Option, ...], facts: dict[str, Any]) -> None:
    key = (kind, type_)
    if key in _specs:
        raise ValueError(f"the {kind} type {type_!r} is declared twice")
    _specs[key] = ComponentSpec(kind, type_, options, **facts)


def _register(
    kind: str, type_: str, options: tuple[Option, ...], facts: dict[str, Any]
) -> Callable[[Made], Made]:
    def register(made: Made) -> Made:
        facts.setdefault("doc", _doc_line(made.__doc__))
        _declare(kind, type_, options, facts)
        _factories[kind, type_] = made
        return made

    return register


def source(type_: str, *options: Option, **facts: Any) -> Callable[[Made], Made]:
    """Register a source class; `facts` are the further fields of `ComponentSpec`.

    Its continuation flags are attributes of the class, too. One whose flags depend on its options
    sets its own.
    """
    register = _register("source", type_, options, facts)

    def with_flags(made: Made) -> Made:
        for flag in CONTINUATION:
            value = getattr(_specs["source", type_], flag)
            if value is not None and flag not in vars(made):
                setattr(made, flag, value)
        return made

    return lambda made: with_flags(register(made))


def transform(type_: str, *options: Option, **facts: Any) -> Callable[[Made], Made]:
    """Register a transform class."""
    return _register("transform", type_, options, facts)


def sink(type_: str, *options: Option, **facts: Any) -> Callable[[Made], Made]:
    """Register a sink class."""
    return _register("sink", type_, options, facts)


def system(type_: str, *options: Option, **facts: Any) -> Callable[[Made], Made]:
    """Register a system class; the type is written without `system:`."""
    return _register("system", type_, options, facts)


def declare_source(type_: str, *options: Option, doc: str, **facts: Any) -> None:
    """Declare a source that is checked but not built; making one raises NotBuiltError."""
    _declare("source", type_, options, {"built": False, "doc": doc, **facts})


def declare_transform(type_: str, *options: Option, doc: str, **facts: Any) -> None:
    """Declare a transform that is checked but not built."""
    _declare("transform", type_, options, {"built": False, "doc": doc, **facts})


def declare_sink(type_: str, *options: Option, doc: str, **facts: Any) -> None:
    """Declare a sink that is checked but not built."""
    _declare("sink", type_, options, {"built": False, "doc": doc, **facts})


def declare_system(type_: str, *options: Option, doc: str, **facts: Any) -> None:
    """Declare a system that is checked but not built."""
    _declare("system", type_, options, {"built": False, "doc": doc, **facts})


def _load() -> None:
    # By name and late: the modules of the types import this one to register themselves.
    for package in ("sources", "transforms", "sinks", "systems"):
        import_module(f"sesam_node.pipes.{package}")


def specs() -> Mapping[tuple[str, str], ComponentSpec]:
    """Every type by (kind, type), whether built or not; kind is "source", "transform", …"""
    _load()
    return dict(sorted(_specs.items()))


def spec(kind: str, type_: str) -> ComponentSpec:
    """The spec of one type.

    Raises PipeError when there is no such type.
    """
    _load()
    type_ = type_.removeprefix("system:") if kind == "system" else type_
    found = _specs.get((kind, type_))
    if found is None:
        known = [name for other, name in _specs if other == kind]
        hint = suggestion(type_, known)
        message = f'unknown {kind} type "{type_}"'
        raise PipeError(f"{message}; {hint}" if hint else message)
    return found


def factory(kind: str, type_: str) -> Callable[..., Any]:
    """What makes a component of this type.

    Raises NotBuiltError when the type is declared only, PipeError when it is unknown.
    """
    found = spec(kind, type_)
    made = _factories.get((kind, found.type))
    if made is None:
        raise NotBuiltError(f'the {kind} type "{found.type}" cannot run in this version')
    return made


def build(kind: str, config: Mapping[str, Any], *context: Any) -> Any:
    """Make the component that an effective configuration describes, defaults filled in."""
    type_ = str(config.get("type", ""))
    return factory(kind, type_)(spec(kind, type_).complete(config), *context)
