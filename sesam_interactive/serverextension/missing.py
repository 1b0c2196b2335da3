"""Stands for the server extension where what it needs is not installed, and says so."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado.web import authenticated

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

INSTALL = 'pip install "sesam-interactive[node,lab]"'


def _load_jupyter_server_extension(server: ServerApp) -> None:
    message = f"the workbench needs packages that are not installed ({_lacking()}): {INSTALL}"
    server.log.warning("sesam-interactive: %s", message)
    path = url_path_join(server.base_url, "sesam-interactive", "node")
    server.web_app.add_handlers(".*$", [(path, MissingHandler, {"message": message})])


def _lacking() -> str:
    try:
        import_module("sesam_interactive.serverextension.app")
    except ModuleNotFoundError as error:
        return error.name or str(error)
    return "no more"


class MissingHandler(APIHandler):
    """What the panel shows in place of a node."""

    def initialize(self, message: str) -> None:
        self._message = message

    @authenticated
    def get(self) -> None:
        self.set_status(501)
        self.finish(json.dumps({"message": self._message}))
