"""Asking a search engine: another host where one is gone, patience where it is busy.

Each host is a URL system of its own, so that login, certificates, redirects and the address rules
of the node are those of all HTTP. The vendors' clients are not used: Elasticsearch's refuses what
is not from its vendor, and none knows our address rules.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

from sesam_node.errors import PipeError
from sesam_node.pipes.component import build
from sesam_node.pipes.http.answer import RequestError, shown
from sesam_node.pipes.http.retries import retry_after

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sesam_node.pipes.batch import Context
    from sesam_node.pipes.systems.url import UrlSystem

BUSY: Final = (429, 502, 503, 504)
TRIES: Final = 5
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 30.0
MOST_BYTES: Final = 64 * 1024 * 1024
JSON_TYPE: Final = "application/json"


class Told(NamedTuple):
    """An answer: its status, and its JSON; null where it is none."""

    status: int
    value: Any


class SearchServer:
    """The hosts of one search engine. `urls` end with `/`; `options` are those of a url system."""

    def __init__(
        self, system_id: str, urls: Sequence[str], options: Mapping[str, Any], context: Context
    ) -> None:
        shared = {"_id": system_id, "type": "url", **options}
        self._hosts: list[UrlSystem] = [
            build("system", {**shared, "url_pattern": f"{url}%s"}, context) for url in urls
        ]
        self.pause: Callable[[float], None] = time.sleep

    def __str__(self) -> str:
        return str(self._hosts[0])

    @property
    def shown(self) -> str:
        """The URL of the first host, without what it may hold of a login."""
        return shown(self._hosts[0].url(""))

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = JSON_TYPE,
        also: Sequence[int] = (),
        patient: bool = True,
    ) -> Told:
        """The answer to a request that may be repeated.

        Asked again, four times at most, where the server is busy (429, 502, 503, 504) and the
        caller `patient`. Statuses in `also` are no error. Raises RequestError.
        """
        wait = FIRST_WAIT_S
        for left in reversed(range(TRIES if patient else 1)):
            status, value, headers = self._send(method, path, params, body, content_type)
            if status in BUSY and left:
                asked = retry_after(headers)
                self.pause(min(wait if asked is None else asked, LONGEST_WAIT_S))
                wait = min(wait * 2, LONGEST_WAIT_S)
            else:
                break
        if status not in also and not 200 <= status < 300:
            raise RequestError(f"{self}: {method} {path} answered {status}{_detail(value)}", status)
        return Told(status, value)

    def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        body: bytes | None,
        content_type: str,
    ) -> tuple[int, Any, Mapping[str, str]]:
        """From the first host that answers, which is asked first from then on."""
        headers = {"accept": JSON_TYPE} | ({"content-type": content_type} if body else {})
        failures: list[RequestError] = []
        for host in list(self._hosts):
            try:
                with host.request(
                    method, path, params=params, headers=headers, body=body, any_status=True
                ) as answer:
                    data = answer.body.read(MOST_BYTES)
                    return answer.status, _parsed(data), answer.headers
            except RequestError as error:
                if error.status is not None:
                    raise
                failures.append(error)
                self._hosts.append(self._hosts.pop(0))
        text = "; ".join(error.message for error in failures)
        raise RequestError(text, None)

    def close(self) -> None:
        for host in self._hosts:
            host.close()


def segment(name: str) -> str:
    """A name as one part of a path, whatever is in it."""
    return quote(name, safe="")


def needed(told: Told, what: str) -> dict[str, Any]:
    """The JSON object of an answer. Raises PipeError where it is none."""
    if type(told.value) is not dict:
        raise PipeError(f"{what}: the answer is no JSON object")
    return told.value


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data) if data else None
    except ValueError:
        return None


def _detail(value: Any) -> str:
    text = reason(value.get("error")) if type(value) is dict else ""
    return f": {text}" if text else ""


def reason(error: Any) -> str:
    """What Elasticsearch (`type`, `reason`, `caused_by`) or Solr (`msg`) say of an error."""
    if type(error) is str:
        return " ".join(error.split())[:300]
    if type(error) is not dict:
        return ""
    text = str(error.get("msg") or error.get("reason") or error.get("type") or "")
    cause = error.get("caused_by")
    below = reason(cause) if type(cause) is dict else ""
    if below and below not in text:
        text = f"{text}: {below}"
    return " ".join(text.split())[:500]
