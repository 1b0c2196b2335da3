"""OpenPGP messages for `encrypt-pgp` and `decrypt-pgp`, through the PGPy library.

Keys are read, and private ones unlocked, once for each process: the passphrase of a key is made
slow to try on purpose.
"""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from sesam_node.errors import DtlError


@lru_cache(maxsize=1)
def _pgpy() -> Any:
    """The library, with the ciphers where `cryptography` keeps them by now.

    PGPy looks for all of OpenPGP's ciphers in the main modules of `cryptography`, which has moved
    the old ones (and CFB, the mode of OpenPGP) to modules of their own and is about to drop them
    from the main ones.
    """
    import pgpy
    import pgpy.constants
    import pgpy.symenc
    from cryptography.hazmat.decrepit.ciphers import algorithms as old_algorithms
    from cryptography.hazmat.primitives.ciphers import algorithms

    try:
        from cryptography.hazmat.decrepit.ciphers.modes import CFB
    except ImportError:  # before it was moved
        from cryptography.hazmat.primitives.ciphers.modes import CFB
    names = ("IDEA", "TripleDES", "CAST5", "Blowfish", "AES", "Camellia")
    pgpy.constants.algorithms = SimpleNamespace(
        **{name: getattr(old_algorithms, name, None) or getattr(algorithms, name) for name in names}
    )
    pgpy.symenc.modes = SimpleNamespace(CFB=CFB)
    return pgpy


def _key(text: str, *, private: bool) -> Any:
    kind = "private" if private else "public"
    try:
        key, _ = _pgpy().PGPKey.from_blob(text)
    except Exception as error:
        raise DtlError(f"this is no OpenPGP {kind} key in ASCII armour") from error
    if private and key.is_public:
        raise DtlError("expected an OpenPGP private key, got a public one")
    return key


@lru_cache(maxsize=64)
def _public_key(text: str) -> Any:
    return _key(text, private=False)


@lru_cache(maxsize=64)
def _unlocked(text: str, passphrase: str) -> tuple[Any, Any]:
    """A private key, unlocked for as long as the second part of the result is kept."""
    key = _key(text, private=True)
    if not key.is_protected:
        return key, None
    unlocking = key.unlock(passphrase)
    try:
        unlocking.__enter__()
    except Exception as error:
        raise DtlError("the passphrase does not fit the OpenPGP private key") from error
    return key, unlocking


def encrypt_message(public_key: str, characters: str) -> str:
    """The armoured message that the owner of a public key can read. Raises DtlError."""
    pgpy = _pgpy()
    message = pgpy.PGPMessage.new(
        characters.encode(), compression=pgpy.constants.CompressionAlgorithm.Uncompressed
    )
    key = _public_key(public_key)
    try:
        return str(key.encrypt(message))
    except Exception as error:
        raise DtlError(f"cannot encrypt with this OpenPGP key: {error}") from error


def decrypt_message(private_key: str, passphrase: str, armoured: str) -> str:
    """The text of an armoured message. Raises DtlError."""
    key, _ = _unlocked(private_key, passphrase)
    try:
        content = key.decrypt(_pgpy().PGPMessage.from_blob(armoured)).message
        return content if isinstance(content, str) else bytes(content).decode()
    except Exception as error:
        message = "cannot decrypt: damaged, no OpenPGP message, or meant for another key"
        raise DtlError(message) from error
