"""Which node the workbench shows: the managed one, which is started and stopped here, or another.

The managed node is a child of the server: on a free port, with a token of its own, ending with the
server even when that is killed. Other nodes are those that the user has kept as profiles. Several
servers may run on a machine: one that finds the managed node of its data folder running, started by
another server, shows that one and leaves it alone.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_interactive.client.connection import Connection, api_url
from sesam_interactive.client.errors import ClientError, NoNodeError
from sesam_interactive.client.managed import (
    DATA_VARIABLE,
    PROJECT_VARIABLE,
    FolderInUseError,
    ManagedNode,
    data_folder,
    is_held,
    running_node,
    wait_for_node,
)
from sesam_interactive.client.profiles import profiles
from sesam_node.errors import InputError, preview

if TYPE_CHECKING:
    from collections.abc import Callable
    from logging import Logger, LoggerAdapter

OPERATIONS = ("start", "stop", "connect")
MAX_RESTARTS = 5
ANSWERS_WITHIN_S = 60.0


class Target(NamedTuple):
    """Where calls go. The token never leaves this process but to the node."""

    url: str
    token: str | None

    def __repr__(self) -> str:
        return f"<Target {self.url}>"


class Nodes:
    """The node that is shown. Its methods may be called from any thread."""

    def __init__(
        self,
        project: Path | None,
        data: Path | None,
        profile: str,
        log: Logger | LoggerAdapter[Any],
    ) -> None:
        self._project = project
        self._data = data
        self._variables = profile
        self._log = log
        self._lock = Lock()
        self._managed: ManagedNode | None = None
        self._shared: Target | None = None
        self._starting = False
        self._wanted = False
        self._restarts = 0
        self._problem = ""
        self._profile: str | None = None
        self._connection: tuple[Target, Connection] | None = None
        self.changed: Callable[[], None] = lambda: None
        """Called when another node is shown, or the managed one is another."""

    # -- the managed node --------------------------------------------------------------------------

    @property
    def managed(self) -> ManagedNode | None:
        return self._managed

    def begin(self) -> None:
        """Start the managed node with the server, where it has a project or data folder."""
        if self._project is not None or self._data is not None:
            if self._data is None:
                self._data = Path(tempfile.mkdtemp(prefix="sesam-interactive-"))
            self.start()

    def start(self) -> None:
        """Start the managed node; the state tells when it runs, or why it does not."""
        with self._lock:
            if self._starting or (self._managed is not None and self._managed.is_running()):
                return
            self._starting, self._wanted, self._problem = True, True, ""
            self._restarts = 0
        self._tell_kernels()
        # In a thread, so that the server answers at once; kernels wait until the node does.
        Thread(target=self._start, daemon=True).start()

    def _tell_kernels(self) -> None:
        """Kernels that start from now on find the node by its data folder."""
        if self._data is None:
            self._data = data_folder()
        self._data = self._data.absolute()
        self._data.mkdir(parents=True, exist_ok=True)
        os.environ[DATA_VARIABLE] = str(self._data)
        if self._project is not None:
            os.environ[PROJECT_VARIABLE] = str(self._project)

    def _start(self) -> None:
        assert self._data is not None  # noqa: S101 - `start` has seen to it
        try:
            found = running_node(self._data)
            if found is not None:
                self._shared = Target(*found)
                self._log.info("sesam-interactive: node of another server at %s", found[0])
                return
            node = ManagedNode(self._data, self._project, self._variables)
            with self._lock:
                self._managed, self._shared = node, None
            try:
                node.start()
            except FolderInUseError:
                # Another server has begun to start it at the same time.
                self._managed, self._shared = None, Target(*wait_for_node(self._data))
                return
            self._log.info("sesam-interactive: node at %s", node.url)
            if not self._wanted:
                # It was stopped while it started.
                node.stop()
        except (NoNodeError, OSError) as error:
            if self._wanted:
                self._problem = str(error)
                self._log.error("sesam-interactive: %s", error)
        finally:
            self._starting = False
            self.changed()

    def stop(self) -> None:
        """Stop the managed node. Raises InputError for one that another server has started."""
        self._wanted = False
        node = self._managed
        if node is None and self._shared is not None:
            raise InputError("the node was started by another server; it is stopped there")
        if node is not None:
            node.stop()
        self.changed()

    def watch(self) -> None:
        """Start a managed node again that has ended by itself; a few times.

        One of another server is not: who stopped it there may have meant to.
        """
        if self._shared is not None and self._data is not None and not is_held(self._data):
            self._shared = None
            self._problem = "the node of another server has ended; start one, or choose a profile"
            self.changed()
        node = self._managed
        if not self._wanted or self._starting or node is None or not node.url or node.is_running():
            return
        if self._restarts >= MAX_RESTARTS:
            self._problem = f"the node ended {MAX_RESTARTS} times:\n{node.output}"
            return
        self._restarts += 1
        self._log.warning("sesam-interactive: the node ended, starting it again:\n%s", node.output)
        node.stop()
        self._starting = True
        Thread(target=self._start, daemon=True).start()

    def close(self) -> None:
        """End what was started here."""
        self._wanted = False
        if self._managed is not None:
            self._managed.stop()
        if self._connection is not None:
            self._connection[1].close()

    @property
    def profile(self) -> str | None:
        """The profile that is shown; null for the managed node."""
        return self._profile

    # -- which one ---------------------------------------------------------------------------------

    def operate(self, operation: str, profile: str | None = None) -> None:
        """`start` and `stop` the managed node, `connect` to a profile, or to the managed one.

        Raises InputError for what there is not, ClientError for a profile that is none.
        """
        if operation not in OPERATIONS:
            raise InputError(f"a node is not asked to {preview(operation)} here")
        if operation == "connect":
            if profile is not None:
                profiles[profile]
            self._profile = profile
            self.changed()
        elif operation == "start":
            self._profile = None
            self.start()
        else:
            self.stop()

    def target(self) -> Target:
        """Where calls go now. Raises NoNodeError where there is no node."""
        if self._profile is not None:
            found = profiles[self._profile]
            return Target(api_url(found.url), found.token)
        node = self._managed
        if node is not None and node.url and node.token and node.is_running():
            return Target(api_url(node.url), node.token)
        if self._shared is not None:
            return Target(api_url(self._shared.url), self._shared.token)
        if self._starting:
            raise NoNodeError("the node is starting")
        raise NoNodeError(self._problem or "no node runs; start one, or choose a profile")

    def connection(self) -> Connection:
        """A connection to the node that is shown; it is kept until that is another."""
        target = self.target()
        with self._lock:
            if self._connection is None or self._connection[0] != target:
                # One that others may still use is closed when they let go of it.
                self._connection = (target, Connection(target.url, target.token))
            return self._connection[1]

    def state(self) -> dict[str, Any]:
        """What the panel shows: which node, does it run, what else there is. No token."""
        node = self._managed
        try:
            url, problem = self.target().url.removesuffix("/api"), ""
        except ClientError as error:
            url, problem = "", "" if self._starting else error.message
        return {
            "managed": self._profile is None and node is not None,
            "running": bool(url),
            "starting": self._starting and self._profile is None,
            "shared": self._profile is None and node is None and self._shared is not None,
            "url": url,
            "problem": problem,
            "profile": self._profile,
            "profiles": profiles.names(),
            "project": None if self._project is None else str(self._project),
        }
