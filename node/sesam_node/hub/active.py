"""A configuration in force, and how it differs from the one before it. Plain data, no I/O."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sesam_node.config.document import METADATA_TYPE, NODE, Document
from sesam_node.config.validate import Checked
from sesam_node.hub.bookkeeping import datasets_of
from sesam_node.hub.gates import Gates

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sesam_node.errors import Problem
    from sesam_node.hub.checking import Facts
    from sesam_node.store import Store


OWN = "system:"
"""What the names of datasets begin with that the node keeps for itself."""


@dataclass(frozen=True)
class Active:
    """A configuration in force, with all that was derived from it. Never changed."""

    revision: int = 0
    document: Document = field(default_factory=Document)
    env: Mapping[str, Any] = field(default_factory=dict)
    checked: Checked = field(default_factory=lambda: Checked({NODE: _no_metadata()}))
    facts: Mapping[str, Facts] = field(default_factory=dict)

    @cached_property
    def problems(self) -> Mapping[str, list[Problem]]:
        """The problems of each component that has any."""
        found: dict[str, list[Problem]] = {}
        for problem in self.checked.problems:
            found.setdefault(problem.component, []).append(problem)
        return found

    @cached_property
    def invalid(self) -> frozenset[str]:
        """The ids of components with an error; they are loaded, but do nothing."""
        return frozenset(self.checked.errors)

    @property
    def metadata(self) -> dict[str, Any]:
        """The effective metadata of the node."""
        return self.checked.effective[NODE]

    def effective(self, component_id: str) -> dict[str, Any]:
        return self.checked.effective[component_id]

    def systems_of(self, pipe_id: str) -> dict[str, dict[str, Any]]:
        """The effective systems that a pipe names."""
        systems = self.document.systems
        return {
            name: self.effective(name)
            for name in sorted(self.facts[pipe_id].systems)
            if name in systems
        }

    @cached_property
    def _gates(self) -> Gates:
        return Gates(self.facts, {pipe: self.effective(pipe) for pipe in self.facts})

    @cached_property
    def _awaited(self) -> dict[str, frozenset[str]]:
        return {}

    def awaited(self, pipe_id: str) -> frozenset[str]:
        """The datasets that must be populated before a pipe runs."""
        found = self._awaited
        if pipe_id not in found:
            found[pipe_id] = self._gates.awaited(pipe_id)
        return found[pipe_id]

    @cached_property
    def _writers(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for pipe, facts in self.facts.items():
            pump = self.effective(pipe).get("pump")
            dead = pump.get("dead_letter_dataset") if type(pump) is dict else None
            for name in {*datasets_of(pipe, facts), *([dead] if type(dead) is str else [])}:
                found[name] = (*found.get(name, ()), pipe)
        return found

    def pipes_of_dataset(self, name: str) -> tuple[str, ...]:
        """The pipes that write a dataset; what is named `system:…:pipe` belongs to that pipe."""
        found = self._writers.get(name, ())
        if not found and name.startswith(OWN):
            owner = name.removeprefix(OWN).partition(":")[2]
            return (owner,) if owner in self.facts else ()
        return found

    def config_errors(self, component_id: str) -> list[dict[str, Any]]:
        """The problems of a component as the API shows them."""
        return [config_error(problem) for problem in self.problems.get(component_id, ())]


def _no_metadata() -> dict[str, Any]:
    return {"_id": NODE, "type": METADATA_TYPE}


def config_error(problem: Problem) -> dict[str, Any]:
    text = f"{problem.message}; {problem.hint}" if problem.hint else problem.message
    return {
        "level": problem.level,
        "msg": f"{problem.path}: {text} [{problem.code}]" if problem.path else text,
        "elements": [problem.path] if problem.path else [],
    }


def json_bytes(value: Any) -> bytes:
    """A value as JSON, in the order and with the numbers it was given."""
    return json.dumps(value, ensure_ascii=False).encode()


def config_tag(component: Mapping[str, Any] | None) -> str:
    """What a configuration is known by, `""` where there is none: another tag, another text."""
    return "" if component is None else hashlib.sha256(json_bytes(component)).hexdigest()[:32]


def same(old: Active, new: Active) -> bool:
    return (
        json_bytes(old.document.to_list()) == json_bytes(new.document.to_list())
        and json_bytes(old.env) == json_bytes(new.env)
        and old.checked == new.checked
    )


def concerned_pipes(old: Active, new: Active, *, secrets_changed: bool) -> set[str]:
    """The pipes that do not go on as they were: changed, removed, or their systems changed."""
    concerned = set()
    everything = old.metadata != new.metadata
    for name in old.document.pipes:
        if (
            everything
            or name not in new.document.pipes
            or old.effective(name) != new.effective(name)
            or (name in old.invalid) != (name in new.invalid)
            or old.systems_of(name) != new.systems_of(name)
            or (secrets_changed and (old.facts[name].systems or old.facts[name].secrets))
        ):
            concerned.add(name)
    return concerned


def written_datasets(active: Active) -> set[str]:
    """The datasets that pipes of this configuration write."""
    return {facts.sink for facts in active.facts.values() if facts.sink is not None}


def abandoned_datasets(old: Active, new: Active) -> Iterable[str]:
    """The datasets that go with the pipes that were removed."""
    for name in set(old.document.pipes).difference(new.document.pipes):
        yield from datasets_of(name, old.facts[name])


def delete_datasets(store: Store, names: Collection[str]) -> list[str]:
    """Delete those of the datasets that are there, and give their names."""
    found = [name for name in sorted(names) if store.exists(name)]
    for name in found:
        store.delete(name)
    return found
