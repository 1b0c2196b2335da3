"""Webhooks: who is told of news, and being told of news elsewhere."""

from __future__ import annotations

from sesam_node.api.base import ApiHandler
from sesam_node.api.operations import MANAGE, OPEN, form, operation


class WebhooksHandler(ApiHandler):
    @operation(needs=MANAGE)
    def get(self) -> None:
        """Who is told of news: dataset and URL, never the token."""
        self.answer(self.hub.webhooks.list())


class WebhookHandler(ApiHandler):
    @operation(needs=MANAGE)
    def delete(self, hook_id: str) -> None:
        """Tell this one nothing any more."""
        self.answer(self.hub.webhooks.forget(hook_id))


class PipeWebhookHandler(ApiHandler):
    @operation(
        form("token", required=True, doc="as the pipe gave it when it registered"),
        body="application/json",
        needs=OPEN,
    )
    def post(self, pipe_id: str) -> None:
        """Start a pipe because there is news where it reads; 404 for another token."""
        self.hub.webhooks.signal(pipe_id, self.json_object("fields").get("token"))
        self.answer({"message": "OK"})


ROUTES = [
    ("/webhooks", WebhooksHandler),
    ("/webhooks/{hook_id}", WebhookHandler),
    ("/pipes/{pipe_id}/webhook", PipeWebhookHandler),
]
