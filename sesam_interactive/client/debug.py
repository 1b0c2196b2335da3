"""The debugger as the client hands it out: `hub.pipes["orders"].debug("7")`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_interactive.client.reading import moment_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_interactive.client.connection import Connection
    from sesam_interactive.client.reading import Moment
    from sesam_interactive.debugger import Session, Subject
    from sesam_interactive.widgets.trace_view import TraceView


def subject_of(
    connection: Connection,
    pipe: str | None,
    *,
    dataset: str | None = None,
    rules: Any = None,
    transform: int | None = None,
    overlay: Mapping[str, Mapping[str, Any]] | None = None,
    as_of: Moment | None = None,
) -> Subject:
    """What is debugged. `rules` may be those of a draft: a rule set, a list, a whole pipe."""
    from sesam_interactive.debugger import Subject

    source = dataset
    if pipe is not None and dataset is None:
        source = _source_dataset(connection, pipe)
    return Subject(
        pipe=pipe,
        dataset=dataset,
        rules=draft_rules(rules),
        transform=transform,
        overlay={name: dict(entities) for name, entities in (overlay or {}).items()},
        as_of=None if as_of is None else moment_text(as_of),
        source_dataset=source,
    )


def draft_rules(rules: Any) -> Any:
    """The rules in a draft: a rule set, a list of transforms, a transform or a whole pipe."""
    if isinstance(rules, dict) and isinstance(rules.get("transform"), dict):
        rules = rules["transform"]
    if isinstance(rules, dict) and rules.get("type") == "dtl" and "rules" in rules:
        rules = rules["rules"]
    return rules


def _source_dataset(connection: Connection, pipe: str) -> str | None:
    from sesam_interactive.client.connection import segment

    info = connection.get(f"/pipes/{segment(pipe)}")
    source = info["config"]["effective"].get("source") or {}
    found: str | None = source.get("dataset") if source.get("type") == "dataset" else None
    return found


def debug(
    connection: Connection,
    pipe: str | None,
    ids: tuple[str, ...],
    *,
    entities: Any = None,
    limit: int | None = None,
    **subject: Any,
) -> Session:
    """Records rules over entities and gives the session."""
    from sesam_interactive.debugger import Session, record

    Session.viewer = trace_view

    given = [entities] if isinstance(entities, dict) else entities
    about = subject_of(connection, pipe, **subject)
    return record(connection, about, ids, entities=given, limit=limit)


def trace_view(session: Session) -> TraceView:
    """The session as a widget."""
    from sesam_interactive.widgets.trace_view import TraceView

    return TraceView(session)
