"""Group "encryption": a password (Fernet), RSA key pairs, OpenPGP.

A key is text of the configuration, or `$SECRET(name)`, which is looked up when an entity is run: a
secret is never part of the generated code. A wrong key or damaged data fails the entity. The
libraries are imported when one of these functions is first called.

What `encrypt` makes is one byte of version, 16 bytes of salt and a Fernet token. The Fernet key is
derived from the password and the salt with scrypt; a process uses one salt for each password, so
that this is done once and not for each value.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.functions._values import each_text, text
from sesam_node.dtl.functions.byte_strings import bytes_of, bytes_value
from sesam_node.dtl.functions.openpgp import decrypt_message, encrypt_message
from sesam_node.dtl.plan import SECRET
from sesam_node.dtl.registry import Example, special
from sesam_node.dtl.runtime import each
from sesam_node.errors import DtlError
from sesam_node.model.values import as_string, text_of

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Mapping

    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.asymmetric.padding import OAEP

    from sesam_node.dtl.emit import Scope
    from sesam_node.dtl.syntax import Call
    from sesam_node.model.values import Value

VERSION = b"\x01"
PUBLIC_PEM = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkq..."
PRIVATE_PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpQIBAAKC..."
PUBLIC_PGP = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBGsEX7sB..."
PRIVATE_PGP = "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQPGBGsEX7sB..."
SALT_SIZE = 16


# -- keys --------------------------------------------------------------------------------------


def resolve_secrets(secrets: Mapping[str, str], key: str) -> str:
    """A constant with each `$SECRET(name)` replaced. Raises DtlError for an unknown one."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in secrets:
            raise DtlError(f'unknown secret "{match[1]}"')
        return secrets[match[1]]

    return SECRET.sub(value, key)


def _emit(scope: Scope, call: Call, code: Callable[..., Value]) -> str:
    """A call of `code` with the constants as keys, and last the values.

    Secrets are put in as keys alone: as values they could be read by whoever may write rules.
    """
    *keys, values = call.arguments
    sources = [
        _source(scope, call, text_of(call.constant(position))) for position, _ in enumerate(keys)
    ]
    return scope.call(call.at, code, *sources, scope.expression(values))


def _source(scope: Scope, call: Call, constant: str) -> str:
    if SECRET.search(constant) is None:
        return scope.constant(constant)
    return scope.call(call.at, resolve_secrets, "runtime.secrets", scope.constant(constant))


def check_pem(label: str) -> Callable[[object], str | None]:
    """The check of a constant that must be an armoured key of some kind, or a secret."""

    def check(key: object) -> str | None:
        if isinstance(key, str):
            first_line = key.strip().partition("\n")[0]
            if (first_line.startswith("-----BEGIN") and label in first_line) or SECRET.search(key):
                return None
        return f'expected a key that begins with "-----BEGIN {label}" or a $SECRET(name)'

    return check


# -- encrypt, decrypt --------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _fernet(password: str, salt: bytes) -> Fernet:
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    derived = Scrypt(salt=salt, length=32, n=2**14, r=8, p=1).derive(password.encode())
    return Fernet(urlsafe_b64encode(derived))


@lru_cache(maxsize=1024)
def _salt(password: str) -> bytes:  # noqa: ARG001 - one salt for each password of this process
    return os.urandom(SALT_SIZE)


def encrypt_values(password: str, values: Value) -> Value:
    """MAP over strings to encrypted bytes."""
    return each(values, partial(_encrypted, password))


def _encrypted(password: str, value: Value) -> str | None:
    characters = text(value)
    if characters is None:
        return None
    salt = _salt(password)
    token = _fernet(password, salt).encrypt(characters.encode())
    return bytes_value(VERSION + salt + urlsafe_b64decode(token))


def decrypt_values(password: str, values: Value) -> Value:
    """MAP over bytes to the strings that were encrypted."""
    return each(values, partial(_decrypted, password))


def _decrypted(password: str, value: Value) -> str | None:
    data = bytes_of(value)
    if data is None:
        return None
    from cryptography.fernet import InvalidToken

    salt, token = data[1 : 1 + SALT_SIZE], data[1 + SALT_SIZE :]
    if data[:1] != VERSION or not token:
        raise DtlError("cannot decrypt: these bytes were not made by encrypt")
    try:
        return as_string(_fernet(password, salt).decrypt(urlsafe_b64encode(token)).decode())
    except InvalidToken as error:
        raise DtlError("cannot decrypt: another key, or damaged data") from error


@special(
    "encrypt",
    "KEY(string{1}), VALUES(value-expression{1})",
    Example(["is-bytes", ["encrypt", "secret", "text"]], expect=True),
    Example(["decrypt", "secret", ["encrypt", "secret", ["list", "a", 1]]], ["a"]),
    pure=False,
)
def encrypt(scope: Scope, call: Call) -> str:
    """Encrypt each string with a password, as bytes that `decrypt` reads with the same KEY.

    Any text is a KEY; better than text in the configuration is `$SECRET(name)`. Null gives null, a
    list a list; values that are not strings are dropped (`json-transit` makes strings of them). The
    result differs at each evaluation.
    """
    return _emit(scope, call, encrypt_values)


@special(
    "decrypt",
    "KEY(string{1}), VALUES(value-expression{1})",
    Example(["decrypt", "secret", ["encrypt", "secret", "text"]], "text"),
    Example(["decrypt", "secret", "text"], None, note="a string is not bytes"),
    pure=False,
)
def decrypt(scope: Scope, call: Call) -> str:
    """Decrypt each bytes value that `encrypt` made with the same KEY.

    KEY may be `$SECRET(name)`. Null gives null, a list a list; values that are not bytes are
    dropped. The entity fails where the KEY is another one or the data is damaged.
    """
    return _emit(scope, call, decrypt_values)


# -- encrypt-pki, decrypt-pki ------------------------------------------------------------------


@lru_cache(maxsize=1)
def _padding() -> OAEP:
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
    from cryptography.hazmat.primitives.hashes import SHA1

    return OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None)  # noqa: S303 - the format's


@lru_cache(maxsize=64)
def _public_key(pem: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem.encode())
    except Exception as error:
        raise DtlError("this is no public key in PEM format") from error
    if not isinstance(key, RSAPublicKey):
        raise DtlError("expected an RSA public key, got one of another kind")
    return key


@lru_cache(maxsize=64)
def _private_key(pem: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except Exception as error:
        raise DtlError("this is no private key in PEM format, or it has a passphrase") from error
    if not isinstance(key, RSAPrivateKey):
        raise DtlError("expected an RSA private key, got one of another kind")
    return key


def encrypt_pki_values(pem: str, values: Value) -> Value:
    """MAP over strings to bytes for the owner of a key."""
    return each(values, partial(_encrypted_pki, pem))


def _encrypted_pki(pem: str, value: Value) -> str | None:
    characters = text(value)
    if characters is None:
        return None
    key, data = _public_key(pem), characters.encode()
    room = key.key_size // 8 - 42
    if len(data) > room:
        message = f"a string of {len(data)} bytes is too long for this key, which takes {room}"
        raise DtlError(f"{message}; encrypt-pgp takes strings of any length")
    return bytes_value(key.encrypt(data, _padding()))


def decrypt_pki_values(pem: str, values: Value) -> Value:
    """MAP over bytes to the strings that were encrypted."""
    return each(values, partial(_decrypted_pki, pem))


def _decrypted_pki(pem: str, value: Value) -> str | None:
    data = bytes_of(value)
    if data is None:
        return None
    key = _private_key(pem)
    try:
        return as_string(key.decrypt(data, _padding()).decode())
    except ValueError as error:
        raise DtlError("cannot decrypt: made for another key, or damaged data") from error


@special(
    "encrypt-pki",
    "PUBLIC_KEY(string{1}), VALUES(value-expression{1})",
    Example(["encrypt-pki", PUBLIC_PEM, ["list", 1]], [], note="a number is no string"),
    Example(["encrypt-pki", PUBLIC_PEM, None], None),
    pure=False,
    checks={"PUBLIC_KEY": check_pem("PUBLIC KEY")},
)
def encrypt_pki(scope: Scope, call: Call) -> str:
    """Encrypt each string for the owner of an RSA key, as bytes (OAEP with SHA-1).

    PUBLIC_KEY is in PEM format, or `$SECRET(name)`. Only short strings fit: 214 bytes of utf-8 for
    a key of 2048 bits; the entity fails for longer ones. Null gives null, a list a list; values
    that are not strings are dropped. The result differs at each evaluation.
    """
    return _emit(scope, call, encrypt_pki_values)


@special(
    "decrypt-pki",
    "PRIVATE_KEY(string{1}), VALUES(value-expression{1})",
    Example(["decrypt-pki", PRIVATE_PEM, ["list", "text"]], [], note="a string is not bytes"),
    Example(["decrypt-pki", PRIVATE_PEM, None], None),
    pure=False,
    checks={"PRIVATE_KEY": check_pem("PRIVATE KEY")},
)
def decrypt_pki(scope: Scope, call: Call) -> str:
    """Decrypt each bytes value that `encrypt-pki` made, as strings.

    PRIVATE_KEY is in PEM format (PKCS#1 or PKCS#8), or `$SECRET(name)`. Null gives null, a list a
    list; values that are not bytes are dropped. The entity fails where the data was made for
    another key or is damaged.
    """
    return _emit(scope, call, decrypt_pki_values)


# -- encrypt-pgp, decrypt-pgp ------------------------------------------------------------------


def encrypt_pgp_values(public_key: str, values: Value) -> Value:
    """MAP over strings to armoured messages."""
    return each_text(values, partial(encrypt_message, public_key))


def decrypt_pgp_values(private_key: str, passphrase: str, values: Value) -> Value:
    """MAP over armoured messages to their strings."""
    return each_text(values, partial(decrypt_message, private_key, passphrase))


@special(
    "encrypt-pgp",
    "PUBLIC_KEY(string{1}), VALUES(value-expression{1})",
    Example(["encrypt-pgp", PUBLIC_PGP, ["list", 1]], [], note="a number is no string"),
    Example(["encrypt-pgp", PUBLIC_PGP, None], None),
    pure=False,
    checks={"PUBLIC_KEY": check_pem("PGP PUBLIC KEY")},
)
def encrypt_pgp(scope: Scope, call: Call) -> str:
    """Encrypt each string as an OpenPGP message in ASCII armour.

    PUBLIC_KEY is an armoured OpenPGP key, or `$SECRET(name)`. Null gives null, a list a list;
    values that are not strings are dropped. The result differs at each evaluation.
    """
    return _emit(scope, call, encrypt_pgp_values)


@special(
    "decrypt-pgp",
    "PRIVATE_KEY(string{1}), PASSPHRASE(string{1}), VALUES(value-expression{1})",
    Example(
        ["decrypt-pgp", PRIVATE_PGP, "passphrase", ["list", "~bYQ=="]],
        [],
        note="bytes are no message",
    ),
    Example(["decrypt-pgp", PRIVATE_PGP, "passphrase", None], None),
    pure=False,
    checks={"PRIVATE_KEY": check_pem("PGP PRIVATE KEY")},
)
def decrypt_pgp(scope: Scope, call: Call) -> str:
    """Decrypt each armoured OpenPGP message, as `encrypt-pgp` makes them.

    PRIVATE_KEY is an armoured OpenPGP key, PASSPHRASE unlocks it; both may be `$SECRET(name)`. Null
    gives null, a list a list; values that are not strings are dropped. The entity fails where key
    or passphrase is wrong or the message is damaged.
    """
    return _emit(scope, call, decrypt_pgp_values)
