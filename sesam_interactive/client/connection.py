"""HTTP to a node: URL and token, time-outs, retries, streams, and the node's Problems as errors.

Safe to use from several threads. The token is never in a repr, a log line or an error.
"""

from __future__ import annotations

import json
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import msgspec

from sesam_interactive.client import waiting
from sesam_interactive.client.errors import ClientError, NoNodeError
from sesam_interactive.client.retrying import (
    LONGEST_WAIT_S,
    STATUSES,
    WAITS_S,
    backoff_s,
    is_safe,
    may_retry,
    retry_after_s,
)
from sesam_node.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

JSON, ARROW = "application/json", "application/vnd.apache.arrow.stream"
ANY = {"Accept": "*/*"}
TIMEOUT_S = 60.0
CONNECT_S = 10.0


def api_url(url: str) -> str:
    """The root of the API from what people write: with or without scheme, `/api`, slash.

    A name with a dot and no scheme is one of the internet: https. Others are near: http.
    """
    scheme, given, rest = url.strip().rpartition("://")
    rest = rest.rstrip("/")
    if not given:
        host = rest.partition("/")[0].partition(":")[0]
        scheme = "http" if is_near(host) else "https"
    return f"{scheme}://{rest.removesuffix('/api')}/api"


def is_near(host: str) -> bool:
    """Is it a host of this machine or network? A name with a dot is one of the internet."""
    return "." not in host or host.replace(".", "").isdigit()


def verified(verify: bool | str) -> ssl.SSLContext | bool:  # noqa: FBT001 - as httpx has it
    """How certificates are checked: as the system does, not at all, or by a file of authorities."""
    if not isinstance(verify, str):
        return verify
    try:
        return ssl.create_default_context(cafile=verify)
    except (OSError, ssl.SSLError) as error:
        raise ClientError(f"{verify} holds no certificates: {error}") from None


def segment(name: str) -> str:
    """An id as one segment of a URL path."""
    return quote(name, safe="")


def checked_url(url: str) -> str:
    """A URL that can be asked and shown. Raises ClientError; a login in it is not repeated."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise ClientError(f"this is no URL of a node: {error}") from None
    if parsed.userinfo:
        raise ClientError("the URL holds a login; give the token of the node as `token` instead")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ClientError(f'expected a URL such as "http://localhost:9042", got "{url}"')
    return url


def bare_token(token: str) -> str:
    """A token without what people copy along: quotes, blanks, `Bearer`."""
    token = token.strip().strip("\"'").strip()
    return token[7:].strip() if token[:7].lower() == "bearer " else token


def checked_token(token: str) -> str:
    """A bare token. Raises ClientError, which does not show it, where it cannot be one."""
    token = bare_token(token)
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise ClientError("the token has characters that no token has; was it copied whole?")
    return token


class Connection:
    """One node's API. `token` may be None for a node that asks for none.

    `verify` is a file of certificates to check the node's with; false checks nothing. `timeout_s`
    is how long to wait for an answer to begin or go on. What cannot be reached, or is
    refused for now (429, 502, 503), is tried again after each of `waits_s`, as `Retry-After` asks
    where the node says it; calls that are not safe to repeat only where they did not arrive.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        verify: bool | str = True,
        timeout_s: float = TIMEOUT_S,
        waits_s: Sequence[float] = WAITS_S,
    ) -> None:
        self.url = checked_url(api_url(url))
        self._waits_s = tuple(waits_s)
        headers = {"Accept": JSON, "Accept-Encoding": "identity"}
        if token:
            headers["Authorization"] = f"Bearer {checked_token(token)}"
        self._client = httpx.Client(
            base_url=self.url,
            headers=headers,
            timeout=httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s)),
            verify=verified(verify),
            # A proxy of the environment is for what is far; it would be asked for a node here too.
            transport=httpx.HTTPTransport(verify=verified(verify)) if self._is_near() else None,
        )

    def _is_near(self) -> bool:
        return is_near(httpx.URL(self.url).host)

    def __repr__(self) -> str:
        return f"<Connection {self.url}>"

    def close(self) -> None:
        self._client.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        safe: bool | None = None,
        allowed: Container[int] = (),
        **options: Any,
    ) -> httpx.Response:
        """The answer of one call. Raises ClientError for a status of 400 and above.

        `safe` says that the call may be made twice, where its method does not; `allowed` are
        statuses that are answers and no errors.
        """
        request = self._request(method, path, options)
        answer = self._send(request, f"{method} {path}", safe=safe, allowed=allowed)
        if answer.status_code >= 400 and answer.status_code not in allowed:
            raise failure(answer, f"{method} {path}")
        return answer

    def _request(self, method: str, path: str, options: Mapping[str, Any]) -> httpx.Request:
        """A request to send. Raises ClientError where its body is no JSON, or all is closed."""
        if self._client.is_closed:
            raise ClientError(f"the connection to {self.url} is closed; connect() makes another")
        try:
            return self._client.build_request(method, path, **options)
        except (TypeError, ValueError, RecursionError) as error:
            raise ClientError(f"what {method} {path} should send is no JSON: {error}") from None

    def _send(
        self,
        request: httpx.Request,
        call: str,
        *,
        safe: bool | None = None,
        allowed: Container[int] = (),
        stream: bool = False,
    ) -> httpx.Response:
        """The answer, after as many tries as the call may take; the last refusal is an answer."""
        if safe is None:
            safe = is_safe(request.method, request.headers)
        for wait_s in (*self._waits_s, None):
            waiting.check()
            asked_s = 0.0
            try:
                answer = self._client.send(request, stream=stream)
            except httpx.HTTPError as error:
                if wait_s is None or not may_retry(error, safe=safe):
                    raise self._unreachable(error) from None
            else:
                status = answer.status_code
                if wait_s is None or not safe or status not in STATUSES or status in allowed:
                    return answer
                asked_s = retry_after_s(answer) or 0.0
                if asked_s > LONGEST_WAIT_S:
                    return answer
                answer.close()
            waiting.pause(max(asked_s, backoff_s(wait_s)))
        raise AssertionError(call)

    def json(self, method: str, path: str, **options: Any) -> Any:
        """The decoded JSON answer of one call."""
        content = self.request(method, path, **options).content
        return msgspec.json.decode(content) if content.strip() else None

    def get(self, path: str, **parameters: Any) -> Any:
        """GET; parameters that are None are left out, booleans are sent as `true`, `false`."""
        return self.json("GET", path, params=given(parameters))

    def text(self, path: str, **parameters: Any) -> str:
        """A GET of text."""
        return self.get_bytes(path, parameters).decode()

    def get_bytes(self, path: str, parameters: Mapping[str, Any] | None = None) -> bytes:
        """A GET of anything, as it is."""
        return self.request("GET", path, params=given(parameters or {}), headers=ANY).content

    def ask(self, path: str, **fields: Any) -> Any:
        """A POST of JSON that only asks something, so that it is safe to repeat.

        Fields that are None are left out.
        """
        given = {name: value for name, value in fields.items() if value is not None}
        return self.json("POST", path, json=given, safe=True)

    def table(self, path: str, **parameters: Any) -> bytes | None:
        """A GET of entities as an Arrow stream; None from a node that does not know the format.

        So is one whose entities have more properties than a table should have.
        """
        accept = {"Accept": f"{ARROW}, {JSON};q=0.1"}
        try:
            answer = self.request("GET", path, params=given(parameters), headers=accept)
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
        options: dict[str, Any] = {"params": given(parameters), "headers": {"Accept": accept}}
        if body is not None:
            options["json"] = body
        try:
            request = self._request(method, path, options)
            # What is streamed is only read, so it may be asked for twice.
            answer = self._send(request, f"{method} {path}", safe=True, stream=True)
            try:
                if answer.status_code >= 400:
                    answer.read()
                    raise failure(answer, f"{method} {path}")
                yield answer
            finally:
                answer.close()
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None

    def _unreachable(self, error: httpx.HTTPError) -> NoNodeError:
        if isinstance(error, httpx.TimeoutException):
            return NoNodeError(f"the node at {self.url} did not answer in time")
        return NoNodeError(f"cannot reach the node at {self.url}: {error}")


def given(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Query parameters as the API takes them; those that are None are left out."""
    return {
        name.replace("_", "-") if name.startswith("include") else name: (
            json.dumps(value) if isinstance(value, bool) else str(value)
        )
        for name, value in parameters.items()
        if value is not None
    }


def failure(answer: httpx.Response, call: str) -> ClientError:
    """The error in an answer of the node: its message, and its problems with their paths."""
    status, content = answer.status_code, answer.content
    wait_s = retry_after_s(answer)
    try:
        body = json.loads(content)
    except ValueError:
        body = content[:300].decode(errors="replace")
    if not isinstance(body, dict):
        text = f"{call} answered {status}: {body}"
        return ClientError(text, status=status, retry_after_s=wait_s)
    message = str(body.get("message") or f"{call} answered {status}")
    problems = [problem_of(item) for item in body.get("problems") or ()]
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
        more = [body.get(name) for name in ("detail", "hint")]
        if status >= 500 and body.get("request_id"):
            more.append(f"request_id {body['request_id']}")
        message = "; ".join([message, *(str(text) for text in more if text and text != message)])
    return ClientError(message, problems, status, retry_after_s=wait_s)


def problem_of(item: Mapping[str, Any]) -> Problem:
    names = ("path", "code", "message", "hint", "level", "component")
    given = {name: str(item[name]) for name in names if item.get(name) is not None}
    return Problem(**({"path": "", "code": "", "message": ""} | given))
