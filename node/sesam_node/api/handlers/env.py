"""Environment variables: what `$ENV(name)` stands for."""

from __future__ import annotations

from sesam_node.api.base import ApiHandler
from sesam_node.api.operations import on_node, operation


class EnvHandler(ApiHandler):
    @operation(needs=on_node("read_config"))
    def get(self) -> None:
        """All variables."""
        self.answer(self.hub.configuration.env())

    @operation(body="application/json", needs=on_node("write_config"))
    async def put(self) -> None:
        """Replace all variables by these."""
        await self._put(replace=True)

    @operation(body="application/json", needs=on_node("write_config"))
    async def post(self) -> None:
        """Add or overwrite variables."""
        await self._put(replace=False)

    @operation(body="application/json", needs=on_node("write_config"))
    async def patch(self) -> None:
        """Add or overwrite variables."""
        await self._put(replace=False)

    async def _put(self, *, replace: bool) -> None:
        await self.hub.configuration.put_env(
            self.json_objects("variables"), replace=replace, by=self.principal
        )
        self.answer(self.hub.configuration.env())


class EnvVariableHandler(ApiHandler):
    @operation(needs=on_node("write_config"))
    async def delete(self, name: str) -> None:
        """Delete one variable."""
        await self.hub.configuration.delete_env(name, by=self.principal)
        self.answer(self.hub.configuration.env())


ROUTES = [
    ("/env", EnvHandler),
    ("/env/{name}", EnvVariableHandler),
]
