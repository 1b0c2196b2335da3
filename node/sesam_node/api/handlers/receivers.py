"""Receivers: entities are pushed to a pipe."""

from __future__ import annotations

from sesam_node.api.base import ApiHandler
from sesam_node.api.operations import Parameter, on_pipe, operation
from sesam_node.model.formats import FORMATS

PUSH = (
    Parameter("sequence_id", doc="names a full push of several requests"),
    Parameter("is_full", "boolean", default=None, doc="is it the whole of the data?"),
    Parameter("request_id", doc="names this request"),
    Parameter("previous_request_id", doc="the request before this one"),
    Parameter("is_first", "boolean", default=None, doc="the first request of the sequence"),
    Parameter("is_last", "boolean", default=None, doc="the last: what was not seen is deleted"),
)


class ReceiverHandler(ApiHandler):
    @operation(*PUSH, body=", ".join(FORMATS), needs=on_pipe("write_data"))
    async def post(self, pipe_id: str) -> None:
        """Take entities (a list, or one); answered when they are safe on disk."""
        push = {
            name: ("true" if value else "false") if isinstance(value, bool) else value
            for name, value in self.query().items()
            if value is not None
        }
        headers = {name.lower(): value for name, value in self.request.headers.get_all()}
        headers.pop("authorization", None)
        self.answer(
            await self.hub.pipes.receive(
                pipe_id, self.body(), push=push, headers=headers, form=self.sent_format()
            )
        )


ROUTES = [
    ("/receivers/{pipe_id}/entities", ReceiverHandler),
]
