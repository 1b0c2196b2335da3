"""The server extension's addresses: the user is signed in and may use them, else nothing happens.

Below `/sesam-interactive`: `node` (which one is shown), `api/…` (calls passed on to it), `views`
(what a view asks) and `notebook` (one for a pipe or dataset). A GET changes nothing; what changes
something carries Jupyter's XSRF token.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, authenticated

from sesam_interactive.client.errors import ClientError
from sesam_interactive.serverextension.notebooks import notebook_for
from sesam_interactive.serverextension.proxy import NotDataError, passed_back, without
from sesam_node.errors import InputError, SesamError

if TYPE_CHECKING:
    from sesam_interactive.serverextension.app import SesamInteractive


EVENTS = "text/event-stream"
FOREIGN = ("cross-site", "same-site")


class Handler(APIHandler):
    """What all of them have."""

    auth_resource = "sesam-interactive"

    def initialize(self, app: SesamInteractive) -> None:
        self.app = app

    async def prepare(self) -> None:  # type: ignore[override]
        """Refuse what another page makes a browser ask, though a GET would change nothing.

        Jupyter compares the Origin, which a picture or script of another page does not send.
        """
        await super().prepare()
        headers = self.request.headers
        if "Origin" not in headers and headers.get("Sec-Fetch-Site") in FOREIGN:
            raise HTTPError(403, "another page asked this")

    def refuse(self, status: int, message: str) -> None:
        """Answer with an error of the form that the node's have."""
        self.set_status(status)
        self.finish(json.dumps({"message": message}))

    def fields(self) -> dict[str, Any]:
        """The JSON object that was posted. Raises HTTPError."""
        body = self.get_json_body()
        if not isinstance(body, dict):
            raise HTTPError(400, "expected an object")
        return body


class NodeHandler(Handler):
    """GET: which node is shown, and its state. POST: start, stop, connect to another."""

    @authenticated
    @authorized
    def get(self) -> None:
        self.finish(json.dumps(self.app.nodes.state()))

    @authenticated
    @authorized
    async def post(self) -> None:
        fields, nodes = self.fields(), self.app.nodes
        operation, profile = str(fields.get("operation")), fields.get("profile")
        try:
            await asyncio.to_thread(nodes.operate, operation, profile)
        except ClientError as error:
            self.refuse(404, error.message)
        except SesamError as error:
            self.refuse(400, error.message)
        else:
            self.finish(json.dumps(nodes.state()))


class ApiHandler(Handler):
    """Calls of the node's API."""

    _passing: asyncio.Task[None] | None = None

    @authenticated
    @authorized
    async def get(self, path: str) -> None:
        await self._pass(path)

    @authenticated
    @authorized
    async def head(self, path: str) -> None:
        await self._pass(path)

    @authenticated
    @authorized
    async def post(self, path: str) -> None:
        await self._pass(path)

    @authenticated
    @authorized
    async def put(self, path: str) -> None:
        await self._pass(path)

    @authenticated
    @authorized
    async def patch(self, path: str) -> None:
        await self._pass(path)

    @authenticated
    @authorized
    async def delete(self, path: str) -> None:
        await self._pass(path)

    def on_connection_close(self) -> None:
        super().on_connection_close()
        if self._passing is not None:
            self._passing.cancel()

    async def _pass(self, path: str) -> None:
        self._passing = asyncio.ensure_future(self._answer(path))
        try:
            await self._passing
        except (asyncio.CancelledError, StreamClosedError):
            # The page went away, and with it the call to the node.
            return

    async def _answer(self, path: str) -> None:
        request = self.request
        method = request.method or "GET"
        # As it was sent: a name may hold an escaped slash.
        raw = request.path.split("/sesam-interactive/api/", 1)[1] if path else ""
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            async with self.app.proxy.call(
                method, raw, self._query(), headers, request.body
            ) as answer:
                self.set_status(answer.status_code)
                for name, value in passed_back(answer).items():
                    self.set_header(name, value)
                self.set_header("X-Accel-Buffering", "no")
                async for chunk in answer.aiter_raw():
                    self.write(chunk)
                    await self.flush()
        except InputError as error:
            self.refuse(400, error.message)
        except ClientError as error:
            self.refuse(503, error.message)
        except NotDataError as error:
            self.refuse(502, f"the node's answer is {error}, which is not passed on")
        except httpx.HTTPError as error:
            if self._headers_written:
                if str(self._headers.get("Content-Type")).startswith(EVENTS):
                    # Events may end at any time: the page asks again.
                    self.finish()
                    return
                # Half an answer must not be taken for the whole.
                self.request.connection.stream.close()  # type: ignore[union-attr]
                return
            self.refuse(502, f"the node does not answer: {type(error).__name__}")
        else:
            self.finish()

    def _query(self) -> str:
        """The query as it was sent, less what it tells Jupyter of who asks."""
        names = {"_xsrf"}
        if self.token_authenticated and "Authorization" not in self.request.headers:
            # A call of the node may have a token of its own, of a run.
            names.add("token")
        return without(self.request.query, names)


class ViewsHandler(Handler):
    """POST: what a view asks; answered as a kernel would."""

    @authenticated
    @authorized
    async def post(self) -> None:
        asked, views = self.fields(), self.app.views
        names = ("view", "kind", "of", "name")
        args = asked.get("args") or {}
        if not isinstance(args, dict) or not all(isinstance(asked.get(n), str) for n in names):
            raise HTTPError(400, "expected view, kind, of and name as text, args as an object")
        view, kind, of, name = (asked[name] for name in names)
        answer = await asyncio.get_running_loop().run_in_executor(
            views.threads, lambda: views.ask(view, kind, of, name, args)
        )
        self.finish(json.dumps(answer))


class NotebookHandler(Handler):
    """POST: the path of the notebook for a pipe or dataset, which is made if need be."""

    @authenticated
    @authorized
    async def post(self) -> None:
        fields = self.fields()
        given = [str(fields.get(name) or "") for name in ("kind", "name", "folder")]
        try:
            path = await notebook_for(self.app.nodes, self.contents_manager, *given)
        except ClientError as error:
            self.refuse(error.status or 503, error.message)
        except SesamError as error:
            self.refuse(400, error.message)
        else:
            self.finish(json.dumps({"path": path}))


def handlers(app: SesamInteractive) -> list[tuple[Any, ...]]:
    """The routes, below the server's base URL."""
    given = {"app": app}
    return [
        (r"/sesam-interactive/node", NodeHandler, given),
        (r"/sesam-interactive/api/(.*)", ApiHandler, given),
        (r"/sesam-interactive/views", ViewsHandler, given),
        (r"/sesam-interactive/notebook", NotebookHandler, given),
    ]
