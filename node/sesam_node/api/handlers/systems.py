"""Systems: what pipes read from and write to outside the node."""

from __future__ import annotations

from typing import Any

from sesam_node.api.base import ApiHandler
from sesam_node.api.handlers.pipes import component_list
from sesam_node.api.operations import FORCE, Parameter, on_each, on_node, on_system, operation

INTERNAL = Parameter("include-internal-systems", "boolean", default=False, doc="system ones too")
VERBOSE = Parameter("verbose", "boolean", default=False, doc="accepted; answers are always whole")


class SystemsHandler(ApiHandler):
    @operation(VERBOSE, INTERNAL, needs=on_each("read_config", "system"))
    def get(self) -> None:
        """All systems."""
        names = list(self.hub.configuration.active.document.systems)
        allowed = self.allowed("read_config", "system", names)
        self.answer([self._system(name) for name in names if name in allowed])

    @operation(FORCE, body="application/json", status=201, needs=on_node("add_components"))
    async def post(self) -> None:
        """Add systems; 409 where one exists."""
        components = component_list(self.json_body(), "systems")
        ids = await self.hub.configuration.add(
            components, kind="system", force=self.query()["force"], by=self.principal
        )
        self.answer([self._system(system_id) for system_id in ids], 201)

    def _system(self, system_id: str) -> dict[str, Any]:
        return self.hub.configuration.component("system", system_id)


class SystemHandler(ApiHandler):
    @operation(needs=on_system("read_config"))
    def get(self, system_id: str) -> None:
        """One system."""
        self.answer(self.hub.configuration.component("system", system_id))

    @operation(needs=on_system("write_config"))
    async def delete(self, system_id: str) -> None:
        """Delete a system and its secrets; the answer is what it was."""
        system = self.hub.configuration.component("system", system_id)
        await self.hub.configuration.delete("system", system_id, by=self.principal)
        self.answer(system)


class SystemConfigHandler(ApiHandler):
    @operation(needs=on_system("read_config"))
    def get(self, system_id: str) -> None:
        """The configuration of a system, as uploaded."""
        self.answer(self.hub.configuration.component("system", system_id)["config"]["original"])

    @operation(FORCE, body="application/json", needs=on_each("write_config", "system"))
    async def put(self, system_id: str) -> None:
        """Replace the configuration of a system, or add it; the answer is the system."""
        component = self.json_object("a system's configuration")
        await self.hub.configuration.put_one(
            "system", system_id, component, force=self.query()["force"], by=self.principal
        )
        self.answer(self.hub.configuration.component("system", system_id))


ROUTES = [
    ("/systems", SystemsHandler),
    ("/systems/{system_id}", SystemHandler),
    ("/systems/{system_id}/config", SystemConfigHandler),
]
