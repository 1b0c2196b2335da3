"""The solr system: a Solr server, or one core or collection of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from sesam_node.errors import PipeError
from sesam_node.pipes.common_options import CERTIFICATES
from sesam_node.pipes.component import Option, system
from sesam_node.pipes.http.answer import RequestError
from sesam_node.pipes.introspection import Offer
from sesam_node.pipes.search.server import SearchServer, segment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sesam_node.pipes.batch import Context

REFUSED: Final = (400, 403, 404, 405)
"""How a URL answers that is not of the kind that was asked for."""


@system(
    "solr",
    Option("url", "string", "http://localhost:8983/solr/", "the URL of the core, or of the server"),
    Option("timeout", "number", 30, "seconds to wait for an answer"),
    Option("authentication", "string", None, "how to log in; beyond the manual", ("basic",)),
    Option("username", "string", None, "the user to log in as; beyond the manual"),
    Option("password", "string", None, "the user's password; beyond the manual", secret=True),
    *CERTIFICATES,
)
class SolrSystem:
    """A Solr server."""

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self.id = str(options.get("_id", ""))
        self.url = f"{str(options['url']).rstrip('/')}/"
        names = (
            "authentication",
            "username",
            "password",
            "verify_ssl",
            "custom_ca_pem_chain",
        )
        shared = {name: options[name] for name in names}
        timeouts = {"connect_timeout": options["timeout"], "read_timeout": options["timeout"]}
        self.server = SearchServer(self.id, [self.url], {**shared, **timeouts}, context)

    def __str__(self) -> str:
        return f'system "{self.id}"'

    # -- what it offers --------------------------------------------------------------------------

    def offers(self) -> Iterator[Offer]:
        """The collections or cores of a server; where the URL is that of one, this one."""
        names = self._names()
        if names is None:
            yield _offer(self._own_name, {"type": "solr"}, self._columns(""))
            return
        for name in names:
            yield _offer(name, {"type": "solr", "collection": name}, ())

    def offer(self, offer_id: str) -> Offer | None:
        names = self._names()
        if names is None:
            return next(self.offers()) if offer_id == self._own_name else None
        if offer_id not in names:
            return None
        columns = self._columns(f"{segment(offer_id)}/")
        return _offer(offer_id, {"type": "solr", "collection": offer_id}, columns)

    @property
    def _own_name(self) -> str:
        return unquote(urlsplit(self.url).path.rstrip("/").rpartition("/")[2]) or "solr"

    def _names(self) -> list[str] | None:
        """The collections, or the cores where there are none; null where the URL is one of them."""
        asked = (
            ("admin/collections", {"action": "LIST"}, "collections"),
            ("admin/cores", {"action": "STATUS", "indexInfo": "false"}, "status"),
        )
        for path, params, part in asked:
            told = self.server.ask("GET", path, params={**params, "wt": "json"}, also=REFUSED)
            if told.status == 200 and type(told.value) is dict and part in told.value:
                return sorted(map(str, told.value[part]))
        return None

    def _columns(self, where: str) -> tuple[Mapping[str, Any], ...]:
        told = self.server.ask("GET", f"{where}schema/fields", also=REFUSED)
        fields = told.value.get("fields") if type(told.value) is dict else None
        return tuple(
            {"name": str(field.get("name")), "type": str(field.get("type"))}
            for field in fields or ()
            if not str(field.get("name")).startswith("_")
        )

    def check(self) -> str:
        """The version of the server. A core tells it at another place than the server does."""
        for path in ("admin/info/system", "admin/system"):
            try:
                told = self.server.ask("GET", path, params={"wt": "json"}, patient=False)
            except RequestError as error:
                if error.status not in REFUSED:
                    raise
                continue
            found = told.value if type(told.value) is dict else {}
            version = (found.get("lucene") or {}).get("solr-spec-version")
            if version:
                return f"Solr {version}"
        raise PipeError(f"{self}: there is no Solr at {self.server.shown}")

    def close(self) -> None:
        self.server.close()


def _offer(name: str, sink: dict[str, Any], columns: tuple[Mapping[str, Any], ...]) -> Offer:
    return Offer(name, "collection", columns, None, sink)
