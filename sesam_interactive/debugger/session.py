"""A debugging session: the full record of what rules did to some entities, to walk about in.

The record is made once, on the node (`POST /api/dtl/trace`, format in `docs/trace-format.md`);
what is asked of it afterwards needs no node, except where a method says so.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sesam_interactive.debugger.errors import wrong
from sesam_interactive.debugger.recorded import Recorded
from sesam_interactive.debugger.show import session_html, session_text
from sesam_interactive.debugger.stepping import Stepping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Self

    from sesam_interactive.debugger.conditions import Condition
    from sesam_interactive.debugger.cost import Cost
    from sesam_interactive.debugger.fixes import Fixes
    from sesam_interactive.debugger.node import Node
    from sesam_interactive.debugger.samples import Samples
    from sesam_interactive.debugger.scanning import Hits


class Session(Stepping):
    """Recorded entities, one of them chosen, and a position in it.

    What a view builds on:

    - `document`: the trace document; `rules`: its rules as text (`.text`, `.spans` of each path,
      `.line(path)`, `.path_at(offset)`, `.full(path)`); `subject.title`: what is debugged.
    - `entities`: a row a recorded entity; `entity`: the number of the chosen one;
      `choose(n or id)`.
    - `position`: the event that is about to be evaluated, `0 <= position <= end`; at `end` the
      rules are done. `goto(n)`, `step`, `step_over`, `step_out`, `back`, `back_over`, `back_out`,
      `run`, `run_back`; each gives the session itself, moved.
    - `event` and `path` there; `state` (`.before`, `.after`, `.changes`); `frames`, outermost
      first; `results` of the chosen entity and its `error`.
    - `values()`, `at(path)`: what each place gave; `why(path)`, `why_not(path)`.
    - everything has `.data()` (JSON), a text repr and an HTML repr.

    Of a document alone, `Session(document)` does all of that without a node.
    """

    given: list[Any] | None = None
    """The source entities that were given, and not read from the source."""

    counted_samples: Samples | None = None
    """The ways of more entities than are recorded, where those were sampled."""

    before: Session | None = None
    """The session that this one was made of, with other rules or in another world."""

    viewer: Callable[[Session], Any] | None = None
    """What `view` shows a session with; the layer above puts it here."""

    # -- samples -----------------------------------------------------------------------------------

    @cached_property
    def pinned(self) -> list[int]:
        """The numbers of the entities that are kept among the representatives."""
        return []

    def pin(self, which: int | str | None = None) -> Self:
        """Keep an entity (by default the chosen one) among the representatives."""
        here = (self.entity, self.position)
        number = self.entity if which is None else self.choose(which).entity
        self.entity, self.position = here
        if number not in self.pinned:
            self.pinned.append(number)
        return self

    def samples(self) -> Samples:
        """The ways that the recorded entities took: how many each, and one that stands for them."""
        from sesam_interactive.debugger.samples import ways

        return ways(self) if self.counted_samples is None else self.counted_samples

    def representatives(self) -> Session:
        """A session of a few entities that have met every decision, and of those pinned."""
        from sesam_interactive.debugger.samples import representatives

        return representatives(self)

    def next_different(self, path: str | None = None) -> Self:
        """To the next recorded entity with another value at a place (by default where we are).

        The position is its first evaluation there, the beginning where it has none. Raises
        DebuggerError where all have the same.
        """
        from sesam_interactive.debugger.samples import different

        at = self.path if path is None else self.rules.full(path)
        number = different(self, at)
        if number is None:
            raise wrong(f"all recorded entities have the same at {self.rules.short(at)}", at)
        self.choose(number)
        value = self.at(at)
        return self.goto(value.evaluations[0].event) if value.count else self

    # -- what the node is asked --------------------------------------------------------------------

    def scan(
        self,
        *conditions: Condition,
        hits: int = 1,
        limit: int | None = None,
        since: Any = None,
        progress: bool = True,
    ) -> Hits:
        """The next source entities of which a condition holds, searched on the node.

        Without conditions: those of the breakpoints. Over `limit` source entities or all, behind
        `since` (the `next` of an earlier scan). `.session` of the answer has the hits recorded,
        with the same breakpoints. Interrupting keeps what was found.
        """
        from sesam_interactive.debugger.conditions import condition_of
        from sesam_interactive.debugger.scanning import scan

        when = [condition_of(condition) for condition in conditions]
        when = when or [point.condition for point in self.breakpoints if point.enabled]
        if not when:
            raise wrong("there is no condition to look for", hint='scan("_T.total > 1000")')
        node = self._asked()
        return scan(
            node, self.subject, when, hits=hits, limit=limit, since=since, progress=progress
        )

    def what_if(
        self,
        changes: Mapping[str, Any] | None = None,
        *,
        overlay: Mapping[str, Mapping[str, Any]] | None = None,
        edit: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
        version: int | None = None,
        as_of: str | int | None = None,
    ) -> Session:
        """The chosen entity in another world, as a session; nothing is written.

        `changes` are values in the source entity: `{"_S.price": 3}`. `overlay` puts whole entities
        in place of stored ones (None: not there), by dataset and id; `edit` changes properties of
        stored ones. `version` takes an older version of the source entity, `as_of` all datasets as
        they were. `.differences` of the answer says what comes out otherwise.
        """
        from sesam_interactive.debugger.what_if import what_if

        moment = None if as_of is None else str(as_of)
        return what_if(self, changes, overlay=overlay, edit=edit, version=version, as_of=moment)

    def with_rules(self, rules: Any) -> Session:
        """The recorded entities with other rules, as a draft; the chosen one stays chosen."""
        from sesam_interactive.debugger.recording import record

        subject = replace(self.subject, rules=rules)
        if self.given is not None:
            made = record(self._asked(), subject, entities=self.given)
        else:
            ids = dict.fromkeys(self.source_id(n) for n in range(len(self.entities)))
            made = record(self._asked(), subject, ids)
        made.before = self
        held = [row["id"] for row in made.entities]
        chosen = self.entities[self.entity]["id"]
        made.entity = held.index(chosen) if chosen in held else 0
        return made

    @property
    def differences(self) -> list[dict[str, Any]]:
        """What comes out of the chosen entity otherwise than in `before`.

        Each is `{"_id", "name", "change", "old", "new"}`; an entity that is new or gone has an
        empty `name`.
        """
        from sesam_interactive.debugger.what_if import differing

        if self.before is None:
            return []
        before = Recorded(self.before.document, self.before.subject)
        ids = [row["id"] for row in before.entities]
        wanted = self.entities[self.entity]["id"]
        if wanted not in ids:
            return []
        return differing(before.choose(ids.index(wanted)), self)

    def cost(self) -> Cost:
        """Time of each place, look-ups of hops, and what runs again when data changes.

        Times are those of the recording; `pipe.cost()` measures compiled rules.
        """
        from sesam_interactive.debugger.cost import cost_of, reruns_of

        reruns = [] if self.node is None else reruns_of(self.node, self.subject)
        return cost_of(self, None, reruns)

    def fixes(self) -> Fixes:
        """Edits that the recorded entities suggest: names that were meant, guards against null.

        `session.fixes()[0].apply()` gives the session with the edited rules.
        """
        from sesam_interactive.debugger.fixes import fixes_of

        return fixes_of(self)

    def _asked(self) -> Node:
        if self.node is None:
            raise wrong("there is no node to ask: the session is of a document alone")
        return self.node

    # -- kept --------------------------------------------------------------------------------------

    def pin_test(self, project: Any, name: str | None = None) -> list[Path]:
        """Keep the chosen entity and what came of it as a test of a project; gives the files.

        See `debugger.keeping`. Raises DebuggerError for a failed entity, or rules of no pipe.
        """
        from sesam_interactive.debugger.keeping import pin_test

        return pin_test(self, project, name)

    def export(self, path: str | Path, *, all: bool = True) -> Path:  # noqa: A002 - as elsewhere
        """Write the trace to a file: `.json`, or `.html`, a page that needs nothing else.

        Of all recorded entities, or of the chosen one.
        """
        from sesam_interactive.debugger.keeping import export

        return export(self, path, None if all else [self.entity])

    # -- shown -------------------------------------------------------------------------------------

    def view(self) -> Any:
        """The session as a widget; itself where there are none."""
        viewer = type(self).viewer
        return self if viewer is None else viewer(self)

    def data(self) -> dict[str, Any]:
        """All of it as JSON, for a view: the document, the rules as text, where we are."""
        return {
            "title": self.subject.title,
            "document": self.document,
            "text": self.rules.text,
            "base": self.rules.base,
            "spans": {path: list(span) for path, span in self.rules.spans.items()},
            "entities": self.entities,
            "entity": self.entity,
            "position": self.position,
            "notes": self.notes,
        }

    def __repr__(self) -> str:
        return session_text(self)

    def _repr_html_(self) -> str:
        return session_html(self)
