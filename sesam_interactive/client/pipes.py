"""Pipes of a node: `hub.pipes["orders"].run()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sesam_interactive.client.access import Permissions, read_permissions, write_permissions
from sesam_interactive.client.collection import Collection, configuration
from sesam_interactive.client.connection import segment
from sesam_interactive.client.datasets import Dataset
from sesam_interactive.client.debug import Debugged
from sesam_interactive.client.diff import Diff
from sesam_interactive.client.endpoints import Endpoints
from sesam_interactive.client.entities import Entities
from sesam_interactive.client.errors import ClientError
from sesam_interactive.client.lineage import Lineage
from sesam_interactive.client.runner import RunAll, Runner
from sesam_interactive.client.running import Running
from sesam_interactive.client.schema import EntityType
from sesam_interactive.client.waiting import pause
from sesam_interactive.display.html import properties_table
from sesam_interactive.display.progress import Progress
from sesam_interactive.display.rows import Rows
from sesam_node.model.pumps import WORDS, state_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sesam_interactive.client.connection import Connection
    from sesam_interactive.client.queued import Queued
    from sesam_interactive.client.report import Report
    from sesam_interactive.client.runs import Runs
    from sesam_interactive.widgets.dtl_editor import DtlEditor
    from sesam_interactive.widgets.pipe_status import PipeStatus
    from sesam_node.model import Entity

POLL_S = 0.1


class Pipe(Running, Endpoints, Debugged):
    """One pipe of a node: its configuration, runs, log, and what it would make of entities."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self.name = name
        self._path = f"/pipes/{segment(name)}"

    def info(self) -> dict[str, Any]:
        """What the node says of it: `config` (original and effective) and `runtime`."""
        found: dict[str, Any] = self._connection.get(self._path)
        return found

    @property
    def config(self) -> dict[str, Any]:
        """Its configuration as it was uploaded."""
        original: dict[str, Any] = self._connection.get(f"{self._path}/config")
        return original

    @property
    def effective(self) -> dict[str, Any]:
        """Its configuration with variables replaced, conditions decided, defaults written out."""
        effective: dict[str, Any] = self.info()["config"]["effective"]
        return effective

    @property
    def dataset(self) -> Dataset:
        """The dataset that it writes. Raises ClientError for a pipe with another sink."""
        name = self.effective.get("sink", {}).get("dataset")
        if not name:
            raise ClientError(f'the pipe "{self.name}" writes no dataset')
        return Dataset(self._connection, name)

    def runs(self, limit: int = 100) -> Runs:
        """Its last runs that did something: how long they took, how many entities, how quickly."""
        from sesam_interactive.client.runs import Runs, read_runs

        return Runs(self.name, read_runs(self._connection, [self.name], limit))

    def queued(self, limit: int = 200) -> Queued:
        """About how many versions waited for it over time, from the logs of it and its writers."""
        from sesam_interactive.client.queued import read_queued

        return read_queued(self._connection, self.name, limit)

    def notebook(self, path: str | Path | None = None, *, overwrite: bool = False) -> Path:
        """Write a notebook to work on this pipe: look, rules, preview, diff, run, tests.

        To `path`, a file or a folder; `<pipe>.ipynb` here where there is none. Gives the file.
        Raises ClientError where it exists, unless `overwrite`.
        """
        from sesam_interactive.client.scaffold import pipe_notebook

        return pipe_notebook(self.info(), path, overwrite=overwrite)

    def status_view(self) -> PipeStatus:
        """Its state, queue, progress and last runs, kept up to date; buttons start and stop it."""
        from sesam_interactive.client.watching import status

        return status(self._connection, self.name)

    def entities(self, stage: str = "sink", limit: int | None = None) -> Entities:
        """What it would produce now, computed without writing; `stage` as in the manual.

        `source`, `before-transforms`, `after-transforms` or `sink`.
        """
        return Entities(self._connection, f"{self._path}/entities", stage=stage, limit=limit)

    def preview(
        self,
        config: Mapping[str, Any] | None = None,
        source: list[Entity] | Entity | None = None,
        limit: int = 10,
    ) -> list[dict[str, Any]]:
        """What a draft of its configuration makes of entities; nothing is written.

        Each result has `source`, `emitted` (a list), `filtered`, `discarded`, `error`. Without
        `config` the deployed one, without `source` a sample of its real source.
        """
        import json

        data = {"limit": str(limit)}
        if config is not None:
            data["pipe-config"] = json.dumps(config)
        if source is not None:
            data["source"] = json.dumps(source)
        answer = self._connection.json("POST", f"{self._path}/preview", data=data)
        results: list[dict[str, Any]] = answer[0]["results"] if answer else []
        return results

    def lineage(self, name: str | None = None, *, direction: str = "upstream") -> Lineage:
        """Which properties of which datasets one that it writes, or publishes, comes from.

        `direction` is "upstream" or "downstream"; without `name` of all properties.
        """
        path = f"{self._path}/lineage"
        asked = {"property": name, "direction": direction}
        return Lineage(self._connection.get(path, **asked))

    def entity_type(self, side: str = "sink") -> EntityType:
        """What the entities of its "source" or "sink" look like: a JSON schema, with counts.

        Raises ClientError (status 404) where nothing is known of them.
        """
        return EntityType(self._connection.get(f"{self._path}/entity-types/{segment(side)}"))

    def diff(
        self,
        config: Mapping[str, Any] | None = None,
        limit: int = 300,
        *,
        all: bool = False,  # noqa: A002 - as the API has it
        progress: bool = True,
    ) -> Diff:
        """What a full run of a draft of it would change in its sink; nothing is written.

        Without `config` of the deployed one. Over the first `limit` source entities, or over `all`
        in the background of the node: then this waits for it, and interrupting ends it there too.
        Raises ClientError with the node's problems.
        """
        asked = {"config": None if config is None else dict(config), "limit": limit, "all": all}
        told: dict[str, Any] = self._connection.json("POST", f"{self._path}/diff", json=asked)
        return Diff(self._diffed(told["job"], progress=progress) if all else told)

    def _diffed(self, job: str, *, progress: bool) -> dict[str, Any]:
        path = f"{self._path}/diff/{job}"
        with Progress(f"{self.name}: comparing", shown=progress) as shown:
            try:
                while (told := self._connection.get(path))["state"] == "running":
                    shown.update(int(told["progress"].get("read") or 0))
                    pause(POLL_S)
            except BaseException:
                self._connection.json("DELETE", path)
                raise
        if told["state"] != "done":
            reason = told.get("error") or told["state"]
            raise ClientError(f'the comparison of "{self.name}" did not end: {reason}')
        result: dict[str, Any] = told["result"]
        return result

    def save(self, config: Mapping[str, Any], *, force: bool = False) -> None:
        """Put a new configuration of this pipe on the node; made where there is none.

        With `force` also one with errors, which is marked.
        """
        params = {"force": "true"} if force else None
        self._connection.json(
            "PUT", f"{self._path}/config", json=configuration(config), params=params
        )

    def delete(self) -> None:
        """Delete the pipe, and the dataset that it writes."""
        self._connection.json("DELETE", self._path)

    def columns(self, sample_size: int = 1_000) -> Rows:
        """The columns of a table for what it makes, as `schema_definition` of a SQL sink."""
        path = f"{self._path}/generate-schema-definition"
        return Rows(self._connection.get(path, sample_size=sample_size))

    def permissions(self) -> Permissions:
        """Who may do what with it."""
        return read_permissions(self._connection, f"pipe/{self.name}")

    def permit(self, entries: Sequence[Any]) -> Permissions:
        """Give it a list of permissions of its own; an empty one goes back to the defaults."""
        return write_permissions(self._connection, f"pipe/{self.name}", entries)

    def edit(self, rules: Any = None, *, transform: int | None = None) -> DtlEditor:
        """An editor of its rules that shows what they make of real entities while one types.

        `rules` (text or JSON) stand in place of the deployed ones; `transform` says which of
        several transforms is meant. Nothing is written until it is saved.
        """
        from sesam_interactive.client.editing import RulesDraft, editor

        draft = RulesDraft(self._connection, pipe=self.name, transform=transform)
        return editor(draft, rules)

    def __repr__(self) -> str:
        return f'<Pipe "{self.name}">'

    def _repr_html_(self) -> str:
        info = self.info()
        effective, runtime = info["config"]["effective"], info["runtime"]
        source, sink = effective.get("source", {}), effective.get("sink", {})
        rows = {
            "source": _component(source),
            "transform": _component(effective.get("transform") or {}),
            "sink": _component(sink),
            "state": WORDS[state_of(runtime)],
            "description": effective.get("description"),
        }
        return properties_table(f"Pipe {self.name}", {k: v for k, v in rows.items() if v})


def _component(config: Any) -> str:
    if isinstance(config, list):
        return " → ".join(_component(item) for item in config)
    where = config.get("dataset") or config.get("datasets") or config.get("url") or ""
    return f"{config.get('type', '')} {', '.join(where) if isinstance(where, list) else where}"


class Pipes(Collection[Pipe]):
    """The pipes of a node, by id."""

    noun = "pipe"
    path = "/pipes"
    named_only: ClassVar[Mapping[str, str]] = {"fields": "_id"}

    def make(self, name: str) -> Pipe:
        return Pipe(self._connection, name)

    def add(self, *pipes: Mapping[str, Any], force: bool = False) -> list[Pipe]:
        """Add pipes. Raises ClientError where one exists already (409), or has errors."""
        body, params = [configuration(pipe) for pipe in pipes], {"force": force}
        found = self._connection.json("POST", self.path, json=body, params=params)
        return [self.make(item["_id"]) for item in found]

    def report(self) -> Report:
        """How all of them are, those that fail first: last error, queue, last and next run."""
        from sesam_interactive.client.report import Report

        return Report(self._connection.url, self._listed())

    def runs(self, limit: int = 20) -> Runs:
        """The last runs of each of them, over time."""
        from sesam_interactive.client.runs import Runs, read_runs

        return Runs("all pipes", read_runs(self._connection, self.names(), limit))

    def run_all(
        self,
        *,
        reset: bool = False,
        max_run_time: int = 900,
        progress: bool = True,
        stop: bool = False,
    ) -> RunAll:
        """Run every pipe in the order of their graph until nothing changes any more.

        `reset` first empties the datasets they write, as the official client's `run` does.
        Interrupting leaves the run going unless `stop`. Raises ClientError when a pipe fails in
        the end.
        """
        runner = Runner(self._connection)
        return runner.run(reset=reset, max_run_time=max_run_time, progress=progress, stop=stop)

    def _row(self, item: dict[str, Any]) -> dict[str, Any]:
        effective = item["config"]["effective"]
        return {
            "pipe": item["_id"],
            "source": _component(effective.get("source", {})),
            "sink": _component(effective.get("sink", {})),
            "state": state_of(item.get("runtime", {})),
        }
