"""Access tokens at rest: encrypted in the store, as secrets are.

A refresh token that may be used only once is lost with the process that has it unless it is on disk
before anything else is done. The name of a token is as little use without the key as its value.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from sesam_node.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Collection

    from sesam_node.hub.vault import Vault
    from sesam_node.store.api import Settings

log = logging.getLogger(__name__)

PREFIX = "token/"


class StoredTokens:
    """The safe of the desk that all systems ask (`pipes/shared`)."""

    def __init__(self, settings: Settings, vault: Vault) -> None:
        self._settings = settings
        self._vault = vault

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
        """Keep a token; it is on disk when this returns."""
        stored = {"system": system, "sealed": self._vault.encrypted(json.dumps(data))}
        self._settings.write({self._name(key): json.dumps(stored).encode()})

    def keep_those_of(self, systems: Collection[str]) -> None:
        """Drop the tokens of systems that are no more."""
        gone = [
            name
            for name, stored in self._settings.items(PREFIX).items()
            if json.loads(stored)["system"] not in systems
        ]
        if gone:
            self._settings.write(dict.fromkeys(gone))

    def _name(self, key: str) -> str:
        return PREFIX + self._vault.fingerprint(key)
