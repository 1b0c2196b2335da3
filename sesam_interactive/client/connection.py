"""HTTP to a node: URL and token, time-outs, retries, streams, and the node's Problems as errors.

Safe to use from several threads. The token is never in a repr, a log line or an error.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import msgspec

from sesam_interactive.client.errors import ClientError, NoNodeError
from sesam_node.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

JSON, ARROW = "application/json", "application/vnd.apache.arrow.stream"
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
RETRIES = 3


def api_url(url: str) -> str:
    """The root of the API from what people write: with or without scheme, `/api`, slash."""
    url = url.strip().rstrip("/")
    if "://" not in url:
        url = f"http://{url}"
    return url if url.endswith("/api") else f"{url}/api"


def segment(name: str) -> str:
    """An id as one segment of a URL path."""
    return quote(name, safe="")


class Connection:
    """One node's API. `token` may be None for a node that asks for none."""

    def __init__(self, url: str, token: str | None = None, *, verify: bool = True) -> None:
        self.url = api_url(url)
        headers = {"Accept": JSON, "Accept-Encoding": "identity"}
        if token:
            headers["Authorization"] = f"Bearer {token.removeprefix('bearer ').strip()}"
        self._client = httpx.Client(
            base_url=self.url,
            headers=headers,
            timeout=TIMEOUT,
            # A proxy of the environment would be asked for the loopback node too.
            transport=httpx.HTTPTransport(retries=RETRIES, verify=verify),
        )

    def __repr__(self) -> str:
        return f"<Connection {self.url}>"

    def close(self) -> None:
        self._client.close()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer of one call. Raises ClientError for a status of 400 and above."""
        try:
            answer = self._client.request(method, path, **options)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if answer.status_code >= 400:
            raise failure(answer.status_code, answer.content, f"{method} {path}")
        return answer

    def json(self, method: str, path: str, **options: Any) -> Any:
        """The decoded JSON answer of one call."""
        content = self.request(method, path, **options).content
        return msgspec.json.decode(content) if content.strip() else None

    def get(self, path: str, **parameters: Any) -> Any:
        """GET; parameters that are None are left out, booleans are sent as `true`, `false`."""
        return self.json("GET", path, params=_parameters(parameters))

    def table(self, path: str, **parameters: Any) -> bytes | None:
        """A GET of entities as an Arrow stream; None from a node that does not know the format.

        So is one whose entities have more properties than a table should have.
        """
        accept = {"Accept": f"{ARROW}, {JSON};q=0.1"}
        try:
            answer = self.request("GET", path, params=_parameters(parameters), headers=accept)
        except ClientError as error:
            if any(problem.code == "too-many-columns" for problem in error.problems):
                return None
            raise
        is_table = answer.headers.get("Content-Type", "").startswith(ARROW)
        return answer.content if is_table else None

    @contextmanager
    def stream(
        self,
        path: str,
        *,
        method: str = "GET",
        accept: str = JSON,
        body: Any = None,
        **parameters: Any,
    ) -> Iterator[httpx.Response]:
        """A call whose answer is read as it comes; leaving the block ends it on the node too."""
        options: dict[str, Any] = {"params": _parameters(parameters), "headers": {"Accept": accept}}
        if body is not None:
            options["json"] = body
        try:
            with self._client.stream(method, path, **options) as answer:
                if answer.status_code >= 400:
                    raise failure(answer.status_code, answer.read(), f"{method} {path}")
                yield answer
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: httpx.HTTPError) -> NoNodeError:
        if isinstance(error, httpx.TimeoutException):
            return NoNodeError(f"the node at {self.url} did not answer in time")
        return NoNodeError(f"cannot reach the node at {self.url}: {error}")


def _parameters(parameters: Mapping[str, Any]) -> dict[str, str]:
    return {
        name.replace("_", "-") if name.startswith("include") else name: (
            json.dumps(value) if isinstance(value, bool) else str(value)
        )
        for name, value in parameters.items()
        if value is not None
    }


def failure(status: int, content: bytes, call: str) -> ClientError:
    """The error in an answer of the node: its message, and its problems with their paths."""
    try:
        body = json.loads(content)
    except ValueError:
        body = content[:300].decode(errors="replace")
    if not isinstance(body, dict):
        return ClientError(f"{call} answered {status}: {body}", status=status)
    message = str(body.get("message") or f"{call} answered {status}")
    problems = [_problem(item) for item in body.get("problems") or ()]
    if not problems:
        problems = [
            Problem(
                "",
                "config-error",
                str(error.get("msg", "")),
                level=str(error.get("level")),
                component=str(item.get("posted-config", {}).get("_id", "")),
            )
            for item in body.get("validation_errors") or ()
            for error in item.get("config-errors", ())
        ]
    if not problems:
        more = (body.get(name) for name in ("detail", "hint"))
        message = "; ".join([message, *(str(text) for text in more if text and text != message)])
    return ClientError(message, tuple(problems), status)


def _problem(item: Mapping[str, Any]) -> Problem:
    names = ("path", "code", "message", "hint", "level", "component")
    given = {name: str(item[name]) for name in names if item.get(name) is not None}
    return Problem(**({"path": "", "code": "", "message": ""} | given))
