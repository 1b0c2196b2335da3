"""Entities: reserved properties, the canonical bytes that are stored, and the content hash.

Stored form, hash input and wire form are one: canonical JSON with sorted keys over the content,
`_id` and `_deleted`. The other reserved properties are a header beside it; `with_header` splices
them into the stored bytes to send an entity without decoding it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
import xxhash

from sesam_node.errors import InputError, Problem, preview

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sesam_node.model.values import Entity

encode = msgspec.json.Encoder(order="deterministic").encode
"""Canonical JSON bytes of a value: sorted keys, no blanks, integers of any size."""

decode: Any = msgspec.json.Decoder().decode
"""The value of canonical JSON bytes. Raises msgspec.DecodeError."""

encode_rows = msgspec.json.Encoder().encode
decode_raw: Any = msgspec.json.Decoder(list[dict[str, msgspec.Raw]]).decode
"""A JSON array of entities whose values are not looked at."""


def content(entity: Entity) -> Entity:
    """The part of an entity that is stored and hashed: reserved root properties are dropped.

    `_id` stays, `_deleted` where it is `true` (manual: entity data model). Gives the same object
    back where there is nothing to drop.
    """
    for key in entity:
        if key[:1] == "_" and key != "_id" and not (key == "_deleted" and entity[key] is True):
            break
    else:
        return entity
    return {
        key: value
        for key, value in entity.items()
        if key[:1] != "_" or key == "_id" or (key == "_deleted" and value is True)
    }


def content_hash(body: bytes) -> bytes:
    """16 bytes that are equal when the canonical bytes are (xxh3, 128 bits)."""
    return xxhash.xxh3_128_digest(body)


def content_hashes(bodies: Iterable[bytes]) -> Iterator[bytes]:
    """The hash of each of many; as `content_hash`."""
    return map(xxhash.xxh3_128_digest, bodies)


def entity_id(entity: Entity, path: str = "$") -> str:
    """The `_id` of an entity. Raises InputError where it is not a non-empty string."""
    value = entity.get("_id")
    if type(value) is str and value:
        return value
    problem = Problem(
        f"{path}._id",
        "missing-id",
        f"expected a string, got {preview(value)}",
        'every entity needs an "_id"',
    )
    raise InputError("an entity has no _id", [problem])


def only(bodies: list[bytes], names: frozenset[str]) -> list[bytes]:
    """The canonical bytes of entities, reduced to some of their properties, whose values stay."""
    data = b"[%b]" % b",".join(bodies)
    decode_rows = _decoder_of(names)
    if decode_rows is None:
        rows = decode_raw(data)
        return [encode({name: row[name] for name in names & row.keys()}) for row in rows]
    return list(map(encode_rows, decode_rows(data)))


@lru_cache(maxsize=64)
def _decoder_of(names: frozenset[str]) -> Any:
    """What reads these properties alone and passes over the others; null for odd names."""
    by_field = {f"f{number}": name for number, name in enumerate(sorted(names))}
    kind: Any = msgspec.Raw | msgspec.UnsetType
    fields = [(field, kind, msgspec.UNSET) for field in by_field]
    try:
        row = msgspec.defstruct("Row", fields, rename=by_field)
    except ValueError:
        return None  # with quotes, say
    return msgspec.json.Decoder(list[row]).decode  # type: ignore[valid-type]


def tombstone(body: bytes) -> bytes:
    """The canonical bytes of the deleted version of a stored entity: same content, `_deleted`."""
    entity = decode(body)
    entity["_deleted"] = True
    return encode(entity)


def with_header(
    body: bytes, seq: int, previous: int | None, ts: int, hash_: bytes, *, deleted: bool
) -> bytes:
    """The wire form of a stored version: the body with `_updated`, `_previous`, `_ts`, `_hash`.

    `_deleted` is always there on the wire, true or false.
    """
    before = b"null" if previous is None else b"%d" % previous
    tail = b"" if deleted else b',"_deleted":false'
    return b'%b%b,"_hash":"%b","_previous":%b,"_ts":%d,"_updated":%d}' % (
        body[:-1],
        tail,
        hash_.hex().encode(),
        before,
        ts,
        seq,
    )
