"""Secrets at rest: encrypted in the store, under a key that is a file of its own (0600).

A copy of the store alone gives nothing away. Names can be listed, values never leave but to the
workers of pipes whose systems name them.
"""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken

from sesam_node.errors import StoreError
from sesam_node.settings import read_private, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SHARED = ""
"""The owner of the secrets that all systems may name."""


def vault_key(path: Path) -> bytes:
    """The key in a file, made where there is none."""
    text = read_private(path)
    if not text:
        text = Fernet.generate_key().decode()
        write_private(path, text)
    return text.encode()


class Vault:
    """All secrets, by owner (a system, or everybody) and name."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._fernet = Fernet(key)
        self._secrets: dict[str, dict[str, str]] = {}

    def load(self, sealed: bytes | None) -> None:
        """Take over what `sealed` gave. Raises StoreError where the key does not fit."""
        if sealed is None:
            self._secrets = {}
            return
        try:
            self._secrets = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            raise StoreError(
                "the secrets cannot be read: the file secrets.key is not the one they were"
                " encrypted with"
            ) from None

    def sealed(self, secrets: Mapping[str, Mapping[str, str]]) -> bytes:
        """Secrets as they are stored."""
        return self._fernet.encrypt(json.dumps(secrets).encode())

    def encrypted(self, text: str) -> str:
        """A text that is no secret of the configuration, as it is stored elsewhere."""
        return self._fernet.encrypt(text.encode()).decode()

    def decrypted(self, text: str) -> str:
        """What `encrypted` was given. Raises StoreError where the key does not fit."""
        try:
            return self._fernet.decrypt(text.encode()).decode()
        except InvalidToken:
            raise StoreError("the file secrets.key is not the one of this store") from None

    def fingerprint(self, text: str) -> str:
        """A name for a text that gives nothing away of it without the key."""
        return hmac.new(self._key, text.encode(), "sha256").hexdigest()

    def names(self) -> dict[str, list[str]]:
        """The names by owner."""
        return {owner: sorted(values) for owner, values in self._secrets.items()}

    def values(self, owner: str) -> Mapping[str, str]:
        return self._secrets.get(owner, {})

    def with_values(
        self, owner: str, values: Mapping[str, str], *, replace: bool
    ) -> dict[str, dict[str, str]]:
        """All secrets, with these of an owner put in."""
        own = {} if replace else dict(self._secrets.get(owner, {}))
        return {**self._secrets, owner: {**own, **values}}

    def without(self, owner: str, name: str | None = None) -> dict[str, dict[str, str]]:
        """All secrets but one of an owner, or all of his."""
        left = {key: dict(values) for key, values in self._secrets.items()}
        if name is None:
            left.pop(owner, None)
        else:
            left.get(owner, {}).pop(name, None)
        return left
