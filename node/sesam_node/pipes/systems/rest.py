"""The rest system: a service over HTTP with named operations."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sesam_node.config.options import further_flaws
from sesam_node.config.secrets import asked_in_templates
from sesam_node.pipes.common_options import OPERATIONS, RATE_LIMITS, URL_SYSTEM
from sesam_node.pipes.component import Option, system
from sesam_node.pipes.http.answer import RequestError
from sesam_node.pipes.http.retries import flaws, retry_after
from sesam_node.pipes.rest.call import Call
from sesam_node.pipes.rest.offers import operations
from sesam_node.pipes.rest.operation import operation_of
from sesam_node.pipes.rest.statuses import Statuses
from sesam_node.pipes.rest.templates import Templates
from sesam_node.pipes.rest.tokens import Tokens
from sesam_node.pipes.shared import line
from sesam_node.pipes.systems.url import UrlSystem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sesam_node.pipes.batch import Context
    from sesam_node.pipes.exchanges import Exchange, Tracer
    from sesam_node.pipes.http.answer import Answer
    from sesam_node.pipes.introspection import Offer
    from sesam_node.pipes.rest.operation import Request

TOO_MANY: Final = 429
UNAUTHORIZED: Final = 401

CUSTOM_AUTH = Option(
    "custom_auth",
    "object",
    None,
    "how to get access tokens by operations of the system",
    fields=(
        Option("get_token_operation", "string", doc="the operation that gives an access token"),
        Option("expires_at_expression", "string", None, "template: when the token ends"),
        Option("expires_in_expression", "string", None, "template: seconds until it ends"),
        Option("refresh_window", "integer", 30, "seconds before its end that a token is renewed"),
        Option("initial_refresh_token", "object", None, "the first refresh token", secret=True),
        Option("get_refresh_token_operation", "string", None, "the operation that gives one"),
        Option("refresh_token_expires_at_expression", "string", None, "template: when it ends"),
        Option("refresh_token_expires_in_expression", "string", None, "template: seconds left"),
        Option("access_token_property", "string", None, "where it is", deprecated="use templates"),
        Option("refresh_token_property", "string", None, "where it is", deprecated="use templates"),
    ),
)


@system(
    "rest",
    *URL_SYSTEM,
    OPERATIONS,
    *RATE_LIMITS,
    Option("json_content_types", "string-list", ["application/json"], "types read as JSON"),
    CUSTOM_AUTH,
    one_of=(("url_pattern", "base_url"),),
    further=further_flaws(flaws),
)
class RestSystem(UrlSystem):
    """A service that is reached over HTTP by named operations."""

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        super().__init__(options, context)
        self.templates = Templates(str(self), context.definition.secrets, options)
        types = options["json_content_types"] or ()
        self._json_types = frozenset(["application/json", *(kind.lower() for kind in types)])
        custom = options["custom_auth"]
        self._tokens = (
            Tokens(self.id, self._token_key(), custom, self.templates, self._token_answer)
            if custom
            else None
        )
        self._fetching = False

    def is_json(self, content_type: str) -> bool:
        """Is an answer of this type read as JSON?"""
        return content_type.partition(";")[0].strip().lower() in self._json_types

    def operation(self, name: str | None, component: Mapping[str, Any]) -> dict[str, Any]:
        """The options of an operation as a source, sink or transform has it. See `operation_of`."""
        return operation_of(name, component, self._options, str(self))

    def token_variables(self) -> dict[str, Any]:
        """What templates know of the access token, which is fetched where it is time to."""
        if self._tokens is None:
            return {}
        if not self._fetching:
            self._fetch_token(again=False)
        return self._tokens.variables()

    @contextmanager
    def call(
        self,
        request: Request,
        operation: Mapping[str, Any],
        allowed: Statuses,
        tracer: Tracer | None = None,
    ) -> Iterator[Answer]:
        """The answer to a request of an operation.

        Asked again where there were too many requests (429), `rate_limiting_retries` times, after
        what the server says in `Retry-After`, or `rate_limiting_delay` seconds; and once with a new
        token where the old one is refused. Raises RequestError for a status that is not allowed.
        """
        retries = _given(operation, self._options, "rate_limiting_retries", 0)
        delay = _given(operation, self._options, "rate_limiting_delay", 1)
        refused = False
        while True:
            with self._asked(request, tracer) as answer:
                status = answer.status
                if status == TOO_MANY and retries > 0:
                    retries -= 1
                    # What the server says holds for all, and the next turn waits for it.
                    wait = delay if retry_after(answer.headers) is None else 0.0
                elif status == UNAUTHORIZED and self._can_ask_again(refused=refused):
                    refused, wait = True, 0.0
                elif status in allowed:
                    yield answer
                    return
                else:
                    raise self._not_allowed(answer)
            if status == UNAUTHORIZED:
                self._fetch_token(again=True)
            line.wait(wait)

    @contextmanager
    def _asked(self, request: Request, tracer: Tracer | None) -> Iterator[Answer]:
        """The answer to a request, whatever its status; noted where that is wanted."""
        with ExitStack() as stack:
            note: Exchange | None = None
            if tracer is not None:
                url = self.whole_url(request.url, request.params)
                headers = {**self._headers(), **request.headers}
                noting = tracer.exchange(self, request.method, url, headers, request.body)
                note = stack.enter_context(noting)
            asking = self.request(
                request.method,
                request.url,
                params=request.params,
                headers=request.headers,
                body=request.body,
                any_status=True,
            )
            answer = stack.enter_context(asking)
            if note is not None:
                note.answered(answer)
            yield answer

    def secret_texts(self) -> list[str]:
        tokens = [] if self._tokens is None else self._tokens.secret_texts()
        return [*super().secret_texts(), *tokens]

    def _can_ask_again(self, *, refused: bool) -> bool:
        return self._tokens is not None and not refused and not self._fetching

    def _not_allowed(self, answer: Answer) -> RequestError:
        text = " ".join(answer.body.read(500).decode("utf-8", "replace").split())[:200]
        detail = f": {text}" if text and not text.startswith("<") else ""
        return RequestError(
            f"{self}: {answer.url} answered {answer.status}{detail}",
            answer.status,
            self.retries.options(answer.status),
        )

    # -- what it offers ------------------------------------------------------------------------

    def offers(self) -> Iterator[Offer]:
        """The operations."""
        return operations(self._options, self.templates)

    def offer(self, offer_id: str) -> Offer | None:
        return next((found for found in self.offers() if found.id == offer_id), None)

    def _logs_in(self) -> bool:
        return self._tokens is not None or super()._logs_in()

    @contextmanager
    def pass_on(
        self,
        method: str,
        relative: str,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Iterator[Answer]:
        """The answer to somebody's request; asked once more where the token is refused."""
        ask = partial(super().pass_on, method, relative, query=query, headers=headers, body=body)
        with ask() as answer:
            if answer.status != UNAUTHORIZED or not self._can_ask_again(refused=False):
                yield answer
                return
        self._fetch_token(again=True)
        with ask() as answer:
            yield answer

    # -- tokens --------------------------------------------------------------------------------

    def _token_key(self) -> str:
        """What the token depends on."""
        options = self._options
        custom = options["custom_auth"]
        named = [custom.get("get_token_operation"), custom.get("get_refresh_token_operation")]
        operations = [(options["operations"] or {}).get(name) for name in named if name]
        secrets = self._definition.secrets
        asked = {name: secrets.get(name) for name in sorted(asked_in_templates(operations))}
        where = options["url_pattern"] or options["base_url"]
        return line.token_key("custom_auth", self.id, where, custom, operations, asked)

    def _fetch_token(self, *, again: bool) -> None:
        if self._tokens is None:
            return
        self._fetching = True
        try:
            self._tokens.fetch(again=again)
        finally:
            self._fetching = False

    def _token_answer(self, name: str) -> Any:
        operation = self.operation(name, {})
        call = Call(self, name, operation, Statuses("allowed_status_codes", "200-299"))
        page = next(iter(call.pages({})))
        return page.part if page.is_json else {"value": page.body.strip()}

    def _headers(self) -> dict[str, str]:
        """The system's own headers, which may hold the token."""
        headers = super()._headers()
        if self._tokens is None:
            return headers
        variables = self.token_variables()
        return {
            name: self.templates.text(value, variables, f'the header "{name}"')
            for name, value in headers.items()
            # A token is asked for without the one that it is to replace.
            if not (self._fetching and "token" in value)
        }


def _given(
    operation: Mapping[str, Any], system: Mapping[str, Any], name: str, otherwise: float
) -> float:
    for options in (operation, system):
        if options.get(name) is not None:
            return float(options[name])
    return otherwise
