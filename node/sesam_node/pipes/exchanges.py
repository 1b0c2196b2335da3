"""What REST components asked and were answered: their `trace`.

A pipe's exchanges are put into the last event of its run; those of one entity, where a preview asks
for them, into its result. What somebody logs in with is left out of both, whatever
`log_secret_redacted_bytes` says: secrets of the node, passwords and tokens of the system, also as
they are escaped in URLs and JSON, and headers and query parameters that are named like one.
"""

from __future__ import annotations

import json
import re
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit

from sesam_node.config.secrets import HIDDEN, redact
from sesam_node.pipes.http.answer import shown
from sesam_node.pipes.runs import now_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sesam_node.pipes.batch import Context
    from sesam_node.pipes.http.answer import Answer

KEPT: Final = 50
"""So many of the first exchanges of a run are kept, and of the last."""

LIKE_A_SECRET: Final = re.compile(
    r"auth|cookie|token|secret|passw|pwd|key|signature|\bsig\b|credential|session", re.IGNORECASE
)
SHORTEST_SECRET: Final = 6
"""What is shorter and merely named like a secret is hidden in its place alone."""
EVERYTHING: Final[dict[str, Any]] = {}
"""The settings of `"trace": true`: all defaults."""


class Exchanges:
    """The exchanges of one pipe."""

    def __init__(self) -> None:
        self._first: list[dict[str, Any]] = []
        self._last: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._count = 0
        self._of_entity: list[dict[str, Any]] | None = None

    @property
    def of_entity(self) -> bool:
        """Are the exchanges of one entity asked for?"""
        return self._of_entity is not None

    def add(self, exchange: dict[str, Any]) -> None:
        if self._of_entity is not None:
            self._of_entity.append(exchange)
            return
        self._count += 1
        (self._first if len(self._first) < KEPT else self._last).append(exchange)

    @contextmanager
    def those_of(self, entity: Mapping[str, Any]) -> Iterator[list[dict[str, Any]] | None]:
        """The exchanges meanwhile, where the entity asks for them: `"_trace": true`."""
        found: list[dict[str, Any]] | None = [] if entity.get("_trace") is True else None
        self._of_entity = found
        try:
            yield found
        finally:
            self._of_entity = None

    def told(self) -> list[dict[str, Any]]:
        """The exchanges of a run in order; `left_out` counts those between."""
        out = self._count - len(self._first) - len(self._last)
        return [*self._first, *([{"left_out": out}] if out else []), *self._last]


class Secretive(Protocol):
    """A system that knows which texts are secret."""

    def secret_texts(self) -> Collection[str]: ...


class Tracer:
    """Notes the exchanges of one component, where its `trace` option or the entity wants that."""

    def __init__(self, context: Context, options: Mapping[str, Any], component: str) -> None:
        self._exchanges = context.exchanges
        self._component: dict[str, Any] = {"component": component}
        if component == "transform":
            self._component["position"] = context.position
        given = options.get("trace")
        if given is None:
            given = context.definition.default("trace", otherwise=False)
        self._settings: Mapping[str, Any] | None = None
        if given is not False:
            self._settings = given if isinstance(given, dict) else EVERYTHING

    @contextmanager
    def exchange(
        self,
        system: Secretive,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Iterator[Exchange | None]:
        """One request and its answer; null where nobody wants to know."""
        settings = self._settings
        if settings is None and self._exchanges.of_entity:
            settings = EVERYTHING
        if settings is None:
            yield None
            return
        note = Exchange(settings, system, self._component)
        note.asked(method, url, headers, body)
        self._exchanges.add(note.data)
        began = time.monotonic()
        try:
            yield note
        except Exception as error:
            note.failed(error)
            raise
        finally:
            note.data["seconds"] = round(time.monotonic() - began, 6)


class Exchange:
    """One request and its answer, as data."""

    def __init__(
        self, settings: Mapping[str, Any], system: Secretive, component: Mapping[str, Any]
    ) -> None:
        self.data: dict[str, Any] = {**component, "start_time": now_text()}
        self._settings = settings
        self._system = system
        self._hidden: set[str] = set()

    def asked(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> None:
        named = [*headers.items(), *parse_qsl(urlsplit(url).query)]
        # A server may send them back in any place.
        self._hidden = {
            value
            for name, value in named
            if LIKE_A_SECRET.search(name) and len(value) >= SHORTEST_SECRET
        }
        asked: dict[str, Any] = {"method": method, "url": self._clean(_safe_url(url))}
        if self._settings.get("log_request_headers", True):
            asked["headers"] = self._headers(headers)
        if body is not None:
            asked["body"] = self._start(body, self._size("log_request_body_maxsize"))
        self.data["request"] = asked

    def answered(self, answer: Answer) -> None:
        """An answer has come; its body is left for others to read."""
        told: dict[str, Any] = {"status": answer.status}
        self.data["response"] = told
        if self._settings.get("log_response_headers", True):
            told["headers"] = self._headers(answer.headers)
        size = self._size("log_response_body_maxsize")
        if size:
            told["body"] = self._start(answer.beginning(), size)

    def failed(self, error: Exception) -> None:
        self.data["error"] = self._clean(str(error))

    def _size(self, option: str) -> int:
        return max(0, int(self._settings.get(option, 100)))

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {
            name.lower(): HIDDEN if LIKE_A_SECRET.search(name) else self._clean(str(value))
            for name, value in sorted(headers.items())
        }

    def _start(self, data: bytes, size: int) -> str:
        """The beginning of a body as text, without secrets that begin in it."""
        secrets = self._secrets()
        longest = max(map(len, secrets), default=0)
        text = redact(data[: size + 4 * longest].decode("utf-8", "replace"), secrets)
        return text.encode()[:size].decode("utf-8", "ignore")

    def _clean(self, text: str) -> str:
        return redact(text, self._secrets())

    def _secrets(self) -> set[str]:
        return escaped([*self._hidden, *self._system.secret_texts()])


def _safe_url(url: str) -> str:
    """A URL with its query, without user and password, and without parameters like secrets."""
    query = [
        (name, HIDDEN if LIKE_A_SECRET.search(name) else value)
        for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True)
    ]
    return f"{shown(url)}?{urlencode(query, safe='*')}" if query else shown(url)


def escaped(secrets: Collection[str]) -> set[str]:
    """Secrets as they are, and as they stand in URLs, forms and JSON."""
    made: set[str] = set()
    for secret in filter(None, secrets):
        made |= {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
        made |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return made
