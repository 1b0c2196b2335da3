"""The elasticsearch system: a search cluster, Elasticsearch's or OpenSearch's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.options import Flaw, further_flaws
from sesam_node.errors import ConfigError
from sesam_node.pipes.common_options import CERTIFICATES
from sesam_node.pipes.component import Option, system
from sesam_node.pipes.introspection import Offer
from sesam_node.pipes.search.server import SearchServer, needed, segment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sesam_node.pipes.batch import Context

TIMEOUTS = {"connect_timeout": 30, "read_timeout": 120}
NOT_THERE = 404


def _flaws(config: Mapping[str, Any]) -> Iterable[Flaw]:
    if config.get("authentication") == "basic":
        for name in ("username", "password"):
            if not config.get(name):
                text = f'authentication "basic" needs "{name}"'
                yield Flaw(("authentication",), "missing-option", text)
    if config.get("authentication") == "api_key" and not config.get("api_key"):
        text = 'authentication "api_key" needs "api_key"'
        yield Flaw(("authentication",), "missing-option", text)
    if config.get("hosts") == []:
        yield Flaw(("hosts",), "missing-option", '"hosts" names no server')


@system(
    "elasticsearch",
    Option("hosts", "string-list", ["localhost:9200"], "host:port or URL of each server"),
    Option(
        "authentication",
        "string",
        None,
        "how to log in; api_key is beyond the manual",
        ("basic", "api_key"),
    ),
    Option("username", "string", None, "the user to log in as"),
    Option("password", "string", None, "the user's password", secret=True),
    Option("api_key", "string", None, "the encoded API key; beyond the manual", secret=True),
    *CERTIFICATES,
    further=further_flaws(_flaws),
)
class ElasticsearchSystem:
    """An Elasticsearch or OpenSearch cluster."""

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self.id = str(options.get("_id", ""))
        if not options["hosts"]:
            raise ConfigError(f'{self}: "hosts" names no server')
        urls = [_url(host) for host in options["hosts"]]
        shared = {name: options[name] for name in ("verify_ssl", "custom_ca_pem_chain")}
        if options["authentication"] == "basic":
            login = ("authentication", "username", "password")
            shared |= {name: options[name] for name in login}
        elif options["authentication"] == "api_key":
            shared["headers"] = {"Authorization": f"ApiKey {options['api_key']}"}
        self.server = SearchServer(self.id, urls, {**TIMEOUTS, **shared}, context)
        self._version: tuple[str, int] | None = None

    def __str__(self) -> str:
        return f'system "{self.id}"'

    @property
    def has_types(self) -> bool:
        """Do documents have types? They have before Elasticsearch 7, and never in OpenSearch."""
        if self._version is None:
            version = needed(self.server.ask("GET", ""), str(self)).get("version") or {}
            number = str(version.get("number", "")).partition(".")[0]
            name = str(version.get("distribution") or "elasticsearch")
            self._version = name, int(number) if number.isdigit() else 7
        name, major = self._version
        return name == "elasticsearch" and major < 7

    # -- what it offers --------------------------------------------------------------------------

    def offers(self) -> Iterator[Offer]:
        """The indexes that are written to, without those that the cluster keeps for itself."""
        told = self.server.ask("GET", "_cat/indices", params={"format": "json", "h": "index"})
        names = sorted(str(item.get("index")) for item in told.value or ())
        return (_offer(name, ()) for name in names if not name.startswith("."))

    def offer(self, offer_id: str) -> Offer | None:
        """One index, with the fields of its mapping."""
        path = f"{segment(offer_id)}/_mapping"
        told = self.server.ask("GET", path, also=(NOT_THERE, 400))
        if told.status != 200:
            return None
        found: dict[str, str] = {}
        for index in needed(told, str(self)).values():
            mappings = index.get("mappings") or {}
            # Before version 7 there is a mapping for each type.
            parts = [mappings] if "properties" in mappings else mappings.values()
            for part in parts:
                if type(part) is dict:
                    for name, field in (part.get("properties") or {}).items():
                        found[name] = str(field.get("type") or "object")
        return _offer(
            offer_id, tuple({"name": name, "type": found[name]} for name in sorted(found))
        )

    def check(self) -> str:
        found = needed(self.server.ask("GET", "", patient=False), str(self))
        version = found.get("version") or {}
        name = str(version.get("distribution") or "elasticsearch")
        return f'{name} {version.get("number", "")}, cluster "{found.get("cluster_name", "")}"'

    def close(self) -> None:
        self.server.close()


def _url(host: str) -> str:
    url = host if "://" in host else f"http://{host}"
    return url if url.endswith("/") else f"{url}/"


def _offer(name: str, columns: tuple[Mapping[str, Any], ...]) -> Offer:
    return Offer(name, "index", columns, None, {"type": "elasticsearch", "default_index": name})
