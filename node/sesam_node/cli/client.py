"""The calls of the HTTP API that the commands make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import httpx

from sesam_node.errors import Problem, SesamError

if TYPE_CHECKING:
    from collections.abc import Mapping


class CallError(SesamError):
    """A call that the node refused; `status` is 0 where it did not answer."""

    def __init__(self, message: str, problems: tuple[Problem, ...], status: int) -> None:
        super().__init__(message, problems)
        self.status = status


class NodeClient:
    """One node's API."""

    def __init__(self, url: str, token: str) -> None:
        url = url.rstrip("/")
        if "://" not in url:
            url = f"http://{url}"
        self.url = url if url.endswith("/api") else f"{url}/api"
        self.token = token.strip()
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        # A proxy of the environment would be asked for a node on loopback too.
        self._http = httpx.Client(
            headers=headers, timeout=httpx.Timeout(None, connect=10.0), trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._http.close()

    @property
    def page(self) -> str:
        """Where the node's own page is."""
        return self.url.removesuffix("api")

    def call(self, method: str, path: str, **options: Any) -> bytes:
        """The answer's bytes. Raises CallError with the node's problems."""
        try:
            answer = self._http.request(method, self.url + path, **options)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CallError(f"no answer from {self.url}: {error}", (), 0) from None
        if answer.status_code >= 400:
            raise _failure(answer, f"{method} {path}")
        return answer.content

    def json(self, method: str, path: str, **options: Any) -> Any:
        """The answer's JSON."""
        import json

        return json.loads(self.call(method, path, **options))

    def get(self, path: str, **parameters: Any) -> Any:
        """GET of JSON; parameters that are None are left out."""
        return self.json("GET", path, params=_given(parameters))

    def get_bytes(self, path: str, parameters: Mapping[str, Any] | None = None) -> bytes:
        return self.call("GET", path, params=_given(parameters or {}))


def segment(name: str) -> str:
    """An id as one segment of a path."""
    return quote(name, safe="")


def _given(parameters: Mapping[str, Any]) -> dict[str, str]:
    given = {name: value for name, value in parameters.items() if value is not None}
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in given.items()
    }


def _failure(answer: httpx.Response, what: str) -> CallError:
    try:
        body = answer.json()
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    message = str(body.get("message") or answer.reason_phrase)
    problems = tuple(
        Problem(
            str(problem.get("path", "")),
            str(problem.get("code", "")),
            str(problem.get("message", "")),
            str(problem.get("hint", "")),
            str(problem.get("level", "error")),
            str(problem.get("component", "")),
        )
        for problem in body.get("problems") or []
        if isinstance(problem, dict)
    )
    detail = str(body.get("detail") or "")
    text = message if problems or detail in ("", message) else f"{message}: {detail}"
    return CallError(f"{what} answered {answer.status_code}: {text}", problems, answer.status_code)
