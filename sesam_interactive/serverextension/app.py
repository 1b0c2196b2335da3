"""The Jupyter server extension: a node for the workbench, and what its views ask of a node.

`jupyter lab --SesamInteractive.project=FOLDER` starts a node beside the server, for its kernels and
for the panel of JupyterLab: a child process on a free port with a token of its own, which ends with
the server, even when that is killed. Kernels inherit where its data folder is and find its address
there. Without a project or data folder nothing is started until it is asked for: `connect()` in a
kernel starts a node of its own, the panel one in the user's folder.
"""

from __future__ import annotations

from pathlib import Path

from jupyter_server.extension.application import ExtensionApp
from tornado.ioloop import PeriodicCallback
from traitlets import Unicode

from sesam_interactive.serverextension.handlers import handlers
from sesam_interactive.serverextension.nodes import Nodes
from sesam_interactive.serverextension.proxy import Proxy
from sesam_interactive.serverextension.views import Views

WATCH_MS = 2_000


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

    nodes: Nodes
    proxy: Proxy
    views: Views

    def initialize_settings(self) -> None:
        folder = lambda text: Path(text).absolute() if text else None  # noqa: E731 - twice, here
        self.nodes = Nodes(folder(self.project), folder(self.data), self.profile, self.log)
        self.views = Views(self.nodes)
        self.nodes.changed = self.views.clear
        self.proxy = Proxy(self.nodes)
        self.nodes.begin()
        PeriodicCallback(self.nodes.watch, WATCH_MS).start()

    def initialize_handlers(self) -> None:
        self.handlers.extend(handlers(self))

    async def stop_extension(self) -> None:
        self.nodes.close()
        await self.proxy.close()
