"""What clients ask of a node beside its data: licence, figures, log files, models, backups.

Where this node has no such thing the answer is an empty list, or says so.
"""

from __future__ import annotations

from sesam_node import __version__
from sesam_node.api.base import ApiHandler
from sesam_node.api.operations import ANYONE, on_node, operation
from sesam_node.errors import NotBuiltError, NotFoundError


class LicenseHandler(ApiHandler):
    @operation(needs=ANYONE)
    def get(self) -> None:
        """The licence of the software; the node needs no key."""
        self.answer({"license": "Apache-2.0", "version": __version__, "valid": True, "key": None})

    @operation(body="text/plain", needs=on_node("write_config"))
    def put(self) -> None:
        """There are no keys: 501."""
        raise NotBuiltError("this node needs no licence key, and keeps none")


class StatsHandler(ApiHandler):
    @operation(needs=on_node("read_config"))
    def get(self) -> None:
        """Figures of the node, for people; `/metrics` is for machines."""
        requests: dict[str, int] = {}
        for (_, status), count in self.application.requests.items():
            requests[str(status)] = requests.get(str(status), 0) + count
        self.answer({"node": self.hub.status.node(), "requests": {"by_status": requests}})


class NothingHandler(ApiHandler):
    """Lists of what this node does not keep."""

    @operation(needs=on_node("read_config"))
    def get(self) -> None:
        """An empty list: this node keeps none."""
        self.answer([])


class ModelsHandler(NothingHandler):
    @operation(body="application/json", needs=on_node("write_config"))
    def post(self) -> None:
        """Models are not built: 501."""
        raise NotBuiltError("models are not built in this version")


class NoneHandler(ApiHandler):
    @operation(needs=on_node("read_config"))
    def get(self, name: str) -> None:
        """Always 404: the list is empty."""
        raise NotFoundError(f'there is no "{name}" here')


ROUTES = [
    ("/license", LicenseHandler),
    ("/stats", StatsHandler),
    ("/logs", NothingHandler),
    ("/logs/{name}", NoneHandler),
    ("/backups", NothingHandler),
    ("/restores", NothingHandler),
    ("/models", ModelsHandler),
    ("/models/{name}", NoneHandler),
]
