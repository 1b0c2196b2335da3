"""What a node process is told: where its data is, where it listens, who may call it, its limits.

`Settings` is plain data: the command line fills it in, `from_environment` knows the variables that
stand for the options. `Keys` are what tokens are checked and signed with; a node on loopback makes
its own in two files of its data folder, readable for their owner alone: `secret` signs tokens,
`token` holds one for the administrator.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
import time
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LOOPBACK = ("127.0.0.1", "::1", "localhost")
MIN_KEY_CHARACTERS = 32
ISSUER = "sesam-node"
MAX_HOURS = 24 * 365 * 100
MEBIBYTE = 1024 * 1024


def networks(name: str, text: str) -> tuple[str, ...]:
    """The networks of a setting. Raises ConfigError where one is none."""
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    for part in found:
        try:
            ipaddress.ip_network(part)
        except ValueError as error:
            raise ConfigError(f'expected networks in {name}, got "{part}": {error}') from None
    return found


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a node process is told from outside.

    `store` is a store URL, by default LMDB in the data folder. `workers` and
    `interactive_workers` of 0 mean: chosen by the number of processors. `jwt_key` checks and signs
    HS256 tokens; `jwt_public_key` (PEM, or the path of a PEM file) checks RS256 or EdDSA tokens
    that others sign. `port` 0 takes a free one. `config_file` is a single file of components that
    is read at start and watched; by default `node-config.json` in the data folder. Who logs in gets
    a token for `login_hours`. With `watch` the project folder is followed like that file.
    With `allow_commands` microservice systems may run commands on this machine; `containers` names
    the engine that runs their containers ("auto", "docker", "podman", a path), nothing runs none.
    `allowed_addresses` and `denied_addresses` are networks ("10.0.0.0/8, ::1") that systems may, or
    may not, talk to; what is allowed wins.
    """

    data: Path = Path("data")
    host: str = "127.0.0.1"
    port: int = 9042
    project: Path | None = None
    profile: str = "test"
    watch: bool = False
    developer_mode: bool = True
    allow_commands: bool = False
    containers: str = ""
    config_file: Path | None = None
    store: str = ""
    workers: int = 0
    interactive_workers: int = 0
    secrets_key_file: Path | None = None
    jwt_key: str = field(default="", repr=False)
    jwt_public_key: str = ""
    jwt_algorithm: str = "HS256"
    jwt_issuer: str = ISSUER
    jwt_audience: str = ISSUER
    login_hours: float = 12.0
    log_level: str = "info"
    log_format: str = "text"
    stop_with_stdin: bool = False
    # Limits
    allowed_addresses: str = ""
    denied_addresses: str = ""
    max_body_bytes: int = 100 * MEBIBYTE
    call_timeout_s: float = 120.0
    publish_timeout_s: float = 3600.0
    cancel_grace_s: float = 10.0
    stop_grace_s: float = 2.0

    @property
    def store_url(self) -> str:
        return self.store or f"lmdb:{self.data / 'store'}"

    @property
    def secrets_key(self) -> Path:
        """The file of the key that secrets are encrypted with."""
        return self.secrets_key_file or self.data / "secrets.key"

    @property
    def pump_workers(self) -> int:
        return self.workers or max(2, os.cpu_count() or 1)

    @property
    def call_workers(self) -> int:
        """Workers for publishers, receivers and previews, so that these never wait for a pump."""
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
        for name in ("workers", "interactive_workers"):
            if getattr(self, name) < 0:
                raise ConfigError(f"expected 0 or more {name}, got {getattr(self, name)}")
        if not 0 < self.login_hours < MAX_HOURS:
            raise ConfigError(f"expected login_hours above 0, got {self.login_hours}")
        if self.jwt_algorithm not in ("HS256", "RS256", "EdDSA"):
            raise ConfigError(
                f'expected HS256, RS256 or EdDSA as JWT algorithm, got "{self.jwt_algorithm}"'
            )
        if self.jwt_key and len(self.jwt_key) < MIN_KEY_CHARACTERS:
            raise ConfigError(
                f"expected a JWT key of {MIN_KEY_CHARACTERS} characters or more,"
                f" got {len(self.jwt_key)}"
            )
        if (self.jwt_algorithm == "HS256") == bool(self.jwt_public_key):
            raise ConfigError(
                "a public key goes with the JWT algorithms RS256 and EdDSA, and they need one;"
                f" the algorithm is {self.jwt_algorithm}"
            )
        for name in ("allowed_addresses", "denied_addresses"):
            networks(name, getattr(self, name))
        if not self.is_loopback and not (self.jwt_key or self.jwt_public_key):
            raise ConfigError(
                f"the node does not listen on {self.host} without a key to check tokens with;"
                " give one in SESAM_JWT_KEY (32 characters or more), or listen on 127.0.0.1"
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
        for option in fields(cls):
            variable = VARIABLES.get(option.name, f"SESAM_{option.name.upper()}")
            text = environment.get(variable)
            if text:
                found[option.name] = _read(variable, text, option.default)
        found.update((name, value) for name, value in given.items() if value is not None)
        for name in ("data", "project", "config_file", "secrets_key_file"):
            if found.get(name) is not None:
                found[name] = Path(found[name]).expanduser().absolute()
        found.setdefault("data", cls().data.absolute())
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


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads; a reader sees the old text or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(path)


def read_private(path: Path) -> str:
    """The text of a private file; nothing where there is none.

    Raises ConfigError for one that others can read, or that cannot be read.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text().strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    if os.name == "posix" and mode & 0o077:
        raise ConfigError(f"{path} can be read by others; `chmod 600 {path}`, or delete it")
    return text


@dataclass(frozen=True, slots=True)
class Keys:
    """How tokens are checked, and made where the node can sign.

    `verify` is the key for `algorithm`; `sign` is empty where only others can make tokens.
    """

    algorithm: str
    verify: str = field(repr=False)
    sign: str = field(repr=False)
    issuer: str
    audience: str

    @classmethod
    def load(cls, settings: Settings) -> Keys:
        """The keys of a node; makes the files `secret` and `token` in its data folder.

        Raises ConfigError where a key cannot be read.
        """
        if settings.jwt_algorithm == "HS256":
            verify = sign = settings.jwt_key or _own_key(settings.data / "secret")
        else:
            verify, sign = _public_key(settings.jwt_public_key), ""
        keys = cls(settings.jwt_algorithm, verify, sign, settings.jwt_issuer, settings.jwt_audience)
        if sign:
            _keep_token(settings.data / "token", keys)
        return keys

    def token(
        self,
        roles: Sequence[str] = ("group:Admin",),
        lifetime_s: float | None = None,
        subject: str = "admin",
        **more: Any,
    ) -> str:
        """A signed token; without a lifetime it is valid until the key changes.

        `more` are further claims. It never carries `principals`: the official client sends tokens
        that do to its vendor.
        """
        import jwt

        if not self.sign:
            raise ConfigError("this node only checks tokens, it has no key to sign them with")
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.audience,
            "iat": int(time.time()),
            "sub": subject,
            "roles": list(roles),
            **more,
        }
        if lifetime_s is not None:
            claims["exp"] = int(time.time() + lifetime_s)
        return jwt.encode(claims, self.sign, algorithm=self.algorithm)

    def claims(self, token: str) -> dict[str, Any]:
        """The claims of a valid token. Raises jwt.InvalidTokenError.

        The algorithm is the configured one, whatever the token says.
        """
        import jwt

        claims: dict[str, Any] = jwt.decode(
            token,
            self.verify,
            algorithms=[self.algorithm],
            issuer=self.issuer,
            audience=self.audience,
            leeway=LEEWAY_S,
            options={"require": ["iss", "aud"]},
        )
        return claims


LEEWAY_S = 10


def _own_key(path: Path) -> str:
    key = read_private(path)
    if not key:
        key = secrets.token_urlsafe(48)
        write_private(path, key)
    return key


def _public_key(text: str) -> str:
    if "-----BEGIN" in text:
        return text
    try:
        return Path(text).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the JWT public key cannot be read: {error}") from None


def _keep_token(path: Path, keys: Keys) -> None:
    import jwt

    try:
        keys.claims(read_private(path))
    except jwt.InvalidTokenError:
        # There is no token yet, or it is one of another key.
        write_private(path, keys.token())
