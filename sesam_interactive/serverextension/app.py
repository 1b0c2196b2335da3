"""`jupyter lab --SesamInteractive.project=FOLDER`: a node beside the server, for its kernels.

The node is a child process on a free port with a token of its own; it ends with the server, even
when that is killed. Kernels inherit where its data folder is and find its address there. Without a
project or data folder nothing is started: `connect()` in a kernel then starts a node of its own.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from threading import Thread
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from tornado.ioloop import PeriodicCallback
from traitlets import Unicode

from sesam_interactive.client import ManagedNode, NoNodeError
from sesam_interactive.client.managed import DATA_VARIABLE, PROJECT_VARIABLE
from sesam_interactive.serverextension.handlers import handlers

WATCH_MS = 2_000
MAX_RESTARTS = 5


class SesamInteractive(ExtensionApp):
    """Starts the managed node with the server and ends it with the server."""

    name = "sesam_interactive"
    extension_url = "/lab"
    load_other_extensions = True

    project = Unicode("", help="a project folder; its pipes are loaded into the node").tag(
        config=True
    )
    data = Unicode("", help="where the node keeps its data (default: a temporary folder)").tag(
        config=True
    )
    profile = Unicode("test", help="which <profile>-env.json of the project counts").tag(
        config=True
    )

    node: ManagedNode | None = None
    _restarts = 0
    _stopped = False

    def initialize_settings(self) -> None:
        if not self.project and not self.data:
            return
        data = Path(self.data or tempfile.mkdtemp(prefix="sesam-interactive-")).absolute()
        data.mkdir(parents=True, exist_ok=True)
        # What an earlier server left is not the node that kernels are to find.
        (data / "connection.json").unlink(missing_ok=True)
        project = Path(self.project).absolute() if self.project else None
        self.node = ManagedNode(data, project, self.profile)
        os.environ[DATA_VARIABLE] = str(data)
        if project is not None:
            os.environ[PROJECT_VARIABLE] = str(project)
        self._start_in_background()
        PeriodicCallback(self._watch, WATCH_MS).start()

    def initialize_handlers(self) -> None:
        self.handlers.extend(handlers(self))

    def _start_in_background(self) -> None:
        # In a thread, so that the server answers at once; kernels wait until the node does.
        Thread(target=self._start, daemon=True).start()

    def _start(self) -> None:
        assert self.node is not None  # noqa: S101 - only called with one
        try:
            self.node.start()
        except (NoNodeError, OSError) as error:
            self.log.error("sesam-interactive: %s", error)  # noqa: TRY400 - the message says it all
        else:
            self.log.info("sesam-interactive: node at %s", self.node.url)

    def _watch(self) -> None:
        node = self.node
        if node is None or self._stopped or not node.url or node.is_running():
            return
        if self._restarts >= MAX_RESTARTS:
            return
        self._restarts += 1
        self.log.warning("sesam-interactive: the node ended, starting it again:\n%s", node.output)
        node.stop()
        node.url = ""
        self._start_in_background()

    def state(self) -> dict[str, Any]:
        """What the panel and the tests ask: is there a node, does it run. No token."""
        node = self.node
        if node is None:
            return {"managed": False}
        return {"managed": True, "running": node.is_running(), "url": node.url}

    async def stop_extension(self) -> None:
        self._stopped = True
        if self.node is not None:
            self.node.stop()
