"""encrypt, decrypt and their kin: which keys, which values. The ciphers are those of the functions.

A cipher written twice would prove nothing; what is walked here is where keys and secrets come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl.functions.encryption import (
    decrypt_pgp_values,
    decrypt_pki_values,
    decrypt_values,
    encrypt_pgp_values,
    encrypt_pki_values,
    encrypt_values,
)
from sesam_node.dtl.plan import SECRET
from sesam_node.dtl.walk.tables import special
from sesam_node.errors import DtlError
from sesam_node.model.values import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.dtl.syntax import Call
    from sesam_node.dtl.walk.machine import Env, Walk
    from sesam_node.model.values import Value


def with_secrets(walk: Walk, text: str) -> str:
    """Text of the configuration with its `$SECRET(name)` replaced. Raises DtlError: unknown one."""
    secrets = walk.runtime.secrets
    for name in SECRET.findall(text):
        if name not in secrets:
            raise DtlError(f'unknown secret "{name}"')
    return SECRET.sub(lambda match: secrets[match[1]], text)


def enter(name: str, cipher: Callable[..., Value]) -> None:
    """Enter a form whose constants are keys and whose last argument is the values."""

    @special(name)
    def form(walk: Walk, call: Call, env: Env) -> Value:
        keys = [
            with_secrets(walk, text_of(call.constant(position)))
            for position in range(len(call.arguments) - 1)
        ]
        return cipher(*keys, walk.argument(call.arguments[-1], env))


for _name, _cipher in (
    ("encrypt", encrypt_values),
    ("decrypt", decrypt_values),
    ("encrypt-pki", encrypt_pki_values),
    ("decrypt-pki", decrypt_pki_values),
    ("encrypt-pgp", encrypt_pgp_values),
    ("decrypt-pgp", decrypt_pgp_values),
):
    enter(_name, _cipher)
