"""What has been recorded of some entities: which they are, values of each place, causes."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from sesam_interactive.debugger.answers import Answer
from sesam_interactive.debugger.errors import asked, wrong
from sesam_interactive.debugger.node import Subject
from sesam_interactive.debugger.rules_text import RulesText
from sesam_interactive.debugger.values import Value, Values, values_of
from sesam_node.dtl.trace import signatures, validate, why, why_not
from sesam_node.dtl.trace.recording import Recording
from sesam_node.dtl.watch import outcome
from sesam_node.errors import preview

if TYPE_CHECKING:
    from typing import Self

    from sesam_interactive.debugger.node import Node


class Recorded:
    """A full trace document with one of its entities chosen; see `Session`."""

    def __init__(
        self,
        document: dict[str, Any],
        subject: Subject | None = None,
        node: Node | None = None,
        told: dict[str, Any] | None = None,
    ) -> None:
        """A session over a full trace document. Raises InputError for what is none."""
        validate(document)
        self.document = document
        self.subject = subject or Subject(pipe=document["pipe"] or None, rules=document["rules"])
        self.node = node
        self.notes = _notes(told or {})
        self.sources: list[str] | None = (told or {}).get("sources")
        self.rules = RulesText(document)
        self.entity = 0
        self.position = 0
        if not document["entities"]:
            missing = "; ".join(self.notes) or "the source gave no entity that these rules take"
            raise wrong(f"nothing was recorded: {missing}")

    # -- what is recorded --------------------------------------------------------------------------

    @property
    def recording(self) -> Recording:
        """The record of the chosen entity."""
        return self.recording_of(self.entity)

    def recording_of(self, number: int) -> Recording:
        """The record of an entity, by its number."""
        found = self._recordings.get(number)
        if found is None:
            found = self._recordings[number] = Recording(self.document, number)
        return found

    @cached_property
    def _recordings(self) -> dict[int, Recording]:
        return {}

    @cached_property
    def signatures(self) -> dict[str, list[int]]:
        """The recorded entities by the way that they took, commonest first."""
        return signatures(self.document)

    @cached_property
    def entities(self) -> list[dict[str, Any]]:
        """A row a recorded entity: `id, version, outcome, results, events, signature, truncated`.

        `outcome` is "ok", "filtered", "failed" or "nothing".
        """
        ways = {n: name for name, numbers in self.signatures.items() for n in numbers}
        rows = []
        for number, entity in enumerate(self.document["entities"]):
            source = self.document["values"][entity["source"]]
            rows.append(
                {
                    "id": source.get("_id") if isinstance(source, dict) else None,
                    "version": entity["version"],
                    "outcome": outcome(self.recording_of(number)),
                    "results": len(entity["results"]),
                    "events": len(entity["events"]),
                    "signature": ways[number],
                    "truncated": entity["truncated"],
                }
            )
        return rows

    def choose(self, which: int | str) -> Self:
        """Go to another recorded entity, by its number or `_id`, and to its beginning.

        Raises DebuggerError for one that is not recorded.
        """
        ids = [row["id"] for row in self.entities]
        if isinstance(which, str):
            if which not in ids:
                held = preview(ids, 80)
                raise wrong(f"the entity {which!r} is not recorded; there are {held}")
            which = ids.index(which)
        if not 0 <= which < len(ids):
            raise wrong(f"there is no entity {which}: {len(ids)} are recorded, counted from 0")
        self.entity, self.position = which, 0
        return self

    @cached_property
    def namespaced(self) -> bool:
        """Have the names of properties namespaces? Told by the entities: a trace does not say."""
        values = self.document["values"]
        sources = (values[entity["source"]] for entity in self.document["entities"])
        return any(":" in name for one in sources if isinstance(one, dict) for name in one)

    def source_id(self, number: int) -> str:
        """The `_id` that the source has of an entity: earlier transforms may have changed it."""
        if self.sources is not None and number < len(self.sources):
            return self.sources[number]
        return str(self.entities[number]["id"])

    @property
    def source(self) -> Any:
        """The source entity that is chosen."""
        return self.recording.source

    @property
    def results(self) -> list[Any]:
        """What came out of it, in order; a filtered entity is marked `_filtered`."""
        return self.recording.results

    @property
    def error(self) -> dict[str, str] | None:
        """What it failed with (`path`, `code`, `message`), or None."""
        found: dict[str, str] | None = self.recording.entity["error"]
        return found

    # -- values and causes -------------------------------------------------------------------------

    def values(self) -> Values:
        """What each sub-expression gave for the chosen entity, by JSON path of the rules."""
        return self.values_of(self.entity)

    def values_of(self, number: int) -> Values:
        """What each sub-expression gave for an entity, by its number."""
        found = self._values.get(number)
        if found is None:
            found = self._values[number] = values_of(self.recording_of(number))
        return found

    @cached_property
    def _values(self) -> dict[int, Values]:
        return {}

    def at(self, path: str) -> Value:
        """What one place of the rules gave: inputs, output, type, count, each evaluation.

        The path may be short: `default[2][1]`. Raises DebuggerError where nothing is evaluated.
        """
        return self.values()[self.rules.full(path)]

    def why(self, path: str = "$", result: int | None = None) -> Answer:
        """What made a value of the output: `session.why("total")`, `session.why("lines[1].sku")`.

        Of the last result where there are several. Raises DebuggerError where there is no such
        value.
        """
        position = max(len(self.results) - 1, 0) if result is None else result
        found = asked(why, self.document, self.entity, position, path)
        return Answer(found, self.recording, self.subject, self.node)

    def why_not(self, path: str = "$", result: int | None = None) -> Answer:
        """Why a property is missing from the output; without a path why nothing came out."""
        found = asked(why_not, self.document, self.entity, path, result=result)
        return Answer(found, self.recording, self.subject, self.node)


def _notes(told: dict[str, Any]) -> list[str]:
    """What the node said beside the trace, in words."""
    notes = []
    if told.get("missing"):
        notes.append(f"not found: {', '.join(map(repr, told['missing'][:10]))}")
    notes += [
        f"an earlier transform failed on {one['_id']!r}: {one['message']}"
        for one in told.get("skipped", ())[:10]
    ]
    why_stopped = {"time": "time was up", "events": "the trace is full", "size": "it got too large"}
    if told.get("stopped") in why_stopped:
        notes.append(f"not all entities were recorded: {why_stopped[told['stopped']]}")
    return notes
