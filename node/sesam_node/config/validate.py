"""Every problem of a configuration at once, and the effective form of what is in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sesam_node.config.conditions import (
    CONDITIONAL,
    Resolved,
    resolve_other,
    resolve_pipe,
    with_type,
)
from sesam_node.config.document import NODE, Document
from sesam_node.config.effective import (
    effective_metadata,
    effective_pipe,
    parts_of,
    spec_of,
)
from sesam_node.config.options import (
    At,
    ComponentSpec,
    Option,
    Path,
    check_options,
    flaw_problems,
)
from sesam_node.config.permissions import check_permissions
from sesam_node.config.properties import METADATA, PIPE, PUMP
from sesam_node.config.references import References
from sesam_node.config.secrets import check_no_secrets, check_secrets
from sesam_node.errors import ConfigError, Problem, json_path, preview, suggestion

Specs = Mapping[tuple[str, str], ComponentSpec]

NONE: frozenset[str] = frozenset()

CheckRules = Callable[[str, Any, Path, dict[str, Any]], list[Problem]]
"""`check_rules(pipe_id, rules, path, effective)`: problems of DTL rules that stand at `path`."""

CheckText = Callable[[str], str]
"""Says why a text (a cron expression) is wrong, or nothing."""

KnownSecrets = Mapping[str, Collection[str]]
"""Names of secrets by the system they belong to; those of all systems under the empty id."""


@dataclass(frozen=True)
class Checked:
    """The outcome of `validate`.

    `effective` holds the effective form of every component that has an id, also of those in error,
    and always of the node's metadata (`"node"`). `problems` are sorted by component and path.
    """

    effective: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def errors(self) -> dict[str, list[Problem]]:
        """The errors by the id of the component; those of no component under the empty id."""
        found: dict[str, list[Problem]] = {}
        for problem in self.problems:
            if problem.level == "error":
                found.setdefault(problem.component, []).append(problem)
        return found

    @property
    def ok(self) -> bool:
        """Are there no errors? Warnings may be."""
        return not any(problem.level == "error" for problem in self.problems)

    def of(self, component_id: str) -> list[Problem]:
        """The problems of one component."""
        return [problem for problem in self.problems if problem.component == component_id]

    def raise_for_errors(self) -> None:
        """Raise ConfigError with every problem when there is an error."""
        count = sum(problem.level == "error" for problem in self.problems)
        if count:
            things = "an error" if count == 1 else f"{count} errors"
            raise ConfigError(f"the configuration has {things}", self.problems)


def validate(
    document: Document,
    env: Mapping[str, Any],
    specs: Specs,
    check_rules: CheckRules | None = None,
    known_secrets: KnownSecrets | None = None,
    *,
    check_cron: CheckText | None = None,
) -> Checked:
    """Check all components of a document and make their effective forms.

    `specs` is the registry of component types. Without `check_rules`, DTL is not looked into;
    without `known_secrets`, any secret may be named.
    """
    run = _Validation(document, env, specs, check_rules, known_secrets, check_cron)
    return run.check()


class _Validation:
    def __init__(
        self,
        document: Document,
        env: Mapping[str, Any],
        specs: Specs,
        check_rules: CheckRules | None,
        known_secrets: KnownSecrets | None,
        check_cron: CheckText | None,
    ) -> None:
        self.document = document
        self.env = env
        self.specs = specs
        self.check_rules = check_rules
        self.known_secrets = known_secrets
        self.check_cron = check_cron
        self.effective: dict[str, dict[str, Any]] = {}
        self.resolved: dict[str, Resolved] = {}
        self.problems: list[Problem] = []

    def check(self) -> Checked:
        self.problems += self.document.problems()
        self.metadata()
        for name in self.document.systems:
            self.system(name)
        for name in self.document.pipes:
            self.pipe(name)
        broken = {problem.component for problem in self.problems if problem.level == "error"}
        references = References(self.document, self.specs, self.effective, self.resolved)
        for name in self.document.pipes:
            self.report(name, references.systems(name, broken))
        for name, problem in references.datasets():
            self.report(name, [problem])
        for name, component in self.document.by_id.items():
            self.effective.setdefault(name, component)
        unique = list(dict.fromkeys(self.problems))
        return Checked(self.effective, sorted(unique))

    def report(self, component_id: str, problems: list[Problem]) -> None:
        self.problems += [
            problem if problem.component else replace(problem, component=component_id)
            for problem in problems
        ]

    def raw_options(self, kind: str, type_: Any) -> frozenset[str]:
        spec = self.specs.get((kind, type_)) if type(type_) is str else None
        return frozenset(option.name for option in spec.options if not option.env) if spec else NONE

    # -- one component -----------------------------------------------------------------------------

    def metadata(self) -> None:
        written = self.document.metadata
        if written is None:
            self.effective[NODE] = effective_metadata(None)
            return
        resolved = resolve_other(written, self.env)
        component = resolved.component
        self.effective[NODE] = effective_metadata(component)
        problems = check_options(METADATA, component, where="the metadata", at=resolved.at)
        problems += check_no_secrets(component, resolved.at)
        problems += check_permissions("node", component.get("permissions"), resolved.at)
        problems += self.unused(resolved, {(): METADATA})
        self.report(NODE, [*resolved.problems, *problems])

    def system(self, name: str) -> None:
        resolved = resolve_other(self.document.systems[name], self.env)
        component = resolved.component
        self.effective[name] = component
        spec = spec_of("system", component, self.specs)
        problems = self.component("system", component, (), at=resolved.at)
        problems += check_permissions("system", component.get("permissions"), resolved.at)
        problems += self.unused(resolved, {(): spec.all_options if spec else None})
        if self.known_secrets is not None:
            known = {*self.known_secrets.get(name, ()), *self.known_secrets.get("", ())}
            problems += check_secrets(component, known, resolved.at)
        self.report(name, [*resolved.problems, *problems])

    def pipe(self, name: str) -> None:
        resolved = resolve_pipe(self.document.pipes[name], self.env, self.raw_options)
        written = resolved.component
        component = effective_pipe(written, self.effective[NODE], self.specs)
        self.effective[name] = component
        self.resolved[name] = resolved
        at = resolved.at
        problems = check_options(PIPE, written, where="the pipe", at=at)
        options: dict[Path, tuple[Option, ...] | None] = {(): PIPE, ("pump",): PUMP}
        rules: list[Path] = []
        for kind, path, part in parts_of(written):
            if type(part) is not dict:
                if kind == "transform":
                    problems += _not_a_component(part, path, at)
                continue
            problems += self.component(kind, part, path, at=at)
            spec = spec_of(kind, part, self.specs)
            options[path] = spec.all_options if spec else None
            if spec is not None and spec.in_pipe is not None:
                problems += flaw_problems(spec.in_pipe(component), (), at)
            rules += [(*path, o.name) for o in options[path] or () if "dtl-rules" in o.kinds]
            if kind == "transform" and spec is not None and self.check_rules is not None:
                problems += self.rules(name, part, spec, path, resolved)
        problems += self.unused(resolved, options)
        problems += self.pump(component.get("pump"), at)
        problems += self.compaction(written.get("compaction"), at)
        problems += check_permissions("pipe", written.get("permissions"), at)
        problems += check_no_secrets(written, at, rules)
        self.report(name, [*resolved.problems, *problems])

    def component(
        self, kind: str, component: dict[str, Any], path: Path, *, at: At, unresolved: bool = False
    ) -> list[Problem]:
        """The problems of a source, transform, sink or system against its spec."""
        type_ = component.get("type")
        if type_ == CONDITIONAL and kind != "system":
            return []  # one that could not be decided: that has been reported
        if "type" not in component:
            return [Problem(at(path), "missing-option", f'"type" is missing in the {kind}')]
        if type(type_) is not str:
            message = f"expected a string, got {preview(type_)}"
            return [Problem(at((*path, "type")), "wrong-type", message)]
        if unresolved and "$ENV(" in type_:
            return []
        spec = spec_of(kind, component, self.specs)
        if spec is not None:
            return spec.check(component, path, unresolved=unresolved, at=at)
        known = [name for other, name in self.specs if other == kind]
        if kind == "system":
            known = [f"system:{name}" for name in known]
        message = f"unknown {kind} type {preview(type_)}"
        return [Problem(at((*path, "type")), "unknown-type", message, suggestion(type_, known))]

    def unused(
        self, resolved: Resolved, options: Mapping[Path, tuple[Option, ...] | None]
    ) -> list[Problem]:
        """The problems of alternatives that are not in force: names and types of options."""
        problems = []
        for kind, value, path in resolved.unused:
            problems += self.unused_component(kind, value, path)
        for place, properties, path in resolved.unused_properties:
            known = options.get(place)
            if known is not None:
                problems += check_options(known, properties, path, unresolved=True, partial=True)
        return problems

    def unused_component(self, kind: str, value: Any, path: Path) -> list[Problem]:
        if type(value) is list and kind == "transform":
            return [
                problem
                for i, item in enumerate(value)
                for problem in self.unused_component(kind, item, (*path, i))
            ]
        if type(value) is not dict:
            return _not_a_component(value, path, json_path)
        if value.get("type") == CONDITIONAL:
            alternatives = value.get("alternatives")
            return [
                problem
                for key, item in (alternatives if type(alternatives) is dict else {}).items()
                for problem in self.unused_component(kind, item, (*path, "alternatives", key))
            ]
        found = self.component(kind, with_type(kind, value), path, at=json_path, unresolved=True)
        return [problem for problem in found if problem.code != "not-built"]

    def rules(
        self,
        name: str,
        transform: dict[str, Any],
        spec: ComponentSpec,
        path: Path,
        resolved: Resolved,
    ) -> list[Problem]:
        """What is wrong with its rules; with those of the transforms that it stands for."""
        places: list[tuple[Path, Any]]
        if spec.expands is None:
            named = [one.name for one in spec.all_options if "dtl-rules" in one.kinds]
            places = [((option,), transform.get(option)) for option in named]
        else:
            chain = spec.expanded(transform) or ()
            places = [(place, item.get("rules")) for place, item in chain]
        problems: list[Problem] = []
        for place, rules in places:
            if type(rules) is dict and self.check_rules is not None:
                at = resolved.written((*path, *place))
                problems += self.check_rules(name, rules, at, self.effective[name])
        return problems

    def compaction(self, compaction: Any, at: At) -> list[Problem]:
        """Who keeps no version must say how long."""
        if type(compaction) is not dict or compaction.get("keep_versions") != 0:
            return []
        defaults = self.effective[NODE].get("global_defaults")
        node = defaults if type(defaults) is dict else {}
        hours = compaction.get("time_threshold_hours")
        if hours is not None or node.get("compaction_time_threshold_hours") is not None:
            return []
        message = '"keep_versions" 0 keeps no version, unless "time_threshold_hours" says how long'
        return [
            Problem(
                at(("compaction", "keep_versions")),
                "missing-option",
                message,
                'set "time_threshold_hours" too',
            )
        ]

    def pump(self, pump: Any, at: At) -> list[Problem]:
        """The problems of a pump beyond those of its options."""
        if type(pump) is not dict:
            return []
        problems = []
        for one, other in (
            ("cron_expression", "schedule_interval"),
            ("rescan_cron_expression", "rescan_run_count"),
        ):
            if pump.get(one) is not None and pump.get(other) is not None:
                message = f'"{one}" and "{other}" exclude each other; "{one}" counts'
                place = at(("pump", other))
                problems.append(Problem(place, "conflicting-options", message, level="warning"))
            if self.check_cron is not None and type(pump.get(one)) is str:
                reason = self.check_cron(pump[one])
                if reason:
                    problems.append(Problem(at(("pump", one)), "bad-cron", reason))
        if (pump.get("partial_rescan_run_count") is None) != (
            pump.get("partial_rescan_delta") is None
        ):
            message = '"partial_rescan_run_count" and "partial_rescan_delta" need each other'
            problems.append(Problem(at(("pump",)), "missing-option", message))
        return problems


def _not_a_component(value: Any, path: Path, at: At) -> list[Problem]:
    if len(path) == 1:
        return []  # the options of the pipe have reported it
    message = f"expected an object with a type, got {preview(value)}"
    return [Problem(at(path), "wrong-type", message)]
