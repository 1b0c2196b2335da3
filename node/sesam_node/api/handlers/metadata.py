"""The node's own configuration, and the namespaces it knows."""

from __future__ import annotations

from sesam_node.api.base import ApiHandler
from sesam_node.api.operations import on_node, operation


class MetadataHandler(ApiHandler):
    @operation(needs=on_node("read_config"))
    def get(self) -> None:
        """The node metadata, as uploaded and as it takes effect."""
        self.answer(self.hub.configuration.metadata())

    @operation(body="application/json", needs=on_node("write_config"))
    async def put(self) -> None:
        """Replace the node metadata."""
        await self.hub.configuration.put_metadata(
            self.json_object("node metadata"), by=self.principal
        )
        self.answer(self.hub.configuration.metadata())

    @operation(needs=on_node("write_config"))
    async def delete(self) -> None:
        """Go back to the defaults."""
        await self.hub.configuration.put_metadata({}, by=self.principal)
        self.answer(self.hub.configuration.metadata())


class NamespacesHandler(ApiHandler):
    @operation(needs=on_node("read_config"))
    def get(self) -> None:
        """Prefix to namespace, the built-in ones included."""
        self.answer(self.hub.configuration.namespaces())


ROUTES = [
    ("/metadata", MetadataHandler),
    ("/namespaces", NamespacesHandler),
]
