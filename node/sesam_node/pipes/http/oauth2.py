"""Access tokens by OAuth 2: client credentials, or a refresh token.

A token is kept in the process for all systems of the same settings, and fetched again shortly
before it ends or when the server refuses it. Neither tokens nor secrets are in any message.
"""

from __future__ import annotations

import json
import time
from base64 import b64encode, urlsafe_b64decode
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import httpx

from sesam_node.errors import ConfigError, preview
from sesam_node.model import content_hash, encode
from sesam_node.pipes.http.answer import RequestError, shown

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

UNKNOWN_LIFE_S: Final = 3600.0
CREDENTIALS, REFRESH = "client_credentials", "refresh_token"


@dataclass(slots=True)
class Token:
    """An access token, when it ends (seconds since 1970), and the next refresh token."""

    access: str
    ends: float
    refresh: str | None


_tokens: dict[bytes, Token] = {}
_lock: Final = Lock()


class OAuth2(httpx.Auth):
    """Puts the access token on requests; asks for a new one when a request is refused."""

    def __init__(self, owner: str, options: Mapping[str, Any]) -> None:
        """Raises ConfigError where an option is missing or contradicts another."""
        self._owner = owner
        self._options = options
        for name in ("client_id", "client_secret", "token_url"):
            if not options.get(name):
                raise ConfigError(f'{owner}: "oauth2" needs "{name}"')
        scope = options.get("scope") or options.get("scopes") or []
        self._scope = scope if type(scope) is str else " ".join(scope)
        grant = options.get("grant_type")
        self._grant = grant or (REFRESH if options.get("refresh_token") else CREDENTIALS)
        if self._grant == REFRESH and not options.get("refresh_token"):
            raise ConfigError(f'{owner}: the grant type "refresh_token" needs a "refresh_token"')
        self._window = float(options.get("refresh_window", 30))
        self._key = content_hash(encode({**options, "grant_type": self._grant}))

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        with _lock:
            token = _tokens.get(self._key) or self._given()
            if token is None or token.ends - self._window <= time.time():
                token = yield from self._fetched(token)
        request.headers["Authorization"] = f"Bearer {token.access}"
        response = yield request
        if response.status_code == 401:
            with _lock:
                if _tokens.get(self._key, token) is token:
                    token = yield from self._fetched(token)
                else:
                    token = _tokens[self._key]
            request.headers["Authorization"] = f"Bearer {token.access}"
            yield request

    def _given(self) -> Token | None:
        access = self._options.get("access_token")
        if not access or self._grant != REFRESH:
            return None
        token = Token(access, _end_of(access), self._options["refresh_token"])
        _tokens[self._key] = token
        return token

    def _fetched(self, old: Token | None) -> Generator[httpx.Request, httpx.Response, Token]:
        """A new token, kept."""
        form = {**(self._options.get("extra") or {}), "grant_type": self._grant}
        if self._scope:
            form["scope"] = self._scope
        refresh = self._options.get("refresh_token")
        if self._grant == REFRESH:
            refresh = (old.refresh if old else None) or refresh
            form["refresh_token"] = refresh
        client_id, secret = self._options["client_id"], self._options["client_secret"]
        url = self._options["token_url"]
        login = b64encode(f"{client_id}:{secret}".encode()).decode()
        headers = {"Accept": "application/json", "Authorization": f"Basic {login}"}
        response = yield httpx.Request("POST", url, data=form, headers=headers)
        response.read()
        if response.status_code in (400, 401):
            # Some servers take the client's secret in the form only.
            form |= {"client_id": client_id, "client_secret": secret}
            del headers["Authorization"]
            response = yield httpx.Request("POST", url, data=form, headers=headers)
            response.read()
        if not response.is_success:
            raise RequestError(
                f"{self._owner}: {shown(url)} gave no access token: "
                f"{response.status_code} {response.reason_phrase}{_reason(response)}"
            )
        token = self._read(response, refresh if self._grant == REFRESH else None)
        _tokens[self._key] = token
        return token

    def _read(self, response: httpx.Response, refresh: str | None) -> Token:
        try:
            answer = json.loads(response.content)
            access = answer["access_token"]
            life = answer.get("expires_in")
            ends = time.time() + float(life) if life is not None else _end_of(access)
        except (ValueError, KeyError, TypeError, AttributeError):
            url = shown(self._options["token_url"])
            message = f'{self._owner}: the answer of {url} is no JSON object with "access_token"'
            raise RequestError(message) from None
        return Token(str(access), ends, answer.get("refresh_token") or refresh)


def _end_of(access: str) -> float:
    """When a token ends: what it says itself, if it is a JWT, else in an hour."""
    try:
        part = access.split(".")[1]
        payload = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return float(payload["exp"])
    except (IndexError, ValueError, KeyError, TypeError):
        return time.time() + UNKNOWN_LIFE_S


def _reason(response: httpx.Response) -> str:
    """The error code of a refused token request; the rest of it may hold secrets."""
    try:
        code = json.loads(response.content)["error"]
    except (ValueError, KeyError, TypeError):
        return ""
    return f" ({preview(code, 40)})" if type(code) is str else ""
