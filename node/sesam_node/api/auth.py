"""Who is asking: tokens (JWT) checked against keys that each have exactly one algorithm.

A node on loopback makes its own key (`secret`) and a token of it (`token`) in its data folder,
both readable by their owner only. Configured keys are a shared text of 32 characters or more
(HS256) or a public key in PEM form (RS256, EdDSA), given as text or as `@file`. Tokens of ours
never carry `principals`: the official client sends such tokens to its vendor.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from sesam_node.api.errors import ApiError
from sesam_node.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ISSUER: Final = "sesam-node"
LEEWAY_S: Final = 10
MIN_SECRET_BYTES: Final = 32
MAX_TOKEN_BYTES: Final = 16 * 1024

BEARER: Final = re.compile(r"bearer +([A-Za-z0-9._~+/=-]+) *\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a token speaks for."""

    subject: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """A key that tokens are checked with; `algorithm` is the only one accepted under it."""

    algorithm: str
    material: Any
    issuer: str | None = None
    audience: str | None = None
    key_id: str | None = None

    def __repr__(self) -> str:
        return f"Key({self.algorithm}, key_id={self.key_id!r})"


class Authenticator:
    """Tokens in, principals out."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self.keys = tuple(keys)

    def principal(self, authorization: str | None) -> Principal:
        """Who sent this `Authorization` header. Raises ApiError (401) saying what is wrong."""
        if not authorization:
            raise refused(
                "there is no token in the request", hint='send it as "Authorization: Bearer <token>"'
            )
        match = BEARER.match(authorization)
        if match is None or len(authorization) > MAX_TOKEN_BYTES:
            raise refused("the Authorization header holds no bearer token")
        claims = self._claims(match[1])
        roles = claims.get("roles", [])
        roles = tuple(role for role in roles if isinstance(role, str)) if roles else ()
        return Principal(str(claims.get("sub") or "unknown"), roles)

    def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError:
            raise refused("the token is no JWT") from None
        algorithm, key_id = header.get("alg"), header.get("kid")
        reason = "no key of this node has the token's algorithm"
        for key in self.keys:
            if key.algorithm != algorithm or (key.key_id and key_id and key.key_id != key_id):
                continue
            try:
                return _decode(token, key)
            except jwt.ExpiredSignatureError:
                reason = "the token has expired"
            except jwt.ImmatureSignatureError:
                reason = "the token is not valid yet"
            except jwt.InvalidAudienceError:
                reason = "the token is for another audience"
            except jwt.InvalidIssuerError:
                reason = "the token has another issuer"
            except jwt.MissingRequiredClaimError as error:
                reason = f'the token has no "{error.claim}"'
            except jwt.InvalidTokenError:
                reason = "the token's signature is not one of this node's keys"
        raise refused(reason)


def _decode(token: str, key: Key) -> Mapping[str, Any]:
    required = [
        name for name, value in (("iss", key.issuer), ("aud", key.audience)) if value is not None
    ]
    claims: Mapping[str, Any] = jwt.decode(
        token,
        key.material,
        algorithms=[key.algorithm],
        issuer=key.issuer,
        audience=key.audience,
        leeway=LEEWAY_S,
        options={"require": required, "verify_aud": key.audience is not None},
    )
    return claims


def refused(detail: str, *, hint: str = "") -> ApiError:
    """The 401 answer."""
    return ApiError(
        401,
        "not authenticated",
        detail,
        hint=hint or "`sesam-node token --data DIR` prints the token of a node on this machine",
        headers={"WWW-Authenticate": 'Bearer realm="sesam-node"'},
    )


def read_key(text: str, *, issuer: str | None = None, audience: str | None = None) -> Key:
    """A key from its setting: a secret text, a PEM public key, or `@file` with one of them.

    Raises ConfigError where it is too short to be safe, or no key that is known here.
    """
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"the key file cannot be read: {error}") from None
    if "-----BEGIN" in text:
        return _public_key(text, issuer, audience)
    material = text.strip().encode()
    if len(material) < MIN_SECRET_BYTES:
        raise ConfigError(
            f"the key for tokens has {len(material)} characters; "
            f"{MIN_SECRET_BYTES} or more are needed to be safe"
        )
    return Key("HS256", material, issuer, audience)


def _public_key(text: str, issuer: str | None, audience: str | None) -> Key:
    try:
        material = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigError("the key for tokens is no public key in PEM form") from None
    if isinstance(material, RSAPublicKey):
        if material.key_size < 2048:
            raise ConfigError(f"the RSA key has {material.key_size} bits; 2048 or more are needed")
        return Key("RS256", material, issuer, audience)
    if isinstance(material, Ed25519PublicKey):
        return Key("EdDSA", material, issuer, audience)
    raise ConfigError("the key for tokens is neither RSA (RS256) nor Ed25519 (EdDSA)")


def make_token(key: Key, *, subject: str = "local", seconds: float | None = None) -> str:
    """A new token of a shared key; it never ends where `seconds` is null."""
    if key.algorithm != "HS256":
        raise ConfigError("a token can be made with a shared key only, not with a public key")
    now = int(time.time())
    claims: dict[str, Any] = {"sub": subject, "iat": now, "jti": secrets.token_hex(8)}
    if key.issuer is not None:
        claims["iss"] = key.issuer
    if key.audience is not None:
        claims["aud"] = key.audience
    if seconds is not None:
        claims["exp"] = now + int(seconds)
    return jwt.encode(claims, key.material, algorithm="HS256")


def own_key(data: Path) -> Key:
    """The key that a node makes for itself, from `DIR/secret`; made where there is none."""
    file = data / "secret"
    text = _private_text(file)
    if not text:
        text = base64.urlsafe_b64encode(secrets.token_bytes(48)).decode()
        _write_private(file, text)
    return Key("HS256", text.encode(), ISSUER, ISSUER)


def own_token(data: Path, key: Key | None = None) -> str:
    """The token of `DIR/token`; a new one where there is none or the key has changed."""
    key = key or own_key(data)
    file = data / "token"
    text = _private_text(file)
    if text:
        try:
            _decode(text, key)
        except jwt.InvalidTokenError:
            text = ""
    if not text:
        text = make_token(key)
        _write_private(file, text)
    return text


def _private_text(file: Path) -> str:
    """The text of a file that only its owner may read; one that others can read is refused."""
    try:
        mode = file.stat().st_mode
        text = file.read_text("ascii").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{file} can be read by others; `chmod 600 {file}` or delete it")
    return text


def _write_private(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(text + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(file)
