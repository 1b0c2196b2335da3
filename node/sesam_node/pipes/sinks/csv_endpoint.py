"""The csv_endpoint sink: publishes entities as a CSV file. Nothing is pumped; readers pull."""

from __future__ import annotations

import codecs
import csv
import io
from typing import TYPE_CHECKING, Any, Literal

from sesam_node.errors import ConfigError, PipeError, preview
from sesam_node.model import encode
from sesam_node.model.values import number, plain_text
from sesam_node.pipes.common_options import DOWNLOAD
from sesam_node.pipes.component import Option, sink

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sesam_node.model import Entity, Value
    from sesam_node.pipes.batch import Context

QUOTING: dict[str, Literal[0, 1, 2, 3]] = {
    "minimal": csv.QUOTE_MINIMAL,
    "all": csv.QUOTE_ALL,
    "non-numeric": csv.QUOTE_NONNUMERIC,
    "none": csv.QUOTE_NONE,
}
CHUNK_CHARACTERS = 64 * 1024


@sink(
    "csv_endpoint",
    Option("columns", "string-list", doc="the properties that are the columns"),
    Option("quoting", "string", "minimal", "which fields are quoted", tuple(QUOTING)),
    Option("delimiter", "string", ",", "the character between fields"),
    Option("doublequote", "boolean", default=True, doc="is a quote in a field doubled?"),
    Option("include_header", "boolean", default=True, doc="is the first line the columns?"),
    Option("escapechar", "string", None, "the character before one that needs escaping"),
    Option("lineterminator", "string", "\r\n", "the end of a line"),
    Option("quotechar", "string", '"', "the character around quoted fields"),
    Option("byte_order_mark", "boolean", default=False, doc="begin with a byte order mark?"),
    Option("encoding", "string", "utf-8", "the character set"),
    Option(
        "encode_error_strategy",
        "string",
        "backslashreplace",
        "what becomes of characters that the character set lacks",
        ("backslashreplace", "ignore", "replace", "xmlcharrefreplace"),
    ),
    Option("skip-deleted-entities", "boolean", default=True, doc="are deleted ones left out?"),
    *DOWNLOAD,
    scheduled=False,
    namespaces=True,
)
class CsvSink:
    """Publishes the entities at `/publishers/{pipe}/csv`."""

    dataset: str | None = None
    is_endpoint = True
    format = "csv"

    def __init__(self, options: dict[str, Any], _context: Context) -> None:
        self.columns: list[str] = options["columns"]
        self.filename: str | None = options["filename"]
        self.content_disposition: str = options["content_disposition"]
        self._options = options
        self._plain = options["quoting"] == "none" and not (
            options["escapechar"] or options["doublequote"]
        )
        for name in ("delimiter", "quotechar", "escapechar"):
            value = options[name]
            if value is not None and len(value) != 1:
                raise ConfigError(f'"{name}" must be one character, got {preview(value)}')
        try:
            codecs.lookup(options["encoding"])
        except LookupError:
            message = f"unknown character set {preview(options['encoding'])}"
            raise ConfigError(message) from None

    def write(self, entities: Sequence[Entity]) -> int:
        return len(entities)

    def chunks(self, entities: Iterable[Entity]) -> Iterator[bytes]:
        """The file in chunks of about 64 KiB, whatever its size."""
        options = self._options
        encoder = codecs.getincrementalencoder(options["encoding"])(
            options["encode_error_strategy"]
        )
        if options["byte_order_mark"]:
            yield codecs.BOM_UTF8
        text = io.StringIO()
        write = self._writer(text)
        if options["include_header"]:
            write(self.columns)
        for entity in entities:
            if options["skip-deleted-entities"] and entity.get("_deleted") is True:
                continue
            try:
                write([cell(entity.get(column)) for column in self.columns])
            except csv.Error as error:
                raise PipeError(
                    f"entity {preview(entity.get('_id'))} cannot be written as CSV: {error}; "
                    'set "escapechar" or another "quoting"'
                ) from None
            if text.tell() >= CHUNK_CHARACTERS:
                yield encoder.encode(text.getvalue())
                text.seek(0)
                text.truncate()
        yield encoder.encode(text.getvalue(), final=True)

    def _writer(self, text: io.StringIO) -> Any:
        options = self._options
        if self._plain:
            # The manual allows files that cannot be read back; the csv module does not.
            def write_plain(cells: list[Any]) -> None:
                texts = ("" if item is None else str(item) for item in cells)
                text.write(options["delimiter"].join(texts) + options["lineterminator"])

            return write_plain
        escape = options["escapechar"]
        if escape is None and options["quoting"] == "none":
            escape = "\\"
        return csv.writer(
            text,
            quoting=QUOTING[options["quoting"]],
            delimiter=options["delimiter"],
            doublequote=options["doublequote"],
            escapechar=escape,
            lineterminator=options["lineterminator"],
            quotechar=options["quotechar"],
        ).writerow


def cell(value: Value) -> Any:
    """What stands in a field: text without tags, numbers, true and false; lists as JSON."""
    kind = type(value)
    if kind is str:
        amount = number(value)
        return plain_text(value) if amount is None else amount
    if kind is bool:
        return "true" if value else "false"
    if kind is dict or kind is list:
        return encode(value).decode()
    return value
