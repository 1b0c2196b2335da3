"""A node with a REST system over a web server on this machine."""

from __future__ import annotations

from pipes_helpers import Node
from web_server import Reply, serving

JSON = {"Content-Type": "application/json; charset=utf-8"}


def reply(body, status=200, **headers):
    """A JSON answer."""
    return Reply(body, status, {**JSON, **headers})


class Service:
    """A REST system `api` on a node; `answer(asked)` is the server behind it."""

    def __init__(self, answer, stack, operations, secrets=None, **system):
        self.server = stack.enter_context(serving(answer))
        self.node = Node()
        stack.callback(self.node.store.close)
        self.node.more = {
            "systems": {
                "api": {
                    "_id": "api",
                    "type": "system:rest",
                    "url_pattern": f"{self.server.url}/%s",
                    "operations": operations,
                    **system,
                }
            },
            "secrets": secrets or {},
        }

    @property
    def asked(self):
        return self.server.asked

    def collect(self, operation="list", **options):
        source = {"type": "rest", "system": "api", "operation": operation, **options}
        self.node.pipe("got", source=source)
        self.node.run("got")
        return self.node.live("got")

    def fails(self, operation="list", **options):
        """What a source that fails says."""
        source = {"type": "rest", "system": "api", "operation": operation, **options}
        self.node.pipe("got", source=source)
        result = self.node.try_run("got")
        assert not result.success
        return str(result.error)

    def through(self, *entities, **options):
        """What a REST transform makes of entities."""
        self.node.put("in", *entities)
        transform = {"type": "rest", "system": "api", **options}
        self.node.pipe("out", source="in", transform=transform)
        self.node.run("out")
        return self.node.live("out")

    def share(self, *entities, **options):
        self.node.put("in", *entities)
        self.node.pipe("out", source="in", sink={"type": "rest", "system": "api", **options})
        return self.node.try_run("out")
