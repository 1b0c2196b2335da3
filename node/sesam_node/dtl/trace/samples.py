"""Which recorded entities took the same way through the rules, and a few that took all ways."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.trace.places import MISSING
from sesam_node.dtl.trace.recording import Recording, full_only, rules_path

if TYPE_CHECKING:
    from sesam_node.dtl.trace.document import Document

WRITING_MAYBE = ("add-if", "default", "rename", "make-ni")


def decisions(recording: Recording) -> list[str]:
    """What the rules decided for an entity, each decision once, in the order of the rules.

    A decision is the rule path and what was chosen there: a branch, an end, an error, whether a
    transform that may write did, whether hops found anything, whether an applied rule ran.
    """
    base = len(rules_path(recording.document)) + 1
    order = {node["path"]: n for n, node in enumerate(recording.document["nodes"])}
    found: dict[tuple[int, str], None] = {}
    for number, event in enumerate(recording.events):
        path = recording.path(number)
        for word in _words(recording, number, event):
            found[order.get(path, len(order)), f"{path[base:]} {word}"] = None
    texts = [text for _, text in sorted(found)]
    if recording.entity["error"]:
        texts.append(f"failed {recording.entity['error']['code']}")
    return texts


def _words(recording: Recording, number: int, event: Document) -> list[str]:
    words: list[str] = []
    if event["kind"] == "rule" and event["parent"] is not None:
        words.append("ran")
    if "branch" in event:
        words.append(f"branch {event['branch']}" if event["branch"] >= 0 else "no branch")
    if "ends" in event:
        words.append(event["ends"])
    if "error" in event:
        words.append("raised")
    if event["kind"] == "transform" and event["name"] in WRITING_MAYBE:
        words.append("wrote" if event.get("sets") else "wrote nothing")
    if "lookups" in event:
        output = recording.output(number)
        words.append("found nothing" if output in (None, []) or output is MISSING else "found")
    return words


def _groups(document: Document) -> list[tuple[tuple[str, ...], list[int]]]:
    """The entities by their decisions, commonest first."""
    full_only(document)
    found: dict[tuple[str, ...], list[int]] = {}
    for position in range(len(document["entities"])):
        found.setdefault(tuple(decisions(Recording(document, position))), []).append(position)
    return sorted(found.items(), key=lambda item: (-len(item[1]), item[1][0]))


def _signature(made: tuple[str, ...]) -> str:
    return "; ".join(made) or "straight"


def signatures(document: Document) -> dict[str, list[int]]:
    """The positions of the recorded entities by signature: those of one took the same way.

    A signature is the text of all decisions, joined by "; ", or "straight" where none was to be
    made. Commonest first. Raises InputError for a document of counters.
    """
    return {_signature(made): positions for made, positions in _groups(document)}


def samples(document: Document) -> list[dict[str, Any]]:
    """One entity of each signature; the first few take every way that any entity takes.

    Each is `{"entity": position, "entities": [positions], "signature", "new": [decisions]}`: `new`
    are those that no sample before it has. The order is by how much is new, then by how common;
    the samples with an empty `new` may be left out. Raises InputError for counters.
    """
    groups = _groups(document)
    heap = [(-len(made), position) for position, (made, _) in enumerate(groups)]
    heapify(heap)
    seen: set[str] = set()
    chosen: list[dict[str, Any]] = []
    while heap:
        gain, position = heappop(heap)
        made, entities = groups[position]
        fresh = [text for text in made if text not in seen]
        if len(fresh) < -gain:
            # It brings less than when it was put there; what others bring only shrinks as well.
            heappush(heap, (-len(fresh), position))
            continue
        seen.update(fresh)
        signature = _signature(made)
        chosen.append(
            {"entity": entities[0], "entities": entities, "signature": signature, "new": fresh}
        )
    return chosen
