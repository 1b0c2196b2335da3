"""`custom_auth`: access tokens by operations of the system itself (REST system, custom auth).

As with OAuth 2 the node keeps them, one process fetches, and what an operation gave is on disk
before it is used (`pipes/shared`).
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError, PipeError, preview
from sesam_node.pipes.rest.operation import part_of
from sesam_node.pipes.shared import line
from sesam_node.pipes.shared.questions import Done, Keep, Token, Wanted, renewal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sesam_node.pipes.rest.templates import Templates


class Tokens:
    """Fetches tokens when they are needed and before they end.

    `key` stands for all that the token depends on. `ask` carries out an operation by name and gives
    what its `payload_property` names of the answer. Tokens are part of no message.
    """

    def __init__(
        self,
        system: str,
        key: str,
        options: Mapping[str, Any],
        templates: Templates,
        ask: Callable[[str], Any],
    ) -> None:
        """Raises ConfigError where nothing says when a token ends."""
        self._system = system
        self._owner = f'system "{system}"'
        self._key = key
        self._options = options
        self._templates = templates
        self._ask = ask
        self._token: dict[str, Any] = dict(options.get("initial_refresh_token") or {})
        self._renew = 0.0
        self._renew_refresh = 0.0
        self._serial: int | None = None
        self._window = float(options.get("refresh_window") or 30)
        if not (options.get("expires_at_expression") or options.get("expires_in_expression")):
            names = '"expires_at_expression" or "expires_in_expression"'
            raise ConfigError(f'{self._owner}: "custom_auth" needs {names}')

    def variables(self) -> dict[str, Any]:
        """What templates know of the token, without fetching one."""
        made: dict[str, Any] = {"token": self._token}
        for name in ("access_token", "refresh_token"):
            where = self._options.get(f"{name}_property")
            if where:
                made[name] = self._token.get(where)
        return made

    def secret_texts(self) -> list[str]:
        """The texts of the token: what in it is no secret is not worth telling either."""
        return [text for text in self._token.values() if isinstance(text, str) and len(text) > 5]

    def fetch(self, *, again: bool = False) -> None:
        """See to it that there is a token that has not ended; with `again` another one."""
        if not again and self._renew > time.time():
            return
        refused = self._serial if again else None
        token: Token = line.ask(Wanted(self._key, self._system, refused))
        self._take_over(token)
        if token.fresh:
            return
        try:
            self._fetch(again=again)
        finally:
            line.tell(Done(self._key))

    def _take_over(self, token: Token) -> None:
        self._serial = token.serial
        if token.data is not None:
            self._token = dict(token.data["token"])
            self._renew = token.data["renew"]
            self._renew_refresh = token.data["renew_refresh"]

    def _fetch(self, *, again: bool) -> None:
        now = time.time()
        operation = self._options.get("get_refresh_token_operation")
        if operation and (again or now >= self._renew_refresh):
            self._renew = 0.0
            self._take(operation)
            ends = self._end("refresh_token_expires")
            self._renew_refresh = renewal(ends, self._window, now)
            self._put("refresh_token_", ends)
            self._keep()
        self._take(str(self._options["get_token_operation"]))
        ends = self._end("expires")
        self._renew = renewal(ends, self._window, now)
        self._put("", ends)
        self._keep()

    def _keep(self) -> None:
        data = {
            "token": self._token,
            "renew": self._renew,
            "renew_refresh": self._renew_refresh,
        }
        self._serial = line.ask(Keep(self._key, data))

    def _take(self, operation: str) -> None:
        answer = self._ask(operation)
        if not isinstance(answer, dict):
            raise PipeError(
                f'{self._owner}: the operation "{operation}" gave no token; expected an object'
            )
        self._token |= answer

    def _put(self, prefix: str, ends: float) -> None:
        self._token[f"{prefix}expires_at"] = int(ends)
        text = datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._token[f"{prefix}expiry_date"] = text

    def _end(self, name: str) -> float:
        """When the token ends, in seconds since 1970."""
        at, seconds = f"{name}_at_expression", f"{name}_in_expression"
        variables = self.variables()
        if self._options.get(at):
            text = self._templates.text(self._options[at], variables, f'"{at}"').strip()
            try:
                moment = datetime.fromisoformat(text)
            except ValueError:
                moment = None
            if moment is not None:
                return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        if self._options.get(seconds):
            text = self._templates.text(self._options[seconds], variables, f'"{seconds}"').strip()
            try:
                return time.time() + float(text)
            except ValueError:
                message = f'{self._owner}: "{seconds}" must give seconds, got {preview(text)}'
                raise PipeError(message) from None
        raise PipeError(f'{self._owner}: "{at}" gives no time')


def token_part(body: Any, operation: Mapping[str, Any]) -> Any:
    """What of an answer the token is: `payload_property` of its operation, or all of it."""
    return part_of(body, operation.get("payload_property"))
