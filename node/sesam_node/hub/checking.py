"""Checks a whole configuration, in a worker process: rules are compiled, and that takes time.

`check_configuration` is called through the executor, so everything that goes in and comes out is
plain data.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sesam_node.config.document import NODE, Document
from sesam_node.config.effective import datasets_read, spec_of, transforms_of
from sesam_node.config.validate import Checked, validate
from sesam_node.dtl import RuleContext, compile_rules, problems_of
from sesam_node.errors import DtlError, Problem, json_path, suggestion
from sesam_node.pipes.batch import Context
from sesam_node.pipes.component import specs
from sesam_node.pipes.rule_context import rule_context
from sesam_node.pipes.runs import PipeDefinition
from sesam_node.pipes.validation import named_secrets
from sesam_node.scheduling.schedule import check_cron

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sesam_node.config.options import Path

OPERATION = "sesam_node.hub.checking:check_configuration"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the hub must know of a pipe, beyond its effective configuration.

    `sources` and `hops` are the datasets it reads, `sink` the one it writes. `waits` is a pipe
    that is never started: a receiver or a publisher. `receiver` has an endpoint as its source,
    `embedded` its entities in the configuration; `since` is a source that can go on at an offset.
    `secrets` are those that its rules name.
    """

    sources: tuple[str, ...] = ()
    hops: frozenset[str] = frozenset()
    sink: str | None = None
    source_type: str = ""
    sink_type: str = ""
    waits: bool = False
    receiver: bool = False
    since: bool = False
    systems: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()

    @property
    def reads(self) -> frozenset[str]:
        return self.hops.union(self.sources)

    @property
    def reads_many(self) -> bool:
        """Has its offset a position for each dataset?"""
        return bool(self.sources) and self.source_type != "dataset"

    @property
    def internal(self) -> bool:
        """From dataset to dataset."""
        return bool(self.sources) and self.sink is not None

    @property
    def is_endpoint(self) -> bool:
        return self.sink_type.endswith("_endpoint")

    @property
    def is_input(self) -> bool:
        """Does it bring entities from outside the node's datasets?"""
        return not self.sources and self.sink is not None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The effective forms and problems of a configuration, and the facts of its pipes."""

    checked: Checked
    facts: dict[str, Facts] = field(default_factory=dict)


def check_configuration(
    components: list[Any],
    env: Mapping[str, Any],
    known_secrets: Mapping[str, list[str]] | None = None,
    warnings: tuple[Problem, ...] = (),
) -> Outcome:
    """Every problem of these components, and what follows from them.

    Raises ConfigError where they are no configuration at all.
    """
    document = Document.from_list(components, warnings)
    rules = _Rules(document, None if known_secrets is None else known_secrets.get("", []))
    checked = validate(
        document,
        env,
        specs(),
        rules.check,
        known_secrets,
        check_cron=lambda text: check_cron(text) or "",
    )
    facts = {
        name: _facts(
            checked.effective[name], rules.datasets.get(name, set()), rules.secrets.get(name, set())
        )
        for name in document.pipes
    }
    return Outcome(checked, facts)


class _Rules:
    """Compiles the rules of pipes and keeps which datasets they look into."""

    def __init__(self, document: Document, known_secrets: Collection[str] | None) -> None:
        self._known_secrets = known_secrets
        self._metadata = document.metadata or {"_id": NODE}
        sinks = [pipe.get("sink") for pipe in document.pipes.values()]
        named = [sink.get("dataset") for sink in sinks if type(sink) is dict]
        # A condition or a variable may choose another name; then the warning is left to the run.
        self._written = frozenset(document.pipes) | {name for name in named if type(name) is str}
        self.datasets: dict[str, set[str]] = {}
        self.secrets: dict[str, set[str]] = {}

    def check(
        self, pipe_id: str, rules: Any, path: Path, effective: dict[str, Any]
    ) -> list[Problem]:
        transform: dict[str, Any] = next(
            (
                item
                for _, item in transforms_of(effective)
                if type(item) is dict and item.get("rules") is rules
            ),
            {},
        )
        context = self._context(transform, effective)
        try:
            compiled = compile_rules(rules, context, path=path)
        except DtlError as error:
            found = list(error.problems) or [Problem("$", "bad-rules", error.message)]
            return found + self._unwritten(rules, context, path)
        self.datasets.setdefault(pipe_id, set()).update(compiled.datasets)
        self.secrets.setdefault(pipe_id, set()).update(compiled.plan.secrets)
        problems = [*compiled.warnings, *self._unknown_secrets(compiled.plan.secrets)]
        if compiled.datasets <= self._written:
            return problems
        return problems + self._unwritten(rules, context, path)

    def _unknown_secrets(self, named: Mapping[str, tuple[str | int, ...]]) -> list[Problem]:
        """Rules may name those secrets that all systems may name."""
        known = self._known_secrets
        if known is None:
            return []
        return [
            Problem(
                json_path(at),
                "unknown-secret",
                f'the secret "{name}" is not set',
                suggestion(name, known) or "rules may name the secrets of the node",
            )
            for name, at in named.items()
            if name not in known
        ]

    def _unwritten(self, rules: Any, context: RuleContext, path: Path) -> list[Problem]:
        """Hopped datasets that no pipe writes: a warning, they may come from elsewhere."""
        within = replace(context, datasets=self._written)
        return [
            replace(problem, level="warning")
            for problem in problems_of(rules, within, path=path)
            if problem.code == "unknown-dataset"
        ]

    def _context(self, transform: dict[str, Any], effective: dict[str, Any]) -> Any:
        definition = PipeDefinition(effective, metadata=self._metadata)
        context = Context(definition)
        context.namespaced = effective.get("namespaced_identifiers") is True
        source = effective.get("source")
        alone = effective.get("transform") is transform or effective.get("transform") == [transform]
        if alone and type(source) is dict and source.get("type") == "dataset":
            context.source_dataset = source.get("dataset")
        return rule_context(context, id_required=transform.get("id_required") is not False)


def _facts(pipe: dict[str, Any], hops: set[str], secrets: set[str]) -> Facts:
    known = specs()
    source, sink = pipe.get("source"), pipe.get("sink")
    source_spec, sink_spec = spec_of("source", source, known), spec_of("sink", sink, known)
    systems = set()
    for part in (source, sink, *(item for _, item in transforms_of(pipe))):
        if type(part) is dict and type(part.get("system")) is str:
            systems.add(part["system"])
    written = None
    if sink_spec is not None and sink_spec.writes and type(sink) is dict:
        written = sink.get("dataset")
    reads: tuple[str, ...] = ()
    since = False
    asked: set[str] = set()
    if source_spec is not None and type(source) is dict:
        reads = tuple(dataset for _, dataset in datasets_read(source, source_spec))
        default = bool(source_spec.supports_since)
        since = source.get("supports_since", default) is True
        asked = named_secrets(source.get("validation_expression"))
    return Facts(
        sources=reads,
        hops=frozenset(hops),
        sink=written if type(written) is str else None,
        source_type=source_spec.type if source_spec else "",
        sink_type=sink_spec.type if sink_spec else "",
        waits=any(spec is not None and not spec.scheduled for spec in (source_spec, sink_spec)),
        receiver=source_spec is not None and not source_spec.scheduled,
        since=since,
        systems=frozenset(systems),
        secrets=frozenset(secrets | asked),
    )
