"""How the node is: is it there, is it well, since when; restart and reset."""

from __future__ import annotations

import logging

from tornado.ioloop import IOLoop

from sesam_node.api.base import ApiHandler
from sesam_node.api.errors import ApiError
from sesam_node.api.operations import ANYONE, MANAGE, OPEN, Parameter, form, operation

log = logging.getLogger("sesam_node.api")

AGGREGATED = Parameter("aggregated", "boolean", default=True, doc="accepted; it is one node")
OPERATION = form("operation", required=True, doc="reset or restart", choices=("reset", "restart"))


class OperationHandler(ApiHandler):
    @operation(OPERATION, body="application/x-www-form-urlencoded", needs=MANAGE)
    def post(self) -> None:
        """Restart the node, or reset it: everything is emptied. Answers before it begins."""
        name = self.form()["operation"]
        act = {"reset": self.hub.reset, "restart": self.hub.restart}.get(name)
        if act is None:
            raise ApiError(400, f"the node has no operation {name!r}")
        self.answer({"message": "OK"})
        IOLoop.current().spawn_callback(act)


class RootHandler(OperationHandler):
    @operation(AGGREGATED, needs=ANYONE)
    def get(self) -> None:
        """What kind of node this is."""
        self.answer(self.hub.status.root())


class StatusHandler(ApiHandler):
    @operation(needs=ANYONE)
    def get(self) -> None:
        """Version and start time; the start time differs after every restart."""
        self.answer(self.hub.status.node())


class PingHandler(ApiHandler):
    @operation(needs=OPEN)
    def get(self) -> None:
        """Is the node there?"""
        self.answer({"status": "running"})


class HealthHandler(ApiHandler):
    @operation(needs=OPEN)
    def get(self) -> None:
        """Is the node well? 503 where it is not."""
        health = self.hub.status.health()
        self.answer(health, 200 if health.get("status") == "ok" else 503)


class AdminHandler(OperationHandler):
    """The same, where the official client asks for it."""


ROUTES = [
    ("/", RootHandler),
    ("/status", StatusHandler),
    ("/ping", PingHandler),
    ("/health", HealthHandler),
    ("/admin", AdminHandler),
]
