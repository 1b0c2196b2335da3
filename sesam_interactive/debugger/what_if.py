"""What would come out if: another value, another entity behind a hop, an older version.

What is changed lies over the datasets for the node's answer alone (an overlay); nothing is written.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sesam_interactive.debugger.errors import wrong
from sesam_interactive.debugger.recording import record
from sesam_interactive.display.json_text import content
from sesam_node.dtl.trace.places import parts_of
from sesam_node.errors import InputError, SesamError, preview

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_interactive.debugger.node import Node, Subject
    from sesam_interactive.debugger.recorded import Recorded
    from sesam_interactive.debugger.session import Session

REMOVED = object()
"""In place of a value: the property is taken away."""


def what_if(
    session: Session,
    changes: Mapping[str, Any] | None,
    *,
    overlay: Mapping[str, Mapping[str, Any]] | None = None,
    edit: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
    version: int | None = None,
    as_of: str | None = None,
) -> Session:
    """The chosen entity, recorded again in another world; see `Session.what_if`."""
    node = _node(session)
    subject = session.subject if as_of is None else replace(session.subject, as_of=as_of)
    if overlay:
        subject = subject.with_overlay(overlay)
    for name, entities in (edit or {}).items():
        for entity_id, properties in entities.items():
            patched = stored(node, subject, name, entity_id) | dict(properties)
            subject = subject.with_overlay({name: {entity_id: patched}})
    number = session.entity
    source_id = session.source_id(number)
    given = _given(session, source_id)
    if version is not None or changes:
        source = _source(node, session, subject, version) if given is None else given
        made = _with_source(node, session, subject, patch(source, changes or {}))
    elif given is not None:
        made = record(node, subject, entities=[given])
    else:
        made = record(node, subject, (source_id,))
    made.before = session
    return made


def _given(session: Session, source_id: str) -> Any:
    """The entity that was given as the source of the chosen one; None where none was."""
    if session.given is None:
        return session.source if session.subject.source_dataset is None else None
    ids = [str(one.get("_id")) for one in session.given]
    return session.given[ids.index(source_id)] if source_id in ids else session.source


def _source(node: Node, session: Session, subject: Subject, version: int | None) -> Any:
    """The stored source entity of the chosen one: as it was recorded, or an older version."""
    source_id = session.source_id(session.entity)
    if version is not None:
        return _version(node, subject, source_id, version)
    if subject.transform:
        hint = "lay the stored source entity over by overlay={dataset: {id: entity}}"
        raise wrong("_S is what an earlier transform made", hint=hint)
    if source_id == session.source.get("_id") or subject.source_dataset is None:
        return session.source
    # Namespaces were put on: the stored entity has none.
    return stored(node, subject, subject.source_dataset, source_id)


def _node(session: Session) -> Node:
    if session.node is None:
        raise wrong("there is no node to run the rules again")
    return session.node


def _with_source(node: Node, session: Session, subject: Subject, source: Any) -> Session:
    """The rules over another source entity: laid over the stored one, or given."""
    source_id = str(source.get("_id"))
    if subject.source_dataset is None or session.given is not None:
        return record(node, subject, entities=[source])
    laid = subject.with_overlay({subject.source_dataset: {source_id: source}})
    return record(node, laid, (source_id,))


def patch(source: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with other values: `{"_S.price": 3, "lines[0].sku": "x"}`. Raises DebuggerError."""
    made: dict[str, Any] = deepcopy(content(source))
    for path, value in changes.items():
        short = path.removeprefix("_S").lstrip(".")
        if path.startswith(("_T", "_P")) or not short:
            raise wrong(f"expected a place in _S, got {path!r}", path)
        try:
            *around, last = parts_of(short)
        except InputError as error:
            raise wrong(error.problems[0].message, path) from None
        holder: Any = made
        for part in around:
            holder = _inner(holder, part, path)
        if isinstance(last, str) and isinstance(holder, dict):
            if value is REMOVED:
                holder.pop(last, None)
            else:
                holder[last] = value
        elif isinstance(last, int) and isinstance(holder, list) and last < len(holder):
            holder[last] = value
        else:
            raise wrong(f"there is no place {path} in {preview(source)}", path)
    return made


def _inner(holder: Any, part: str | int, path: str) -> Any:
    try:
        return holder[part]
    except (KeyError, IndexError, TypeError):
        raise wrong(f"there is no place {path} in the source entity", path) from None


def stored(node: Node, subject: Subject, dataset: str, entity_id: str) -> dict[str, Any]:
    """An entity as the rules see it now: of the overlay, else the stored one. Raises the node's."""
    laid = subject.overlay.get(dataset, {})
    if entity_id in laid:
        return dict(laid[entity_id] or {"_id": entity_id})
    path = f"/datasets/{quote(dataset, safe='')}/entity"
    found: dict[str, Any] = node.get(path, entity_id=entity_id, as_of=subject.as_of)
    return content(found)


def _version(node: Node, subject: Subject, entity_id: str, version: int) -> dict[str, Any]:
    if subject.source_dataset is None:
        raise wrong("the source is no single dataset that keeps versions")
    path = f"/datasets/{quote(subject.source_dataset, safe='')}/entity"
    try:
        found: dict[str, Any] = node.get(path, entity_id=entity_id, offset=version)
    except SesamError as error:
        raise wrong(f"version {version} of {entity_id!r} cannot be had: {error.message}") from None
    return content(found)


def differing(before: Recorded, after: Recorded) -> list[dict[str, Any]]:
    """What came out otherwise: `{"_id", "name", "change", "old", "new"}` a property.

    A whole entity that is new or gone has an empty `name`.
    """
    from sesam_interactive.debugger.state import changes

    old = {str(one.get("_id")): one for one in before.results if "_filtered" not in one}
    new = {str(one.get("_id")): one for one in after.results if "_filtered" not in one}
    found: list[dict[str, Any]] = []
    for entity_id in dict.fromkeys((*old, *new)):
        if entity_id not in new:
            found.append({"_id": entity_id, "name": "", "change": "removed", "old": old[entity_id]})
        elif entity_id not in old:
            found.append({"_id": entity_id, "name": "", "change": "added", "new": new[entity_id]})
        else:
            found += [{"_id": entity_id, **one} for one in changes(old[entity_id], new[entity_id])]
    return found
