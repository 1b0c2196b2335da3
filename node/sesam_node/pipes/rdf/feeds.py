"""The SDShare feeds of this node: what has changed in a dataset or a publisher.

A feed has an entry for each entity after `since`, in the order of the log. A deleted one has a
fragment without statements. Statements are in a document of their own, to which the entry of a
dataset leads; or within the entry, where the reader asks for that, and always in feeds of
publishers. Links are relative, as a node does not know under which address it is asked.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

from sesam_node.errors import InputError, NotFoundError, PipeError
from sesam_node.model import content, decode
from sesam_node.model.moment import read_moment
from sesam_node.model.values import EPOCH
from sesam_node.pipes.build import build_pipe
from sesam_node.pipes.operations import closing, evaluated, source_offset
from sesam_node.pipes.rdf.atom import (
    FRAGMENT,
    FRAGMENTS_FEED,
    NTRIPLES,
    TYPE,
    Entry,
    written_entry,
    written_feed,
    written_link,
)
from sesam_node.pipes.rdf.entities import Writer
from sesam_node.pipes.rdf.names import Names
from sesam_node.pipes.rdf.terms import lines
from sesam_node.pipes.reading import Selection, versions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Offset
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.store.api import Dataset, Store

FEED = "sdshare-fragments"
TIME = re.compile(r"\d{4}-\d\d-\d\dT").match
OFFSET_DIGITS = 12
EXACT_TIME = re.compile(rf".*\.\d{{6}}(\d{{{OFFSET_DIGITS}}})Z").fullmatch


class Changed(NamedTuple):
    """An entity as it came out, when (microseconds since 1970, or null) and at which offset."""

    entity: Entity
    ts: int | None
    offset: Offset


def collection(name: str) -> Iterator[bytes]:
    """The feed that leads to the feed of fragments; `name` tells of what."""
    entry = Entry(
        id=f"{_urn(name)}:fragments",
        title=f"Fragments of {name}",
        updated=_moment(None),
        links={FRAGMENTS_FEED: (FEED, TYPE), "alternate": (FEED, TYPE)},
    )
    return written_feed(
        [written_entry(entry)], id_=f"{_urn(name)}:collection", title=name, updated=entry.updated
    )


def dataset_feed(
    store: Store,
    *,
    dataset: str,
    since: str | None,
    limit: int | None,
    namespaces: Mapping[str, str],
    inline: bool,
    exact: bool,
) -> Iterator[bytes]:
    """The fragments of a dataset; `inline` puts statements into entries, `exact` their offsets.

    Raises InputError, NotFoundError.
    """
    stored = store.dataset(dataset, create=False)
    offset = _offset_at(stored, since) if since and TIME(since) else _whole_number(since)
    # One more than is wanted tells whether there is a next page.
    more = None if limit is None else limit + 1
    selection = Selection(since=offset, limit=more, history=False, until=stored.head())

    def found() -> Iterator[Changed]:
        for versions in versions_of(stored, selection):
            for version in versions:
                yield Changed(
                    _as_stored(version.body, deleted=version.deleted), version.ts, version.seq
                )

    def link(entity: Entity) -> str:
        return f"{FEED}/{quote(entity['_id'], safe='')}"

    return _feed(found(), Names(namespaces), dataset, limit, link, inline=inline, exact=exact)


def dataset_fragment(
    store: Store, *, dataset: str, entity_id: str, namespaces: Mapping[str, str]
) -> bytes:
    """The N-Triples of one entity, none of a deleted one. Raises NotFoundError, InputError."""
    version = store.dataset(dataset, create=False).get(entity_id)
    if version is None:
        raise NotFoundError(f'the dataset "{dataset}" has no entity "{entity_id}"')
    entity = _as_stored(version.body, deleted=version.deleted)
    try:
        return "".join(lines(Writer(Names(namespaces)).triples(entity))).encode()
    except PipeError as error:
        raise InputError(error.message, error.problems) from None


def publisher_feed(
    definition: PipeDefinition,
    store: Store,
    *,
    since: str | None,
    limit: int | None,
    parameters: Mapping[str, Any],
    exact: bool,
) -> Iterator[bytes]:
    """The fragments of a pipe with an `http_endpoint` sink. Raises InputError, ConfigError."""
    pipe = build_pipe(definition, store)
    if getattr(pipe.sink, "format", "") != "entities":
        raise InputError(f'pipe "{pipe.id}" has no http_endpoint sink')
    start = _publisher_start(pipe, store, since)
    found = _published(pipe, start, parameters)
    feed = _feed(
        found,
        Names.of(pipe.context),
        pipe.id,
        limit,
        None,
        inline=True,
        exact=exact,
        parameters=parameters,
    )
    return closing(pipe, feed)


def _publisher_start(pipe: Pipe, store: Store, since: str | None) -> Offset:
    """Where the source begins. A time means a place in a dataset; in other sources the start."""
    if not (since and TIME(since)):
        return source_offset(pipe, since)
    read_moment(since, "$.since")
    name = pipe.definition.pipe["source"].get("dataset")
    if pipe.definition.pipe["source"].get("type") != "dataset" or not store.exists(name):
        return None
    return _offset_at(store.dataset(name, create=False), since)


def _published(pipe: Pipe, since: Offset, parameters: Mapping[str, Any]) -> Iterator[Changed]:
    for batch, emitted in evaluated(pipe, "sink", since, parameters):
        versions = batch.versions or ()
        if emitted is None:
            for version in versions:
                yield Changed(
                    _as_stored(version.body, deleted=version.deleted), version.ts, version.seq
                )
            continue
        for position, entities in emitted:
            ts = versions[position].ts if versions else None
            offset = None if batch.offset_of is None else batch.offset_of(position)
            for entity in entities:
                if "_filtered" not in entity:
                    yield Changed(dict(content(entity)), ts, offset)


def _as_stored(body: bytes, *, deleted: bool) -> Entity:
    entity: Entity = decode(body)
    return {**entity, "_deleted": True} if deleted else entity


def _feed(
    found: Iterator[Changed],
    names: Names,
    name: str,
    limit: int | None,
    link: Callable[[Entity], str] | None,
    *,
    inline: bool,
    exact: bool,
    parameters: Mapping[str, Any] | None = None,
) -> Iterator[bytes]:
    def entries() -> Iterator[str]:
        count, offset = 0, None
        while limit is None or count < limit:
            changed = next(found, None)
            if changed is None:
                return
            count, offset = count + 1, changed.offset
            try:
                yield written_entry(_entry(changed))
            except PipeError as error:
                raise InputError(error.message, error.problems) from None
        if type(offset) is int and next(found, None) is not None:
            query = urlencode({**(parameters or {}), "since": offset, "limit": limit})
            yield written_link("next", f"{FEED}?{query}", TYPE)

    def _entry(changed: Changed) -> Entry:
        entity = changed.entity
        # Each fragment numbers its own blank nodes.
        writer = Writer(names)
        entry = Entry(
            id=f"{_urn(name)}:{quote(entity['_id'], safe='')}:{changed.offset}",
            title=entity["_id"],
            updated=_moment(changed.ts, changed.offset if exact else None),
            resources=[writer.subject(entity)],
        )
        if link is not None:
            place = link(entity), NTRIPLES
            entry.links = {FRAGMENT: place, "alternate": place}
        if inline:
            entry.content, entry.kind = "".join(lines(writer.triples(entity))), NTRIPLES
        return entry

    return written_feed(
        entries(),
        id_=f"{_urn(name)}:fragments",
        title=f"Fragments of {name}",
        updated=_moment(None),
    )


def _urn(name: str) -> str:
    return f"urn:x-sesam:{quote(name, safe='')}"


def _moment(ts: int | None, offset: Offset = None) -> str:
    """A time with all six digits, so that times order as their text does.

    Many versions may have one time. With its offset as further digits each has a time of its own.
    """
    moment = datetime.now(UTC) if ts is None else EPOCH + timedelta(microseconds=ts)
    more = "" if ts is None or type(offset) is not int else f"{offset:0{OFFSET_DIGITS}}"
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}{more}Z"


def _offset_at(dataset: Dataset, since: str) -> int | None:
    """The offset behind which everything is that was written at a time or later."""
    time = read_moment(since, "$.since").time or 0
    head = dataset.head_at(time - 1)
    exact = EXACT_TIME(since)
    if exact is not None:
        # Of the versions of that very time those before the offset are known.
        head = max(head, min(int(exact[1]), dataset.head_at(time)))
    return head - 1 if head else None


def _whole_number(since: str | None) -> int | None:
    offset = None if not since else read_moment(since, "$.since").offset
    if since and offset is None:
        raise InputError(f'expected "since" to be an offset or a time, got "{since}"')
    return offset
