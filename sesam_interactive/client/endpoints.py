"""Pipes that others push to and read from: `pipe.push(entities)`, `pipe.published("csv")`."""

from __future__ import annotations

from collections.abc import Sized
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sesam_interactive.client.connection import given, segment
from sesam_interactive.client.errors import ClientError
from sesam_interactive.display.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sesam_interactive.client.connection import Connection
    from sesam_node.model import Entity

PAGE = 10_000
SHOWN = 2_000
KINDS = ("entities", "csv", "xml", "excel")
ZIP = b"PK\x03\x04"


class Document(bytes):
    """What a pipe publishes as CSV, XML or Excel: bytes; `save(file)` keeps it. Text is shown."""

    @property
    def text(self) -> str:
        return self.decode("utf-8-sig", errors="replace")

    def save(self, file: str | Path) -> Path:
        """Write it to a file as it is."""
        path = Path(file)
        path.write_bytes(self)
        return path

    def __repr__(self) -> str:
        if self.startswith(ZIP):
            return f"a workbook of {len(self):,} bytes; .save(file) keeps it"
        text = self.text.replace("\r\n", "\n").rstrip("\n")
        return text if len(text) <= SHOWN else f"{text[:SHOWN]}\n… of {len(text):,} characters"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - IPython's protocol
        printer.text(repr(self))


class Endpoints:
    """The part of a pipe that takes pushed entities, and gives what it publishes."""

    _connection: Connection
    name: str

    def push(
        self,
        entities: Iterable[Entity] | Entity,
        *,
        full: bool = False,
        size: int = PAGE,
        progress: bool = True,
    ) -> int:
        """Send entities to a pipe that receives them; gives how many.

        They go in requests of `size`, each of which the node has on its disk when it answers. With
        `full` they are the whole of the data: what is in the sink and not among them is deleted at
        the end. Sending the same again changes nothing, so a request that is cut off is repeated.
        """
        path = f"/receivers/{segment(self.name)}/entities"
        listed = [entities] if isinstance(entities, dict) else entities
        total = len(listed) if isinstance(listed, Sized) else None
        sent = 0
        with Progress(f"{self.name}: sending", shown=progress and total != 1) as shown:
            for parameters, page in _requests(listed, size, full=full):
                self._connection.json("POST", path, params=parameters, json=page, safe=True)
                sent += len(page)
                shown.update(sent, total)
            if total is None or total > size:
                shown.close(f"{self.name}: {sent:,} entities sent")
        return sent

    def published(
        self,
        kind: str = "entities",
        *,
        since: Any = None,
        limit: int | None = None,
        **parameters: Any,
    ) -> Any:
        """What a pipe with an endpoint publishes: a list of "entities", or "csv", "xml" or "excel".

        Other parameters are what DTL sees as `_B`.
        """
        if kind not in KINDS:
            raise ClientError(f'expected one of {", ".join(KINDS)}, got "{kind}"')
        path = f"/publishers/{segment(self.name)}/{kind}"
        asked = {"since": since, "limit": limit, **parameters}
        if kind == "entities":
            return self._connection.json("GET", path, params=given(asked))
        headers = {"Accept": "*/*"}
        answer = self._connection.request("GET", path, params=given(asked), headers=headers)
        return Document(answer.content)


def _requests(
    entities: Iterable[Entity], size: int, *, full: bool
) -> Iterator[tuple[dict[str, str], list[Entity]]]:
    """The parameters and entities of each request; of one full push all belong together."""
    rest = iter(entities)
    page = list(islice(rest, size))
    if not full:
        while page:
            yield {}, page
            page = list(islice(rest, size))
        return
    sequence, before, count = uuid4().hex, "", 0
    while True:
        following = list(islice(rest, size))
        this = f"{count}"
        parameters = {
            "sequence_id": sequence,
            "request_id": this,
            "is_full": "true",
            "is_first": str(not count).lower(),
            "is_last": str(not following).lower(),
        }
        yield parameters | ({"previous_request_id": before} if count else {}), page
        if not following:
            return
        before, count, page = this, count + 1, following
