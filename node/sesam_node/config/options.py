"""Options that components declare, and the check of a component against them.

A source, transform, sink or system declares its options beside its code; the check here, the
reference pages, completion and the defaults at run time all come from that one declaration.
Unknown options are warnings (the manual tolerates them), everything else that does not fit is an
error, and all problems of a component are reported at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sesam_node.errors import Problem, json_path, preview, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Path = tuple[str | int, ...]


class _Required:
    """The default of an option that has none: it must be given."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Final = _Required()

# Text that stands for a value which is put in later: from the environment, or a secret.
ENV_TEXT = re.compile(r"\$ENV\([^()]*\)")
SECRET_ALONE = re.compile(r"\$SECRET\([^()]*\)\Z")


@dataclass(frozen=True, slots=True)
class Option:
    """One property of a component.

    `kind` is one of KINDS or a tuple of them (any may come). An option without a default is
    required; null counts as not given where there is a default. `fields` describe the keys of an
    object, `each` the keys of the objects that are the values of an object or the items of a list.
    `secret` values are never shown; `env=False` keeps the text as it is (`$ENV` is not replaced).
    """

    name: str
    kind: str | tuple[str, ...]
    default: Any = REQUIRED
    doc: str = ""
    choices: tuple[Any, ...] = ()
    secret: bool = False
    env: bool = True
    fields: tuple[Option, ...] = ()
    each: tuple[Option, ...] = ()
    deprecated: str = ""

    def __post_init__(self) -> None:
        for kind in self.kinds:
            if kind not in KINDS:
                raise ValueError(f"option {self.name!r} has the unknown kind {kind!r}")

    @property
    def required(self) -> bool:
        return self.default is REQUIRED

    @property
    def kinds(self) -> tuple[str, ...]:
        return (self.kind,) if isinstance(self.kind, str) else self.kind


def _is_integer(value: Any) -> bool:
    if type(value) is float:
        return value.is_integer()
    return type(value) is int


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _is_string_list(value: Any) -> bool:
    return type(value) is list and all(type(item) is str for item in value)


KINDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "string": ("a string", lambda value: type(value) is str),
    "integer": ("an integer", _is_integer),
    "number": ("a number", _is_number),
    "boolean": ("true or false", lambda value: type(value) is bool),
    "object": ("an object", lambda value: type(value) is dict),
    "array": ("a list", lambda value: type(value) is list),
    "any": ("any value", lambda _value: True),
    "string-list": ("a list of strings", _is_string_list),
    "component": ("an object with a type", lambda value: type(value) is dict),
    "dtl-rules": ("an object of rules", lambda value: type(value) is dict),
}
"""Every kind of option: how a message names it, and which values are of it."""

COMMON: Final = (
    Option("type", "string", doc="the type of the component"),
    Option("comment", "any", None, "free text, ignored"),
    Option("description", ("string", "array"), None, "text for people"),
    Option("name", ("string", "array"), None, "a title for people"),
    Option("metadata", "object", None, "free data about the component"),
    Option("permissions", "array", None, "who may do what with it"),
    Option("$conditional_properties", ("object", "array"), None, "properties chosen by a value"),
)
"""Options that every component has."""

SOURCE: Final = (
    Option("if_source_empty", "string", None, "may a full run find nothing?", ("accept", "fail")),
)
CONTINUATION: Final = (
    Option("supports_since", "boolean", None, "can it read only what is new since an offset?"),
    Option("is_since_comparable", "boolean", None, "are its offsets ordered as text or numbers?"),
    Option("is_chronological", "boolean", None, "does it deliver in the order of its offsets?"),
)
DATASET_SOURCE: Final = (
    Option("supports_signalling", "boolean", None, "start when an input dataset changes"),
    Option("require_populated_input", "boolean", None, "wait until the input is populated"),
    Option("initial_datasets", "string-list", None, "datasets that must be populated first"),
    Option("ignore_non_existent_datasets", "boolean", default=True, doc="is a missing one empty?"),
    Option("initial_since_value", "any", None, "the offset of the first run"),
)
TRANSFORM: Final = (
    Option("side_effects", "boolean", None, "does it change something outside the pipe?"),
    Option("trigger_on", "object", None, 'only entities that match: {"key": …, "value": …}'),
)
SYSTEM: Final = (
    Option("_id", "string", doc="the id of the system"),
    Option("worker_threads", "integer", 10, "how many pipes may use the system at once"),
)


@dataclass(frozen=True, slots=True)
class ComponentSpec:
    """What a type of source, transform, sink or system is and takes.

    `type` has no `system:` prefix. `built` is false for types that are checked but cannot run in
    this version. For a source: `supports_since`, `is_since_comparable`, `is_chronological` are its
    continuation defaults (null: depends on its options), `fixed` forbids setting them, `fetches`
    is true where it reads from outside the node, `reads` names the option that holds the dataset
    ids ("dataset" or "datasets", the latter "id alias"). `scheduled` is false for sources and
    sinks that wait to be asked (receivers, publishers). `namespaces` is the default of
    `add_namespaces` (source) or `remove_namespaces` (sink) of pipes with namespaced identifiers.
    `writes` is true for a sink that writes a dataset. `side_effects` is the default of a
    transform. `system_types` are the types its `system` may have (empty: any).
    """

    kind: str
    type: str
    options: tuple[Option, ...] = ()
    doc: str = ""
    built: bool = True
    supports_since: bool | None = False
    is_since_comparable: bool | None = False
    is_chronological: bool | None = False
    fixed: bool = False
    fetches: bool = False
    reads: str = ""
    writes: bool = False
    scheduled: bool = True
    namespaces: bool = False
    side_effects: bool = False
    system_types: tuple[str, ...] = ()
    deprecated: str = ""

    @property
    def all_options(self) -> tuple[Option, ...]:
        """Its own options and those that all of its kind have; its own win."""
        options = {option.name: option for option in COMMON}
        if self.kind == "source":
            more: tuple[Option, ...] = SOURCE if self.fetches else ()
            more += () if self.fixed else CONTINUATION
            more += DATASET_SOURCE if self.reads else ()
        else:
            more = {"transform": TRANSFORM, "system": SYSTEM}.get(self.kind, ())
        options.update((option.name, option) for option in (*more, *self.options))
        return tuple(options.values())

    def complete(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The effective options of a component with every default filled in.

        Properties that are not declared are kept. What is required and missing stays missing.
        """
        return complete(self.all_options, config)

    def check(
        self, config: Mapping[str, Any], path: Path = (), *, unresolved: bool = False
    ) -> list[Problem]:
        """Every problem of a component of this type; see `check_options`."""
        where = f"{self.kind} {self.type!r}" if self.kind != "system" else f"system:{self.type}"
        return check_options(self.all_options, config, path, where=where, unresolved=unresolved)


def complete(options: Iterable[Option], config: Mapping[str, Any]) -> dict[str, Any]:
    """`config` with the defaults of the options that are absent or null."""
    filled = dict(config)
    for option in options:
        value = filled.get(option.name)
        if value is None:
            if not option.required:
                filled[option.name] = option.default
        elif "integer" in option.kinds and type(value) is float and value.is_integer():
            filled[option.name] = int(value)
        elif option.fields and type(value) is dict:
            filled[option.name] = complete(option.fields, value)
        elif option.each and type(value) is dict:
            filled[option.name] = {
                name: complete(option.each, item) if type(item) is dict else item
                for name, item in value.items()
            }
    return filled


def check_options(
    options: Sequence[Option],
    config: Mapping[str, Any],
    path: Path = (),
    *,
    where: str = "",
    unresolved: bool = False,
) -> list[Problem]:
    """Every option of `config` that is unknown, missing, or of the wrong type or choice.

    `unresolved` is for a part that is not in use, so that its `$ENV(…)` are still text: such a
    text is accepted for any option, and so are missing options that it might bring.
    """
    known = {option.name: option for option in options}
    problems = []
    for name, value in config.items():
        option = known.get(name)
        if option is None:
            problems.append(_unknown(name, known, (*path, name), where))
        else:
            problems += check_value(option, value, (*path, name), unresolved=unresolved)
    problems.extend(
        Problem(
            json_path(path),
            "missing-option",
            f'"{option.name}" is missing' + (f" in {where}" if where else ""),
            option.doc and f"it is {kinds_text(option)}: {option.doc}",
        )
        for option in options
        if option.required and option.name not in config
    )
    return problems


def _unknown(name: str, known: Mapping[str, Option], path: Path, where: str) -> Problem:
    return Problem(
        json_path(path),
        "unknown-option",
        f"unknown option {preview(name)}" + (f" in {where}" if where else ""),
        suggestion(name, known),
        "warning",
    )


def check_value(
    option: Option, value: Any, path: Path, *, unresolved: bool = False
) -> list[Problem]:
    """The problems of one option's value."""
    if value is None:
        if not option.required:
            return []
    elif type(value) is str and (
        SECRET_ALONE.match(value) or (unresolved and ENV_TEXT.search(value))
    ):
        return []
    if not any(KINDS[kind][1](value) for kind in option.kinds):
        message = f"expected {kinds_text(option)}, got {_shown(option, value)}"
        return [Problem(json_path(path), "wrong-type", message)]
    if option.choices and value not in option.choices:
        return [_wrong_choice(option, value, path)]
    problems = []
    if option.deprecated:
        message = f'"{option.name}" is deprecated'
        problems.append(
            Problem(json_path(path), "deprecated", message, option.deprecated, "warning")
        )
    if option.fields and type(value) is dict:
        problems += check_options(
            option.fields, value, path, where=f'"{option.name}"', unresolved=unresolved
        )
    if option.each:
        for key, item in _items(value):
            problems += _check_item(option, item, (*path, key), unresolved=unresolved)
    return problems


def _items(value: Any) -> Iterable[tuple[str | int, Any]]:
    if type(value) is dict:
        return value.items()
    return enumerate(value) if type(value) is list else ()


def _check_item(option: Option, item: Any, path: Path, *, unresolved: bool) -> list[Problem]:
    if type(item) is dict:
        where = f'"{option.name}"'
        return check_options(option.each, item, path, where=where, unresolved=unresolved)
    message = f"expected an object, got {_shown(option, item)}"
    return [Problem(json_path(path), "wrong-type", message)]


def _wrong_choice(option: Option, value: Any, path: Path) -> Problem:
    names = [preview(choice) for choice in option.choices]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
    hint = ""
    if type(value) is str:
        hint = suggestion(value, [item for item in option.choices if type(item) is str])
    message = f"expected {listed}, got {_shown(option, value)}"
    return Problem(json_path(path), "wrong-choice", message, hint)


def kinds_text(option: Option) -> str:
    """The kinds of an option in words: "a string or a list of strings"."""
    return " or ".join(KINDS[kind][0] for kind in option.kinds)


def _shown(option: Option, value: Any) -> str:
    if option.secret:
        return "a value that is not shown"
    named = {dict: "object ", list: "list ", str: "string "}.get(type(value), "")
    return f"{named}{preview(value)}"
