"""Conditionals decided and `$ENV` replaced: from a component as written to the one in force.

Two things can depend on a value, normally a variable: which source, transform or sink a pipe has
(type `conditional`), and which properties an object has (`$conditional_properties`). The outcome
remembers where each part was written, so that a problem found in it can point there, and what was
not chosen, so that it can be checked too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sesam_node.config.environment import as_text, substitute
from sesam_node.errors import Problem, json_path, preview, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sesam_node.config.options import Path

BLOCK = "$conditional_properties"
CONDITIONAL = "conditional"
TRANSFORM = "transform"

# What stands here is data or code, whose keys are not properties of a component.
DATA_KEYS = frozenset({"entities", "rules", "schema"})

RawOptions = Callable[[str, Any], "frozenset[str]"]


@dataclass(slots=True)
class Resolved:
    """A component in force, and how it came about.

    `unused` are alternatives that were not chosen: (kind of component, value, path as written).
    `unused_properties` likewise: (path in force of the object, its properties, path as written).
    """

    component: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    places: dict[Path, Path] = field(default_factory=dict)
    unused: list[tuple[str, Any, Path]] = field(default_factory=list)
    unused_properties: list[tuple[Path, dict[str, Any], Path]] = field(default_factory=list)

    def written(self, path: Path) -> Path:
        """Where the part in force at `path` was written."""
        for end in range(len(path), 0, -1):
            place = self.places.get(path[:end])
            if place is not None:
                return (*place, *path[end:])
        return path

    def at(self, path: Path) -> str:
        """The JSON path of where the part in force at `path` was written."""
        return json_path(self.written(path))


def resolve_pipe(
    pipe: Mapping[str, Any], env: Mapping[str, Any], raw: RawOptions | None = None
) -> Resolved:
    """A pipe with its source, transforms, sink and properties decided.

    `raw(kind, type)` names the options of a type in which `$ENV` stays as it is.
    """
    work = _Work(env, raw or (lambda _kind, _type: frozenset()))
    out: dict[str, Any] = {}
    for key, value, written in work.entries(dict(pipe), (), ()):
        if key in ("source", "sink"):
            out[key] = with_type(key, work.component(value, (key,), written, key))
        elif key == TRANSFORM:
            out[key] = work.transforms(value, written)
        else:
            out[key] = work.value(key, value, (key,), written)
    work.resolved.component = out
    return work.resolved


def resolve_other(component: Mapping[str, Any], env: Mapping[str, Any]) -> Resolved:
    """A system, or the node's metadata, with its properties decided."""
    work = _Work(env, lambda _kind, _type: frozenset())
    work.resolved.component = work.properties(dict(component), (), ())
    return work.resolved


def with_type(kind: str, component: Any) -> Any:
    """A component in force: a sink that does not say its type is one of a dataset.

    The manual calls the type required, but most of its dataset sinks leave it out.
    """
    if kind == "sink" and type(component) is dict and "type" not in component:
        return {"type": "dataset", **component}
    return component


class _Work:
    """One resolution; `path` is where a part is in force, `written` where it was written."""

    def __init__(self, env: Mapping[str, Any], raw: RawOptions) -> None:
        self.env = env
        self.raw = raw
        self.resolved = Resolved()

    def problem(
        self, written: Path, code: str, message: str, hint: str = "", level: str = "error"
    ) -> None:
        self.resolved.problems.append(Problem(json_path(written), code, message, hint, level))

    def value(self, key: str, value: Any, path: Path, written: Path) -> Any:
        """One property that is no component."""
        if key == "comment":
            return value
        if key in DATA_KEYS:
            return substitute(value, self.env, written, self.resolved.problems)
        return self.plain(value, path, written)

    def plain(self, value: Any, path: Path, written: Path) -> Any:
        kind = type(value)
        if kind is dict:
            return self.properties(value, path, written)
        if kind is list:
            return [self.plain(item, (*path, i), (*written, i)) for i, item in enumerate(value)]
        return substitute(value, self.env, written, self.resolved.problems)

    def properties(self, value: dict[str, Any], path: Path, written: Path) -> dict[str, Any]:
        return {
            key: self.value(key, item, (*path, key), place)
            for key, item, place in self.entries(value, path, written)
        }

    # -- conditional properties --------------------------------------------------------------------

    def entries(
        self, value: dict[str, Any], path: Path, written: Path
    ) -> Iterable[tuple[str, Any, Path]]:
        """The properties of an object with its conditional ones put in, and where each stands."""
        found = {key: (item, (*written, key)) for key, item in value.items() if key != BLOCK}
        if BLOCK in value:
            for key, item, place in self.chosen_properties(value[BLOCK], path, (*written, BLOCK)):
                if not path and key in ("_id", "type"):
                    message = f'"{key}" of a component cannot be conditional'
                    self.problem(place, "bad-conditional", message)
                    continue
                self.resolved.places[(*path, key)] = place
                found[key] = (item, place)
        return [(key, item, place) for key, (item, place) in found.items()]

    def chosen_properties(
        self, block: Any, path: Path, written: Path
    ) -> Iterable[tuple[str, Any, Path]]:
        alternatives, chosen = self.choose(block, written, optional=True)
        for key, alternative in alternatives.items():
            place = (*written, "alternatives", key)
            if type(alternative) is not dict:
                message = f"expected an object of properties, got {preview(alternative)}"
                self.problem(place, "wrong-type", message)
            elif key != chosen:
                self.resolved.unused_properties.append((path, alternative, place))
        if chosen is None or type(alternatives[chosen]) is not dict:
            return ()
        return self.entries(alternatives[chosen], path, (*written, "alternatives", chosen))

    def choose(
        self, block: Any, written: Path, *, optional: bool = False
    ) -> tuple[dict[str, Any], str | None]:
        """The alternatives of a conditional and the key of the one in force, or null."""
        if type(block) is not dict:
            message = (
                f'expected an object with "condition" and "alternatives", got {preview(block)}'
            )
            self.problem(written, "wrong-type", message)
            return {}, None
        missing = [key for key in ("condition", "alternatives") if key not in block]
        for key in missing:
            self.problem(written, "missing-option", f'"{key}" is missing in the conditional')
        alternatives = block.get("alternatives", {})
        if type(alternatives) is not dict:
            message = f"expected an object of alternatives, got {preview(alternatives)}"
            self.problem((*written, "alternatives"), "wrong-type", message)
            return {}, None
        if missing:
            return alternatives, None
        place = (*written, "condition")
        before = len(self.resolved.problems)
        value = substitute(block["condition"], self.env, place, self.resolved.problems)
        if len(self.resolved.problems) > before:
            return alternatives, None
        key = as_text(value)
        if key in alternatives:
            return alternatives, key
        names = ", ".join(map(preview, alternatives)) or "none"
        message = f"there is no alternative {preview(key)}, only {names}"
        level = "warning" if optional else "error"
        self.problem(place, "no-alternative", message, suggestion(key, alternatives), level)
        return alternatives, None

    # -- components --------------------------------------------------------------------------------

    def decide(self, value: Any, written: Path, kind: str) -> tuple[Any, Path]:
        """A component with its conditionals followed to the end, and where that is written.

        A conditional that cannot be decided stays as it is.
        """
        while type(value) is dict and value.get("type") == CONDITIONAL:
            alternatives, chosen = self.choose(value, written)
            for key, alternative in alternatives.items():
                if key != chosen:
                    place = (*written, "alternatives", key)
                    self.resolved.unused.append((kind, alternative, place))
            if chosen is None:
                return value, written
            value, written = alternatives[chosen], (*written, "alternatives", chosen)
        return value, written

    def component(self, value: Any, path: Path, written: Path, kind: str) -> Any:
        value, place = self.decide(value, written, kind)
        return self.body(value, path, place, kind)

    def body(self, value: Any, path: Path, written: Path, kind: str) -> Any:
        if self.resolved.written(path) != written:
            self.resolved.places[path] = written
        if type(value) is not dict or value.get("type") == CONDITIONAL:
            return value
        raw = self.raw(kind, value.get("type"))
        found = {key: item for key, item in value.items() if key not in raw}
        if kind != TRANSFORM:
            found = self.properties(found, path, written)
        else:
            if BLOCK in value:
                message = "a transform cannot have conditional properties"
                hint = 'use a transform of type "conditional"'
                self.problem((*written, BLOCK), "bad-conditional", message, hint)
            found = substitute(found, self.env, written, self.resolved.problems)
        return found | {key: value[key] for key in value if key in raw}

    def transforms(self, value: Any, written: Path) -> Any:
        """The transforms of a pipe: one, or a list, into which chosen lists are put."""
        if type(value) is not list:
            value, written = self.decide(value, written, TRANSFORM)
            if type(value) is not list:
                return self.body(value, (TRANSFORM,), written, TRANSFORM)
        out: list[Any] = []
        self.chain(value, written, out)
        return out

    def chain(self, values: list[Any], written: Path, out: list[Any]) -> None:
        for i, item in enumerate(values):
            value, place = self.decide(item, (*written, i), TRANSFORM)
            if type(value) is list:
                self.chain(value, place, out)
            else:
                out.append(self.body(value, (TRANSFORM, len(out)), place, TRANSFORM))
