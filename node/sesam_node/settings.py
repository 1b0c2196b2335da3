"""What a node process is told: where its data is, where it listens, who may call it, its limits.

Plain data: the command line fills it in, `from_environment` knows the variables that stand for the
options. Keys and tokens themselves are made and read in `api/auth.py`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOPBACK = ("127.0.0.1", "::1", "localhost")
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a node process is told from outside.

    `store` is a store URL, by default LMDB in the data folder. `workers` and
    `interactive_workers` of 0 mean: chosen by the number of processors. `jwt_keys` check tokens:
    each a shared text of 32 characters or more (HS256), a public key in PEM form (RS256, EdDSA),
    or `@file` with one of them; a node on loopback makes its own where there is none. `port` 0
    takes a free one. `config_file` is a single file of components that is read at start and
    watched (`node-config.json` in the data folder).
    """

    data: Path = Path("data")
    host: str = "127.0.0.1"
    port: int = 9042
    project: Path | None = None
    profile: str = "test"
    developer_mode: bool = True
    config_file: Path | None = None
    store: str = ""
    workers: int = 0
    interactive_workers: int = 0
    jwt_keys: tuple[str, ...] = ()
    jwt_issuer: str | None = None
    jwt_audience: str | None = None
    log_level: str = "info"
    log_format: str = "text"
    stop_with_stdin: bool = False
    # Limits
    max_body_bytes: int = 64 * MEBIBYTE
    max_upload_bytes: int = 1024 * MEBIBYTE
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
        if not self.is_loopback and not self.jwt_keys:
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
        for field in fields(cls):
            variable = VARIABLES.get(field.name, f"SESAM_{field.name.upper()}")
            text = environment.get(variable)
            if text:
                found[field.name] = _read(variable, text, field.default)
        found.update((name, value) for name, value in given.items() if value is not None)
        for name in ("data", "project", "config_file"):
            if found.get(name) is not None:
                found[name] = Path(found[name]).expanduser().absolute()
        found.setdefault("data", cls().data.absolute())
        return replace(cls(), **found)


VARIABLES = {"data": "SESAM_NODE_DATA", "jwt_keys": "SESAM_JWT_KEY"}
"""Variables whose name is not that of the option."""


def _read(variable: str, text: str, default: Any) -> Any:
    try:
        if isinstance(default, tuple):
            return (text,)
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
