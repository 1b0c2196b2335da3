"""The templates of REST operations: Jinja in a sandbox, with the filters of the manual.

A text that is rendered may hold a mark: `sesam:markskip` leaves its property out, `sesam:markjson`
has the rest of the text read as JSON (REST system, notes on Jinja templates). What is not there
renders as nothing, at any depth, so that `{{ body.paging.next }}` is empty on the last page.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from sesam_node.config.secrets import IN_TEMPLATE
from sesam_node.errors import ConfigError, PipeError, preview

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jinja2 import Environment, Template, Undefined

SKIP_MARK: Final = "sesam:markskip"
JSON_MARK: Final = "sesam:markjson"
MOST_CHARACTERS = 10_000_000
MOST_COMPILED = 1_000
"""Templates that are kept compiled: entities may bring their own."""


class Templates:
    """Templates of one system.

    `secrets` are what `secret(name)` gives in the templates of the system itself, whose options
    are `own`. Those of pipes get none: what they make may end up in an entity. `unhandled` says
    what becomes of a name that is not there: "empty_string", "debug" (it stays as it is), "strict".
    """

    def __init__(
        self,
        owner: str,
        secrets: Mapping[str, str],
        own: Any = None,
        *,
        unhandled: str = "empty_string",
    ) -> None:
        self._owner = owner
        self._secrets = secrets
        self._own = frozenset(_asking(own))
        self._unhandled = unhandled
        self._compiled: dict[str, Template] = {}

    @cached_property
    def _environment(self) -> Environment:
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        made = ImmutableSandboxedEnvironment(undefined=_undefined(self._unhandled))
        made.globals.update(now=lambda: datetime.now(UTC), timedelta=timedelta, secret=self._secret)
        made.filters.update(
            bytes=_bytes,
            base64_encode=lambda value: base64.b64encode(_bytes(value)).decode(),
            base64_decode=base64.b64decode,
            datetime=_moment,
            datetime_format=lambda value, pattern: _moment(value).strftime(pattern),
            decode_jwt=_decode_jwt,
        )
        return made

    def _secret(self, name: str) -> str:
        if name not in self._secrets:
            raise ConfigError(f'the secret "{name}" is not set')
        return self._secrets[name]

    def text(self, template: str, variables: Mapping[str, Any], where: str) -> str:
        """What a template makes of the variables.

        `where` names it in errors. Raises ConfigError for one that is no template, PipeError where
        it fails.
        """
        from jinja2 import TemplateError, TemplateSyntaxError

        if "{" not in template:
            return template
        try:
            if template not in self._compiled:
                if len(self._compiled) >= MOST_COMPILED:
                    self._compiled.clear()
                # Whatever a template of a pipe says, there is nothing it could ask.
                known = {"secret": self._secret} if template in self._own else {"secret": _refused}
                self._compiled[template] = self._environment.from_string(template, globals=known)
            made = self._compiled[template].render(variables)
        except TemplateSyntaxError as error:
            raise ConfigError(
                f"{self._owner}: {where} is no template: {error.message} (line {error.lineno})"
            ) from None
        except ConfigError:
            raise
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            reason = preview(str(error) or type(error).__name__, 200)
            raise PipeError(f"{self._owner}: {where} failed: {reason}") from None
        if len(made) > MOST_CHARACTERS:
            raise PipeError(
                f"{self._owner}: {where} makes more than {MOST_CHARACTERS:,} characters"
            )
        return made

    def names(self, value: Any) -> set[str]:
        """What the templates in some JSON ask for by name; nothing of one that is no template."""
        if isinstance(value, dict):
            return self.names([*value, *value.values()])
        if isinstance(value, list):
            return set().union(*map(self.names, value))
        if not isinstance(value, str) or "{" not in value:
            return set()
        from jinja2 import TemplateSyntaxError
        from jinja2.meta import find_undeclared_variables

        try:
            return find_undeclared_variables(self._environment.parse(value))
        except TemplateSyntaxError:
            return set()

    def data(self, value: Any, variables: Mapping[str, Any], where: str) -> Any:
        """JSON with every text in it rendered, keys too; null for one that leaves itself out."""
        found = self._data(value, variables, where)
        return None if found is SKIP_MARK else found

    def _data(self, value: Any, variables: Mapping[str, Any], where: str) -> Any:
        if isinstance(value, str):
            return self._marked(self.text(value, variables, where), where)
        if isinstance(value, list):
            items = (self._data(item, variables, where) for item in value)
            return [item for item in items if item is not SKIP_MARK]
        if isinstance(value, dict):
            made = {}
            for name, item in value.items():
                inside = f'{where}, "{name}"'
                key = self.text(name, variables, inside)
                found = self._data(item, variables, inside)
                if SKIP_MARK not in key and found is not SKIP_MARK:
                    made[key] = found
            return made
        return value

    def _marked(self, text: str, where: str) -> Any:
        if SKIP_MARK in text:
            return SKIP_MARK
        if JSON_MARK not in text:
            return text
        try:
            return json.loads(text.replace(JSON_MARK, ""))
        except ValueError as error:
            message = f"{self._owner}: {where} is marked as JSON and is none: {error}"
            raise PipeError(message) from None


def _undefined(unhandled: str) -> type[Undefined]:
    """What stands for a name that is not there, and for whatever is asked of it."""
    from jinja2 import ChainableUndefined, DebugUndefined, StrictUndefined

    class Kept(ChainableUndefined, DebugUndefined):
        """The name in its brackets, whatever is asked of it."""

        __slots__ = ()
        __str__ = DebugUndefined.__str__

    kinds: dict[str, type[Undefined]] = {"debug": Kept, "strict": StrictUndefined}
    return kinds.get(unhandled, ChainableUndefined)


def _refused(_name: str = "") -> str:
    raise ConfigError("only templates of the system may ask for secrets")


def _asking(value: Any) -> Iterator[str]:
    """The texts in a system's options that ask for secrets."""
    if isinstance(value, str):
        if IN_TEMPLATE.search(value):
            yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _asking(item)


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    found = datetime.fromisoformat(str(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _decode_jwt(
    token: str,
    key: str = "",
    *,
    algorithms: list[str] | None = None,
    verify: bool = True,
    audience: Any = None,
    issuer: Any = None,
    leeway: float = 0,
    require: Any = None,
    **checks: Any,
) -> dict[str, Any]:
    """The claims of a JWT. Raises PipeError for one that does not hold."""
    import jwt

    options: dict[str, Any] = {"verify_signature": verify}
    if require:
        options["require"] = [require] if isinstance(require, str) else list(require)
    options |= {name: checks[name] for name in checks if name.startswith(("verify_", "strict_"))}
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=algorithms or ["RS256"],
            audience=audience,
            issuer=issuer,
            leeway=leeway,
            options=options,  # type: ignore[arg-type]
        )
    except jwt.PyJWTError as error:
        raise PipeError(f"the token does not hold: {error}") from None
    return claims
