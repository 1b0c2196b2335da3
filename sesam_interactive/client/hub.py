"""The facade: `hub.pipes["x"]`, `hub.datasets["y"]`; `connecting.py` says how a hub is found."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sesam_interactive.client.access import Access
from sesam_interactive.client.config import Config, Metadata
from sesam_interactive.client.datasets import Datasets
from sesam_interactive.client.dtl import Dtl
from sesam_interactive.client.node import Node
from sesam_interactive.client.pipes import Pipes
from sesam_interactive.client.profiles import sync_config
from sesam_interactive.client.project import Project
from sesam_interactive.client.project_files import DEFAULT_PROFILE
from sesam_interactive.client.runner import Runner
from sesam_interactive.client.settings import Env, Secrets
from sesam_interactive.client.systems import Systems
from sesam_interactive.client.webhooks import Webhooks
from sesam_interactive.display.html import properties_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sesam_interactive.client.aio import Async
    from sesam_interactive.client.connection import Connection
    from sesam_interactive.client.datasets import Dataset
    from sesam_interactive.client.events import Event
    from sesam_interactive.client.flow import Flow
    from sesam_interactive.client.managed import ManagedNode
    from sesam_interactive.client.overlap import Overlap, Overlaps
    from sesam_interactive.debugger import Session
    from sesam_interactive.widgets.dtl_editor import DtlEditor
    from sesam_node.model import Entity


class Hub(Node):
    """One node: its pipes, datasets, systems, variables and configuration.

    `folder` is the project folder that its configuration is kept in, if any: cells save there.
    """

    def __init__(
        self,
        connection: Connection,
        managed: ManagedNode | None = None,
        folder: Path | None = None,
    ) -> None:
        self._connection = connection
        self._managed = managed
        self.folder = folder
        self.is_closed = False
        self.pipes = Pipes(connection)
        self.datasets = Datasets(connection)
        self.systems = Systems(connection)
        self.env = Env(connection)
        self.secrets = Secrets(connection)
        self.config = Config(connection)
        self.metadata = Metadata(connection)
        self.access = Access(connection)
        self.webhooks = Webhooks(connection)
        self.runner = Runner(connection)
        self.dtl = Dtl(connection)

    @property
    def url(self) -> str:
        return self._connection.url

    @property
    def connection(self) -> Connection:
        """The HTTP connection, for calls that this library has no name for."""
        return self._connection

    @property
    def managed(self) -> ManagedNode | None:
        """The node, where this kernel has started it."""
        return self._managed

    @cached_property
    def aio(self) -> Async:
        """The same hub for code that awaits: `await hub.aio.pipes["x"].run()`."""
        from sesam_interactive.client.aio import asynchronous

        return asynchronous(self)

    def status(self) -> dict[str, Any]:
        """Version, start time, what runs."""
        found: dict[str, Any] = self._connection.get("/status")
        return found

    def events(self) -> Iterator[Event]:
        """What happens on the node, as it happens; leave the loop to end it.

        The first event is a `snapshot` of pipes, datasets and systems by id, the others are
        `changes` of it, in which null is what has gone. The node ends them after a quarter of an
        hour.
        """
        from sesam_interactive.client.events import read_events

        return read_events(self._connection)

    def put_env(self, variables: Mapping[str, Any]) -> None:
        """Replace all environment variables."""
        self.env.replace(variables)

    def project(
        self,
        folder: str | Path,
        profile: str | None = None,
        *,
        whitelist: str | Path | None = None,
    ) -> Project:
        """A project folder, to validate, upload, compare, run and test on this node.

        `profile` chooses the variables, `<profile>-env.json`: that of the project's `.syncconfig`,
        else "test". A `whitelist` is a file that lists the only configuration files to take.
        """
        if profile is None:
            found = sync_config(Path(folder))
            profile = (found.profile if found else None) or DEFAULT_PROFILE
        listed = None if whitelist is None else Path(whitelist)
        return Project(self._connection, Path(folder), profile, listed)

    def debug(self, rules: Any, *ids: str, dataset: str | None = None, **options: Any) -> Session:
        """A debugging session of a draft's rules, over a `dataset=` or given `entities=`.

        The draft is a rule set, a list of transforms or a whole pipe, whose source then feeds it
        where that is a dataset or embedded; options as for a pipe's
        `debug`. Raises ClientError with the node's problems.
        """
        from sesam_interactive.client.debug import debug, draft_source

        fed = draft_source(rules, dataset, options)
        return debug(self._connection, None, ids, rules=rules, dataset=fed, **options)

    def flow(self, *, rates: bool = True) -> Flow:
        """Its systems, pipes and datasets as a graph, with states, queues, rates and failures.

        As it is now; text, a table (`to_polars()`) or a picture (`plot()`).
        """
        from sesam_interactive.client.flow_reading import read_flow

        return read_flow(self._connection, rates=rates)

    def overlap(
        self, left: str | list[str], right: str | list[str], *, limit: int | None = None
    ) -> Overlap:
        """How much a join of two properties would hit: `"orders.customer_id", "customers._id"`.

        Lists of properties are joined together. `limit` takes the first left entities only. Tells
        types that do not fit and changes of the keys that hit more, with the DTL to copy. Raises
        ClientError for names that are nowhere.
        """
        from sesam_interactive.client.overlap import read_overlap

        return read_overlap(self._connection, left, right, limit)

    def overlaps(self, left: str, right: str, *, limit: int | None = None) -> Overlaps:
        """Which properties of two datasets might be joined, the likeliest first.

        A side may be narrowed to one property (`orders.customer_id`).
        """
        from sesam_interactive.client.overlap import read_overlaps

        return read_overlaps(self._connection, left, right, limit)

    def edit(
        self,
        rules: Any = None,
        *,
        pipe: str | None = None,
        dataset: str | None = None,
        entities: list[Entity] | None = None,
    ) -> DtlEditor:
        """An editor of new rules over a pipe's source, a dataset, or entities at hand."""
        from sesam_interactive.client.editing import RulesDraft, editor

        draft = RulesDraft(self._connection, pipe=pipe, dataset=dataset, entities=entities)
        return editor(draft, rules)

    def from_frame(
        self,
        frame: Any,
        id: str = "_id",  # noqa: A002 - the word that people use
        *,
        dataset: str,
        replace: bool = False,
        batch: int = 10_000,
        progress: bool = True,
    ) -> Dataset:
        """A dataset of the rows of a polars or pandas frame, an entity a row; nulls are left out.

        The column `id` holds the ids. Rows are posted, `batch` at a time, to the receiver pipe
        `dataset`, which is made where there is none. With `replace` what is not in the frame is
        deleted. Raises ClientError, with row and column, before anything is sent, for what no
        entity can hold.
        """
        from sesam_interactive.client.uploading import upload

        options: dict[str, Any] = {"replace": replace, "batch": batch, "progress": progress}
        return upload(self._connection, frame, id, dataset, **options)

    def close(self) -> None:
        """Close the connection; a node that `connect()` started ends."""
        self.is_closed = True
        self._connection.close()
        if self._managed is not None:
            self._managed.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Hub {self.url}>"

    def _repr_html_(self) -> str:
        status = self.status()
        rows = {
            "version": status.get("version"),
            "pipes": len(self.pipes),
            "datasets": len(self.datasets),
            "systems": len(self.systems),
        }
        return properties_table(f"Hub at {self.url}", rows)
