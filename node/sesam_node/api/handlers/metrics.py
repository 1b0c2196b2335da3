"""Figures for Prometheus."""

from __future__ import annotations

from sesam_node.api.base import ApiHandler
from sesam_node.api.operations import on_node, operation
from sesam_node.hub.metrics import CONTENT_TYPE


class MetricsHandler(ApiHandler):
    @operation(answer="text/plain", needs=on_node("read_metrics"))
    async def get(self) -> None:
        """Figures of pipes, pumps, store, requests and process, in Prometheus' text form."""
        text = await self.hub.metrics.text(self.application.requests)
        self.set_header("Content-Type", CONTENT_TYPE)
        self.finish(text)


ROUTES = [
    ("/metrics", MetricsHandler),
]
