"""The parquet source: the rows of a Parquet file behind a URL system, batch by batch.

Beyond the manual. A file on this machine is read where it lies; one of a server is put into a
temporary file first, as Parquet is read from its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError, PipeError, Problem, preview, suggestion
from sesam_node.model.values import as_string, plain_text
from sesam_node.pipes.batch import BATCH_SIZE, Batch
from sesam_node.pipes.common_options import STRINGS, SYSTEM_ID, URL, URL_SYSTEMS
from sesam_node.pipes.component import Option, source
from sesam_node.pipes.parquet_file import entities_of, is_ours
from sesam_node.pipes.seekable import seekable
from sesam_node.pipes.sql.row_reader import RowError, RowReader
from sesam_node.pipes.sql.values import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context, Offset


@source(
    "parquet",
    SYSTEM_ID,
    URL,
    Option("primary_key", STRINGS, doc="the columns that make _id; joined with a colon"),
    Option("whitelist", "string-list", None, "the columns to read"),
    Option("blacklist", "string-list", None, "columns left out"),
    Option("preserve_null_values", "boolean", default=False, doc="are nulls kept?"),
    fetches=True,
    namespaces=True,
    system_types=URL_SYSTEMS,
)
class ParquetSource:
    """The rows of a Parquet file, types kept."""

    datasets: tuple[str, ...] = ()

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self._options = options
        self._context = context
        keys = options["primary_key"]
        self._keys: list[str] = [keys] if isinstance(keys, str) else list(keys)
        if not self._keys:
            raise ConfigError('"primary_key" names no column')

    def read(self, since: Offset) -> Iterator[Batch]:  # noqa: ARG002 - a file has no offsets
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile

        system = self._context.system(self._options["system"])
        with seekable(system, self._options["url"]) as file:
            try:
                parquet = ParquetFile(file)
            except ArrowException as error:
                raise self._error(str(error), "broken-parquet") from None
            if is_ours(parquet):
                yield from self._as_they_were(parquet)
                return
            names = list(parquet.schema_arrow.names)
            reader = RowReader(Reading(), names, [None] * len(names), self._keys, self._options)
            count = 0
            try:
                for batch in parquet.iter_batches(BATCH_SIZE):
                    columns = [column.to_pylist() for column in batch.columns]
                    yield Batch(reader.entities_of(columns), None, None)
                    count += batch.num_rows
            except RowError as error:
                text = f"row {count + error.position + 1}: {error}"
                raise self._error(text, error.code, error.hint) from None
            except ArrowException as error:
                raise self._error(str(error), "broken-parquet") from None

    def _as_they_were(self, parquet: Any) -> Iterator[Batch]:
        """The entities of a file that a parquet sink wrote."""
        from pyarrow import ArrowException

        names = list(parquet.schema_arrow.names)
        for key in self._keys:
            if key not in names:
                hint = suggestion(key, names) or f"the columns are {', '.join(names)}"
                raise PipeError(f'there is no column "{key}" for "_id"; {hint}')
        wanted, refused = self._options["whitelist"], self._options["blacklist"] or ()
        kept = {name for name in names if name not in refused and (not wanted or name in wanted)}
        every = len(kept | {"_id"}) == len(names) and self._keys == ["_id"]
        try:
            count = 0
            for found in entities_of(parquet, BATCH_SIZE):
                chosen = (
                    found
                    if every
                    else [
                        self._chosen(entity, kept, count + place)
                        for place, entity in enumerate(found)
                    ]
                )
                yield Batch(chosen, None, None)
                count += len(found)
        except ArrowException as error:
            raise self._error(str(error), "broken-parquet") from None

    def _chosen(self, entity: Entity, kept: set[str], row: int) -> Entity:
        parts = [entity.get(key) for key in self._keys]
        if None in parts:
            name = self._keys[parts.index(None)]
            text = f'row {row + 1}: expected a value for "_id" in column "{name}", got null'
            raise self._error(text, "missing-id", 'name other columns in "primary_key"')
        texts = [plain_text(part) if type(part) is str else str(part) for part in parts]
        chosen = {name: one for name, one in entity.items() if name in kept and name != "_id"}
        return {
            **chosen,
            "_id": entity["_id"] if self._keys == ["_id"] else as_string(":".join(texts)),
        }

    def _error(self, message: str, code: str, hint: str = "") -> PipeError:
        url = self._options["url"]
        problem = Problem("", code, message, hint)
        return PipeError(f"the Parquet file {preview(url)} cannot be read", [problem])
