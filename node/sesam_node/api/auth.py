"""Who is asking: the token (JWT) of a request, checked with the node's keys.

The algorithm is the one of the configured key, whatever the token says of itself; issuer and
audience must be there and right, an expiry is honoured. What is wrong is said in the answer: it
tells a client what to mend, and an attacker nothing that the token does not hold already.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import jwt

from sesam_node.api.errors import ApiError
from sesam_node.errors import ConfigError
from sesam_node.hub.access import Principal
from sesam_node.hub.accounts import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sesam_node.settings import Keys

NO_TOKEN: Final = "there is no token in the request"  # noqa: S105 - it says so
MAX_HEADER_CHARACTERS: Final = 16 * 1024
BEARER: Final = re.compile(r"bearer +([A-Za-z0-9._~+/=-]+) *\Z", re.IGNORECASE)

REASONS: Final[tuple[tuple[type[jwt.InvalidTokenError], str], ...]] = (
    (jwt.ExpiredSignatureError, "the token has expired"),
    (jwt.ImmatureSignatureError, "the token is not valid yet"),
    (jwt.InvalidIssuedAtError, "the token is not valid yet"),
    (jwt.InvalidAudienceError, "the token is for another audience"),
    (jwt.InvalidIssuerError, "the token has another issuer"),
    (jwt.InvalidAlgorithmError, "the token is signed with another algorithm than this node's"),
    (jwt.MissingRequiredClaimError, "the token lacks its issuer or audience"),
    (jwt.InvalidSignatureError, "the token is not signed with this node's key"),
    (jwt.InvalidTokenError, "the token is no JWT that this node can read"),
)
"""What is wrong with a token, the first class that fits wins."""


class Authenticator:
    """Tokens in, principals out."""

    def __init__(
        self, keys: Keys, accounts: Callable[[Mapping[str, Any]], Principal | None] | None = None
    ) -> None:
        """`accounts` says who a token of an account is of, null where the account has ended.

        Raises ConfigError where the key is none for its algorithm.
        """
        self.keys = keys
        self._accounts = accounts
        try:
            jwt.get_algorithm_by_name(keys.algorithm).prepare_key(keys.verify)
        except (jwt.InvalidKeyError, ValueError, TypeError, NotImplementedError):
            raise ConfigError(f"the key for tokens is no key for {keys.algorithm}") from None

    def principal(self, authorization: str | None) -> Principal:
        """Who sent this `Authorization` header. Raises ApiError (401) saying what is wrong."""
        if not authorization:
            raise refused(NO_TOKEN)
        match = BEARER.match(authorization)
        if match is None or len(authorization) > MAX_HEADER_CHARACTERS:
            raise refused("the Authorization header holds no bearer token")
        try:
            claims = self.keys.claims(match[1])
        except jwt.InvalidTokenError as error:
            raise refused(next(text for cls, text in REASONS if isinstance(error, cls))) from None
        if ACCOUNT in claims:
            principal = self._accounts(claims) if self._accounts is not None else None
            if principal is None:
                raise refused("the token has been revoked")
            return principal
        return Principal(str(claims.get("sub") or "unknown"), _roles(claims.get("roles")))


def _roles(value: Any) -> tuple[str, ...]:
    return tuple(item for item in value if type(item) is str) if type(value) is list else ()


def refused(detail: str) -> ApiError:
    """The 401 answer."""
    return ApiError(
        401,
        "not authenticated",
        detail,
        hint='send "Authorization: Bearer <token>"; `sesam-node token --data DIR` prints the token'
        " of a node on this machine",
        headers={"WWW-Authenticate": 'Bearer realm="sesam-node"'},
    )
