"""Access tokens by OAuth 2: client credentials, or a refresh token.

The node keeps one token for all systems of the same settings (`pipes/shared`); one process fetches
the next one shortly before it ends, or when the server refuses it. A new refresh token is on disk
before anything is asked with what came with it. Neither tokens nor secrets are in any message.
"""

from __future__ import annotations

import json
import time
from base64 import b64encode, urlsafe_b64decode
from typing import TYPE_CHECKING, Any, Final

import httpx

from sesam_node.errors import ConfigError, preview
from sesam_node.pipes.http.answer import RequestError, shown
from sesam_node.pipes.shared import line
from sesam_node.pipes.shared.questions import Done, Keep, Token, Wanted, renewal

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

UNKNOWN_LIFE_S: Final = 3600.0
CREDENTIALS, REFRESH = "client_credentials", "refresh_token"
SPENT: Final = ' ("invalid_grant")'


class OAuth2(httpx.Auth):
    """Puts the access token on requests; asks for a new one when a request is refused."""

    def __init__(self, system: str, owner: str, options: Mapping[str, Any]) -> None:
        """`owner` names the system in messages.

        Raises ConfigError where an option is missing or contradicts another.
        """
        self._system = system
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
        self._key = line.token_key("oauth2", {**options, "grant_type": self._grant})
        self._known: Token | None = None

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        token = yield from self._token(None)
        request.headers["Authorization"] = f"Bearer {_access(token)}"
        response = yield request
        if response.status_code == 401:
            token = yield from self._token(token.serial)
            request.headers["Authorization"] = f"Bearer {_access(token)}"
            yield request

    def secret_texts(self) -> list[str]:
        """The tokens in use."""
        data = (self._known.data if self._known else None) or {}
        return [data[name] for name in ("access", "refresh") if data.get(name)]

    def _token(self, refused: int | None) -> Generator[httpx.Request, httpx.Response, Token]:
        """The present token; `refused` is the serial of one that the server did not take."""
        known = self._known
        if refused is None and known is not None and self._lives(known.data):
            return known
        token: Token = line.ask(Wanted(self._key, self._system, refused))
        if not token.fresh:
            try:
                data = self._given() if token.data is None else None
                if data is None:
                    data = yield from self._fetched(token.data)
                token = Token(line.ask(Keep(self._key, data)), data, fresh=True)
            finally:
                line.tell(Done(self._key))
        self._known = token
        return token

    @staticmethod
    def _lives(data: Mapping[str, Any] | None) -> bool:
        return data is not None and data["renew"] > time.time()

    def _given(self) -> dict[str, Any] | None:
        """The access token of the configuration, while it lasts."""
        access = self._options.get("access_token")
        if not access or self._grant != REFRESH:
            return None
        refresh = self._options["refresh_token"]
        data = self._data(access, _end_of(access), refresh)
        return data if self._lives(data) else None

    def _fetched(
        self, old: Mapping[str, Any] | None
    ) -> Generator[httpx.Request, httpx.Response, dict[str, Any]]:
        """A new token: `access`, when to `renew` it, and the next `refresh` token."""
        form = {**(self._options.get("extra") or {}), "grant_type": self._grant}
        if self._scope:
            form["scope"] = self._scope
        refresh = self._options.get("refresh_token")
        if self._grant == REFRESH:
            refresh = (old["refresh"] if old else None) or refresh
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
            reason = _reason(response)
            hint = "; it wants a new refresh token" if reason == SPENT else ""
            raise RequestError(
                f"{self._owner}: {shown(url)} gave no access token: "
                f"{response.status_code} {response.reason_phrase}{reason}{hint}",
                response.status_code,
            )
        return self._read(response, refresh if self._grant == REFRESH else None)

    def _read(self, response: httpx.Response, refresh: str | None) -> dict[str, Any]:
        try:
            answer = json.loads(response.content)
            access = answer["access_token"]
            life = answer.get("expires_in")
            ends = time.time() + float(life) if life is not None else _end_of(access)
        except (ValueError, KeyError, TypeError, AttributeError):
            url = shown(self._options["token_url"])
            message = f'{self._owner}: the answer of {url} is no JSON object with "access_token"'
            raise RequestError(message) from None
        refresh = answer.get("refresh_token") or refresh
        return self._data(str(access), ends, refresh)

    def _data(self, access: str, ends: float, refresh: str | None) -> dict[str, Any]:
        renew = renewal(ends, self._window, time.time())
        return {"access": access, "renew": renew, "refresh": refresh}


def _access(token: Token) -> str:
    return str((token.data or {})["access"])


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
