"""What systems have to offer: tables and files to read or write, samples, pipes for them."""

from __future__ import annotations

from sesam_node.api.base import ApiHandler
from sesam_node.api.operations import Parameter, on_system, operation

SEARCH = Parameter("search", default="", doc="only those whose ids contain this")
PROVIDER = Parameter("provider", doc="only for this one; all if absent")
SAMPLES = Parameter("limit", "integer", 5, "so many of its entities, at most 1,000")
TARGET = Parameter("target", doc="only for this one; all if absent")


class SystemStatusHandler(ApiHandler):
    @operation(needs=on_system("read_proxy"))
    async def get(self, system_id: str) -> None:
        """Can the system be reached? `status` is "ok", "failed" or "unknown"."""
        self.answer(await self.hub.introspection.status(system_id))


class ProvidersHandler(ApiHandler):
    @operation(SEARCH, needs=on_system("read_proxy"))
    async def get(self, system_id: str) -> None:
        """What the system has to read: tables and views with columns and keys, files.

        `offers`, at most 1,000; `more` says that there are others.
        """
        search = self.query()["search"]
        self.answer(await self.hub.introspection.offers(system_id, search, sinks=False))


class ProviderHandler(ApiHandler):
    @operation(SAMPLES, needs=on_system("read_proxy"))
    async def get(self, system_id: str, provider_id: str) -> None:
        """One of them with its first entities (`samples`), and the `pipe` to collect it."""
        limit = self.query()["limit"]
        self.answer(await self.hub.introspection.offer(system_id, provider_id, limit))


class TargetsHandler(ApiHandler):
    @operation(SEARCH, needs=on_system("read_proxy"))
    async def get(self, system_id: str) -> None:
        """What the system has to write to. As for what it has to read."""
        search = self.query()["search"]
        self.answer(await self.hub.introspection.offers(system_id, search, sinks=True))


class SourcePrototypesHandler(ApiHandler):
    @operation(PROVIDER, needs=on_system("read_proxy"))
    async def get(self, system_id: str) -> None:
        """Pipes that collect what the system offers; they are not saved."""
        provider = self.query()["provider"]
        self.answer(await self.hub.introspection.prototypes(system_id, provider, sinks=False))


class SinkPrototypesHandler(ApiHandler):
    @operation(TARGET, needs=on_system("read_proxy"))
    async def get(self, system_id: str) -> None:
        """Pipes that share datasets to what the system offers; they are not saved."""
        target = self.query()["target"]
        self.answer(await self.hub.introspection.prototypes(system_id, target, sinks=True))


ROUTES = [
    ("/systems/{system_id}/status", SystemStatusHandler),
    ("/systems/{system_id}/providers", ProvidersHandler),
    ("/systems/{system_id}/providers/{provider_id}", ProviderHandler),
    ("/systems/{system_id}/targets", TargetsHandler),
    ("/systems/{system_id}/source-prototypes", SourcePrototypesHandler),
    ("/systems/{system_id}/sink-prototypes", SinkPrototypesHandler),
]
