"""The server extension's few addresses; all of them need the user to be signed in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado.web import authenticated

if TYPE_CHECKING:
    from sesam_interactive.serverextension.app import SesamInteractive


class NodeHandler(APIHandler):
    """GET: the state of the managed node."""

    auth_resource = "sesam-interactive"

    def initialize(self, app: SesamInteractive) -> None:
        self.app = app

    @authenticated
    @authorized
    def get(self) -> None:
        self.finish(json.dumps(self.app.state()))


def handlers(app: SesamInteractive) -> list[tuple[Any, ...]]:
    """The routes, below the server's base URL."""
    return [(r"/sesam-interactive/node", NodeHandler, {"app": app})]
