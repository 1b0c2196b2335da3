"""How a hub is found: `connect()`, `connect_async()`, and the hub of the magics.

In this order: arguments and profile; `NODE` and `JWT` of the environment; the `.syncconfig` of the
project; the managed node of the workbench. Where there is none, one is started.
"""

from __future__ import annotations

import asyncio
import atexit
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_interactive.client.connection import TIMEOUT_S, Connection
from sesam_interactive.client.errors import ClientError
from sesam_interactive.client.hub import Hub
from sesam_interactive.client.managed import (
    DATA_VARIABLE,
    PROJECT_VARIABLE,
    FolderInUseError,
    ManagedNode,
    data_folder,
    running_node,
    wait_for_node,
)
from sesam_interactive.client.profiles import Profile, profiles, sync_config

if TYPE_CHECKING:
    from collections.abc import Generator

    from sesam_interactive.client.aio import Async

_default: Hub | None = None


class Place(NamedTuple):
    """Where a node is, and the child process that it is if it is ours."""

    url: str
    token: str | None
    managed: ManagedNode | None = None


def connect(
    url: str | None = None,
    token: str | None = None,
    *,
    profile: str | Profile | None = None,
    data: str | Path | None = None,
    project: str | Path | None = None,
    timeout_s: float = TIMEOUT_S,
    verify: bool | str = True,
    default: bool = True,
) -> Hub:
    """A hub to work with; it becomes that of the cell magics, unless `default` is false.

    `url` and `token`, or a `profile`, say which node. Without them: `NODE` and `JWT` of the
    environment, else the node in the `.syncconfig` of `project` (or of the current folder, as for
    the official client), else the managed node on the folder `data` (the workbench's), which is
    started as a child process, with the pipes of `project`, where it does not run. What cells save
    is written to `project` too, or to the workbench's, if this is its node. `timeout_s` is how long
    to wait for an answer of the node. Raises NoNodeError.
    """
    global _default  # noqa: PLW0603 - the one thing that is global in a kernel
    folder = Path(project) if project is not None else None
    place = _told(url, token, profile)
    if place is None and data is None:
        place = _of_environment(token) or _of_project(folder)
    if place is None:
        place = _managed(Path(data) if data is not None else None, folder)
    try:
        connection = Connection(place.url, place.token, timeout_s=timeout_s, verify=verify)
        try:
            connection.get("/")
        except BaseException:
            connection.close()
            raise
    except BaseException:
        if place.managed is not None:
            place.managed.stop()
        raise
    if folder is None and url is None and profile is None and data is None:
        # The workbench's node, and so its project; any other node has nothing to do with that.
        theirs = os.environ.get(PROJECT_VARIABLE)
        folder = Path(theirs) if theirs else None
    hub = Hub(connection, place.managed, folder)
    if default:
        _default = hub
    return hub


def _told(url: str | None, token: str | None, profile: str | Profile | None) -> Place | None:
    if profile is None:
        return None if url is None else Place(url, token)
    if url is not None:
        raise ClientError("give a URL or a profile, not both")
    found = profiles[profile] if isinstance(profile, str) else profile
    return Place(found.url, token or found.token)


def _of_environment(token: str | None) -> Place | None:
    node = os.environ.get("NODE")
    return Place(node, token or os.environ.get("JWT")) if node else None


def _of_project(folder: Path | None) -> Place | None:
    """The node of a project; of the current folder only outside of a workbench, which has its."""
    if folder is None and DATA_VARIABLE in os.environ:
        return None
    found = sync_config(folder or Path.cwd())
    return Place(found.url, found.token) if found is not None and found.url else None


def _managed(data: Path | None, project: Path | None) -> Place:
    folder = data or data_folder()
    # Under a workbench's server the node is the server's to start.
    theirs = data is None and DATA_VARIABLE in os.environ
    found = wait_for_node(folder) if theirs else running_node(folder)
    if found is not None:
        return Place(*found)
    managed = ManagedNode(folder, project)
    try:
        managed.start()
    except FolderInUseError:
        # Another has begun to start it at the same time.
        return Place(*wait_for_node(folder))
    atexit.register(managed.stop)
    return Place(managed.url, managed.token, managed)


def current_hub() -> Hub:
    """The hub of the last `connect()`; one is connected where there is none."""
    return connected_hub() or connect()


def connected_hub() -> Hub | None:
    """The hub of the last `connect()`; null without one, or where it was closed."""
    return None if _default is None or _default.is_closed else _default


class Connecting:
    """A connection that is being made: `hub = await connect_async()`, or `async with` it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._arguments, self._options = arguments, options
        self._made: Async | None = None

    def __await__(self) -> Generator[Any, None, Async]:
        return self._connect().__await__()

    async def _connect(self) -> Async:
        hub = await asyncio.to_thread(connect, *self._arguments, **self._options)
        return hub.aio

    async def __aenter__(self) -> Async:
        self._made = await self
        return self._made

    async def __aexit__(self, *_exception: object) -> None:
        if self._made is not None:
            await self._made.close()

    def __repr__(self) -> str:
        return "<connecting; await it>"


def connect_async(*arguments: Any, **options: Any) -> Connecting:
    """A hub for code that awaits; arguments are those of `connect`.

    `hub = await connect_async()`, then `await hub.pipes["x"].run()` and so on.
    """
    return Connecting(*arguments, **options)
