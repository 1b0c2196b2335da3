"""The json sink: a client of the JSON push protocol.

A run is a sequence of requests. That of a full run says where it begins and ends, so that the
receiver deletes what the sequence did not bring; it ends with an empty request. A request that is
sent again, because its answer was lost, keeps its id. A full run that was interrupted begins again,
with a new sequence: an open one cannot be taken up safely.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sesam_node.model import encode
from sesam_node.pipes.common_options import HEADERS, SYSTEM_ID, URL, URL_SYSTEMS
from sesam_node.pipes.component import Option, sink
from sesam_node.pipes.http.answer import RequestError
from sesam_node.pipes.http.headers import string_headers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context

CONFLICT = 409
MOST_ANSWER_BYTES = 64 * 1024


@sink(
    "json",
    SYSTEM_ID,
    URL,
    Option("batch_size", "integer", 100, "most entities in one request", least=1),
    HEADERS,
    namespaces=True,
    system_types=URL_SYSTEMS,
)
class JsonSink:
    """POSTs JSON arrays of entities to a URL; a full run is one sequence."""

    dataset: str | None = None
    is_endpoint = False
    begins_again = True

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self._options = options
        self._context = context
        self._headers = string_headers(options["headers"])
        self._size: int = options["batch_size"]
        self.begin(full=False)

    def begin(self, *, full: bool) -> None:
        """A run begins: its requests make a new sequence."""
        self._full = full
        self._sequence = str(uuid4())
        self._sent = 0

    def write(self, entities: Sequence[Entity]) -> int:
        for start in range(0, len(entities), self._size):
            self._post(entities[start : start + self._size])
        return len(entities)

    def end(self) -> None:
        """The run has brought all that it had."""
        if self._full:
            self._post((), is_last=True)

    def _post(self, entities: Sequence[Entity], *, is_last: bool = False) -> None:
        params = {
            "sequence_id": self._sequence,
            "is_full": "true" if self._full else "false",
            "request_id": str(self._sent + 1),
        }
        if self._sent:
            params["previous_request_id"] = str(self._sent)
        elif self._full:
            params["is_first"] = "true"
        if is_last:
            params["is_last"] = "true"
        system = self._context.system(self._options["system"])
        headers = {"content-type": "application/json", "accept": "application/json"}
        try:
            with system.request(
                "POST",
                self._options["url"],
                params=params,
                headers=headers | self._headers,
                body=encode(list(entities)),
            ) as answer:
                answer.body.read(MOST_ANSWER_BYTES)
        except RequestError as error:
            if error.status != CONFLICT or not self._full:
                raise
            message = f"{error.message}; the next run begins again with a new sequence"
            raise RequestError(message, error.status, error.retry) from None
        # Only an answer moves the sequence on: what has none is sent again under the same id.
        self._sent += 1
