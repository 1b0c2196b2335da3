"""What a system has to offer: its tables or files, a few entities of each, a pipe for one.

A system that can tell has `offers()`, which yields `Offer`s, and `check()`, which raises where it
cannot be reached. What an offer becomes as a source or sink is told by the system, too: the pipes
that are made of it are what a person would write.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from sesam_node.errors import NotFoundError, PipeError, SesamError, suggestion
from sesam_node.pipes.batch import Context
from sesam_node.pipes.component import build

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sesam_node.model import Entity
    from sesam_node.pipes.runs import PipeDefinition

MOST_OFFERS = 1_000
SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that can be read or written.

    `kind` is "table", "view", "file", "topic" or "operation". `columns` are dicts of `name`, `type`
    and what else is known (`nullable`, `primary_key`); empty where they are not known before it is
    read. `source` and `sink` are the configurations that read and write it, null where that cannot
    be; `problem` says what is wrong with it; one that is not `sampled` is not asked for entities.
    """

    id: str
    kind: str
    columns: tuple[Mapping[str, Any], ...] = ()
    source: dict[str, Any] | None = None
    sink: dict[str, Any] | None = None
    problem: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    sampled: bool = True

    def told(self) -> dict[str, Any]:
        told = {
            "id": self.id,
            "kind": self.kind,
            "columns": list(self.columns),
            **self.facts,
        }
        return told | ({"problem": self.problem} if self.problem else {})


@runtime_checkable
class Offering(Protocol):
    """A system that tells what it has."""

    def offers(self) -> Iterator[Offer]:
        """Everything, in the order of names."""

    def offer(self, offer_id: str) -> Offer | None:
        """One of them; null where there is none of that id."""

    def check(self) -> str:
        """What is there, in a few words. Raises PipeError where it cannot be reached."""


def system_status(definition: PipeDefinition, system_id: str) -> dict[str, Any]:
    """Can the system be reached? `{"status": "ok" or "failed", "message", "seconds"}`."""
    started = time.monotonic()
    context = Context(definition)
    try:
        system = context.system(system_id)
        if not isinstance(system, Offering):
            message = "this type of system cannot be tested"
            return {"status": "unknown", "message": message, "seconds": 0.0}
        status, message = "ok", system.check()
    except SesamError as error:
        status, message = "failed", str(error)
    finally:
        context.close()
    return {"status": status, "message": message, "seconds": round(time.monotonic() - started, 3)}


def offers(
    definition: PipeDefinition, system_id: str, *, search: str = "", sinks: bool = False
) -> dict[str, Any]:
    """What the system offers to read, or with `sinks` to write, whose ids contain `search`.

    `offers` without samples, at most 1,000; `more` says that there are others.
    """
    context = Context(definition)
    try:
        wanted = search.lower()
        found = (
            offer
            for offer in _offering(context, system_id).offers()
            if wanted in offer.id.lower() and (offer.sink if sinks else offer.source) is not None
        )
        listed = list(islice(found, MOST_OFFERS + 1))
        return {
            "offers": [offer.told() for offer in listed[:MOST_OFFERS]],
            "more": len(listed) > MOST_OFFERS,
        }
    finally:
        context.close()


def offer(
    definition: PipeDefinition, system_id: str, offer_id: str, *, limit: int = SAMPLES
) -> dict[str, Any]:
    """One offer with `samples`, its first `limit` entities, and the `pipe` that collects it."""
    context = Context(definition)
    try:
        found = _known(context, system_id, offer_id)
        told = found.told()
        if found.source is not None:
            told["pipe"] = collecting(system_id, found)
            if not found.sampled:
                told["samples"] = []
                return told
            try:
                told["samples"] = samples(context, told["pipe"]["source"], limit)
            except SesamError as error:
                told["samples"], told["problem"] = [], str(error)
        return told
    finally:
        context.close()


def prototypes(
    definition: PipeDefinition, system_id: str, offer_id: str | None, *, sinks: bool = False
) -> list[dict[str, Any]]:
    """Pipes that collect what the system offers, or with `sinks` share to it; all, or of one."""
    context = Context(definition)
    try:
        if offer_id is not None:
            found = [_known(context, system_id, offer_id)]
        else:
            found = list(islice(_offering(context, system_id).offers(), MOST_OFFERS))
        made = sharing if sinks else collecting
        usable = [one for one in found if (one.sink if sinks else one.source) is not None]
        return [made(system_id, one) for one in usable]
    finally:
        context.close()


def collecting(system_id: str, offer: Offer) -> dict[str, Any]:
    """The pipe that collects an offer into a dataset `<system>-<name>`."""
    source = {"system": system_id, **(offer.source or {})}
    return {"_id": pipe_id(system_id, offer.id), "type": "pipe", "source": _typed(source)}


def sharing(system_id: str, offer: Offer) -> dict[str, Any]:
    """The pipe that shares the dataset `<name>` to an offer."""
    name = _word(offer.id)
    sink = {"system": system_id, **(offer.sink or {})}
    return {
        "_id": f"{name}-{_word(system_id)}-share",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": name},
        "sink": _typed(sink),
    }


def pipe_id(system_id: str, offer_id: str) -> str:
    """`crm` and `public.Order Lines` are `crm-public-order-lines`."""
    return f"{_word(system_id)}-{_word(offer_id)}"


def _word(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "offer"


def _typed(component: dict[str, Any]) -> dict[str, Any]:
    return {"type": component.pop("type"), **component}


def samples(context: Context, source: Mapping[str, Any], count: int = SAMPLES) -> list[Entity]:
    """The first entities that a source would give; nothing is written anywhere."""
    if count < 1:
        return []
    batches = build("source", source, context).read(None)
    try:
        found: list[Entity] = []
        for batch in batches:
            found.extend(batch.entities or ())
            if len(found) >= count:
                break
        return found[:count]
    finally:
        close = getattr(batches, "close", None)
        if close is not None:
            close()


def _offering(context: Context, system_id: str) -> Offering:
    system = context.system(system_id)
    if not isinstance(system, Offering):
        raise PipeError(f'the system "{system_id}" cannot tell what it offers')
    return system


def _known(context: Context, system_id: str, offer_id: str) -> Offer:
    system = _offering(context, system_id)
    found = system.offer(offer_id)
    if found is None:
        hint = suggestion(offer_id, [one.id for one in islice(system.offers(), MOST_OFFERS)])
        text = f'the system "{system_id}" offers no "{offer_id}"'
        raise NotFoundError(f"{text}; {hint}" if hint else text)
    return found
