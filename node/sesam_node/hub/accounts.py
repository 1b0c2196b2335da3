"""The node's own users and API keys: who gets a token, and which tokens are still good.

A user logs in with a password and gets a token that expires; an API key is a token with a name,
for programs, that is good until it expires or is revoked. Both are records in the store's
settings, which are read at each request: so a key that is revoked, a user who is removed or has
another password, is refused at once, whoever did it, the node or the command line beside it.
Roles are those of the record, not those that were written into the token.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sesam_node.errors import ConflictError, InputError, NotFoundError, SesamError, preview
from sesam_node.hub.access import ANONYMOUS, EVERYONE, Principal
from sesam_node.hub.passwords import Attempts, check_password, hashed, matches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sesam_node.settings import Keys
    from sesam_node.store.api import Settings

USER: Final = "user"
KEY: Final = "key"
ACCOUNT: Final = "account"
"""The claim that says which kind of account a token is of; others are of nobody here."""
STAMP: Final = "stamp"
"""The claim of a user's token that goes with his password."""

USED_EVERY_S: Final = 60.0
MAX_CHARACTERS: Final = 200
LOGINS_AT_ONCE: Final = 2
TRIES_OF_A_NAME: Final = 10
TRIES_OF_AN_ADDRESS: Final = 50
WINDOW_S: Final = 300.0


class LoginError(SesamError):
    """A log-in with a name or password that is wrong; which of the two is not told."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who logs in; `stamp` changes with the password, and old tokens end with it."""

    email: str
    name: str
    roles: tuple[str, ...]
    created: str
    password: str = field(repr=False)
    stamp: str = field(repr=False)

    def shown(self) -> dict[str, Any]:
        """What others may know of him."""
        return {
            "email": self.email,
            "name": self.name,
            "roles": list(self.roles),
            "created": self.created,
        }


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A long-lived token; the token itself is kept nowhere. `expires` is Unix time, or null."""

    id: str
    name: str
    roles: tuple[str, ...]
    created: str
    expires: float | None = None

    def shown(self, used: str | None) -> dict[str, Any]:
        """What is told of it."""
        expires = None if self.expires is None else _time_text(self.expires)
        return {
            **asdict(self),
            "roles": list(self.roles),
            "expires": expires,
            "last_used": used,
        }


class Accounts:
    """The service behind `/api/users`, `/api/api-keys` and `/api/jwt`."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._clock = clock
        self._names = Attempts(TRIES_OF_A_NAME, WINDOW_S, clock)
        self._addresses = Attempts(TRIES_OF_AN_ADDRESS, WINDOW_S, clock)
        self._busy = asyncio.Semaphore(LOGINS_AT_ONCE)
        self._nobody = ""
        self._used: dict[str, float] = {}

    # -- tokens ------------------------------------------------------------------------------------

    def principal(self, claims: Mapping[str, Any]) -> Principal | None:
        """Who a token of an account speaks for, by its record; null where that is gone."""
        if claims.get(ACCOUNT) == USER:
            user = self._user(str(claims.get("sub")))
            if user is None or claims.get(STAMP) != user.stamp:
                return None
            return Principal(user.email, user.roles)
        key = self._key(str(claims.get("jti")))
        if key is None or (key.expires is not None and key.expires <= self._clock()):
            return None
        self._note_use(key.id)
        return Principal(f"key:{key.name}", key.roles)

    async def log_in(self, email: str, password: str, address: str) -> User:
        """The user with this password. Raises LoginError, or TooOftenError for one try too many."""
        email = email.strip().lower()
        self._addresses.begin(address)
        self._names.begin(email)
        user = self._user(email)
        async with self._busy:
            # A name that is not there takes as long as one that is.
            kept = user.password if user is not None else await self._no_password()
            right = await asyncio.to_thread(matches, password, kept)
        if user is None or not right:
            raise LoginError("the e-mail address or the password is wrong")
        self._names.succeeded(email)
        self._addresses.succeeded(address)
        return user

    def token(self, user: User, keys: Keys, lifetime_s: float) -> str:
        """A token of a user, good for so long. Raises ConfigError where the node cannot sign."""
        claims = {ACCOUNT: USER, STAMP: user.stamp, "jti": secrets.token_hex(8)}
        return keys.token(user.roles, lifetime_s, user.email, **claims)

    async def _no_password(self) -> str:
        if not self._nobody:
            self._nobody = await asyncio.to_thread(hashed, secrets.token_hex(16))
        return self._nobody

    # -- users -------------------------------------------------------------------------------------

    def users(self) -> list[dict[str, Any]]:
        """All users by e-mail address."""
        stored = self._settings.items(f"{USER}/")
        return [_read_user(text).shown() for _, text in sorted(stored.items())]

    def user(self, email: str) -> dict[str, Any]:
        """One user. Raises NotFoundError."""
        return self._known(email).shown()

    def add_user(
        self, email: str, password: str, roles: Sequence[str], name: str = ""
    ) -> dict[str, Any]:
        """Add a user. Raises ConflictError where there is one of this address, InputError."""
        email = _checked_email(email)
        roles = _checked_roles(roles)
        check_password(password)
        if self._user(email) is not None:
            raise ConflictError(f"there is a user {email} already")
        user = User(
            email, _checked_name(name), roles, self._now(), hashed(password), secrets.token_hex(8)
        )
        self._write_user(user)
        return user.shown()

    def change_user(
        self,
        email: str,
        *,
        password: str | None = None,
        roles: Sequence[str] | None = None,
        name: str | None = None,
    ) -> dict[str, Any]:
        """Change a user; another password ends his tokens. Raises NotFoundError, InputError."""
        user = self._known(email)
        if roles is not None:
            user = replace(user, roles=_checked_roles(roles))
        if name is not None:
            user = replace(user, name=_checked_name(name))
        if password is not None:
            check_password(password)
            user = replace(user, password=hashed(password), stamp=secrets.token_hex(8))
        self._write_user(user)
        return user.shown()

    def remove_user(self, email: str) -> dict[str, Any]:
        """Remove a user, which ends his tokens. Raises NotFoundError."""
        user = self._known(email)
        self._settings.write({f"{USER}/{user.email}": None})
        return user.shown()

    def _user(self, email: str) -> User | None:
        if not _is_email(email):
            return None
        stored = self._settings.get(f"{USER}/{email}")
        return None if stored is None else _read_user(stored)

    def _known(self, email: str) -> User:
        user = self._user(email.strip().lower())
        if user is None:
            raise NotFoundError(f"there is no user {preview(email)}")
        return user

    def _write_user(self, user: User) -> None:
        self._settings.write({f"{USER}/{user.email}": _json(asdict(user))})

    # -- keys --------------------------------------------------------------------------------------

    def keys(self) -> list[dict[str, Any]]:
        """All API keys, by name; never their tokens."""
        stored = self._settings.items(f"api-key/{KEY}/")
        found = sorted((_read_key(text) for text in stored.values()), key=lambda k: (k.name, k.id))
        return [key.shown(self._last_used(key.id)) for key in found]

    def add_key(
        self, name: str, roles: Sequence[str], keys: Keys, lifetime_s: float | None = None
    ) -> tuple[dict[str, Any], str]:
        """Make a key; what is told of it, and the token, which is told this once.

        Raises InputError, or ConfigError where the node cannot sign.
        """
        name = _checked_name(name)
        if not name:
            raise InputError("an API key has a name")
        expires = None if lifetime_s is None else self._clock() + lifetime_s
        key = ApiKey(secrets.token_hex(8), name, _checked_roles(roles), self._now(), expires)
        token = keys.token(key.roles, lifetime_s, f"key:{name}", jti=key.id, **{ACCOUNT: KEY})
        self._settings.write({f"api-key/{KEY}/{key.id}": _json(asdict(key))})
        return key.shown(None), token

    def revoke_key(self, key_id: str) -> dict[str, Any]:
        """End a key; its token is refused from now on. Raises NotFoundError."""
        key = self._key(key_id)
        if key is None:
            raise NotFoundError(f"there is no API key {preview(key_id)}")
        shown = key.shown(self._last_used(key_id))
        self._settings.write({f"api-key/{KEY}/{key_id}": None, f"api-key/used/{key_id}": None})
        return shown

    def _key(self, key_id: str) -> ApiKey | None:
        if not key_id.isalnum() or len(key_id) > MAX_CHARACTERS:
            return None
        stored = self._settings.get(f"api-key/{KEY}/{key_id}")
        return None if stored is None else _read_key(stored)

    def _note_use(self, key_id: str) -> None:
        """Keep when a key was used, once a minute at most."""
        now = self._clock()
        if now - self._used.get(key_id, 0.0) >= USED_EVERY_S:
            self._used[key_id] = now
            self._settings.write({f"api-key/used/{key_id}": self._now().encode()})

    def _last_used(self, key_id: str) -> str | None:
        stored = self._settings.get(f"api-key/used/{key_id}")
        return None if stored is None else stored.decode()

    def _now(self) -> str:
        return _time_text(self._clock())


def _read_user(stored: bytes) -> User:
    values = json.loads(stored)
    return User(**{**values, "roles": tuple(values["roles"])})


def _read_key(stored: bytes) -> ApiKey:
    values = json.loads(stored)
    return ApiKey(**{**values, "roles": tuple(values["roles"])})


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _time_text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_email(text: str) -> bool:
    name, _, place = text.partition("@")
    plain = text.isprintable() and not any(c.isspace() or c == "/" for c in text)
    return bool(name and place) and plain and len(text) <= MAX_CHARACTERS


def _checked_email(text: Any) -> str:
    email = text.strip().lower() if isinstance(text, str) else ""
    if not _is_email(email):
        raise InputError(f"expected an e-mail address, got {preview(text)}")
    return email


def _checked_name(text: Any) -> str:
    if not isinstance(text, str) or not text.isprintable() or len(text) > MAX_CHARACTERS:
        raise InputError(f"expected a name of at most {MAX_CHARACTERS} characters on one line")
    return text.strip()


def _checked_roles(roles: Any) -> tuple[str, ...]:
    if not isinstance(roles, (list, tuple)) or not roles:
        raise InputError('expected a list of roles, as ["group:User"]')
    for role in roles:
        if not isinstance(role, str) or not role.strip() or not role.isprintable():
            raise InputError(f"expected the name of a role, got {preview(role)}")
        if role in (EVERYONE, ANONYMOUS):
            raise InputError(f"the role {role} is not given to anybody, it is there by itself")
    return tuple(dict.fromkeys(roles))
