"""The debugger as the client hands it out: `hub.pipes["orders"].debug("7")`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_interactive.client.connection import segment
from sesam_interactive.client.errors import ClientError
from sesam_interactive.client.reading import moment_text
from sesam_interactive.display.json_text import content

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_interactive.client.connection import Connection
    from sesam_interactive.client.reading import Moment
    from sesam_interactive.debugger import Session, Subject
    from sesam_interactive.debugger.comparing import ThreeWay
    from sesam_interactive.debugger.conditions import Condition
    from sesam_interactive.debugger.cost import Cost
    from sesam_interactive.debugger.coverage import Coverage
    from sesam_interactive.debugger.scanning import Hits
    from sesam_interactive.widgets.trace_view import TraceView

LOG_EVENTS = 1_000
"""How many events of an execution log are looked through for entities that failed."""


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
    from sesam_interactive.debugger import Session, Subject

    Session.viewer = trace_view
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


def draft_source(draft: Any, dataset: str | None, options: dict[str, Any]) -> str | None:
    """The dataset that feeds a draft: the one named, else that of its source.

    Entities that are embedded in the source of the draft are put into the options.
    """
    source = draft.get("source") if isinstance(draft, dict) else None
    if dataset is not None or "entities" in options or not isinstance(source, dict):
        return dataset
    if source.get("type") == "embedded" and source.get("entities"):
        options["entities"] = source["entities"]
    found: str | None = source.get("dataset")
    return found


def _source_dataset(connection: Connection, pipe: str) -> str | None:
    info = connection.get(f"/pipes/{segment(pipe)}")
    source = info["config"]["effective"].get("source") or {}
    found: str | None = source.get("dataset") if source.get("type") == "dataset" else None
    return found


class Debugged:
    """What a pipe offers to whoever looks for the cause of something; see `docs/debugger.md`.

    Rules may be those of a draft everywhere (`rules=`): a rule set, a list of transforms, a whole
    pipe. `transform=` is a position where the pipe has several, `overlay=` and `as_of=` say in
    which world the rules look. Raises ClientError with the node's problems.
    """

    _connection: Connection
    name: str

    def debug(self, *ids: str, **options: Any) -> Session:
        """A debugging session: the full record of what its rules do with some source entities.

        Those with `ids`, those given (`entities=`), or the first `limit=` (10).
        """
        return debug(self._connection, self.name, ids, **options)

    def failed(self, entity_id: str | None = None, *, limit: int = 10, **about: Any) -> Session:
        """A debugging session of the entities that failed last, as they were then.

        They are those of the execution log: kept to be tried again, or given up as dead letters;
        with an id that one alone. Raises ClientError where there are none.
        """
        sources = failed_entities(self._connection, self.name, entity_id, limit)
        return debug(self._connection, self.name, (), entities=sources, **about)

    def coverage(
        self,
        *,
        limit: int | None = 10_000,
        all: bool = False,  # noqa: A002 - as `diff`
        sample: int = 200,
        progress: bool = True,
        **about: Any,
    ) -> Coverage:
        """How its rules fare with the first `limit` source entities, or `all`.

        What ran how often, gave null, failed, took how long; distinct values and branches are
        those of a `sample` that is recorded in full. Interrupting keeps what was counted.
        """
        from sesam_interactive.debugger.coverage import cover

        most = None if all else limit
        subject = self._about(about)
        return cover(self._connection, subject, limit=most, sample=sample, progress=progress)

    def scan(
        self,
        *conditions: Condition,
        hits: int = 10,
        limit: int | None = None,
        since: Any = None,
        progress: bool = True,
        **about: Any,
    ) -> Hits:
        """The next source entities of which a condition holds, over all of them, on the node.

        `pipe.scan("_T.total > 1000")`, `"concat gets null"`, `"output differs from stored"`.
        `.session` of the answer has them recorded; `.next` is the `since` of what follows.
        """
        from sesam_interactive.debugger.conditions import condition_of
        from sesam_interactive.debugger.scanning import scan

        when = [condition_of(condition) for condition in conditions]
        return scan(
            self._connection,
            self._about(about),
            when,
            hits=hits,
            limit=limit,
            since=since,
            progress=progress,
        )

    def samples(self, *, limit: int = 1_000, progress: bool = True, **about: Any) -> Session:
        """A session of one source entity of each way through its rules, of the first `limit`.

        `.samples()` of it says how they differ.
        """
        from sesam_interactive.debugger.samples import sampled

        session, found = sampled(
            self._connection, self._about(about), limit=limit, progress=progress
        )
        session.counted_samples = found
        return session

    def compare(
        self,
        rules: Any = None,
        *,
        limit: int | None = 1_000,
        all: bool = False,  # noqa: A002 - as `diff`
        progress: bool = True,
        **about: Any,
    ) -> ThreeWay:
        """What edited rules make, against what is deployed and what is stored in the sink.

        Over the first `limit` source entities, or `all`. Without `rules` the deployed ones against
        the sink. `.responsible("name")` says which edit a difference is due to.
        """
        from sesam_interactive.debugger.comparing import compare

        subject = self._about({**about, "rules": rules})
        deployed = deployed_rules(self._connection, self.name, subject.transform)
        most = None if all else limit
        return compare(self._connection, subject, deployed, limit=most, progress=progress)

    def cost(
        self, *, limit: int = 10_000, sample: int = 200, progress: bool = True, **about: Any
    ) -> Cost:
        """What its rules cost: time of each place, look-ups of hops, what runs again when.

        Times are of compiled rules over the first `limit` source entities; look-ups are those of a
        `sample` that is recorded in full.
        """
        from sesam_interactive.debugger.cost import cost_of, reruns_of
        from sesam_interactive.debugger.coverage import cover

        subject, node = self._about(about), self._connection
        counted = cover(node, subject, limit=limit, sample=max(sample, 1), progress=progress)
        if counted.sample is None:
            raise ClientError("the source gave no entity")
        return cost_of(counted.sample, counted, reruns_of(node, subject))

    def _about(self, options: dict[str, Any]) -> Subject:
        return subject_of(self._connection, self.name, **options)


def deployed_rules(connection: Connection, pipe: str, position: int | None) -> Any:
    """The deployed rules of a pipe, as they were uploaded where that has them.

    Raises ClientError where it has none, or several.
    """
    config = connection.get(f"/pipes/{segment(pipe)}")["config"]
    known: dict[int, Any] = {}
    for form in ("original", "effective"):
        given = config[form].get("transform") or []
        transforms = given if isinstance(given, list) else [given]
        known = {n: one["rules"] for n, one in enumerate(transforms) if "rules" in one}
        if position in known or (position is None and len(known) == 1):
            return known[next(iter(known)) if position is None else position]
    several = f"{len(known)} transforms with rules; say which: transform="
    raise ClientError(f'the pipe "{pipe}" has {several if known else "no such rules"}')


def failed_entities(
    connection: Connection, pipe: str, entity_id: str | None, limit: int
) -> list[Any]:
    """The source entities that failed, newest first, as the execution log has them."""
    found: dict[str, Any] = {}
    since = {"limit": LOG_EVENTS, "reverse": True, "history": False}
    for event in connection.get(f"/pipes/{segment(pipe)}/log", **since):
        entity = event.get("entity")
        is_error = event.get("event_type") == "write-error" and isinstance(entity, dict)
        if is_error and not event.get("resolved"):
            found.setdefault(str(entity.get("_id")), content(entity))
    if entity_id is not None:
        found = {name: one for name, one in found.items() if name == entity_id}
    if not found:
        what = "no entities that failed" if entity_id is None else f"no failed entity {entity_id!r}"
        hint = 'scan("failed") finds those that would fail now'
        raise ClientError(f'the execution log of the pipe "{pipe}" has {what}; {hint}')
    return list(found.values())[:limit]


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
    from sesam_interactive.debugger import record

    given = [entities] if isinstance(entities, dict) else entities
    about = subject_of(connection, pipe, **subject)
    return record(connection, about, ids, entities=given, limit=limit)


def trace_view(session: Session) -> TraceView:
    """The session as a widget."""
    from sesam_interactive.widgets.trace_view import TraceView

    return TraceView(session)
