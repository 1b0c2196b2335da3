"""The types of generated values: names, which of them are others, the properties of dicts.

A type is a word ("int"), a list of one ("[int]") or a shape of `SHAPES` ("order"). "@" and "#" are
variables of a recipe.
"""

from __future__ import annotations

from functools import lru_cache

KINDS_OF = {
    "num": ("int", "float", "dec"),
    "str": ("word", "digits", "isotime", "base64", "jsontext", "transittext", "phone", "quoted"),
    "scalar": ("str", "num", "bool", "dt", "uri", "ni", "uuid", "bytes"),
    "ordered": ("str", "num", "dt", "bool"),
    "numeral": ("num", "digits"),
    "moment": ("isotime", "dt", "nanos"),
    "yesno": ("bool", "boolword"),
    "uuidlike": ("uuid", "uuidword"),
    "urilike": ("uri", "uriword"),
    "named": ("ni", "str"),
    "address-like": ("str", "uri"),
    "hashable": ("str", "bytes"),
    "dict": ("address", "order", "line", "tree", "table"),
    "any": ("scalar", "dict", "[scalar]", "[dict]"),
}
"""Each wider type and what it may be; those that only stand in constants and entities too."""

ENTITY = {"_id": "str"}

SHAPES: dict[str, dict[str, str]] = {
    "address": {"street": "str", "zip": "digits", "city": "str", "odd.name": "int"},
    "line": {"no": "int", "text": "str", "cost": "float"},
    "order": {"no": "int", "amount": "num", "item": "str", "at": "dt", "lines": "[line]"},
    "tree": {"name": "str", "size": "int", "children": "[tree]"},
    "table": {"a": "int", "b": "int", "c": "int"},
    "person": ENTITY
    | {
        "name": "str",
        "age": "int",
        "score": "float",
        "price": "dec",
        "count": "pos",
        "active": "bool",
        "born": "dt",
        "home": "uri",
        "ref": "ni",
        "key": "uuid",
        "photo": "bytes",
        "tags": "[str]",
        "numbers": "[int]",
        "times": "[dt]",
        "links": "[uri]",
        "matrix": "[[int]]",
        "address": "address",
        "orders": "[order]",
        "tree": "tree",
        "table": "table",
        "friends": "[people-id]",
        "place": "place-id",
        "digits": "digits",
        "iso": "isotime",
        "b64": "base64",
        "json": "jsontext",
        "transit": "transittext",
        "phone": "phone",
        "tel": "tel",
        "tels": "[tel]",
        "quoted": "quoted",
        "uuidword": "uuidword",
        "uriword": "uriword",
        "yesno": "boolword",
        "odd.name": "str",
        "it's": "str",
        "a b": "int",
        "$x": "str",
        "__class__": "str",
        "import": "int",
    },
    "sale": ENTITY
    | {
        "customer": "people-id",
        "no": "int",
        "amount": "int",
        "item": "item-id",
        "tags": "[str]",
        "at": "dt",
        "group": "group",
        "lines": "[line]",
    },
    "item": ENTITY | {"name": "str", "price": "float", "group": "group"},
    "place": ENTITY
    | {"name": "str", "parent": "place-id", "near": "[place-id]", "group": "group", "size": "int"},
    "parameters": {"who": "str", "limit": "int", "when": "dt"},
}

BASIC = ("str", "int", "float", "dec", "bool", "dt", "uri", "ni", "uuid", "bytes")
LIKELY = ("str", "int", "num", "dt", "order", "scalar")
"""What stands for a variable of a recipe that nothing else decides."""

PARENTS: dict[str, set[str]] = {}
for _wide, _narrow in KINDS_OF.items():
    for _one in _narrow:
        PARENTS.setdefault(_one, set()).add(_wide)
PARENTS |= {
    "pos": {"int"},
    "nanos": {"int"},
    "tel": {"uri"},
    "people-id": {"str"},
    "place-id": {"str"},
    "item-id": {"str"},
    "group": {"str"},
    "boolword": {"str", "yesno"},
    "uuidword": {"str", "uuidlike"},
    "uriword": {"str", "urilike"},
    "person": {"dict"},
    "sale": {"dict"},
    "item": {"dict"},
    "place": {"dict"},
    "parameters": {"dict"},
}


def is_list(kind: str) -> bool:
    return kind[:1] == "["


def element(kind: str) -> str:
    """What a list type has in it; another type itself."""
    return kind[1:-1] if is_list(kind) else kind


@lru_cache(maxsize=4096)
def fits(kind: str, wanted: str) -> bool:
    """May a value of one type stand where the other is wanted?"""
    if kind == wanted or wanted == "any":
        return True
    if is_list(kind) or is_list(wanted):
        return is_list(kind) and is_list(wanted) and fits(kind[1:-1], wanted[1:-1])
    return any(fits(parent, wanted) for parent in PARENTS.get(kind, ()))


@lru_cache(maxsize=256)
def paths_of(kind: str, depth: int = 2) -> tuple[tuple[tuple[str, ...], str], ...]:
    """The paths into a value of a type with the type found there; the empty path first."""
    found: list[tuple[tuple[str, ...], str]] = [((), kind)]
    shape = SHAPES.get(element(kind))
    if shape is None or depth == 0:
        return tuple(found)
    for name, inner in shape.items():
        for rest, there in paths_of(inner, depth - 1):
            # A walk over a list gives one flat list.
            flat = there if is_list(there) or not is_list(kind) else f"[{there}]"
            if rest or not (is_list(inner) and is_list(kind)):
                found.append(((name, *rest), flat))
            else:
                found.append(((name,), inner))
    return tuple(found)
