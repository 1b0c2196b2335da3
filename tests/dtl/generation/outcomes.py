"""What a program gives: compiled, walked, and whether the two are the same."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any

from sesam_node.dtl import RuleContext, Runtime, compile_index, compile_rules
from sesam_node.dtl.lookup import MemoryLookup
from sesam_node.dtl.walk import walk_rules
from sesam_node.errors import SesamError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .programs import Program

NOW = "~t2024-02-29T12:34:56.789Z"


class History(MemoryLookup):
    """Datasets in memory with the previous versions of source entities, and completeness."""

    def __init__(self, program: Program) -> None:
        super().__init__(program.datasets, compile_index)
        self.earlier = program.previous

    def previous(self, entity: dict[str, Any]) -> dict[str, Any] | None:
        return self.earlier.get(entity["_id"])

    def completeness(self, dataset: str, via: str) -> Any:
        return NOW if dataset in self.live and via in self.live else None


@lru_cache(maxsize=1)
def secrets() -> dict[str, str]:
    """Keys of this process: what they encrypt is only seen decrypted."""
    import pgpy.constants as pgp
    from cryptography.hazmat.primitives import serialization as forms
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

    from sesam_node.dtl.functions.openpgp import _pgpy

    rsa = generate_private_key(65537, 2048)
    private = rsa.private_bytes(
        forms.Encoding.PEM, forms.PrivateFormat.TraditionalOpenSSL, forms.NoEncryption()
    )
    public = rsa.public_key().public_bytes(
        forms.Encoding.PEM, forms.PublicFormat.SubjectPublicKeyInfo
    )
    pgpy = _pgpy()
    # Elliptic curves: such keys are made in milliseconds.
    key = pgpy.PGPKey.new(pgp.PubKeyAlgorithm.ECDSA, pgp.EllipticCurveOID.NIST_P256)
    key.add_uid(
        pgpy.PGPUID.new("test"),
        usage={pgp.KeyFlags.Sign},
        hashes=[pgp.HashAlgorithm.SHA256],
        ciphers=[pgp.SymmetricKeyAlgorithm.AES256],
        compression=[pgp.CompressionAlgorithm.Uncompressed],
    )
    inner = pgpy.PGPKey.new(pgp.PubKeyAlgorithm.ECDH, pgp.EllipticCurveOID.NIST_P256)
    key.add_subkey(inner, usage={pgp.KeyFlags.EncryptCommunications})
    return {
        "password": "it's {secret}",
        "rsa-private": private.decode(),
        "rsa-public": public.decode(),
        "pgp-private": str(key),
        "pgp-public": str(key.pubkey),
    }


def fixed_runtime(program: Program) -> Runtime:
    """Time stands still, UUIDs are numbered, nobody sleeps."""
    numbers = count(1)
    return Runtime(
        lookup=History(program),
        now=lambda: NOW,
        new_uuid=lambda: f"~u00000000-0000-4000-8000-{next(numbers):012}",
        parameters=copy.deepcopy(program.parameters),
        secrets=secrets(),
        sleep=lambda seconds: None,
    )


@dataclass
class Outcome:
    """What came out: `problem` is the codes of a rule set that is refused, else null.

    `entities` has for each source entity what was emitted, or the code that it failed with.
    """

    problem: tuple[str, ...] | None
    entities: list[list[dict[str, Any]] | str]

    def text(self) -> str:
        """JSON that tells apart 1, 1.0 and true; tuples are lists there."""
        return json.dumps([self.problem, self.entities], sort_keys=True)


def codes_of(error: SesamError) -> tuple[str, ...]:
    return tuple(problem.code for problem in error.problems if problem.level == "error")


def outcome_of(program: Program, make: Callable[[Any, RuleContext], Any]) -> Outcome:
    """What a program gives; `make(rules, context)` has a `bind(runtime)` or raises."""
    try:
        made = make(program.rules, RuleContext(**program.context))
    except SesamError as error:
        return Outcome(codes_of(error), [])
    run = made.bind(fixed_runtime(program))
    found: list[list[dict[str, Any]] | str] = []
    for entity in program.entities:
        out: list[dict[str, Any]] = []
        before = json.dumps(entity)
        try:
            run(entity, out)
        except SesamError as error:
            found.append(" ".join(codes_of(error)))
        else:
            found.append(out)
        if json.dumps(entity) != before:
            raise AssertionError(f"the source entity was changed: {before}")
    return Outcome(None, found)


def compiled(program: Program) -> Outcome:
    return outcome_of(program, compile_rules)


def walked(program: Program) -> Outcome:
    return outcome_of(program, walk_rules)


def differ(program: Program) -> bool:
    """Does it give one thing compiled, and another walked?"""
    return compiled(program).text() != walked(program).text()
