"""Compare what a pipe gives with what a project expects, by the rules of the official client.

From each entity go the keys that begin with `_` (but `_id`, and `_deleted` where true), at every
depth, and what the spec's blacklist names. Deleted entities that are not expected are left out
unless the spec says otherwise. Integral floats are integers, integers of more than 16 digits are
rounded through a double. What is left is sorted and compared as text.
"""

from __future__ import annotations

import difflib
import json
from decimal import Decimal
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_node.expected.spec import Spec

LONGEST_INTEGER = len("9007199254740991")


def entity_text(entities: Sequence[Any], spec: Spec) -> str:
    """Entities as comparable text: sorted by the spec, keys sorted, two blanks deep."""
    ordered = sorted(entities, key=lambda entity: sort_key(entity, spec))
    return json.dumps(ordered, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def expected_text(entities: Sequence[dict[str, Any]], spec: Spec) -> str:
    """What a pipe gave as the file that expects it: without deleted entities, `<>&` escaped."""
    text = entity_text(current_entities(entities, [], spec), spec)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def current_entities(
    entities: Sequence[dict[str, Any]], expected: Sequence[Any], spec: Spec
) -> list[Any]:
    """What a pipe gave, in the form that is compared."""
    kept = [filtered(entity, spec) for entity in entities]
    if spec.ignore_deletes:
        wanted = {e.get("_id") for e in expected if type(e) is dict and e.get("_deleted") is True}
        kept = [e for e in kept if e.get("_deleted") is not True or e.get("_id") in wanted]
    return [plain_numbers(entity) for entity in kept]


def filtered(item: Any, spec: Spec, path: tuple[str, ...] = ()) -> Any:
    """A value without internal and blacklisted keys."""
    if type(item) is dict:
        return {
            key: value if key.startswith("_") else filtered(value, spec, (*path, key))
            for key, value in item.items()
            if _kept(key, value) and not is_blacklisted((*path, key), spec)
        }
    if type(item) is list:
        return [filtered(value, spec, path) for value in item]
    return item


def _kept(key: str, value: Any) -> bool:
    return not key.startswith("_") or key == "_id" or (key == "_deleted" and value is True)


def is_blacklisted(path: Sequence[str], spec: Spec) -> bool:
    """Does the spec's blacklist name this path? `a.b`, `a[].b` for any part, `*` as in files."""
    text = ".".join(path).replace(r"\.", ".")
    return any(fnmatch(text, pattern.replace("[].", ".*.")) for pattern in spec.blacklist)


def plain_numbers(value: Any) -> Any:
    """A value with its numbers as the official client has them after JSON."""
    if type(value) is dict:
        return {key: plain_numbers(item) for key, item in value.items()}
    if type(value) is list:
        return [plain_numbers(item) for item in value]
    if type(value) is float and str(value).endswith(".0"):
        value = int(value)
    if type(value) is int and len(str(value)) > LONGEST_INTEGER:
        return int(Decimal(str(float(value))))
    return value


def sort_key(entity: Any, spec: Spec) -> tuple[str, ...]:
    """The text that an entity is sorted by: the fields of the spec, then all of it."""
    fields = [entity.get(name) if type(entity) is dict else None for name in spec.fields_to_sort_by]
    texts = [json.dumps(field, sort_keys=True, ensure_ascii=False) for field in fields]
    return (*texts, json.dumps(entity, sort_keys=True, ensure_ascii=False))


def xml_text(data: bytes) -> str | None:
    """XML in one layout, so that only its content is compared; null where it cannot be read."""
    from xml.etree import ElementTree as ET

    try:
        root = ET.fromstring(data.decode("utf-8-sig"))  # noqa: S314 - our own node's
    except (ET.ParseError, UnicodeDecodeError):
        return None
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def bytes_text(data: bytes) -> str:
    """Bytes as text to show: line ends visible where they are not plain."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\\r\n")


def difference(expected: str, current: str, name: str) -> str:
    """What differs, line by line: `-` is expected, `+` came."""
    lines = difflib.unified_diff(
        expected.splitlines(), current.splitlines(), f"expected/{name}", "current", lineterm=""
    )
    return "\n".join(lines)
