"""Short ways to write entities and to say what was read; a child process uses them too."""

from __future__ import annotations

from sesam_node.model.entity import content_hash, encode
from sesam_node.store import Write


def item(entity_id, *, deleted=False, **properties):
    """A Write of an entity with those properties."""
    entity = {"_id": entity_id, **properties}
    if deleted:
        entity["_deleted"] = True
    body = encode(entity)
    return Write(entity_id, body, content_hash(body), deleted)


def items(*ids, **properties):
    return [item(entity_id, **properties) for entity_id in ids]


def resolver(index):
    """Key functions of tests: the id of an index is a property name."""

    def keys(entity):
        value = entity.get(index)
        values = value if type(value) is list else [value]
        return [value for value in values if value is not None]

    return keys


def facts(versions):
    """Versions without what depends on the clock."""
    return [version and version._replace(ts=0) for version in versions]


MEET = [
    (1, 1.0, "~f1.0", "~f1.000", "~f1e0"),
    ("1",),
    (True,),
    (0, -0.0, "~f0.00", "~f-0"),
    ("",),
    (0.1, "~f0.1", "~f0.10"),
    (-0.1, "~f-0.1"),
    (10**30, "~f1000000000000000000000000000000", "~f1e30"),
    (2**63 + 1, "~f9223372036854775809"),
    (2**63 + 2,),
    ("~t2024-01-01T00:00:00Z", "~t2024-01-01"),
    ("~t2024-01-01T00:00:00.5Z", "~t2024-01-01T00:00:00.500Z"),
    ("~rhttp://x",),
    ("~~rhttp://x",),
    ("http://x",),
    ("~:a:b",),
    ("a:b",),
    ((1, "a"), (1.0, "a"), ("~f1", "a")),
    ((1, "b"),),
    ((1,),),
    (("1", "a"),),
    (("a", (1, 2)),),
    (("a", 1, 2),),
    ({"a": 1, "b": 2}, {"b": 2.0, "a": "~f1"}),
    ({"a": 1},),
    ("x" * 5000,),
    ("x" * 5000 + "y",),
    ("x" * 480,),
    ("x" * 479,),
    ("~u00000000-0000-0000-0000-000000000001",),
    ("~bAAAA",),
]
"""Groups of index values that are equal; no value equals one of another group."""
