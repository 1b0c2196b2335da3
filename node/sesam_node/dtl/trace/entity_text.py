"""The answer of a node's `why` as text: an entity a paragraph, its inputs indented below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.trace.text import node_lines
from sesam_node.errors import preview

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = "  "
VALUE = 60
MAX_INPUTS = 3
"""How many entities of one dataset are told below one that was made of them."""

MAX_ORIGINS = 6


def entity_why_text(told: dict[str, Any]) -> str:
    """An answer of `/api/datasets/{id}/why` as text, ending in a line break."""
    return "\n".join(_entity(told, 0)) + "\n"


def _entity(told: dict[str, Any], depth: int) -> Iterator[str]:
    mark = MARK * depth
    role = {"source": "source ", "hop": "found by a hop: ", "member": "merged from "}
    name = f"{told.get('dataset', '')} {preview(told.get('entity_id', ''))}"
    head = f"{mark}{role.get(told.get('role', ''), '')}{name}"
    if "seq" in told:
        state = "deleted" if told["deleted"] else "version"
        head += f", {state} {told['seq']} of {told['ts']}"
    if "more" in told:
        yield f"{head}: {told['text']}"
        return
    if told.get("pipe"):
        head += f', by pipe "{told["pipe"]}"'
    yield head
    yield f"{mark}{MARK}{_verdict(told)}"
    for rule in told.get("rules", ()):
        yield f"{mark}{MARK}{rule['text']}  ({rule['path']})"
    yield from _properties(told, mark)
    for tree in told.get("because", ()):
        yield f"{mark}{MARK}because"
        for node in tree["nodes"]:
            yield from node_lines(node, depth + 2, tree["base"])
    shown: dict[str, int] = {}
    for deeper in told.get("inputs", ()):
        dataset = str(deeper.get("dataset", ""))
        shown[dataset] = shown.get(dataset, 0) + 1
        if shown[dataset] <= MAX_INPUTS:
            yield from _entity(deeper, depth + 1)
    for dataset, count in shown.items():
        if count > MAX_INPUTS:
            yield f"{mark}{MARK}and {count - MAX_INPUTS} more of {dataset}"


def _properties(told: dict[str, Any], mark: str) -> Iterator[str]:
    """Each property with its value, what wrote it, and what that read."""
    for name, found in told.get("properties", {}).items():
        yield f"{mark}{MARK}{name} = {preview(found['value'], VALUE)}"
        for rule in found["rules"]:
            yield f"{mark}{MARK * 2}{rule['text']}  ({rule['path']})"
        read = _origins(found)
        if read and found["rules"]:
            yield f"{mark}{MARK * 2}from {read}"
        for missed in found.get("found_nothing", ()):
            keys = ", ".join(preview(key) for key in missed["keys"])
            yield f"{mark}{MARK * 2}nothing found in {missed['dataset']} for {keys}"


def _verdict(told: dict[str, Any]) -> str:
    parts = [str(told.get("text", ""))]
    if told.get("differs"):
        parts.append(f"different: {', '.join(told['differs'])}")
    parts.extend(
        f"{newer['dataset']} {preview(newer['entity_id'])} is of {newer['ts']}"
        for newer in told.get("newer", ())
    )
    run = told.get("run")
    if run:
        parts.append(f"run {run['run_id']}")
    return "; ".join(parts)


def _origins(found: dict[str, Any]) -> str:
    """What was read, the first of it."""
    origins = found["from"]
    texts = [_origin(origin) for origin in origins[:MAX_ORIGINS]]
    more = len(origins) - len(texts) + found.get("more", 0)
    if more:
        texts.append(f"and {more} more")
    return ", ".join(texts)


def _origin(origin: dict[str, Any]) -> str:
    where = f"{origin['dataset'] or 'the source'} {preview(origin['entity_id'])}"
    return f"{origin['property']} of {where}" if "property" in origin else where
