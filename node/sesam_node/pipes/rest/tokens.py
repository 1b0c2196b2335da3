"""`custom_auth`: access tokens by operations of the system itself (REST system, custom auth)."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError, PipeError, preview
from sesam_node.pipes.rest.operation import part_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sesam_node.pipes.rest.templates import Templates


class Tokens:
    """Fetches tokens when they are needed and before they end.

    `ask` carries out an operation by name and gives what its `payload_property` names of the
    answer. Tokens are kept in memory, and are part of no message.
    """

    def __init__(
        self,
        owner: str,
        options: Mapping[str, Any],
        templates: Templates,
        ask: Callable[[str], Any],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._owner = owner
        self._options = options
        self._templates = templates
        self._ask = ask
        self._clock = clock
        self._token: dict[str, Any] = dict(options.get("initial_refresh_token") or {})
        self._ends = 0.0
        self._refresh_ends = 0.0
        self._window = float(options.get("refresh_window") or 30)
        if not (options.get("expires_at_expression") or options.get("expires_in_expression")):
            names = '"expires_at_expression" or "expires_in_expression"'
            raise ConfigError(f'{owner}: "custom_auth" needs {names}')

    def variables(self) -> dict[str, Any]:
        """What templates know of the token, without fetching one."""
        made: dict[str, Any] = {"token": self._token}
        for name in ("access_token", "refresh_token"):
            where = self._options.get(f"{name}_property")
            if where:
                made[name] = self._token.get(where)
        return made

    def fetch(self, *, again: bool = False) -> None:
        """See to it that there is a token that has not ended; with `again` a new one."""
        now = self._clock()
        if not again and now < self._ends - self._window:
            return
        operation = self._options.get("get_refresh_token_operation")
        if operation and (again or now >= self._refresh_ends - self._window):
            self._take(operation)
            self._refresh_ends = self._end("refresh_token_expires")
            self._put("refresh_token_", self._refresh_ends)
        self._take(str(self._options["get_token_operation"]))
        self._ends = self._end("expires")
        self._put("", self._ends)

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
                return self._clock() + float(text)
            except ValueError:
                message = f'{self._owner}: "{seconds}" must give seconds, got {preview(text)}'
                raise PipeError(message) from None
        raise PipeError(f'{self._owner}: "{at}" gives no time')


def token_part(body: Any, operation: Mapping[str, Any]) -> Any:
    """What of an answer the token is: `payload_property` of its operation, or all of it."""
    return part_of(body, operation.get("payload_property"))
