"""What components say about each other: systems they name, datasets they read and write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.document import bad_name
from sesam_node.config.effective import datasets_read, parts_of, spec_of
from sesam_node.errors import Problem, preview, suggestion

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sesam_node.config.conditions import Resolved
    from sesam_node.config.document import Document
    from sesam_node.config.effective import Specs
    from sesam_node.config.options import Path

# Looking for near names among thousands takes milliseconds each time.
MAX_SUGGESTIONS = 50

PROPERTIES = "properties"
"""Of a transform that stands for several, what they are made of."""


class References:
    """The checks between the components of a document that are resolved already."""

    def __init__(
        self,
        document: Document,
        specs: Specs,
        effective: Mapping[str, dict[str, Any]],
        resolved: Mapping[str, Resolved],
    ) -> None:
        self.document = document
        self.specs = specs
        self.effective = effective
        self.resolved = resolved
        self.suggestions_left = MAX_SUGGESTIONS
        self.system_types = {
            name: str(system["type"]).removeprefix("system:")
            for name, system in document.systems.items()
        }

    def systems(self, name: str, broken: Collection[str]) -> list[Problem]:
        """Systems that a pipe names and that are not there, do not fit or are in error."""
        at = self.resolved[name].at
        problems = []
        for kind, path, part in self.parts(name):
            spec = spec_of(kind, part, self.specs)
            system = part.get("system") if type(part) is dict else None
            if spec is None or type(system) is not str:
                continue
            if not any(option.name == "system" for option in spec.options):
                continue
            place = at(path if path[-1] == PROPERTIES else (*path, "system"))
            type_ = self.system_types.get(system)
            if "$ENV(" in system:
                continue
            if type_ is None:
                hint = self.suggest(system, self.system_types)
                message = f"there is no system {preview(system)}"
                problems.append(Problem(place, "unknown-system", message, hint))
            elif spec.system_types and type_ not in spec.system_types:
                wanted = " or ".join(f"system:{wanted}" for wanted in spec.system_types)
                message = f"{spec.title} needs {wanted}, but {preview(system)} is a system:{type_}"
                problems.append(Problem(place, "wrong-system-type", message))
            elif system in broken:
                message = f"the system {preview(system)} is in error"
                problems.append(Problem(place, "broken-system", message))
        return list(dict.fromkeys(problems))

    def parts(self, name: str) -> Iterator[tuple[str, Path, Any]]:
        """The parts of a pipe; those that stand for several where those are written."""
        for kind, path, part in parts_of(self.resolved[name].component):
            spec = spec_of(kind, part, self.specs)
            if spec is None or spec.expands is None:
                yield kind, path, part
                continue
            for _, item in spec.expanded(part) or ():
                yield kind, (*path, PROPERTIES), item

    def datasets(self) -> Iterator[tuple[str, Problem]]:
        """Datasets that two pipes write (an error) or none does (a warning), with the pipe."""
        writers: dict[str, str] = {}
        for name in self.document.pipes:
            for path, dataset in self.written(name):
                problem = self.check_dataset(dataset, writers.get(dataset), path, name)
                writers.setdefault(dataset, name)
                if problem is not None:
                    yield name, problem
        for name in self.document.pipes:
            for problem in self.unwritten(name, writers):
                yield name, problem

    def written(self, name: str) -> list[tuple[Path, str]]:
        pipe = self.effective[name]
        found: list[tuple[Path, Any]] = []
        spec = spec_of("sink", pipe.get("sink"), self.specs)
        if spec is not None and spec.writes:
            found.append((("sink", "dataset"), pipe["sink"].get("dataset")))
        if type(pipe.get("pump")) is dict:
            found.append((("pump", "dead_letter_dataset"), pipe["pump"].get("dead_letter_dataset")))
        return [
            (path, dataset)
            for path, dataset in found
            if type(dataset) is str and "$ENV(" not in dataset
        ]

    def check_dataset(
        self, dataset: str, writer: str | None, path: Path, name: str
    ) -> Problem | None:
        resolved = self.resolved[name]
        given = _has(resolved.component, path)
        place = resolved.at(path) if given else "$"
        reason = bad_name(dataset) if given else ""
        if reason:
            return Problem(place, "bad-id", f"the dataset id {preview(dataset)} {reason}")
        if writer is None:
            return None
        message = f"the pipe {preview(writer)} writes the dataset {preview(dataset)} too"
        return Problem(place, "two-writers", message)

    def unwritten(self, name: str, writers: Collection[str]) -> list[Problem]:
        source = self.effective[name].get("source")
        spec = spec_of("source", source, self.specs)
        if spec is None or type(source) is not dict:
            return []
        at = self.resolved[name].at
        problems = []
        for key, dataset in datasets_read(source, spec):
            if dataset in writers or dataset.startswith("system:") or "$ENV(" in dataset:
                continue
            path: Path = (
                ("source", spec.reads) if key == spec.reads else ("source", spec.reads, key)
            )
            message = f"no pipe writes the dataset {preview(dataset)}"
            hint = self.suggest(dataset, writers)
            problems.append(Problem(at(path), "unknown-dataset", message, hint, "warning"))
        return problems

    def suggest(self, name: str, known: Collection[str]) -> str:
        self.suggestions_left -= 1
        return suggestion(name, known) if self.suggestions_left >= 0 else ""


def _has(component: Any, path: Path) -> bool:
    for part in path:
        if type(component) is not dict or component.get(str(part)) is None:
            return False
        component = component[str(part)]
    return True
