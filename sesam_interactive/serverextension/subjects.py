"""What a view of rules is about, as the page says it: which rules over which entities.

It is JSON text, so that it names the view as well: what answers it is made again from that alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sesam_interactive.client.connection import segment
from sesam_interactive.client.errors import ClientError
from sesam_node.errors import InputError

if TYPE_CHECKING:
    from sesam_interactive.client.connection import Connection

RECEIVER = "http_endpoint"
"""Sources that wait to be written to: nothing to read again but what they wrote."""


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rules of a pipe, or over a dataset.

    `name` is one or the other, as a `%%dtl` cell has it; `dataset` is what feeds the text by its
    own words. `text` is that of rules that are not deployed. `ids` are source entities; without
    them the first ones are meant, or with `samples` one of each way through the rules.
    """

    pipe: str = ""
    dataset: str = ""
    name: str = ""
    transform: int | None = None
    text: str = ""
    ids: tuple[str, ...] = ()
    samples: bool = False


def read_about(text: str) -> About:
    """Raises InputError for what is not of that form."""
    try:
        return msgspec.json.decode(text, type=About)
    except msgspec.MsgspecError as error:
        raise InputError(f"a view cannot be about that: {error}") from None


def feed(connection: Connection, about: About) -> tuple[str | None, str | None]:
    """The pipe or else the dataset that has the source entities on the node.

    A name is that of a pipe where there is one; of one that waits to be written to, what it wrote
    is meant. Raises ClientError where there is neither, InputError where nothing is named.
    """
    if about.pipe:
        return about.pipe, None
    if about.dataset and not about.name:
        return None, about.dataset
    if not about.name:
        raise InputError("nothing says which entities the rules run on: name a pipe or a dataset")
    pipe = _pipe(connection, about.name)
    if pipe is None:
        return None, about.dataset or about.name
    effective = pipe["config"]["effective"]
    if (effective.get("source") or {}).get("type") != RECEIVER:
        return about.name, None
    return None, str((effective.get("sink") or {}).get("dataset") or about.name)


def _pipe(connection: Connection, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = connection.get(f"/pipes/{segment(name)}")
    except ClientError as error:
        if error.status != 404:
            raise
        return None
    return found
