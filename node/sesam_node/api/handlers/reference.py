"""The API told by itself: an OpenAPI document and a page to read."""

from __future__ import annotations

from sesam_node.api.base import ApiHandler
from sesam_node.api.openapi import document, page
from sesam_node.api.operations import ANYONE, operation


class OpenApiHandler(ApiHandler):
    @operation(needs=ANYONE)
    def get(self) -> None:
        """The OpenAPI document."""
        self.answer(document())


class ReferenceHandler(ApiHandler):
    @operation(answer="text/html", needs=ANYONE)
    def get(self) -> None:
        """All operations on a page."""
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.finish(page())


ROUTES = [
    ("/openapi.json", OpenApiHandler),
    ("/reference", ReferenceHandler),
]
