"""The composition root: from settings to a running node, and back.

The only module that chooses a store and an executor and puts the parts together.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from sesam_node.config.files import NODE_CONFIG_FILE, read_folder, read_node_config
from sesam_node.config.watching import Settled, folder_stamp, stamp_of
from sesam_node.dtl import compile_index
from sesam_node.errors import ConfigError, SesamError, StoreError
from sesam_node.hub import Hub
from sesam_node.hub.vault import vault_key
from sesam_node.model import content_hash, encode
from sesam_node.scheduling.inline import InlineExecutor
from sesam_node.scheduling.workers import WorkerExecutor
from sesam_node.store import open_store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from tornado.web import Application

    from sesam_node.config.document import Document
    from sesam_node.config.watching import Stamp
    from sesam_node.scheduling.executor import Executor
    from sesam_node.settings import Settings
    from sesam_node.store import Store

    MakeApplication = Callable[[Hub, Settings], Application]
    Look = Callable[[], Stamp]
    Apply = Callable[[], Awaitable[None]]
    Watched = tuple[Look, Apply]

log = logging.getLogger(__name__)

WATCH_S = 0.5
CLOSE_S = 1.0
MEMORY = "memory:"


def api(hub: Hub, settings: Settings) -> Application:
    """The HTTP application of a node."""
    from sesam_node.api.application import make_application

    return make_application(hub, settings)


class Node:
    """A node: `await start()`, then it answers at `url`, until `await stop()`.

    `make_application` gives the HTTP application; None for a node without.
    """

    hub: Hub

    def __init__(
        self,
        settings: Settings,
        *,
        make_application: MakeApplication | None = api,
        executor: Executor | None = None,
    ) -> None:
        self.settings = settings
        self.port = settings.port
        self._make_application = make_application
        self._executor = executor
        self._store: Store | None = None
        self._server: HTTPServer | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._ready = False

    @property
    def url(self) -> str:
        """Where it answers; the API is below `/api`."""
        host = self.settings.host
        if host in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not bound
            host = "127.0.0.1"
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    async def start(self) -> None:
        """Open the data folder, take up the configuration, listen.

        Raises ConfigError or StoreError where that cannot be; what was opened is closed then.
        """
        settings = self.settings
        settings.check()
        try:
            self._store = self._open_store()
            epoch = self._store.lock_node()
            self._executor = self._executor or self._make_executor(self._store)
            self.hub = Hub(
                settings,
                self._store,
                self._executor,
                epoch=epoch,
                vault_key=vault_key(settings.secrets_key),
                base_folder=str(settings.project or Path.cwd()),
            )
            await self.hub.start()
            watched = [(Settled(look()), look, apply) for look, apply in self._sources()]
            for _, _, apply in watched:
                await apply()
            if self._make_application is not None:
                self._listen(self._make_application(self.hub, settings))
            self._watcher = asyncio.create_task(_watch(watched if settings.watch else watched[-1:]))
        except BaseException:
            await self.stop()
            raise
        self._ready = True
        log.info("the node is ready at %s (epoch %d)", self.url, epoch)

    async def stop(self) -> None:
        """Answer no more, stop the pumps, end the workers, close the store. May be repeated."""
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None
        server, self._server = self._server, None
        if server is not None:
            server.stop()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(server.close_all_connections(), CLOSE_S)
        if hasattr(self, "hub"):
            await self.hub.stop()
        executor, self._executor = self._executor, None
        if executor is not None:
            await asyncio.to_thread(executor.close, self.settings.stop_grace_s)
        store, self._store = self._store, None
        if store is not None:
            store.close()
        if self._ready:
            self._ready = False
            log.info("the node has stopped")

    # -- parts -------------------------------------------------------------------------------------

    def _open_store(self) -> Store:
        data = self.settings.data
        try:
            data.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreError(f"the data folder {data} cannot be made: {error}") from None
        _allow_many_files()
        return open_store(self.settings.store_url, index_resolver=compile_index)

    def _make_executor(self, store: Store) -> Executor:
        settings = self.settings
        if settings.store_url == MEMORY:
            # What is in this process' memory no other process can work on.
            return InlineExecutor(store)
        executor = WorkerExecutor(
            settings.store_url,
            settings.pump_workers,
            settings.call_workers,
            log_level=settings.log_level,
            log_format=settings.log_format,
        )
        executor.warm()
        return executor

    def _listen(self, application: Application) -> None:
        settings = self.settings
        try:
            sockets = bind_sockets(settings.port, settings.host)
        except OSError as error:
            raise ConfigError(
                f"the node cannot listen on {settings.host} port {settings.port}: {error.strerror}"
            ) from None
        self._server = HTTPServer(application, max_body_size=settings.max_body_bytes)
        self._server.add_sockets(sockets)
        self.port = sockets[0].getsockname()[1]

    # -- configuration from files ------------------------------------------------------------------

    def _sources(self) -> list[Watched]:
        """The project folder and the file of components, in the order in which they are applied."""
        settings = self.settings
        found: list[Watched] = []
        if settings.project is not None:
            folder = settings.project
            found.append((partial(folder_stamp, folder, settings.profile), self._apply_project))
        found.append((lambda: stamp_of([self._config_file]), self._apply_file))
        return found

    async def _apply_project(self) -> None:
        """Take over the project folder where it has changed since it was last applied."""
        folder = self.settings.project
        if folder is None:
            return
        try:
            document, env = await asyncio.to_thread(read_folder, folder, self.settings.profile)
            await self._apply(f"project:{folder}", document, env)
        except (ConfigError, OSError) as error:
            log.error("the project %s is not applied: %s", folder, error)  # noqa: TRY400 - told

    async def _apply_file(self) -> None:
        """The same for the single file of components in the data folder, if it is there."""
        path = self._config_file
        if not path.is_file():
            return
        try:
            await self._apply(f"file:{path}", read_node_config(path))
        except (ConfigError, OSError) as error:
            log.error("%s is not applied: %s", path, error)  # noqa: TRY400 - told

    async def _apply(
        self, source: str, document: Document, env: Mapping[str, Any] | None = None
    ) -> None:
        digest = content_hash(encode([document.to_list(), env])).hex()
        if await self.hub.configuration.apply(source, digest, document, env):
            log.info("%s is applied", source)

    @property
    def _config_file(self) -> Path:
        return self.settings.config_file or self.settings.data / NODE_CONFIG_FILE


async def _watch(watched: Sequence[tuple[Settled, Look, Apply]]) -> None:
    """Apply each source again when it has changed and come to rest."""
    while True:
        await asyncio.sleep(WATCH_S)
        for settled, look, apply in watched:
            if settled.see(await asyncio.to_thread(look)):
                try:
                    await apply()
                except SesamError:
                    log.exception("what has changed is not applied")


def _allow_many_files() -> None:
    """Raise the limit of open files: a dataset has several."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
