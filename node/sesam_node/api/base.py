"""What all handlers share: who is asking, bodies with a limit, JSON, and errors.

A request that is refused is still read to its end (up to a limit, without keeping it) before the
answer goes out: a client that is busy sending would lose an answer on a connection that closes.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Container
from http.client import responses
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from tornado import httputil
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, stream_request_body

from sesam_node.api.auth import NO_TOKEN, refused
from sesam_node.api.errors import ApiError, error_body, status_of
from sesam_node.api.fields import read_fields
from sesam_node.api.hosts import check_request
from sesam_node.api.operations import ANYONE, MANAGE, OPEN, Operation, operation_of, path_names
from sesam_node.api.parameters import last_texts, plain_text, read_parameters, read_text
from sesam_node.api.streaming import StreamingHandler
from sesam_node.errors import NotFoundError, SesamError
from sesam_node.hub.access import NOBODY
from sesam_node.log import from_now_on
from sesam_node.model.formats import JSON, accepted, sent
from sesam_node.model.stream import read_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sesam_node.api.application import NodeApplication
    from sesam_node.api.operations import Needs
    from sesam_node.hub import Hub
    from sesam_node.hub.access import Principal

log = logging.getLogger("sesam_node.api")

DRAIN_BYTES: Final = 1 << 30
"""A refused body of at most so many bytes is read to its end; after that the connection closes."""


@stream_request_body
class ApiHandler(StreamingHandler):
    """The base of all handlers."""

    SUPPORTED_METHODS = ("GET", "HEAD", "POST", "DELETE", "PATCH", "PUT", "OPTIONS")
    application: NodeApplication
    principal: Principal = NOBODY

    # ---- the life of a request -------------------------------------------------------------

    def initialize(self, template: str = "") -> None:
        self.template = template
        self.request_id = secrets.token_hex(8)
        self._chunks: list[bytes] = []
        self._size = 0
        self._limit = self.application.body_limit
        self._refusal: SesamError | None = None
        self._closes = False

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Content-Type", JSON)
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")

    def prepare(self) -> None:
        self.set_header("X-Request-Id", self.request_id)
        from_now_on(request=self.request_id)
        connection = cast("Any", self.request.connection)
        connection.set_max_body_size(DRAIN_BYTES)
        try:
            self._check_request()
        except SesamError as error:
            # An answer before the body has gone by closes the connection: only for a client that
            # waits with its body, or whose body is too large to let it pass.
            if "Expect" in self.request.headers or self._announced() > DRAIN_BYTES:
                self._closes = True
                raise
            self._refuse(error)

    def _check_request(self) -> None:
        headers = self.request.headers
        check_request(
            headers.get("Host"),
            headers.get("Origin"),
            headers.get("Sec-Fetch-Site"),
            loopback=self.application.loopback,
        )
        self._check_access(self._needs())
        if self._announced() > self._limit:
            raise self._too_large()

    def _needs(self) -> Needs:
        """What the operation takes; any valid token where there is none, to be told so."""
        declared = self._declared()
        if declared is None:
            return ANYONE
        return MANAGE if declared.needs is None else declared.needs

    def _check_access(self, needs: Needs) -> None:
        """Find out who asks, and refuse what he may not do.

        Who comes without a token is told to bring one, unless the object is there for anybody.
        """
        if needs is OPEN:
            return
        authorization = self.request.headers.get("Authorization")
        names = dict(zip(path_names(self.template), self.path_args, strict=False))
        name = names.get(f"{needs.of}_id")
        if not authorization:
            if name is None or not self.hub.access.may(NOBODY, needs.permission, needs.of, name):
                raise refused(NO_TOKEN)
            return
        principal = self.application.authenticator.principal(authorization)
        self.principal = principal
        if not (principal.is_admin or needs.each or needs is ANYONE):
            kind = "node" if name is None else needs.of
            self.hub.access.check(principal, needs.permission, kind, name or "")

    def _announced(self) -> int:
        text = self.request.headers.get("Content-Length", "0")
        return int(text) if text.isdigit() else 0

    def _too_large(self) -> ApiError:
        return ApiError(
            413,
            "the body is too large",
            f"at most {self._limit:,} bytes are taken here",
            hint="send it in several requests",
        )

    def _refuse(self, error: SesamError) -> None:
        """Answer with an error once the body has gone by."""
        self._chunks.clear()
        self._refusal = error

        async def answer(*_arguments: str) -> None:
            raise error

        setattr(self, (self.request.method or "get").lower(), answer)

    def data_received(self, chunk: bytes) -> None:
        if self._refusal is not None:
            return
        self._size += len(chunk)
        if self._size > self._limit:
            self._refuse(self._too_large())
        else:
            self._chunks.append(chunk)

    def compute_etag(self) -> None:
        """Answers are never cached, so they need no tag."""
        return

    def log_exception(self, *arguments: Any) -> None:
        """Log what is not an error of ours; the others are answers, not accidents."""
        error = arguments[1]
        if not isinstance(error, (SesamError, HTTPError, StreamClosedError)):
            log.error("request %s failed", self.request_id, exc_info=arguments)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, HTTPError) or error is None:
            error = _tornado_error(self, status_code)
        status = status_of(error)
        self.set_status(status)
        if isinstance(error, ApiError):
            for name, value in error.headers.items():
                self.set_header(name, value)
        if status >= 500 and isinstance(error, SesamError):
            log.warning("request %s: %s", self.request_id, error.message)
        self.set_header("X-Request-Id", self.request_id)
        if self._closes:
            self.set_header("Connection", "close")
        self.finish(encode(error_body(error, self.request_id)))

    # ---- what came -------------------------------------------------------------------------

    @property
    def hub(self) -> Hub:
        return self.application.hub

    @property
    def user(self) -> str:
        """Who asks, for the execution log."""
        return self.principal.subject

    def allowed(self, permission: str, kind: str, names: Iterable[str]) -> Container[str]:
        """Those of the names with which whoever asks may do this."""
        if self.principal.is_admin:
            return Everything()
        return self.hub.access.allowed(self.principal, permission, kind, names)

    def check_all(self, permission: str, kind: str, names: Iterable[str]) -> None:
        """Raises ForbiddenError where there is one with which whoever asks may not do this."""
        if not self.principal.is_admin:
            self.hub.access.check_all(self.principal, permission, kind, names)

    def body(self) -> bytes:
        """The whole body; what was kept of it is let go."""
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        return data

    def accepted_format(self) -> str:
        """The format that entities are wanted in, by the `Accept` header."""
        self.set_header("Vary", "Accept")
        return accepted(self.request.headers.get("Accept", ""))

    def sent_format(self) -> str:
        """The format that entities come in, by the `Content-Type` header."""
        return sent(self.request.headers.get("Content-Type", ""))

    def json_body(self) -> Any:
        """The body as JSON. Raises InputError with line and column where it is broken."""
        data = self.body()
        if not data.strip():
            raise ApiError(400, "the body is empty", "expected JSON")
        return read_json(data)

    def json_object(self, what: str) -> dict[str, Any]:
        """The body as a JSON object."""
        value = self.json_body()
        if type(value) is not dict:
            kind = "a list" if type(value) is list else "one value"
            raise ApiError(400, f"expected an object of {what}", f"the body is {kind}")
        return value

    def json_objects(self, what: str) -> dict[str, Any]:
        """The body as a JSON object, or a list of them, which are taken together."""
        value = self.json_body()
        parts = value if type(value) is list else [value]
        merged: dict[str, Any] = {}
        for part in parts:
            if type(part) is not dict:
                got = "an item is none" if part is not value else "the body is one value"
                raise ApiError(400, f"expected an object of {what}, or a list of them", got)
            merged |= part
        return merged

    def json_fields(self) -> dict[str, Any]:
        """The declared fields of the JSON body, by name. Raises ApiError for any other."""
        return read_fields(self._operation().parameters, self.json_object("fields"))

    def query(self) -> dict[str, Any]:
        """The declared query parameters, by name: read, checked, with their defaults."""
        return read_parameters(self._operation(), "query", last_texts(self.request.query_arguments))

    def form(self) -> dict[str, Any]:
        """The declared fields of the posted form (or of a JSON object), by name."""
        return read_parameters(self._operation(), "form", self.form_fields())

    def form_fields(self) -> dict[str, str]:
        """Every field of the posted form, by name; the last of several values counts."""
        content_type = self.request.headers.get("Content-Type", "")
        if content_type.startswith(JSON):
            return {name: plain_text(value) for name, value in self.json_object("fields").items()}
        arguments: dict[str, list[bytes]] = {}
        files: dict[str, list[httputil.HTTPFile]] = {}
        data = self.body()
        if data:
            if not content_type:
                content_type = "application/x-www-form-urlencoded"
            try:
                httputil.parse_body_arguments(content_type, data, arguments, files)
            except httputil.HTTPInputError as error:
                raise ApiError(400, "the form cannot be read", str(error)) from None
        fields = last_texts(arguments)
        fields.update((name, read_text(parts[-1]["body"])) for name, parts in files.items())
        return fields

    def _operation(self) -> Operation:
        return self._declared() or Operation()

    def _declared(self) -> Operation | None:
        method = (self.request.method or "GET").lower()
        return operation_of(type(self), "get" if method == "head" else method)

    # ---- what goes -------------------------------------------------------------------------

    def answer(self, value: Any, status: int = 200) -> None:
        """Answer with JSON."""
        self.set_status(status)
        self.set_header("Content-Type", JSON)
        self.finish(encode(value))

    # ---- methods that all paths have -------------------------------------------------------

    def head(self, *arguments: str) -> Any:
        """As GET, without the body."""
        return self.get(*arguments)

    def register_webhook(self, dataset: str, check: Callable[[], object]) -> None:
        """Answer OPTIONS of a path that can be followed: methods, and perhaps a registration.

        `check` raises NotFoundError where there is nothing to follow.
        """
        values = self.query()
        if values["webhook"] is not None or values["token"] is not None:
            check()
            hook = self.hub.webhooks.register(
                dataset, values["webhook"] or "", values["token"] or ""
            )
            log.info("a webhook of %s is registered: %s", dataset, hook["url"])
        self.set_header("Allow", ", ".join(allowed_methods(type(self))))
        self.answer({})

    def methods(self, *_arguments: str) -> None:
        """Which methods the path has."""
        self.set_header("Allow", ", ".join(allowed_methods(type(self))))
        self.answer({})

    options: Callable[..., Any] = methods


class Everything(Container[str]):
    """What is allowed to an administrator."""

    def __contains__(self, _name: object) -> bool:
        return True


class UnknownPath(ApiHandler):
    """The answer for paths that there are not."""

    def _check_request(self) -> None:
        super()._check_request()
        raise NotFoundError(f"there is nothing at {self.request.path}")


def allowed_methods(handler: type) -> list[str]:
    """The methods that a handler has, with HEAD and OPTIONS."""
    methods = [
        method
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if operation_of(handler, method) is not None
    ]
    return [*(["HEAD"] if "GET" in methods else []), *methods, "OPTIONS"]


def encode(value: Any) -> bytes:
    """JSON bytes of any value, keys in the order they have."""
    return msgspec.json.encode(value)


def with_fields(component: dict[str, Any], fields: str | None) -> dict[str, Any]:
    """A component reduced to some of its top-level keys; `_id` is always there."""
    if fields is None:
        return component
    wanted = {"_id", *(field.strip() for field in fields.split(","))}
    return {key: value for key, value in component.items() if key in wanted}


def _tornado_error(handler: ApiHandler, status: int) -> ApiError:
    if status == 405:
        allow = ", ".join(allowed_methods(type(handler)))
        method = handler.request.method
        return ApiError(
            405,
            "method not allowed",
            f"{method} does nothing here; there are {allow}",
            headers={"Allow": allow},
        )
    reason = responses.get(status, "refused").lower()
    detail = "the path or a parameter is no UTF-8 text" if status == 400 else reason
    return ApiError(status, reason, detail)
