"""The excel_endpoint sink: publishes entities as an Excel workbook. Nothing is pumped.

The workbook is made in a temporary file before its first byte is sent, so that one that does not
fit into Excel's limits is an error and no broken download.
"""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any, BinaryIO

from sesam_node.config.options import Flaw, further_flaws
from sesam_node.errors import preview
from sesam_node.model import decode, encode
from sesam_node.pipes.common_options import DOWNLOAD
from sesam_node.pipes.component import Option, sink
from sesam_node.pipes.excel.writer import write_workbook

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context

CHUNK_BYTES = 64 * 1024
MAX_SHEET_NAME = 31
REFUSED = frozenset("[]:*?/\\")


def flaws(options: Mapping[str, Any]) -> Iterator[Flaw]:
    """A name that no sheet may have."""
    name = options.get("sheet")
    if type(name) is not str:
        return
    quoted = name[:1] == "'" or name[-1:] == "'"
    if not 0 < len(name) <= MAX_SHEET_NAME or REFUSED & set(name) or quoted:
        yield Flaw(
            ("sheet",),
            "bad-sheet-name",
            f"expected the name of a sheet, got {preview(name)}",
            f"1 to {MAX_SHEET_NAME} characters, none of {' '.join(sorted(REFUSED))}, no ' around",
        )


@sink(
    "excel_endpoint",
    Option(
        "columns",
        "string-list",
        None,
        "the properties that are the columns; all of the entities if null",
    ),
    Option("sheet", "string", "Entities", "the name of the sheet"),
    Option("include_header", "boolean", default=True, doc="is the first row the columns?"),
    Option("skip-deleted-entities", "boolean", default=True, doc="are deleted ones left out?"),
    *DOWNLOAD,
    scheduled=False,
    namespaces=True,
    further=further_flaws(flaws),
)
class ExcelSink:
    """Publishes the entities at `/publishers/{pipe}/excel`."""

    dataset: str | None = None
    is_endpoint = True
    format = "excel"

    def __init__(self, options: dict[str, Any], _context: Context) -> None:
        self._columns: list[str] | None = options["columns"]
        self._options = options

    def write(self, entities: Sequence[Entity]) -> int:
        return len(entities)

    def chunks(self, entities: Iterable[Entity]) -> Iterator[bytes]:
        """The workbook in chunks of 64 KiB."""
        options = self._options
        wanted = (
            entity
            for entity in entities
            if not (options["skip-deleted-entities"] and entity.get("_deleted") is True)
        )
        with tempfile.TemporaryFile() as made, tempfile.TemporaryFile() as kept:
            columns = self._columns
            if columns is None:
                columns = _keep(wanted, kept)
                wanted = (decode(line) for line in kept)
            write_workbook(
                made, options["sheet"], columns, wanted, header=options["include_header"]
            )
            made.seek(0)
            while chunk := made.read(CHUNK_BYTES):
                yield chunk


def _keep(entities: Iterable[Entity], file: BinaryIO) -> list[str]:
    """Puts the entities into a file, a line each, and gives the properties of all, `_id` first."""
    names = {"_id": None}
    for entity in entities:
        names.update((name, None) for name in entity if name[:1] not in ("_", "$"))
        file.write(encode(entity) + b"\n")
    file.seek(0)
    return list(names)
