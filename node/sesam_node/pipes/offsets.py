"""The state of a pipe: where its source is, where the datasets it looks into were, what is open.

It is kept with the output, in the sink dataset or in `system:pipe:<id>`, under these keys, each
JSON: `offset` of the source (null is the start), `generations` of the source's datasets, `hops`
({dataset: {"offset": versions seen, "generation"}}), `lookups` (which look-ups are on record, and
the generation of the records), `full-run` (a full run that is not finished), `push` (an open
sequence of a receiver), `config` (what tells the configuration of the last full run), `out-of-sync`
(why only a full run makes the output right again), `merge-rules` (those that a merge source read
by), `retry:<id>` (an entity to try again), `outbox` (events still to be told), `background-rescan`
(one that is not finished). What a user sees of the offset is `last_seen`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from sesam_node.errors import InputError, preview
from sesam_node.model import decode, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.pipes.batch import Offset

OPEN_PASS = ("$to", "$at")
"""Beside the position in each dataset: where a pass of a merge source that is not done leads to,
and how far it is. See `sources/merge.py`."""

OFFSET = "offset"
GENERATIONS = "generations"
HOPS = "hops"
LOOKUPS = "lookups"
FULL_RUN = "full-run"
DEPENDS_WHEN_DELETED = "depends-when-deleted"
EMITTED = "emitted"
PUSH = "push"
CONFIG = "config"
OUT_OF_SYNC = "out-of-sync"
MERGE_RULES = "merge-rules"
RETRY = "retry:"
OUTBOX = "outbox"
BACKGROUND = "background-rescan"


@dataclass(frozen=True, slots=True)
class PipeState:
    """The state of a pipe, decoded. `hops` maps a dataset to (versions seen, generation)."""

    offset: Offset = None
    generations: dict[str, str | None] = field(default_factory=dict)
    hops: dict[str, tuple[int, str | None]] | None = None
    lookups: dict[str, Any] | None = None
    full_run: dict[str, Any] | None = None
    depends_when_deleted: bool = False
    emitted: int = 0
    config: str | None = None
    out_of_sync: list[dict[str, Any]] = field(default_factory=list)
    merge_rules: dict[str, Any] | None = None
    retries: int = 0
    background: bool = False


def read_state(state: Mapping[str, bytes]) -> PipeState:
    """The decoded state."""
    hops = decode(state[HOPS]) if HOPS in state else None
    return PipeState(
        decode(state[OFFSET]) if OFFSET in state else None,
        decode(state[GENERATIONS]) if GENERATIONS in state else {},
        None
        if hops is None
        else {name: (item["offset"], item["generation"]) for name, item in hops.items()},
        decode(state[LOOKUPS]) if LOOKUPS in state else None,
        decode(state[FULL_RUN]) if FULL_RUN in state else None,
        DEPENDS_WHEN_DELETED in state,
        decode(state[EMITTED]) if EMITTED in state else 0,
        decode(state[CONFIG]) if CONFIG in state else None,
        decode(state[OUT_OF_SYNC]) if OUT_OF_SYNC in state else [],
        decode(state[MERGE_RULES]) if MERGE_RULES in state else None,
        sum(key.startswith(RETRY) for key in state),
        BACKGROUND in state,
    )


def hops_bytes(hops: Mapping[str, tuple[int, str | None]]) -> bytes:
    """The state's form of where each hopped dataset is."""
    return encode(
        {name: {"offset": head, "generation": made} for name, (head, made) in hops.items()}
    )


def moved_back(offset: Offset, delta: int) -> Offset:
    """The offset `delta` before: a number less, or seconds less where it is a time.

    Unchanged where it is neither. An offset of several datasets moves in each of them.
    """
    if not delta:
        return offset
    if type(offset) is dict:
        back = {name: at for name, at in offset.items() if name not in OPEN_PASS}
        return {name: moved_back(at, delta) for name, at in back.items()}
    if type(offset) in (int, float):
        return max(-1, offset - delta)
    if type(offset) is str:
        text = offset.removeprefix("~t")
        try:
            moment = datetime.fromisoformat(text) - timedelta(seconds=delta)
        except (ValueError, OverflowError):
            return offset
        moved = moment.isoformat().replace("+00:00", "Z")
        return f"~t{moved}" if text != offset else moved
    return offset


def last_seen(offset: Offset) -> str:
    """The offset as users see it: JSON text, empty for the start."""
    return "" if offset is None else encode(offset).decode()


def parse_last_seen(text: str | None) -> Offset:
    """The offset that a text means. Raises InputError."""
    if text is None or not text.strip():
        return None
    try:
        return decode(text.encode())
    except (msgspec.DecodeError, UnicodeEncodeError):
        return text


def check_offset(offset: Offset, datasets: tuple[str, ...], *, union: bool) -> Offset:
    """The offset, where the source can start there.

    Raises InputError where it is of another form than the source's own.
    """
    if offset is None or not datasets:
        return offset
    if not union:
        if type(offset) is int and offset >= -1:
            return offset
        message = f"expected a whole number as offset of the dataset, got {preview(offset)}"
        raise InputError(message)
    if type(offset) is dict:
        positions = {name: at for name, at in offset.items() if name not in OPEN_PASS}
        if all(type(at) is int for at in positions.values()):
            kept = (*datasets, *OPEN_PASS)
            return {name: at for name, at in offset.items() if name in kept}
    raise InputError(f"expected an offset for each dataset, got {preview(offset)}")
