"""The solr sink: documents of a core or collection, by its JSON update handler.

Of several entities with one id in a batch the last counts. Solr adds the documents of a batch up to
the one that it refuses; as each is written under its id, the batch is safely sent again, and taken
apart by the pump until the document at fault stands alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import PipeError, preview
from sesam_node.model import encode
from sesam_node.pipes.common_options import SYSTEM_ID
from sesam_node.pipes.component import Option, sink
from sesam_node.pipes.http.answer import RequestError
from sesam_node.pipes.search.documents import document_id, flat_document
from sesam_node.pipes.search.server import segment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context
    from sesam_node.pipes.systems.solr import SolrSystem


@sink(
    "solr",
    SYSTEM_ID,
    Option("commit_within", "integer", None, "seconds until Solr shows what was written", least=0),
    Option("commit_at_end", "boolean", default=True, doc="commit at the end of a run?"),
    Option(
        "collection",
        "string",
        None,
        "the core or collection, where the system's URL is that of the server; beyond the manual",
    ),
    namespaces=True,
    system_types=("solr",),
)
class SolrSink:
    """Writes documents into a Solr core."""

    dataset: str | None = None
    is_endpoint = False

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self._options = options
        self._context = context
        collection = options["collection"]
        self._path = f"{segment(collection)}/update" if collection else "update"

    @property
    def _system(self) -> SolrSystem:
        found: SolrSystem = self._context.system(self._options["system"])
        return found

    def begin(self, *, full: bool) -> None:
        """Nothing is to be done before the first document."""

    def end(self) -> None:
        """Let readers see what was written: what an earlier run did not commit, too."""
        if self._options["commit_at_end"]:
            self._post(encode({"commit": {}}))

    def write(self, entities: Sequence[Entity]) -> int:
        found: dict[str, dict[str, Any] | None] = {}
        for entity in entities:
            id_ = document_id(entity)
            found.pop(id_, None)
            deleted = entity.get("_deleted") is True
            found[id_] = None if deleted else self._document(entity, id_)
        added = [made for made in found.values() if made is not None]
        deleted_ids = [id_ for id_, made in found.items() if made is None]
        try:
            if added:
                self._post(encode(added))
            if deleted_ids:
                self._post(encode({"delete": deleted_ids}))
        except RequestError as error:
            if len(entities) > 1:
                raise
            text = f"entity {preview(entities[0]['_id'])}: {error.message}"
            raise RequestError(text, error.status, error.retry) from None
        return len(entities)

    def _document(self, entity: Entity, id_: str) -> dict[str, Any]:
        return flat_document(str(self._system), entity) | {"id": id_}

    def _post(self, body: bytes) -> None:
        within = self._options["commit_within"]
        params = {"wt": "json"} | ({} if within is None else {"commitWithin": str(within * 1_000)})
        told = self._system.server.ask("POST", self._path, params=params, body=body)
        head = told.value.get("responseHeader") if type(told.value) is dict else None
        if type(head) is not dict or head.get("status") != 0:
            text = f"{self._path} gave no answer of Solr: is the URL that of a core?"
            raise PipeError(f"{self._system}: {text}")
