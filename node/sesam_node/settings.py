"""What a node process is told: where its data is, where it listens, who may call it, its limits.

`Settings` is plain data: the command line fills it in, `from_environment` knows the variables that
stand for the options. `Keys` are the files a node makes at its first start, readable for its owner
alone: `secret` signs tokens, `token` holds one for the administrator.
"""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOPBACK = ("127.0.0.1", "::1", "localhost")
MIN_KEY_CHARACTERS = 32
ISSUER = "sesam-node"
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a node process is told from outside; see the comments for units and defaults.

    `store` is a store URL, by default LMDB in the data folder. `workers` and
    `interactive_workers` of 0 mean: chosen by the number of processors. `jwt_key` checks and signs
    HS256 tokens; `jwt_public_key` (PEM, or the path of a PEM file) checks RS256 or EdDSA tokens
    that others sign.
    """

    data: Path = Path("data")
    host: str = "127.0.0.1"
    port: int = 9042
    project: Path | None = None
    profile: str = "test"
    developer_mode: bool = True
    store: str = ""
    workers: int = 0
    interactive_workers: int = 0
    jwt_key: str = ""
    jwt_public_key: str = ""
    jwt_algorithm: str = "HS256"
    jwt_issuer: str = ISSUER
    jwt_audience: str = ISSUER
    log_level: str = "info"
    log_format: str = "text"
    stop_with_stdin: bool = False
    # Limits
    max_body_bytes: int = 512 * MEBIBYTE
    call_timeout_s: float = 120.0
    publish_timeout_s: float = 3600.0
    cancel_grace_s: float = 10.0
    stop_grace_s: float = 2.0

    @property
    def store_url(self) -> str:
        return self.store or f"lmdb:{self.data / 'store'}"

    @property
    def pump_workers(self) -> int:
        return self.workers or max(2, os.cpu_count() or 1)

    @property
    def call_workers(self) -> int:
        """Workers for publishers, receivers and previews: they never wait for a pump."""
        return self.interactive_workers or max(2, min(8, os.cpu_count() or 1))

    @property
    def is_loopback(self) -> bool:
        return self.host in LOOPBACK

    def check(self) -> None:
        """Raises ConfigError for settings that cannot be.

        Such as a node that others can reach and that has no key to check their tokens with.
        """
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"expected a port from 0 to 65535, got {self.port}")
        if self.jwt_key and len(self.jwt_key) < MIN_KEY_CHARACTERS:
            raise ConfigError(
                f"expected a JWT key of at least {MIN_KEY_CHARACTERS} characters,"
                f" got {len(self.jwt_key)}"
            )
        if self.jwt_algorithm not in ("HS256", "RS256", "EdDSA"):
            raise ConfigError(
                f'expected HS256, RS256 or EdDSA as JWT algorithm, got "{self.jwt_algorithm}"'
            )
        if self.jwt_algorithm != "HS256" and not self.jwt_public_key:
            raise ConfigError(f"JWT algorithm {self.jwt_algorithm} needs a public key")
        if not self.is_loopback and not (self.jwt_key or self.jwt_public_key):
            raise ConfigError(
                f"the node does not listen on {self.host} without a key to check tokens with;"
                f" give one in SESAM_JWT_KEY ({MIN_KEY_CHARACTERS} characters or more), or listen"
                " on 127.0.0.1"
            )

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] | None = None, **given: Any
    ) -> Settings:
        """Settings from `SESAM_…` variables (`SESAM_PORT`, `SESAM_JWT_KEY`); `given` ones win.

        A given None counts as not given. Raises ConfigError for a text that is no value of the
        option.
        """
        environment = os.environ if environment is None else environment
        found: dict[str, Any] = {}
        for field in fields(cls):
            variable = VARIABLES.get(field.name, f"SESAM_{field.name.upper()}")
            text = environment.get(variable)
            if text:
                found[field.name] = _read(variable, text, field.default)
        found.update((name, value) for name, value in given.items() if value is not None)
        for name in ("data", "project"):
            if found.get(name) is not None:
                found[name] = Path(found[name]).expanduser().absolute()
        return replace(cls(), **found)


VARIABLES = {"data": "SESAM_NODE_DATA"}
"""Variables whose name is not that of the option."""


def _read(variable: str, text: str, default: Any) -> Any:
    try:
        if isinstance(default, bool):
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        if isinstance(default, int):
            return int(text)
        if isinstance(default, float):
            return float(text)
    except (KeyError, ValueError):
        kind = {bool: "true or false", int: "a whole number", float: "a number"}[type(default)]
        raise ConfigError(f"expected {kind} in {variable}, got {text!r}") from None
    return text


def read_or_make(path: Path, make: Any) -> str:
    """The text of a private file; it is made (0600) where it is not there yet."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    text = str(make())
    write_private(path, text)
    return text


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads; a reader sees the old text or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(path)


@dataclass(frozen=True, slots=True)
class Keys:
    """How tokens are checked, and made where the node can sign.

    `verify` is the key for `algorithm`; `sign` is empty where only others can make tokens.
    """

    algorithm: str
    verify: str
    sign: str
    issuer: str
    audience: str

    @classmethod
    def load(cls, settings: Settings) -> Keys:
        """The keys of a node; makes the files `secret` and `token` in its data folder."""
        if settings.jwt_algorithm != "HS256":
            verify, sign = _public_key(settings.jwt_public_key), ""
        else:
            verify = settings.jwt_key or read_or_make(
                settings.data / "secret", lambda: secrets.token_urlsafe(48)
            )
            sign = verify
        keys = cls(settings.jwt_algorithm, verify, sign, settings.jwt_issuer, settings.jwt_audience)
        if sign:
            _keep_token(settings.data / "token", keys)
        return keys

    def token(
        self, roles: tuple[str, ...] = ("group:Admin",), lifetime_s: float | None = None
    ) -> str:
        """A signed token; without a lifetime it is valid until the key changes.

        It never carries `principals`: the official client sends tokens that do to its vendor.
        """
        import jwt

        if not self.sign:
            raise ConfigError("this node only checks tokens, it has no key to sign them with")
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.audience,
            "iat": int(time.time()),
            "sub": "admin",
            "roles": list(roles),
        }
        if lifetime_s is not None:
            claims["exp"] = int(time.time() + lifetime_s)
        return jwt.encode(claims, self.sign, algorithm=self.algorithm)

    def claims(self, token: str) -> dict[str, Any]:
        """The claims of a valid token. Raises jwt.InvalidTokenError.

        The algorithm is the configured one, whatever the token says.
        """
        import jwt

        return jwt.decode(
            token,
            self.verify,
            algorithms=[self.algorithm],
            issuer=self.issuer,
            audience=self.audience,
            options={"require": ["iss", "aud"]},
        )


def _public_key(text: str) -> str:
    if text.lstrip().startswith("-----BEGIN"):
        return text
    try:
        return Path(text).read_text()
    except OSError as error:
        raise ConfigError(f"the JWT public key cannot be read: {error}") from None


def _keep_token(path: Path, keys: Keys) -> None:
    import jwt

    try:
        keys.claims(path.read_text().strip())
    except (FileNotFoundError, jwt.InvalidTokenError):
        # No token yet, or one of another key.
        write_private(path, keys.token())
