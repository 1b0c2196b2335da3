"""What is told of entities that came into the node from outside: when, and from where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.model import decode
from sesam_node.pipes.execution_log import log_name
from sesam_node.pipes.runs import time_text

if TYPE_CHECKING:
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.store.api import Store, Version

Told = dict[str, Any]

EVENTS = 500
"""How many events of the execution log are looked through for a run."""


def received(definition: PipeDefinition, version: Version) -> Told:
    """An entity that was posted to a receiver."""
    text = "posted to the receiver"
    if definition.pipe.get("transform"):
        text += "; its rules made it of what came, which is not kept"
    if version.deleted:
        text = "posted as deleted, or not part of a full sequence any more"
    return {"how": "received", "text": text}


def fetched(store: Store, definition: PipeDefinition, version: Version) -> Told:
    """An entity that a pump fetched from outside: from where, in which run."""
    source = definition.pipe.get("source") or {}
    system = source.get("system")
    where = f"{source.get('type')} source" + (f' over the system "{system}"' if system else "")
    told: Told = {"how": "fetched", "source": source.get("type"), "system": system}
    run = run_at(store, definition.pipe_id, version.ts)
    if run is not None:
        told["run"] = run
    verb = "not in the" if version.deleted else "fetched from the"
    text = f"{verb} {where}"
    if version.deleted:
        text += " any more, or deleted there"
    return {**told, "text": text}


def run_at(store: Store, pipe_id: str, ts: int) -> Told | None:
    """The run of a pipe that was under way at a time, where the execution log knows it."""
    name = log_name(pipe_id)
    if not store.exists(name):
        return None
    moment = time_text(ts)
    events = store.dataset(name, create=False).changes(None, EVENTS, history=True, reverse=True)
    for version in events:
        event = decode(version.body)
        start, end = event.get("start_time"), event.get("end_time")
        if event.get("run_id") and start and end and start <= moment <= end:
            return {"run_id": event["run_id"], "start_time": start, "end_time": end}
    return None
