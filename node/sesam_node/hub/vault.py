"""Secrets at rest: encrypted in the store, under a key that is a file of its own (0600).

A copy of the store alone gives nothing away. Names can be listed, values never leave but to the
workers of pipes whose systems name them.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from sesam_node.errors import StoreError
from sesam_node.settings import read_private, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SEALED = re.compile(rb"gAAAAA[A-Za-z0-9_-]{60,}={0,2}")
"""How everything begins that was encrypted, wherever it is stored."""

SHARED = ""
"""The owner of the secrets that all systems may name."""


def vault_key(path: Path) -> bytes:
    """The key in a file, made where there is none; several, one a line, while it is replaced.

    The first one encrypts.
    """
    text = read_private(path)
    if not text:
        text = new_key()
        write_private(path, text)
    return text.encode()


def new_key() -> str:
    """A key that nobody has."""
    return Fernet.generate_key().decode()


class Vault:
    """All secrets, by owner (a system, or everybody) and name."""

    def __init__(self, key: bytes) -> None:
        """Raises StoreError where it is no key."""
        try:
            self._fernet = MultiFernet([Fernet(one) for one in key.split()])
        except ValueError:
            raise StoreError("the file of the key of the secrets holds no key") from None
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

    def renewed(self, stored: bytes) -> bytes:
        """What is stored, with all that is encrypted in it encrypted under the first key.

        What none of the keys fits is somebody else's, and stays.
        """

        def renew(found: re.Match[bytes]) -> bytes:
            try:
                return self._fernet.rotate(found[0])
            except InvalidToken:
                return found[0]

        return SEALED.sub(renew, stored)

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
