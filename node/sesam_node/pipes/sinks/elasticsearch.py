"""The elasticsearch sink: documents of indexes, by bulk requests.

Each document is written under the `_id` of its entity, so what is sent twice changes nothing. What
the cluster says of each document is heard: those it refuses fail their entities alone, those it is
too busy for are sent again after a while.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sesam_node.errors import ConfigError, PipeError, Problem, preview
from sesam_node.model import encode
from sesam_node.pipes.accepted import Accepted
from sesam_node.pipes.common_options import SYSTEM_ID
from sesam_node.pipes.component import Option, sink
from sesam_node.pipes.http.answer import RequestError
from sesam_node.pipes.search.documents import document, document_id
from sesam_node.pipes.search.server import FIRST_WAIT_S, TRIES, needed, reason, segment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context
    from sesam_node.pipes.systems.elasticsearch import ElasticsearchSystem

log = logging.getLogger(__name__)

MOST_BYTES: Final = 8 * 1024 * 1024
TOO_MANY: Final = 429
NOT_THERE: Final = 404
TYPE: Final = "doc"
"""The type of documents before version 7 where nobody names one."""
MARKER: Final = "sesam-check"


class Action(NamedTuple):
    """One document to write, or to delete where it has no body; lines of a bulk request."""

    target: str
    head: bytes
    body: bytes | None

    @property
    def lines(self) -> bytes:
        return self.head + b"\n" + (b"" if self.body is None else self.body + b"\n")


@sink(
    "elasticsearch",
    SYSTEM_ID,
    Option("default_index", "string", None, "the index, where an entity has no $index"),
    Option(
        "default_type",
        "string",
        None,
        "the type, where an entity has no $type; only before Elasticsearch 7",
    ),
    Option("index_mapping_properties", "object", None, "mappings added to the index"),
    Option("index_check_document", "string", None, "a document that tells the index has our data"),
    Option("first_run_delete_query", "object", None, "what a full run deletes first"),
    namespaces=True,
    system_types=("elasticsearch",),
)
class ElasticsearchSink:
    """Writes documents into an Elasticsearch index."""

    dataset: str | None = None
    is_endpoint = False

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self._options = options
        self._context = context
        self._index: str | None = options["default_index"]
        self._marker = f"{MARKER}:{context.definition.pipe.get('_id', '')}"
        for name in ("index_check_document", "first_run_delete_query"):
            if options[name] is not None and not self._index:
                raise ConfigError(f'"{name}" needs "default_index"')
        # What a full run deletes first is not to be deleted in its middle.
        self.begins_again = options["first_run_delete_query"] is not None
        self._ready: set[str] = set()
        self._full = False
        self._accepted: Accepted[Action] = Accepted()

    @property
    def _system(self) -> ElasticsearchSystem:
        found: ElasticsearchSystem = self._context.system(self._options["system"])
        return found

    # -- runs ------------------------------------------------------------------------------------

    def begin(self, *, full: bool) -> None:
        """A run begins: of a full one what the query finds is deleted first."""
        self._full = full
        self._ready.clear()
        query = self._options["first_run_delete_query"]
        if not full or query is None or self._index is None:
            return
        told = self._system.server.ask(
            "POST",
            f"{segment(self._index)}/_delete_by_query",
            params={"conflicts": "proceed", "refresh": "true"},
            body=encode({"query": {"match": query}}),
            also=(NOT_THERE,),
        )
        failures = told.value.get("failures") if type(told.value) is dict else None
        if failures:
            text = reason(failures[0].get("cause")) or preview(failures[0])
            raise PipeError(f'{self._system}: "first_run_delete_query" failed: {text}')

    def end(self) -> None:
        """The run has brought everything; a full one says so in the index."""
        if self._full and self._options["index_check_document"] is not None:
            self._write([self._marker_action()], [{"_id": self._marker}])

    def reason_for_full_run(self) -> str:
        """Why the index must be filled anew; empty where its marker tells that it need not."""
        wanted = self._options["index_check_document"]
        if wanted is None or self._index is None:
            return ""
        kind = self._type({}) if self._system.has_types else "_doc"
        path = "/".join(map(segment, (self._index, kind, self._marker)))
        told = self._system.server.ask("GET", path, also=(NOT_THERE,))
        found = told.value if type(told.value) is dict else {}
        if told.status == NOT_THERE or not found.get("found"):
            return f'the index "{self._index}" has lost the document of "index_check_document"'
        source = found.get("_source")
        if source is not None and source != _marker_document(wanted):
            return f'the index "{self._index}" has another document for "index_check_document"'
        return ""

    def _marker_action(self) -> Action:
        body = encode(_marker_document(self._options["index_check_document"]))
        return self._action(str(self._index), self._marker, body, {})

    # -- documents -------------------------------------------------------------------------------

    def write(self, entities: Sequence[Entity]) -> int:
        actions = [self._of(entity) for entity in entities]
        for index in sorted({action.target for action in actions} - self._ready):
            self._prepare(index)
            self._ready.add(index)
        self._write(actions, entities)
        return len(entities)

    def _of(self, entity: Entity) -> Action:
        index = entity.get("$index") or self._index
        if type(index) is not str:
            problem = Problem(
                "$.$index",
                "missing-index",
                f"expected the name of an index, got {preview(index)}",
                'add "$index" in DTL, or set "default_index"',
            )
            text = f"{self._system}: the entity {preview(entity['_id'])} has no index"
            raise PipeError(text, [problem])
        body = None if entity.get("_deleted") is True else encode(document(entity))
        return self._action(index, document_id(entity), body, entity)

    def _action(self, index: str, id_: str, body: bytes | None, entity: Entity) -> Action:
        place = {"_index": index, "_id": id_}
        if self._system.has_types:
            place["_type"] = self._type(entity)
        return Action(index, encode({"delete" if body is None else "index": place}), body)

    def _type(self, entity: Entity) -> str:
        return str(entity.get("$type") or self._options["default_type"] or TYPE)

    def _prepare(self, index: str) -> None:
        """Add the mappings that are configured, and the index where it is not there yet."""
        properties = self._options["index_mapping_properties"]
        if properties is None:
            return
        server, mapping = self._system.server, {"properties": properties}
        path, typed = f"{segment(index)}/_mapping", self._system.has_types
        kind = self._type({})
        if typed:
            path = f"{path}/{segment(kind)}"
        told = server.ask("PUT", path, body=encode(mapping), also=(NOT_THERE,))
        if told.status == NOT_THERE:
            mappings = {kind: mapping} if typed else mapping
            server.ask("PUT", segment(index), body=encode({"mappings": mappings}))

    # -- bulk requests ---------------------------------------------------------------------------

    def _write(self, actions: Sequence[Action], entities: Sequence[Entity]) -> None:
        """Raises RequestError for the first that is refused; the others are written."""
        failed: dict[int, RequestError] = {}
        waiting = self._accepted.missing(actions)
        wait = FIRST_WAIT_S
        for left in reversed(range(TRIES)):
            refused: dict[int, RequestError] = {}
            try:
                for part in _parts(actions, waiting):
                    refused |= self._send(actions, part, entities)
            except RequestError as error:
                # Of the parts that were not reached nothing is known.
                unknown = [at for at in waiting if at not in refused]
                failed |= refused | dict.fromkeys(unknown, error)
                self._accepted.tell(actions, failed)
                raise
            waiting = [at for at, error in refused.items() if error.status == TOO_MANY and left]
            failed |= {at: error for at, error in refused.items() if at not in waiting}
            if not waiting:
                break
            self._system.server.pause(wait)
            wait *= 2
        self._accepted.tell(actions, failed)
        if failed:
            raise failed[min(failed)]

    def _send(
        self, actions: Sequence[Action], part: Sequence[int], entities: Sequence[Entity]
    ) -> dict[int, RequestError]:
        """One bulk request; gives what was refused, by position."""
        told = self._system.server.ask(
            "POST",
            "_bulk",
            body=b"".join(actions[at].lines for at in part),
            content_type="application/x-ndjson",
        )
        answer = needed(told, f"{self._system}: _bulk")
        items = answer.get("items")
        if type(items) is not list or len(items) != len(part):
            raise PipeError(
                f"{self._system}: _bulk did not answer for each of {len(part)} documents"
            )
        refused: dict[int, RequestError] = {}
        for at, item in zip(part, items, strict=True):
            done = next(iter(item.values())) if item else {}
            status = int(done.get("status", 500))
            gone = actions[at].body is None and status == NOT_THERE and not done.get("error")
            if not (200 <= status < 300 or gone):
                text = reason(done.get("error")) or f"status {status}"
                where = f'index "{actions[at].target}", entity {preview(entities[at]["_id"])}'
                refused[at] = RequestError(f"{self._system}: {where}: {text}", status)
        return refused


def _parts(actions: Sequence[Action], positions: Sequence[int]) -> list[list[int]]:
    """The positions in requests that are not too large."""
    parts: list[list[int]] = []
    size = 0
    for at in positions:
        length = len(actions[at].head) + len(actions[at].body or b"") + 2
        if not parts or size + length > MOST_BYTES:
            parts.append([])
            size = 0
        parts[-1].append(at)
        size += length
    return parts


def _marker_document(text: str) -> dict[str, Any]:
    """The document that the option tells: a JSON object, or text that is put into one."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    return found if type(found) is dict else {"check": text}
