"""The formats that entities travel in, by their content types.

JSON is one array, NDJSON the same objects a line each, Arrow a stream of record batches
(`model/arrow`). MessagePack is one map after the other, as its streaming readers take it
(`msgpack.Unpacker`), because an array would have to know its length first; its values are those of
the JSON form, tagged text included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sesam_node.model.stream import read_entities, read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sesam_node.model.values import Entity

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
MSGPACK: Final = "application/x-msgpack"
ARROW: Final = "application/vnd.apache.arrow.stream"
PAGE_BYTES: Final = 64 * 1024
FORMATS: Final = (JSON, NDJSON, MSGPACK, ARROW)

NAMES: Final = {
    "application/ndjson": NDJSON,
    "application/jsonl": NDJSON,
    "application/x-jsonlines": NDJSON,
    NDJSON: NDJSON,
    "application/msgpack": MSGPACK,
    "application/vnd.msgpack": MSGPACK,
    MSGPACK: MSGPACK,
    ARROW: ARROW,
    JSON: JSON,
}
"""Content types that mean one of the formats."""


def accepted(accept: str) -> str:
    """The format that an `Accept` header asks for: JSON unless another one weighs more."""
    best, chosen = 0.0, JSON
    for part in accept.split(","):
        name, *parameters = part.split(";")
        kind = NAMES.get(name.strip().lower())
        if kind is not None and (weight := _weight(parameters)) > best:
            best, chosen = weight, kind
    return chosen


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, text = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(text)
            except ValueError:
                return 0.0
    return 1.0


def sent(content_type: str) -> str:
    """The format of a body: JSON unless its content type is that of another one."""
    return NAMES.get(content_type.partition(";")[0].strip().lower(), JSON)


def write_entities(pages: Iterable[list[bytes]], form: str) -> Iterator[bytes]:
    """Entities, given as pages of their JSON, as the chunks of a format."""
    if form == MSGPACK:
        from sesam_node.model.message_pack import to_message_pack

        return to_message_pack(pages)
    if form == ARROW:
        from sesam_node.model.arrow.write import to_arrow

        return to_arrow(pages)
    return json_lines(pages) if form == NDJSON else json_pages(pages)


def in_pages(items: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Entities that come one by one, in pages of about 64 KiB."""
    page: list[bytes] = []
    size = 0
    for item in items:
        page.append(item)
        size += len(item)
        if size >= PAGE_BYTES:
            yield page
            page, size = [], 0
    if page:
        yield page


def json_pages(pages: Iterable[list[bytes]]) -> Iterator[bytes]:
    """The JSON array of all entities, a chunk for each page."""
    before = b"["
    for page in pages:
        if page:
            yield before + b",".join(page)
            before = b","
    yield b"[]" if before == b"[" else b"]"


def json_lines(pages: Iterable[list[bytes]]) -> Iterator[bytes]:
    """The entities a line each, a chunk for each page."""
    for page in pages:
        if page:
            yield b"\n".join(page) + b"\n"


def read_entities_as(data: bytes, form: str) -> list[Entity]:
    """The entities of a body in a format, checked and in normal form. Raises InputError."""
    if form == MSGPACK:
        from sesam_node.model.message_pack import from_message_pack

        return from_message_pack(data)
    if form == ARROW:
        from sesam_node.model.arrow.read import from_arrow

        return from_arrow(data)
    return read_lines(data) if form == NDJSON else read_entities(data)
