"""Receivers: entities are pushed to a pipe."""

from __future__ import annotations

from sesam_node.api.base import ApiHandler
from sesam_node.api.errors import ApiError
from sesam_node.api.operations import Parameter, on_pipe, operation
from sesam_node.api.parameters import read_text
from sesam_node.model.formats import FORMATS
from sesam_node.pipes.rdf.atom import NTRIPLES

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
        self.answer(
            await self.hub.pipes.receive(
                pipe_id,
                self.body(),
                push=push,
                headers=told_headers(self),
                form=self.sent_format(),
            )
        )


class SdshareReceiverHandler(ApiHandler):
    @operation(
        Parameter("resource", doc="the URI of what the statements are about; may be repeated"),
        Parameter("graph", doc="accepted, without effect: the pipe says where things go"),
        body=f"{NTRIPLES}, text/plain",
        needs=on_pipe("write_data"),
    )
    async def post(self, pipe_id: str) -> None:
        """Take all that is to be said of some resources, as N-Triples (SDShare push).

        Answered when it is safe on disk. A resource of which nothing is said is deleted.
        """
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind not in ("", NTRIPLES, "text/plain"):
            raise ApiError(400, f"expected {NTRIPLES} or text/plain", f"the content is {kind}")
        resources = [read_text(text) for text in self.request.query_arguments.get("resource", [])]
        self.answer(
            await self.hub.pipes.receive(
                pipe_id,
                self.body(),
                push={},
                headers=told_headers(self),
                form=NTRIPLES,
                resources=resources,
                path="sdshare-push-receiver",
            )
        )


def told_headers(handler: ApiHandler) -> dict[str, str]:
    """The headers of a request that rules and logs may see."""
    headers = {name.lower(): value for name, value in handler.request.headers.get_all()}
    headers.pop("authorization", None)
    return headers


ROUTES = [
    ("/receivers/{pipe_id}/entities", ReceiverHandler),
    ("/receivers/{pipe_id}/sdshare-push-receiver", SdshareReceiverHandler),
]
