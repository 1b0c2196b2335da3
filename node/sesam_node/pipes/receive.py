"""What comes in at a receiver: entities of one request, and sequences of them (JSON push).

A full sequence is kept open in the pipe's state, with the entities it has brought; its last
request deletes the others. All entities of a request are written in one transaction, or none. The
sequence moves on after that: a request that is sent again, after a crash or because its answer was
lost, changes nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec

from sesam_node.dtl import Runtime
from sesam_node.errors import (
    ConflictError,
    FenceError,
    InputError,
    NotBuiltError,
    Problem,
    preview,
)
from sesam_node.model import decode, encode
from sesam_node.model.formats import JSON, NDJSON, read_entities_as
from sesam_node.model.stream import check_entities, read_json, read_lines
from sesam_node.pipes.batch import Batch, must_be_named
from sesam_node.pipes.breaker import breaker_of
from sesam_node.pipes.build import build_pipe
from sesam_node.pipes.completeness import keep, posted
from sesam_node.pipes.evaluate import Evaluator, RefusedError, as_write
from sesam_node.pipes.lookup import StoreLookup
from sesam_node.pipes.numbers import float_hook
from sesam_node.pipes.offsets import PUSH
from sesam_node.pipes.policy import tracks_children
from sesam_node.pipes.rdf.atom import NTRIPLES
from sesam_node.pipes.rdf.push import pushed_entities
from sesam_node.pipes.request_trace import Request, traced
from sesam_node.pipes.seen import Seen, unseen_deletes
from sesam_node.pipes.sink_checks import SinkChecks
from sesam_node.pipes.sink_indexes import declared_indexes
from sesam_node.pipes.validation import check_request
from sesam_node.pipes.writer import SinkWriter

LOCK = "lock"
"""In the state: changes with each request to a sink that compares versions."""

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sesam_node.model import Entity
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.store.api import Store


def receive(
    definition: PipeDefinition,
    store: Store,
    body: bytes,
    *,
    push: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    url: str = "",
    form: str = JSON,
    resources: Iterable[str] = (),
) -> dict[str, Any]:
    """Write the entities of one request to the pipe's sink; gives the answer, `{}`.

    `body` holds entities in a format: a JSON array of them, or one alone. `push` holds the
    parameters of the request: `sequence_id`, `is_full`, `request_id`, `previous_request_id`,
    `is_first`, `is_last`; they matter where `is_full` is true. N-Triples are all that is to be said
    of the `resources` that are named with them. Raises InputError, ConflictError
    where the request does not fit the open sequence, EntityError where a transform fails; then
    nothing is written.
    """
    pipe = build_pipe(definition, store)
    try:
        source: Any = pipe.source
        if not getattr(source, "is_receiver", False):
            raise InputError(f'pipe "{pipe.id}" has no receiver; its source is another')
        parameters = dict(push or {})
        request = Request(headers or {}, body, is_full=flag(parameters, "is_full"))
        with traced(definition, store, source.trace, request):
            if source.validation:
                check_request(
                    source.validation, definition.secrets, url, parameters, request.headers
                )
            if form in (JSON, NDJSON):
                entities = parse_entities(
                    body,
                    decimals=source.decimals,
                    integers=source.integers,
                    named=must_be_named(pipe.context),
                    lines=form == NDJSON,
                )
            elif form == NTRIPLES:
                entities = pushed_entities(body, list(resources), pipe.context)
            else:  # of numbers with their own types nothing is to be made
                entities = read_entities_as(body, form)
            complete = posted(pipe.sink.dataset or "", request.headers, time.time_ns() // 1000)
            _receive(pipe, store, entities, parameters)
            if pipe.sink.dataset:
                keep(store.dataset(pipe.sink.dataset), complete)
            request.entities = len(entities)
    except FenceError as error:
        raise ConflictError(f"another request came between: {error}") from error
    finally:
        pipe.close()
    return {}


def parse_entities(
    body: bytes,
    *,
    decimals: bool = True,
    integers: bool = True,
    named: bool = True,
    lines: bool = False,
) -> list[Entity]:
    """The entities of a request, numbers read as the receiver is set to. Raises InputError.

    Where they need not be `named`, those without an `_id` are taken, too. With `lines` each line is
    an entity.
    """
    decoder = msgspec.json.Decoder(float_hook=float_hook(decimals=decimals, integers=integers))
    data = body.removeprefix(b"\xef\xbb\xbf")
    try:
        value = decoder.decode_lines(data) if lines else decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        value = read_lines(data) if lines else read_json(data)
    entities = [value] if type(value) is dict else value
    if type(entities) is not list:
        problem = Problem("$", "wrong-type", f"expected a list of entities, got {preview(value)}")
        raise InputError("the body holds no entities", [problem])
    return check_entities(entities, tagged=b'"~' in data, named=named)


def _receive(pipe: Pipe, store: Store, entities: list[Entity], push: Mapping[str, str]) -> None:
    sink: Any = pipe.sink
    dataset = store.dataset(pipe.state_dataset)
    is_full = flag(push, "is_full")
    writer = SinkWriter(
        dataset,
        pipe.id,
        None,
        children=bool(sink.dataset) and tracks_children(pipe),
        max_bytes=sink.max_bytes if sink.dataset else 0,
        guarded=(*((PUSH,) if is_full else ()), *((LOCK,) if _looks_up(sink) else ())),
    )
    if any(value is not None for value in (breaker_of(sink) or {}).values()):
        raise NotBuiltError("the circuit breaker of a receiver cannot run in this version")
    sequence = Sequence(writer, push, is_full=is_full)
    if sink.dataset:
        for index, keys in declared_indexes(pipe):
            dataset.ensure_index(index, keys)
    pipe.ensure_indexes()
    lookup = StoreLookup(pipe.context, sink.dataset)
    # What the request itself brings is not seen by its look-ups: it is written as one.
    evaluator = Evaluator(pipe, lookup, Runtime(lookup=lookup, secrets=pipe.definition.secrets))
    batch = Batch(entities, None, None)
    if sink.dataset is None:
        emitted = [item for _, out in evaluator.emitted(batch) for item in out]
        sink.write([item for item in emitted if "_filtered" not in item])
        return
    checks = SinkChecks(sink, dataset)
    if checks.looks_up:
        _evaluate_checked(evaluator, batch, writer, checks)
    else:
        evaluator.writes(batch, writer.pending)
    sequence.write(
        deletion_tracking=sink.deletion_tracking,
        mark=sink.mark_deletion_tracked,
        # Of two requests that looked at the same versions only one is written.
        lock={LOCK: encode(str(uuid4()))} if checks.looks_up else {},
    )
    source: Any = pipe.source
    if source.auto_populate and not dataset.populated:
        dataset.set_populated()


def _looks_up(sink: Any) -> bool:
    return bool(sink.dataset and (sink.prevent_multiple_versions or sink.enable_optimistic_locking))


def _evaluate_checked(
    evaluator: Evaluator, batch: Batch, writer: SinkWriter, checks: SinkChecks
) -> None:
    """As `writes`. Raises ConflictError for an entity that the sink does not take."""
    emitted = [item for _, out in evaluator.emitted(batch) for item in out]
    try:
        checks.check_locks(emitted)
        writer.pending.extend(checks.checked(list(map(as_write, emitted))))
    except RefusedError as error:
        raise ConflictError(error.message) from error


class Sequence:
    """One request of a push, and the sequence it belongs to.

    Raises ConflictError at once where it does not fit the open sequence.
    """

    def __init__(self, writer: SinkWriter, push: Mapping[str, str], *, is_full: bool) -> None:
        self._writer = writer
        self._id = push.get("sequence_id") or ""
        self._request = push.get("request_id") or ""
        self._previous = push.get("previous_request_id") or ""
        self._is_first = flag(push, "is_first")
        self._is_last = flag(push, "is_last")
        self._seen: Seen | None = None
        self._replaced: dict[str, bytes | None] = {}
        stored = writer.state.get(PUSH)
        last: dict[str, Any] | None = decode(stored) if stored else None
        open_ = None if last is None or last.get("ended") else last
        if is_full and last is not None and self._repeats(last):
            pass  # its entities are written again, which changes nothing
        elif open_ is not None and open_["sequence"] == self._id:
            if not is_full:
                if self._id:
                    raise ConflictError(
                        f'sequence "{self._id}" is full, but "is_full" is not true any more'
                    )
                return
            self._check_follows(open_)
        elif is_full:
            if self._previous and not self._is_first:
                raise ConflictError(
                    f'expected the first request of sequence "{self._id}", got one that follows '
                    f'request "{self._previous}"; begin a new sequence'
                )
            old = Seen.load(open_["head"], PUSH, writer.state) if open_ else None
            if old is not None:
                self._replaced = old.removed()
            self._seen = Seen(writer.dataset.head(), PUSH)
            open_ = None
        if open_ is not None and is_full:
            self._seen = Seen.load(open_["head"], PUSH, writer.state)
        self._head = self._seen.head if self._seen else 0

    def _repeats(self, last: Mapping[str, Any]) -> bool:
        """Was the request taken already, and its answer lost? It comes again as it was.

        One that begins an ended sequence is no repeat: some clients name all sequences alike.
        """
        return bool(
            self._request
            and last["sequence"] == self._id
            and last["request"] == self._request
            and last.get("previous", "") == self._previous
            and not (last.get("ended") and self._is_first)
        )

    def _check_follows(self, open_: Mapping[str, Any]) -> None:
        if self._is_first:
            raise ConflictError(f'sequence "{self._id}" has begun; "is_first" came again')
        if self._previous != open_["request"]:
            raise ConflictError(
                f'sequence "{self._id}": expected a request that follows "{open_["request"]}", '
                f'got one that follows "{self._previous}"'
            )

    def write(
        self, *, deletion_tracking: bool, mark: bool, lock: Mapping[str, bytes | None]
    ) -> None:
        """Writes what is pending, then moves the sequence on; its last request deletes."""
        writer, seen = self._writer, self._seen
        written = writer.commit({}, now=lock)
        if seen is None:
            return
        seen.mark(written.seqs)
        value: dict[str, Any] = {
            "sequence": self._id,
            "request": self._request,
            "previous": self._previous,
        }
        if not self._is_last:
            value["head"] = self._head
            writer.commit({**self._replaced, **seen.changes(), PUSH: encode(value)})
            return
        if deletion_tracking:
            for deletes in unseen_deletes(writer.dataset, seen, mark_tracked=mark):
                writer.pending.extend(deletes)
                writer.commit({})
        # The end is remembered: it may come again, because its answer was lost.
        value["ended"] = True
        writer.commit({**self._replaced, **seen.removed(), PUSH: encode(value)})


def flag(push: Mapping[str, str], name: str) -> bool:
    """A boolean parameter, in any case. Raises InputError for another text."""
    text = str(push.get(name, "")).strip().lower()
    if text in ("", "false", "0", "none"):
        return False
    if text in ("true", "1"):
        return True
    raise InputError(f'expected "{name}" to be true or false, got {preview(push[name])}')
