"""Options that components declare, and the check of a component against them.

A source, transform, sink or system declares its options beside its code; the check here, the
reference pages, completion and the defaults at run time all come from that one declaration.
Unknown options are warnings (the manual tolerates them), everything else that does not fit is an
error, and all problems of a component are reported at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sesam_node.errors import ConfigError, Problem, json_path, preview, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Path = tuple[str | int, ...]
"""Where something is: keys and positions from the root of a component."""

At = Callable[[Path], str]
"""Gives the JSON path as the user wrote it of a place in the effective form."""


class Flaw(NamedTuple):
    """A problem within the options of a component, by its place in them."""

    path: Path
    code: str
    message: str
    hint: str = ""


def flaw_problems(flaws: Iterable[Flaw], path: Path, at: At = json_path) -> list[Problem]:
    """Flaws as problems of a component that stands at `path`."""
    return [Problem(at((*path, *flaw.path)), flaw.code, flaw.message, flaw.hint) for flaw in flaws]


def further_flaws(
    find: Callable[[Mapping[str, Any]], Iterable[Flaw]],
) -> Callable[[Mapping[str, Any], Path, At], list[Problem]]:
    """`ComponentSpec.further` of a function that finds flaws."""
    return lambda config, path, at: flaw_problems(find(config), path, at)


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
    `least` is the smallest number. `secret` values are never shown. `$ENV` is not replaced in an
    option with `env=False`.
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
    least: float | None = None
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

COMMON: tuple[Option, ...] = (
    Option("type", "string", doc="the type of the component"),
    Option("comment", "any", None, "free text, ignored"),
    Option("description", ("string", "array"), None, "text for people"),
    Option("name", ("string", "array"), None, "a title for people"),
    Option("metadata", "object", None, "free data about the component"),
    Option("permissions", "array", None, "who may do what with it"),
    Option("$conditional_properties", "object", None, "properties chosen by a value"),
)
"""Options that every component has."""

SOURCE: tuple[Option, ...] = (
    Option("if_source_empty", "string", None, "may a full run find nothing?", ("accept", "fail")),
)
CONTINUATION: tuple[Option, ...] = (
    Option("supports_since", "boolean", None, "can it read only what is new since an offset?"),
    Option("is_since_comparable", "boolean", None, "are its offsets ordered as text or numbers?"),
    Option("is_chronological", "boolean", None, "does it deliver in the order of its offsets?"),
    Option("initial_since_value", ("string", "number"), None, "the offset of the first run"),
)
DATASET_SOURCE: tuple[Option, ...] = (
    Option("supports_signalling", "boolean", None, "start when an input dataset changes"),
    Option("require_populated_input", "boolean", None, "wait until the input is populated"),
)
DATASETS_SOURCE: tuple[Option, ...] = (
    Option("initial_datasets", "string-list", None, "datasets that must be populated first"),
    Option("ignore_non_existent_datasets", "boolean", default=True, doc="is a missing one empty?"),
)
TRANSFORM: tuple[Option, ...] = (
    Option("side_effects", "boolean", None, "does it change something outside the pipe?"),
    Option(
        "trigger_on",
        "object",
        None,
        "only entities that match go through it, others pass",
        fields=(
            Option("key", "string", "_trigger", "the property, a path with dots"),
            Option("value", "any", doc="its value"),
        ),
    ),
)
SYSTEM: tuple[Option, ...] = (
    Option("_id", "string", doc="the id of the system"),
    Option("worker_threads", "integer", 10, "how many pipes may use the system at once"),
)


@dataclass(frozen=True, slots=True)
class ComponentSpec:
    """What a type of source, transform, sink or system is and takes.

    - `type` has no `system:` prefix; `built` is false for types that are checked but cannot run.
    - Source: `supports_since`, `is_since_comparable`, `is_chronological` are its continuation
      defaults (null: depends on its options), `fixed` forbids setting them; `reads` names the
      option that holds the ids of the datasets it reads ("dataset" or "datasets"), `fetches` is
      true where its entities come from no dataset.
    - Source and sink: `scheduled` is false where they wait to be asked (receivers, publishers);
      `namespaces` is the default of `add_namespaces` or `remove_namespaces` in pipes with
      namespaced identifiers.
    - Sink: `writes` is true where it writes a dataset. Transform: `side_effects` is the default.
    - `system_types` are the types that its `system` may have (empty: any). Of the options named
      together in `one_of` exactly one must be given. `further` finds problems beyond those of
      single options: of the component, where it stands, and by what paths are told. `in_pipe`
      finds flaws of the (effective) pipe that it is part of, by their places in the pipe.
    - `expands` gives the transforms that a transform stands for, each with the place in it that
      its rules come from; raises ConfigError.
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
    one_of: tuple[tuple[str, ...], ...] = ()
    deprecated: str = ""
    further: Callable[[Mapping[str, Any], Path, At], list[Problem]] | None = None
    expands: Callable[[Mapping[str, Any]], list[tuple[Path, dict[str, Any]]]] | None = None
    in_pipe: Callable[[Mapping[str, Any]], Iterable[Flaw]] | None = None

    @property
    def title(self) -> str:
        """The type as messages name it: `source "csv"`, `system:url`."""
        return f"system:{self.type}" if self.kind == "system" else f'{self.kind} "{self.type}"'

    @property
    def all_options(self) -> tuple[Option, ...]:
        """Its own options and those that all of its kind have; its own win."""
        options = {option.name: option for option in COMMON}
        if self.kind == "source":
            more = SOURCE if self.fixed else (*SOURCE, *CONTINUATION)
            more += DATASET_SOURCE if self.reads else ()
            more += DATASETS_SOURCE if self.reads == "datasets" else ()
        else:
            more = {"transform": TRANSFORM, "system": SYSTEM}.get(self.kind, ())
        options.update((option.name, option) for option in (*more, *self.options))
        return tuple(options.values())

    def expanded(self, config: Mapping[str, Any]) -> list[tuple[Path, dict[str, Any]]] | None:
        """The transforms that one stands for, as `expands` gives them.

        Null where it stands for itself, or is wrong, which is told with its options.
        """
        try:
            return None if self.expands is None else self.expands(config)
        except ConfigError:
            return None

    def complete(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The effective options of a component with every default filled in.

        Properties that are not declared are kept. What is required and missing stays missing.
        """
        return complete(self.all_options, config)

    def check(
        self,
        config: Mapping[str, Any],
        path: Path = (),
        *,
        unresolved: bool = False,
        at: At = json_path,
    ) -> list[Problem]:
        """Every problem of a component of this type; see `check_options`."""
        problems = check_options(
            self.all_options, config, path, where=self.title, unresolved=unresolved, at=at
        )
        for names in self.one_of:
            given = [name for name in names if config.get(name) is not None]
            if len(given) > 1:
                message = f"{_listed(given, 'and')} exclude each other"
                problems.append(Problem(at((*path, given[1])), "conflicting-options", message))
            elif not given and not (unresolved and "$conditional_properties" in config):
                message = f"{_listed(names, 'or')} is missing in {self.title}"
                problems.append(Problem(at(path), "missing-option", message))
        if self.deprecated:
            message = f"{self.title} is deprecated"
            problems.append(
                Problem(at((*path, "type")), "deprecated", message, self.deprecated, "warning")
            )
        wrong = any(problem.level == "error" for problem in problems)
        if self.further is not None and not (unresolved or wrong):
            problems += self.further(config, path, at)
        if not self.built:
            message = f"{self.title} is checked but cannot run in this version"
            problems.append(Problem(at((*path, "type")), "not-built", message, level="warning"))
        return problems


def complete(options: Iterable[Option], config: Mapping[str, Any]) -> dict[str, Any]:
    """`config` with the defaults of the options that are absent or null."""
    filled = dict(config)
    for option in options:
        value = filled.get(option.name)
        if value is None:
            if not option.required:
                filled[option.name] = deepcopy(option.default)
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
    partial: bool = False,
    at: At = json_path,
) -> list[Problem]:
    """Every option of `config` that is unknown, missing, or of the wrong type or choice.

    `unresolved` is for a part that is not in use, so that its `$ENV(…)` are still text and its
    conditional properties undecided: such a text is accepted for any option, and options that
    conditional properties might bring may be missing. `partial` is for a part of the options: none
    is missing.
    """
    known = {option.name: option for option in options}
    inside = f" in {where}" if where else ""
    problems = []
    for name, value in config.items():
        here = (*path, name)
        if name in known:
            problems += check_value(known[name], value, here, unresolved=unresolved, at=at)
        elif not unresolved or name != "$conditional_properties":
            message = f"unknown option {preview(name)}{inside}"
            hint = suggestion(name, known)
            problems.append(Problem(at(here), "unknown-option", message, hint, "warning"))
    if partial or (unresolved and "$conditional_properties" in config):
        return problems
    for option in options:
        if option.required and option.name not in config:
            message = f'"{option.name}" is missing{inside}'
            hint = f"it is {kinds_text(option)}: {option.doc}" if option.doc else ""
            problems.append(Problem(at(path), "missing-option", message, hint))
    return problems


def check_value(
    option: Option, value: Any, path: Path, *, unresolved: bool = False, at: At = json_path
) -> list[Problem]:
    """The problems of one option's value."""
    if value is None and not option.required:
        return []
    if type(value) is str and (
        SECRET_ALONE.match(value) or (unresolved and ENV_TEXT.search(value))
    ):
        return []
    if not any(KINDS[kind][1](value) for kind in option.kinds):
        message = f"expected {kinds_text(option)}, got {_shown(option, value)}"
        return [Problem(at(path), "wrong-type", message)]
    if option.choices and value not in option.choices:
        return [_wrong_choice(option, value, at(path))]
    if option.least is not None and _is_number(value) and value < option.least:
        message = f"expected at least {option.least}, got {value}"
        return [Problem(at(path), "out-of-range", message)]
    problems = []
    if option.deprecated:
        message = f'"{option.name}" is deprecated'
        problems.append(Problem(at(path), "deprecated", message, option.deprecated, "warning"))
    where = f'"{option.name}"'
    if option.fields and type(value) is dict:
        problems += check_options(
            option.fields, value, path, where=where, unresolved=unresolved, at=at
        )
    if not option.each:
        return problems
    for key, item in value.items() if type(value) is dict else enumerate(value):
        here = (*path, key)
        if type(item) is dict:
            problems += check_options(
                option.each, item, here, where=where, unresolved=unresolved, at=at
            )
        else:
            message = f"expected an object, got {_shown(option, item)}"
            problems.append(Problem(at(here), "wrong-type", message))
    return problems


def _wrong_choice(option: Option, value: Any, path: str) -> Problem:
    hint = ""
    if type(value) is str:
        hint = suggestion(value, [item for item in option.choices if type(item) is str])
    message = f"expected {_listed(option.choices, 'or')}, got {_shown(option, value)}"
    return Problem(path, "wrong-choice", message, hint)


def _listed(values: Sequence[Any], word: str) -> str:
    texts = [preview(value) for value in values]
    return f" {word} ".join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else texts[0]


def kinds_text(option: Option) -> str:
    """The kinds of an option in words: "a string or a list of strings"."""
    return " or ".join(KINDS[kind][0] for kind in option.kinds)


def _shown(option: Option, value: Any) -> str:
    if option.secret:
        return "a value that is not shown"
    named: dict[type, str] = {dict: "object ", list: "list ", str: "string "}
    return f"{named.get(type(value), '')}{preview(value)}"
