"""Access tokens at rest: encrypted in the store, as secrets are.

A refresh token that may be used only once is lost with the process that has it unless it is on disk
before anything else is done. The name of a token is as little use without the key as its value.
"""

from __future__ import annotations

import hmac
import json
import logging
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from sesam_node.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Collection

    from sesam_node.hub.vault import Vault
    from sesam_node.store.api import Settings

log = logging.getLogger(__name__)

PREFIX = "token/"
SALT = "tokens-salt"


class StoredTokens:
    """The safe of the desk that all systems ask (`pipes/shared`)."""

    def __init__(self, settings: Settings, vault: Vault) -> None:
        self._settings = settings
        self._vault = vault
        self._salt: bytes | None = None

    def load(self, key: str) -> dict[str, Any] | None:
        """The token of a key; null where there is none that can be read."""
        stored = self._settings.get(self._name(key))
        if stored is None:
            return None
        try:
            data: dict[str, Any] = json.loads(self._vault.decrypted(json.loads(stored)["sealed"]))
        except StoreError:
            # A token can be fetched anew; a configuration with secrets would not even load.
            log.warning("a token cannot be read: the file secrets.key is not the one of this store")
            return None
        return data

    def save(self, key: str, system: str, data: dict[str, Any]) -> None:
        """Keep a token; it is on disk when this returns.

        Systems with the same settings share one: it is dropped with the last of them.
        """
        name = self._name(key)
        before = self._settings.get(name)
        systems = {system, *(json.loads(before)["systems"] if before else ())}
        sealed = self._vault.encrypted(json.dumps(data))
        stored = {"systems": sorted(systems), "sealed": sealed}
        self._settings.write({name: json.dumps(stored).encode()})

    def keep_those_of(self, systems: Collection[str]) -> None:
        """Drop the tokens of systems that are no more."""
        gone = [
            name
            for name, stored in self._settings.items(PREFIX).items()
            if not set(json.loads(stored)["systems"]).intersection(systems)
        ]
        if gone:
            self._settings.write(dict.fromkeys(gone))

    def _name(self, key: str) -> str:
        """A name that gives nothing away of the key; it stays when secrets get another key."""
        if self._salt is None:
            self._salt = self._kept_salt()
        return PREFIX + hmac.new(self._salt, key.encode(), "sha256").hexdigest()

    def _kept_salt(self) -> bytes:
        stored = self._settings.get(SALT)
        if stored is not None:
            try:
                return self._vault.decrypted(stored.decode()).encode()
            except StoreError:
                log.warning("tokens cannot be read: the key of the secrets is another one")
        salt = token_hex(32)
        self._settings.write({SALT: self._vault.encrypted(salt).encode()})
        return salt.encode()
