"""What systems offer, and whether they can be reached: workers ask them."""

from __future__ import annotations

from typing import Any

from sesam_node.hub.interactive import InteractiveService

WORK = "sesam_node.pipes.introspection"
MOST_SAMPLES = 1_000


class Introspection(InteractiveService):
    """The service behind `/api/systems/{id}/providers` and its kin."""

    async def status(self, system_id: str) -> dict[str, Any]:
        """Can the system be reached? See `system_status`."""
        found: dict[str, Any] = await self._ask("system_status", system_id)
        state = self._pumps.microservices.state(system_id)
        return found if state is None else {**found, "microservice": state}

    async def offers(self, system_id: str, search: str, *, sinks: bool) -> dict[str, Any]:
        """What there is to read, or to write. Raises PipeError where it cannot be told."""
        found: dict[str, Any] = await self._ask("offers", system_id, search=search, sinks=sinks)
        return found

    async def offer(self, system_id: str, offer_id: str, limit: int) -> dict[str, Any]:
        """One of them with `limit` samples. Raises NotFoundError with a suggestion."""
        found: dict[str, Any] = await self._ask(
            "offer", system_id, offer_id=offer_id, limit=min(limit, MOST_SAMPLES)
        )
        return found

    async def prototypes(
        self, system_id: str, offer_id: str | None, *, sinks: bool
    ) -> list[dict[str, Any]]:
        """Pipes for what there is, or for one of them."""
        found: list[dict[str, Any]] = await self._ask(
            "prototypes", system_id, offer_id=offer_id, sinks=sinks
        )
        return found

    async def _ask(self, operation: str, system_id: str, **payload: Any) -> Any:
        return await self._work(
            f"{WORK}:{operation}",
            definition=self._pumps.of_system(system_id),
            system_id=system_id,
            **payload,
        )
