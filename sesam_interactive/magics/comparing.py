"""`%%dtl --diff`: what a cell would change, in a pipe's configuration and in what comes out of it.

The node compares what the draft makes with what the pipe's dataset holds. Where that cannot be (no
dataset, a receiver, chosen entities) the deployed pipe and the draft both run over the sample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_interactive.client import ClientError
from sesam_interactive.client.connection import segment
from sesam_interactive.display.json_text import content
from sesam_interactive.magics.cell import CellError
from sesam_interactive.magics.comparison import EXAMPLES, KINDS, Comparison, Told
from sesam_interactive.magics.running import preview_config
from sesam_node.errors import preview, suggestion

if TYPE_CHECKING:
    from argparse import Namespace

    from sesam_interactive.client import Hub
    from sesam_interactive.magics.draft import Draft
    from sesam_interactive.magics.sample import Sample
    from sesam_node.model import Entity

SAMPLE = 300


def as_pipe(draft: Draft, name: str, own: str | None) -> Told:
    """The draft as the configuration of the pipe of that name.

    What was the pipe `own` before does not write to that pipe's dataset any more.
    """
    config = {**draft.config, "_id": name, "type": "pipe"}
    sink = config.get("sink")
    if isinstance(sink, dict) and name != own and not draft.cell.is_pipe and sink.get("dataset"):
        rest = {key: value for key, value in sink.items() if key != "dataset"}
        config["sink"] = rest
    return config


def deployed(hub: Hub, name: str) -> tuple[Told | None, str]:
    """A pipe's configuration and its ETag; null where there is no such pipe."""
    try:
        answer = hub.connection.request("GET", f"/pipes/{segment(name)}/config")
    except ClientError as error:
        if error.status == 404:
            return None, ""
        raise
    return answer.json(), answer.headers.get("ETag", "")


def compare(
    hub: Hub, draft: Draft, name: str, sample: Sample, options: Namespace, *, where: str = ""
) -> Comparison:
    """The draft against the deployed pipe of that name, on the node of `hub`; nothing is written.

    Raises CellError where there is no such pipe, or for problems of the draft there.
    """
    before, _ = deployed(hub, name)
    if before is None:
        hint = suggestion(name, hub.pipes.names())
        text = f'there is no pipe "{name}" on {where or hub.url} to compare with'
        raise CellError(f"{text}; {hint}" if hint else text)
    return compared(hub, draft, name, before, sample, options, where=where)


def compared(
    hub: Hub,
    draft: Draft,
    name: str,
    before: Told,
    sample: Sample,
    options: Namespace,
    *,
    where: str = "",
) -> Comparison:
    """As `compare`, with the configuration that is deployed."""
    after = as_pipe(draft, name, options.pipe)
    found = Comparison(name, where or hub.url, before, after, None)
    found.notes.extend(sample.notes)
    try:
        if sample.entities is None:
            try:
                limit = options.limit or SAMPLE
                found.output = _by_node(hub, name, after, limit)
            except ClientError as error:
                if error.status != 400 or any(problem.path for problem in error.problems):
                    raise
                found.notes.append(f"{error.message}; both run over the sample instead")
        if found.output is None:
            found.output = _by_previews(hub, found, sample)
    except ClientError as error:
        inside = [problem for problem in error.problems if problem.path]
        raise (draft.error(inside) if inside else error) from None
    return found


def _by_node(hub: Hub, name: str, after: Told, limit: int) -> Told:
    told: Told = hub.pipes.make(name).diff(after, limit)
    entities: dict[str, Told] = {}
    for prop, found in told["properties"].items():
        for one in found["examples"]:
            entity = entities.setdefault(
                one["_id"], {"_id": one["_id"], "kind": "changed", "properties": {}}
            )
            entity["properties"][prop] = one
    listed = list(entities.values())
    for kind in ("added", "deleted", "errors"):
        for one in told["examples"].get(kind, ()):
            text = str(one.get("message") or preview(content(one), 120))
            listed.append({"_id": one.get("_id"), "kind": kind, "text": text})
    notes = {"note": told["note"]} if "note" in told else {}
    against = f'dataset "{told["dataset"]}"'
    return {**told, **notes, "against": against, "entities": listed}


def _by_previews(hub: Hub, found: Comparison, sample: Sample) -> Told:
    """What the deployed pipe makes of the sample against what the draft makes of it."""
    limit = sample.limit
    old = preview_config(hub, found.before or {}, sample.entities, limit)
    sources = [result["source"] for result in old["results"]]
    new = preview_config(hub, found.after, sources, max(1, len(sources)))
    for skipped in old.get("skipped") or new.get("skipped") or ():
        found.notes.append(f'transform [{skipped["position"]}] ("{skipped["type"]}") was skipped')
    complete = sample.entities is None and len(sources) < limit
    return _differences(old["results"], new["results"], found.name, complete=complete)


def _differences(old: list[Told], new: list[Told], name: str, *, complete: bool) -> Told:
    before, after = _by_id(old), _by_id(new)
    counts = dict.fromkeys(KINDS, 0)
    properties: dict[str, Told] = {}
    entities: list[Told] = []
    for entity_id in dict.fromkeys([*after, *before]):
        was, now = before.get(entity_id), after.get(entity_id)
        kind = _kind(was, now)
        counts[kind] += 1
        if kind == "changed":
            differing = _differing(was or {}, now or {})
            entities.append({"_id": entity_id, "kind": kind, "properties": differing})
            for prop, one in differing.items():
                _count(properties, prop, {"_id": entity_id, **one})
        elif kind != "unchanged":
            text = preview(content(now or was or {}), 120)
            entities.append({"_id": entity_id, "kind": kind, "text": text})
    for result in new:
        if result.get("error"):
            counts["errors"] += 1
            message = str(result["error"].get("message"))
            entity_id = result["source"]["_id"]
            entities.append({"_id": entity_id, "kind": "errors", "text": message})
    return {
        "against": f'what the deployed pipe "{name}" makes',
        "read": len(new),
        "complete": complete,
        "counts": counts,
        "properties": properties,
        "entities": entities,
    }


def _by_id(results: list[Told]) -> dict[str, Entity]:
    return {e["_id"]: content(e) for result in results for e in result.get("emitted") or ()}


def _kind(was: Entity | None, now: Entity | None) -> str:
    if was is None or now is None:
        return "added" if was is None else "deleted"
    return "unchanged" if was == now else "changed"


def _differing(was: Entity, now: Entity) -> dict[str, Told]:
    return {
        name: {side: e[name] for side, e in (("old", was), ("new", now)) if name in e}
        for name in dict.fromkeys([*now, *was])
        if name not in was or name not in now or was[name] != now[name]
    }


def _count(properties: dict[str, Told], name: str, one: Told) -> None:
    empty = {"added": 0, "changed": 0, "removed": 0, "examples": []}
    found = properties.setdefault(name, empty)
    kind = "added" if "old" not in one else "removed" if "new" not in one else "changed"
    found[kind] += 1
    if len(found["examples"]) < EXAMPLES:
        found["examples"].append(one)
