"""The Tornado application: the routes of every handler module under `/api`, and the page at `/`."""

from __future__ import annotations

import logging
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, cast

from tornado.web import Application, GZipContentEncoding

from sesam_node.api.auth import Authenticator
from sesam_node.api.base import UnknownPath
from sesam_node.api.handlers import MODULES, page
from sesam_node.api.hosts import is_loopback
from sesam_node.api.operations import path_pattern
from sesam_node.settings import Keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tornado.httputil import HTTPServerRequest
    from tornado.web import RequestHandler

    from sesam_node.hub import Hub
    from sesam_node.hub.access import Principal
    from sesam_node.settings import Settings

log = logging.getLogger("sesam_node.api.access")

# A node URL that ends in a slash makes the official client ask for `//api/…` or `/api//api/…`.
PREFIX: Final = re.compile(r"(?:/+api)+(?=/|\Z)/*")


class Compression(GZipContentEncoding):
    """gzip for clients that ask for it by name; everything else goes out as it is."""

    GZIP_LEVEL = 1

    def __init__(self, request: HTTPServerRequest) -> None:
        super().__init__(request)
        self._gzipping = wants_gzip(request.headers.get("Accept-Encoding", ""))


class NodeApplication(Application):
    """The application of one node; handlers find the hub and the limits here."""

    def __init__(self, hub: Hub, settings: Settings, authenticator: Authenticator) -> None:
        self.hub = hub
        self.node_settings = settings
        self.authenticator = authenticator
        self.loopback = is_loopback(settings.host)
        self.requests: Counter[tuple[str, int]] = Counter()
        self.body_limit = settings.max_body_bytes
        routes: Any = [
            (path_pattern(template), handler, {"template": template})
            for template, handler in all_routes()
        ]
        routes += page.ROUTES
        super().__init__(
            routes,
            transforms=[Compression],
            default_handler_class=UnknownPath,
            log_function=log_request,
        )

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        prefix = PREFIX.match(request.path)
        if prefix is not None:
            request.path = "/api/" + request.path[prefix.end() :]
        return super().find_handler(request, **kwargs)


def make_application(
    hub: Hub, settings: Settings, authenticator: Authenticator | None = None
) -> NodeApplication:
    """The application over a hub; keys come from the settings unless an authenticator is given.

    Raises ConfigError where the keys cannot be used.
    """

    def of_account(claims: Mapping[str, Any]) -> Principal | None:
        return hub.accounts.principal(claims)

    authenticator = authenticator or Authenticator(Keys.load(settings), of_account)
    return NodeApplication(hub, settings, authenticator)


def all_routes() -> Iterator[tuple[str, type[RequestHandler]]]:
    """Every path template with its handler; fixed paths before those with placeholders."""
    routes = [route for module in MODULES for route in module.ROUTES]
    return iter(sorted(routes, key=lambda route: _rank(route[0])))


def _rank(template: str) -> list[tuple[int, str]]:
    return [
        (2 if part.endswith("*}") else 1 if part.startswith("{") else 0, part)
        for part in template.split("/")
    ]


def wants_gzip(accept: str) -> bool:
    """Does an `Accept-Encoding` header name gzip, and not with a weight of zero?"""
    for part in accept.split(","):
        name, _, parameters = part.strip().partition(";")
        if name.strip().lower() == "gzip":
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", parameters.lower())
    return False


def log_request(handler: RequestHandler) -> None:
    """One line for each request; queries are left out, they may hold what nobody should read."""
    request, status = handler.request, handler.get_status()
    method = request.method if request.method in handler.SUPPORTED_METHODS else "other"
    cast("NodeApplication", handler.application).requests[str(method), status] += 1
    principal = getattr(handler, "principal", None)
    log.log(
        logging.INFO if status < 500 else logging.WARNING,
        "%s %s %d %.1f ms",
        request.method,
        request.path,
        status,
        1000.0 * request.request_time(),
        extra={
            "request": getattr(handler, "request_id", ""),
            "user": principal.subject if principal else "",
        },
    )
