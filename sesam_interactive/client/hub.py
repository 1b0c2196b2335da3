"""The facade: `hub.pipes["x"]`, `hub.datasets["y"]`, and how a hub is found.

`connect()` looks, in this order, at its arguments, at the environment (`NODE`, `JWT`), at a named
profile, and at the managed node of the workbench; where there is none it starts one.
"""

from __future__ import annotations

import atexit
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sesam_interactive.client.access import Access
from sesam_interactive.client.config import Config, Metadata
from sesam_interactive.client.connection import Connection
from sesam_interactive.client.datasets import Datasets
from sesam_interactive.client.dtl import Dtl
from sesam_interactive.client.errors import ClientError
from sesam_interactive.client.managed import (
    DATA_VARIABLE,
    ManagedNode,
    data_folder,
    running_node,
    wait_for_node,
)
from sesam_interactive.client.node import Node
from sesam_interactive.client.pipes import Pipes
from sesam_interactive.client.project import Project
from sesam_interactive.client.runner import Runner
from sesam_interactive.client.settings import Env, Secrets
from sesam_interactive.client.systems import Systems
from sesam_interactive.client.webhooks import Webhooks
from sesam_interactive.display.html import properties_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_interactive.client.flow import Flow
    from sesam_interactive.client.overlap import Overlap, Overlaps
    from sesam_interactive.debugger import Session
    from sesam_interactive.widgets.dtl_editor import DtlEditor
    from sesam_node.model import Entity

_default: Hub | None = None


class Hub(Node):
    """One node: its pipes, datasets, systems, variables and configuration."""

    def __init__(self, connection: Connection, managed: ManagedNode | None = None) -> None:
        self._connection = connection
        self._managed = managed
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

    def status(self) -> dict[str, Any]:
        """Version, start time, what runs."""
        found: dict[str, Any] = self._connection.get("/status")
        return found

    def put_env(self, variables: Mapping[str, Any]) -> None:
        """Replace all environment variables."""
        self.env.replace(variables)

    def project(
        self,
        folder: str | Path,
        profile: str = "test",
        *,
        whitelist: str | Path | None = None,
    ) -> Project:
        """A project folder, to validate, upload, compare, run and test on this node.

        `profile` chooses the variables, `<profile>-env.json`; a `whitelist` is a file that lists
        the only configuration files to take.
        """
        listed = None if whitelist is None else Path(whitelist)
        return Project(self._connection, Path(folder), profile, listed)

    def debug(self, rules: Any, *ids: str, dataset: str | None = None, **options: Any) -> Session:
        """A debugging session of a draft's rules, over a `dataset=` or given `entities=`.

        The draft is a rule set, a list of transforms or a whole pipe; options as for a pipe's
        `debug`. Raises ClientError with the node's problems.
        """
        from sesam_interactive.client.debug import debug

        return debug(self._connection, None, ids, rules=rules, dataset=dataset, **options)

    def flow(self, *, rates: bool = True) -> Flow:
        """Its systems, pipes and datasets as a graph, with states, queues, rates and failures.

        As it is now; text, a table (`to_polars()`) or a picture (`plot()`).
        """
        from sesam_interactive.client.flow import read_flow

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

    def close(self) -> None:
        """Close the connection; a node that `connect()` started ends."""
        global _default  # noqa: PLW0603 - the one thing that is global in a kernel
        if _default is self:
            _default = None
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


def profiles_file() -> Path:
    """Where named nodes are kept: `{"prod": {"node": URL, "jwt": TOKEN}}`, for your eyes only."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "sesam-interactive" / "profiles.json"


def _profile(name: str) -> tuple[str, str | None]:
    file = profiles_file()
    try:
        profiles = json.loads(file.read_text())
        found = profiles[name]
        return found["node"], found.get("jwt")
    except OSError:
        raise ClientError(f"there is no file of profiles at {file}") from None
    except (ValueError, KeyError, TypeError):
        raise ClientError(f'no profile "{name}" with a "node" in {file}') from None


def connect(
    url: str | None = None,
    token: str | None = None,
    *,
    profile: str | None = None,
    data: str | Path | None = None,
    project: str | Path | None = None,
    default: bool = True,
) -> Hub:
    """A hub to work with; it becomes that of the cell magics, unless `default` is false.

    `url` and `token`, or a `profile`, say which node. Without them: `NODE` and `JWT` of the
    environment, else the managed node on the folder `data` (the workbench's), which is started as
    a child process, with the pipes of `project`, where it does not run. Raises NoNodeError.
    """
    global _default  # noqa: PLW0603 - the one thing that is global in a kernel
    managed = None
    if profile is not None:
        url, token = _profile(profile)
    elif url is None and data is None and os.environ.get("NODE"):
        url, token = os.environ["NODE"], token or os.environ.get("JWT")
    if url is None:
        folder = Path(data) if data is not None else data_folder()
        # Under a workbench's server the node is the server's to start.
        theirs = data is None and DATA_VARIABLE in os.environ
        found = wait_for_node(folder) if theirs else running_node(folder)
        if found is None:
            managed = ManagedNode(folder, Path(project) if project is not None else None)
            managed.start()
            atexit.register(managed.stop)
            found = managed.url, managed.token
        url, token = found
    connection = Connection(url, token)
    try:
        connection.get("/")
    except ClientError:
        connection.close()
        raise
    hub = Hub(connection, managed)
    if default:
        _default = hub
    return hub


def current_hub() -> Hub:
    """The hub of the last `connect()`; one is connected where there is none."""
    return _default if _default is not None else connect()


def connected_hub() -> Hub | None:
    """The hub of the last `connect()`; null before the first one, nothing is started."""
    return _default
