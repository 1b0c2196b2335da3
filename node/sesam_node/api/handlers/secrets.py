"""Secrets, of the node and of one system: they can be written and named, never read."""

from __future__ import annotations

from sesam_node.api.base import ApiHandler
from sesam_node.api.operations import Parameter, on_system, operation

ENCRYPT = Parameter("encrypt", "boolean", default=True, doc="kept encrypted in any case")
INTERNAL = Parameter("include-internal-secrets", "boolean", default=False, doc="there are none")


class SecretsHandler(ApiHandler):
    """Secrets of the node; below `/systems/{id}` those of a system."""

    @operation(INTERNAL, needs=on_system("read_config"))
    def get(self, system_id: str | None = None) -> None:
        """The names of the secrets."""
        self.answer(self.hub.configuration.secrets(system_id))

    @operation(ENCRYPT, body="application/json", needs=on_system("write_config"))
    async def put(self, system_id: str | None = None) -> None:
        """Replace all secrets by these."""
        await self._put(system_id, replace=True)

    @operation(ENCRYPT, body="application/json", needs=on_system("write_config"))
    async def post(self, system_id: str | None = None) -> None:
        """Add or overwrite secrets."""
        await self._put(system_id, replace=False)

    async def _put(self, system_id: str | None, *, replace: bool) -> None:
        values = self.json_objects("secrets")
        await self.hub.configuration.put_secrets(values, system=system_id, replace=replace)
        self.answer(self.hub.configuration.secrets(system_id))


class SecretHandler(ApiHandler):
    @operation(needs=on_system("write_config"))
    async def delete(self, *names: str) -> None:
        """Delete one secret."""
        system = names[0] if len(names) == 2 else None
        await self.hub.configuration.delete_secret(names[-1], system=system)
        self.answer(self.hub.configuration.secrets(system))


ROUTES = [
    ("/secrets", SecretsHandler),
    ("/secrets/{key}", SecretHandler),
    ("/systems/{system_id}/secrets", SecretsHandler),
    ("/systems/{system_id}/secrets/{key}", SecretHandler),
]
