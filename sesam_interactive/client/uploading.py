"""A frame becomes a dataset: posted, a batch at a time, to a receiver pipe of the same name."""

from __future__ import annotations

import dataclasses
import re
import uuid
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.connection import segment
from sesam_interactive.client.datasets import Dataset
from sesam_interactive.client.errors import ClientError
from sesam_interactive.display.progress import Progress
from sesam_node.errors import InputError

if TYPE_CHECKING:
    from sesam_interactive.client.connection import Connection

MSGPACK = {"Content-Type": "application/x-msgpack"}
BATCH = 10_000
ROW = re.compile(r"\$\[(\d+)\]\.?")
TIMEOUT_S = 300


def upload(
    connection: Connection,
    frame: Any,
    id_column: str,
    dataset: str,
    *,
    replace: bool = False,
    batch: int = BATCH,
    progress: bool = True,
) -> Dataset:
    """Post the rows of a frame to the receiver `dataset`, made where there is none.

    See `Hub.from_frame`.
    """
    from sesam_interactive.frames import checked

    try:
        found = checked(frame, id_column)
    except InputError as error:
        raise ClientError(error.message, tuple(error.problems)) from None
    sink = receiver(connection, dataset)
    title = f'frame to "{dataset}"'
    with Progress(title, shown=progress) as shown:
        posted = Posting(connection, dataset, replace=replace)
        try:
            posted.rows(found, id_column, batch, shown)
        except KeyboardInterrupt:
            shown.close(f"{title}: interrupted after {posted.done:,} of {found.height:,} rows")
            raise
        shown.close(f"{title}: {posted.done:,} rows")
    return Dataset(connection, sink)


def receiver(connection: Connection, name: str) -> str:
    """The dataset of the receiver pipe `name`, which is made where there is none.

    Numbers stay what they are: MessagePack tells floats from integers. Raises ClientError for a
    pipe that is no receiver, and for a dataset that another pipe writes.
    """
    config: dict[str, Any]
    for item in connection.get("/pipes"):
        effective = item["config"]["effective"]
        sink = effective.get("sink", {}).get("dataset")
        if item["_id"] == name:
            kind = effective.get("source", {}).get("type")
            if kind != "http_endpoint":
                raise ClientError(
                    f'the pipe "{name}" takes no frames: its source is "{kind}", no http_endpoint; '
                    "choose another dataset="
                )
            return str(sink or name)
        if sink == name:
            raise ClientError(
                f'the pipe "{item["_id"]}" writes the dataset "{name}"; choose another dataset='
            )
    config = {
        "_id": name,
        "type": "pipe",
        "source": {
            "type": "http_endpoint",
            "do_float_as_int": False,
            "do_float_as_decimal": False,
        },
        "sink": {"type": "dataset", "dataset": name},
    }
    connection.json("PUT", f"/pipes/{segment(name)}/config", json=config)
    return name


class Posting:
    """Rows on their way to a receiver; `done` are stored."""

    def __init__(self, connection: Connection, name: str, *, replace: bool) -> None:
        self._connection = connection
        self._path = f"/receivers/{segment(name)}/entities"
        self._sequence = uuid.uuid4().hex if replace else None
        self._previous: str | None = None
        self.done = 0

    def rows(self, frame: Any, id_column: str, batch: int, shown: Progress) -> None:
        """Post all rows of a checked frame."""
        from sesam_interactive.frames import entity_batches
        from sesam_node.model.message_pack import packed

        for entities in entity_batches(frame, id_column, batch):
            last = self.done + len(entities) == frame.height
            self._post(b"".join(map(packed, entities)), last=last)
            self.done += len(entities)
            shown.update(self.done)
        if not frame.height:
            self._post(b"", last=True)

    def _post(self, body: bytes, *, last: bool) -> None:
        try:
            self._connection.request(
                "POST",
                self._path,
                content=body,
                headers=MSGPACK,
                params=self._parameters(last=last),
                timeout=TIMEOUT_S,
            )
        except ClientError as error:
            raise self._told(error) from None
        self._previous = str(self.done)

    def _parameters(self, *, last: bool) -> dict[str, str]:
        """Those of one request of a full push: what did not come is deleted in the end."""
        if self._sequence is None:
            return {}
        flags = {"is_first": self._previous is None, "is_last": last}
        previous = {} if self._previous is None else {"previous_request_id": self._previous}
        return {
            "sequence_id": self._sequence,
            "is_full": "true",
            "request_id": str(self.done),
            **previous,
            **{name: "true" for name, value in flags.items() if value},
        }

    def _told(self, error: ClientError) -> ClientError:
        """The error with rows of the frame in place of places in the batch."""

        def row(match: re.Match[str]) -> str:
            return f"row {self.done + int(match[1])} "

        problems = tuple(
            dataclasses.replace(problem, path=ROW.sub(row, problem.path).strip())
            for problem in error.problems
        )
        stored = f"; the {self.done:,} rows before are stored" if self.done else ""
        return ClientError(f"{error.message}{stored}", problems, error.status)
