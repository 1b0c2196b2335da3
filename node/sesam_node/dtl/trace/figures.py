"""Figures by JSON path of the rules: how often, how often null, how long. Of both strengths."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.trace.places import below
from sesam_node.dtl.trace.recording import Recording, raw_at
from sesam_node.errors import InputError, Problem, preview

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sesam_node.dtl.trace.document import Document

APPLYING = ("apply", "apply-hops")
SUMMED = ("fired", "null", "error", "ns", "timed")
TOTALS = ("entities", "timed", "results", "filtered", "errors")


def coverage(document: Document) -> dict[str, dict[str, Any]]:
    """How often each node of the rules was evaluated, gave null, raised: by JSON path.

    Each is `{"kind", "name", "fired", "null", "error"}`; nodes that never ran are there with 0,
    all in the order of the rules. The document must be valid, as everywhere in this module.
    """
    found: dict[str, dict[str, Any]] = {
        node["path"]: {
            "kind": node["kind"],
            "name": node["name"],
            "fired": 0,
            "null": 0,
            "error": 0,
        }
        for node in document["nodes"]
    }
    for path, item, figures in _counted(document):
        node = found.setdefault(path, {"kind": item["kind"], "name": item["name"]})
        for name, number in figures.items():
            node[name] = node.get(name, 0) + number
    return found


def _counted(document: Document) -> Iterator[tuple[str, Document, dict[str, int]]]:
    if document["strength"] == "counters":
        for counter in document["counters"]:
            yield counter["path"], counter, {n: counter[n] for n in ("fired", "null", "error")}
        return
    values, paths = document["values"], document["paths"]
    for entity in document["entities"]:
        for event in entity["events"]:
            null = "output" in event and values[event["output"]] is None
            figures = {"fired": 1, "null": int(null), "error": int("error" in event)}
            yield paths[event["path"]], event, figures


def rates(document: Document) -> dict[str, dict[str, Any]]:
    """`coverage` as shares: `{"fired": n, "null": share, "error": share}` by JSON path.

    The shares are of `fired`, from 0 to 1; null where a node never ran. A full document also says
    of functions and paths how many `distinct` values they gave.
    """
    distinct = _distinct(document) if document["strength"] == "full" else {}
    found: dict[str, dict[str, Any]] = {}
    for path, node in coverage(document).items():
        fired = node["fired"]
        found[path] = {
            "fired": fired,
            "null": node["null"] / fired if fired else None,
            "error": node["error"] / fired if fired else None,
        }
        if path in distinct:
            found[path]["distinct"] = len(distinct[path])
    return found


def _distinct(document: Document) -> dict[str, set[str]]:
    texts: dict[int, str] = {}
    found: dict[str, set[str]] = {}
    for entity in document["entities"]:
        for event in entity["events"]:
            if event["kind"] in ("function", "path") and "output" in event:
                value = event["output"]
                if value not in texts:
                    # Two positions may hold equal values: it is the JSON that counts.
                    texts[value] = json.dumps(document["values"][value], sort_keys=True)
                found.setdefault(document["paths"][event["path"]], set()).add(texts[value])
    return found


# -- times -----------------------------------------------------------------------------------------


def timings(document: Document) -> dict[str, dict[str, int]]:
    """The time of each node that ran: `{"ns", "self_ns", "count"}` by JSON path.

    `ns` is the whole time with all that ran within, `self_ns` without; `count` says how often it
    ran while time was taken. In a rule that applies itself, `ns` counts the outermost run alone.

    Of counters, the time within a node is that of its arguments and, for apply, of the rule;
    several callers of a rule share its time in proportion to their own.
    """
    if document["strength"] == "full":
        return _measured(document)
    return _apportioned(document)


def _measured(document: Document) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for position in range(len(document["entities"])):
        recording = Recording(document, position)
        for number, event in enumerate(recording.events):
            path = recording.path(number)
            figures = found.setdefault(path, {"ns": 0, "self_ns": 0, "count": 0})
            within = sum(recording.events[child]["ns"] for child in recording.children[number])
            figures["count"] += 1
            figures["self_ns"] += max(event["ns"] - within, 0)
        # A second walk with the paths that are open: far cheaper than asking for all ancestors.
        for number in outermost(recording):
            found[recording.path(number)]["ns"] += recording.events[number]["ns"]
    return found


def outermost(recording: Recording) -> Iterator[int]:
    """The events that do not lie within another event of their own path."""
    open_events: list[int] = []
    open_paths: dict[int, int] = {}
    for number, event in enumerate(recording.events):
        while open_events and open_events[-1] != event["parent"]:
            left = recording.events[open_events.pop()]["path"]
            open_paths[left] -= 1
        path = event["path"]
        if not open_paths.get(path):
            yield number
        open_events.append(number)
        open_paths[path] = open_paths.get(path, 0) + 1


def _apportioned(document: Document) -> dict[str, dict[str, int]]:
    counters = {c["path"]: c for c in document["counters"] if c["timed"]}
    inner = dict.fromkeys(counters, 0)
    for path, counter in counters.items():
        around = _around(path, counters)
        if around is not None and counter["kind"] != "rule":
            inner[around] += counter["ns"]
    rules = {c["name"]: c["ns"] for c in counters.values() if c["kind"] == "rule"}
    callers: dict[str, list[str]] = {}
    for path, counter in counters.items():
        raw = raw_at(document, path) if counter["name"] in APPLYING else None
        if type(raw) is list and len(raw) > 1 and raw[1] in rules:
            callers.setdefault(raw[1], []).append(path)
    for rule, paths in callers.items():
        # What is left of each caller after its arguments is the rule and a little of its own.
        left = {path: max(counters[path]["ns"] - inner[path], 0) for path in paths}
        total = sum(left.values())
        for path in paths:
            inner[path] += rules[rule] * left[path] // total if total else 0
    return {
        path: {
            "ns": counter["ns"],
            "self_ns": max(counter["ns"] - inner[path], 0),
            "count": counter["timed"],
        }
        for path, counter in counters.items()
    }


def _around(path: str, known: dict[str, Any]) -> str | None:
    """The nearest known path around a path."""
    end = len(path)
    while (end := max(path.rfind(".", 0, end), path.rfind("[", 0, end))) > 0:
        if path[:end] in known and below(path, path[:end]):
            return path[:end]
    return None


# -- several documents -----------------------------------------------------------------------------


def fold(documents: Sequence[Document]) -> Document:
    """One document of the counters of several, as if one had counted all.

    They must be counters of the same rules and pipe. Raises InputError where they are not, and for
    none at all.
    """
    if not documents:
        raise InputError("there are no documents to fold")
    first = documents[0]
    for position, document in enumerate(documents):
        _check_foldable(document, first, position)
    folded = {**first, **{name: sum(d[name] for d in documents) for name in TOTALS}}
    counters: dict[str, Document] = {}
    for document in documents:
        for counter in document["counters"]:
            known = counters.get(counter["path"])
            if known is None:
                counters[counter["path"]] = dict(counter)
            else:
                for name in SUMMED:
                    known[name] += counter[name]
    folded["counters"] = list(counters.values())
    return folded


def _check_foldable(document: Document, first: Document, position: int) -> None:
    if document.get("strength") != "counters":
        message = f"expected counters, got {preview(document.get('strength'))}"
        problem = Problem(f"$[{position}].strength", "wrong-strength", message)
        raise InputError("only documents of counters can be folded", [problem])
    for name in ("rules", "pipe", "nodes"):
        if document[name] != first[name]:
            message = f"its {name} are others than those of the first document"
            problem = Problem(f"$[{position}].{name}", "other-rules", message)
            raise InputError("only counters of the same rules can be folded", [problem])
