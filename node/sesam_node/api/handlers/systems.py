"""Systems: what pipes read from and write to outside the node."""

from __future__ import annotations

from sesam_node.api.base import ApiHandler
from sesam_node.api.handlers.pipes import component_list
from sesam_node.api.operations import FORCE, Parameter, on_each, on_node, on_system, operation

INTERNAL = Parameter("include-internal-systems", "boolean", default=False, doc="system ones too")
SINCE = Parameter("since", doc="only what was printed after this: ISO 8601, or seconds since 1970")
VERBOSE = Parameter("verbose", "boolean", default=False, doc="accepted; answers are always whole")


class SystemsHandler(ApiHandler):
    @operation(VERBOSE, INTERNAL, needs=on_each("read_config", "system"))
    def get(self) -> None:
        """All systems.

        In `runtime`, `paused-until` is when a system that wants no requests takes them again, and
        `waiting-requests` how many of all pipes wait for their turn.
        """
        names = list(self.hub.configuration.active.document.systems)
        allowed = self.allowed("read_config", "system", names)
        self.answer([self.hub.systems.get(name) for name in names if name in allowed])

    @operation(FORCE, body="application/json", status=201, needs=on_node("add_components"))
    async def post(self) -> None:
        """Add systems; 409 where one exists."""
        components = component_list(self.json_body(), "systems")
        ids = await self.hub.configuration.add(
            components, kind="system", force=self.query()["force"], by=self.principal
        )
        self.answer([self.hub.systems.get(system_id) for system_id in ids], 201)


class SystemHandler(ApiHandler):
    @operation(needs=on_system("read_config"))
    def get(self, system_id: str) -> None:
        """One system."""
        self.answer(self.hub.systems.get(system_id))

    @operation(needs=on_system("write_config"))
    async def delete(self, system_id: str) -> None:
        """Delete a system and its secrets; the answer is what it was."""
        system = self.hub.systems.get(system_id)
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
        self.answer(self.hub.systems.get(system_id))


class LogsHandler(ApiHandler):
    @operation(SINCE, answer="text/plain", needs=on_system("read_proxy"))
    def get(self, system_id: str) -> None:
        """What a microservice that the node runs has printed, its last 1,000 lines."""
        text = self.hub.microservices.log(system_id, self.query()["since"])
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(text)


class ReloadHandler(ApiHandler):
    @operation(status=202, needs=on_system("write_proxy"))
    def post(self, system_id: str) -> None:
        """Fetch the image of a microservice again, and start it anew."""
        self.hub.microservices.reload(system_id)
        self.answer({}, 202)


class ProxyHandler(ApiHandler):
    """Requests for the server behind a system; what the system logs in with is put on."""

    PASSED_ON = ("Accept", "Accept-Language", "Content-Type", "If-Match", "If-None-Match", "Range")

    @operation(answer="*/*", needs=on_system("read_proxy"))
    async def get(self, system_id: str, path: str) -> None:
        """Pass a request on to the system; the answer is the system's."""
        await self._pass_on(system_id, path, None)

    @operation(answer="*/*", body="*/*", needs=on_system("write_proxy"))
    async def post(self, system_id: str, path: str) -> None:
        """Pass a request on to the system; the answer is the system's."""
        await self._pass_on(system_id, path, self.body())

    @operation(answer="*/*", body="*/*", needs=on_system("write_proxy"))
    async def put(self, system_id: str, path: str) -> None:
        """Pass a request on to the system; the answer is the system's."""
        await self._pass_on(system_id, path, self.body())

    @operation(answer="*/*", body="*/*", needs=on_system("write_proxy"))
    async def patch(self, system_id: str, path: str) -> None:
        """Pass a request on to the system; the answer is the system's."""
        await self._pass_on(system_id, path, self.body())

    @operation(answer="*/*", needs=on_system("write_proxy"))
    async def delete(self, system_id: str, path: str) -> None:
        """Pass a request on to the system; the answer is the system's."""
        await self._pass_on(system_id, path, None)

    async def _pass_on(self, system_id: str, path: str, body: bytes | None) -> None:
        given = self.request.headers
        proxied = await self.hub.proxies.request(
            system_id,
            str(self.request.method),
            path,
            query=self.request.query,
            headers={name: given[name] for name in self.PASSED_ON if name in given},
            body=body,
        )
        self.set_status(proxied.status)
        headers = dict(proxied.headers)
        kind = headers.pop("content-type", "application/octet-stream")
        # A page of a foreign server must not act as one of the node.
        headers["Content-Security-Policy"] = "sandbox"
        await self.stream(proxied.chunks, kind, headers)


ROUTES = [
    ("/systems", SystemsHandler),
    ("/systems/{system_id}", SystemHandler),
    ("/systems/{system_id}/config", SystemConfigHandler),
    ("/systems/{system_id}/logs", LogsHandler),
    ("/systems/{system_id}/reload", ReloadHandler),
    ("/systems/{system_id}/proxy/{path*}", ProxyHandler),
]
