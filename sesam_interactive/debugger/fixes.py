"""Quick fixes that a recording suggests: a property that was meant, a null not expected."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from sesam_interactive.display.html import table
from sesam_node.dtl import functions
from sesam_node.dtl.source_text import parents
from sesam_node.dtl.trace.places import MISSING, parts_of
from sesam_node.dtl.trace.recording import raw_at
from sesam_node.dtl.trace.state import state_in
from sesam_node.errors import preview

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_interactive.debugger.recorded import Recorded
    from sesam_interactive.debugger.session import Session

NEAR = 0.75
"""How alike two names must be; entities rightly lack what is optional."""

DEFAULTS = {"strings": "", "arithmetic": 0}
"""By the group of a function, what an argument may be in place of null."""

GUARDS = frozenset(
    ("add-if", "if-null", "coalesce", "is-null", "is-not-null", "is-empty", "is-not-empty", "if")
)
"""What handles nulls itself."""


@dataclass(frozen=True)
class Fix:
    """One suggested edit of the rules: at `path` put `new` in the place of `old`.

    `apply` gives a session of the edited rules over the same entities; `rules` are they.
    """

    session: Session
    path: str
    text: str
    old: Any
    new: Any

    @property
    def rules(self) -> Any:
        """The rule set with the edit."""
        made = deepcopy(self.session.document["rules"])
        base = len(parts_of(self.session.rules.base))
        *around, last = parts_of(self.path)[base:]
        holder: Any = made
        for part in around:
            holder = holder[part]
        holder[last] = self.new
        return made

    def apply(self) -> Session:
        """The same entities with the edited rules, as a draft: nothing is deployed."""
        return self.session.with_rules(self.rules)

    def data(self) -> dict[str, Any]:
        """As JSON: `path, text, old, new`."""
        return {"path": self.path, "text": self.text, "old": self.old, "new": self.new}

    def __repr__(self) -> str:
        short = self.session.rules.short(self.path)
        old, new = preview(self.old, 60), preview(self.new, 80)
        return f"<Fix at {short}: {self.text}: {old} \N{RIGHTWARDS ARROW} {new}>"


class Fixes(list[Fix]):
    """Suggested edits, in the order of the rules."""

    def __repr__(self) -> str:
        if not self:
            return "no fixes to suggest"
        return "\n".join(f"{number}  {fix!r}" for number, fix in enumerate(self))

    def _repr_html_(self) -> str:
        rows = [
            {
                "": number,
                "place": fix.session.rules.short(fix.path),
                "fix": fix.text,
                "instead of": preview(fix.old, 60),
                "write": preview(fix.new, 80),
            }
            for number, fix in enumerate(self)
        ]
        return table(rows) if rows else f"<p>{escape(repr(self))}</p>"


def fixes_of(session: Session) -> Fixes:
    """What the recorded entities suggest."""
    found = [*_meant(session), *_guards(session)]
    order = list(session.rules.nodes)
    return Fixes(sorted(found, key=lambda fix: order.index(fix.path)))


def _meant(session: Session) -> Iterator[Fix]:
    """Properties that no entity had, where one of nearly that name was there."""
    for path, node in session.rules.nodes.items():
        raw = raw_at(session.document, path)
        if node["kind"] != "path" or not isinstance(raw, str):
            continue
        variable, _, name = raw.partition(".")
        first = name.split(".")[0]
        if not first:
            continue
        held = _names(session, path, variable)
        if held and first not in held and not any(one.endswith(f":{first}") for one in held):
            near = get_close_matches(first, sorted(held), n=1, cutoff=NEAR)
            if near:
                count = len(session.entities)
                text = f"none of {count:,} entities has {preview(first)}, did you mean {near[0]!r}"
                yield Fix(session, path, text, raw, f"{variable}.{near[0]}{name[len(first) :]}")


def _names(session: Recorded, path: str, variable: str) -> set[str]:
    """The properties that a variable had wherever a path was read; none where it is no target."""
    found: set[str] = set()
    if variable not in ("_S", "_T"):
        return found
    for number in range(len(session.document["entities"])):
        value = session.values_of(number).get(path)
        for one in value.evaluations[:3] if value is not None else ():
            if session.recording_of(number).steps_on(one.event):
                return set()
            held = state_in(session.recording_of(number), one.event)[variable]
            if isinstance(held, dict):
                found |= held.keys()
    return found


def _guards(session: Session) -> Iterator[Fix]:
    """Arguments that were null where the call then failed, or gave null for that."""
    groups = _groups()
    for path, node in session.rules.nodes.items():
        raw = raw_at(session.document, path)
        if node["kind"] != "function" or not isinstance(raw, list) or _guarded(session, path):
            continue
        default = DEFAULTS.get(groups.get(node["name"], ""))
        if default is None:
            continue
        guilty = _null_arguments(session, path)
        if guilty is not None:
            yield Fix(
                session,
                f"{path}[{guilty}]",
                f'"{node["name"]}" gets null here',
                raw[guilty],
                ["if-null", raw[guilty], default],
            )


def _guarded(session: Recorded, path: str) -> bool:
    """Does a place stand in what handles nulls?"""
    nodes = session.rules.nodes
    return any(one in nodes and nodes[one]["name"] in GUARDS for one in parents(path))


def _null_arguments(session: Session, path: str) -> int | None:
    """The position of an argument that was null where a call gave null or failed."""
    for number in range(len(session.document["entities"])):
        value = session.values_of(number).get(path)
        recording = session.recording_of(number)
        for one in value.evaluations if value is not None else ():
            if one.output is not None and one.output is not MISSING:
                continue
            for child in recording.children[one.event]:
                inner = recording.path(child)
                short = inner.removeprefix(f"{path}[").rstrip("]")
                if recording.output(child) is None and short.isdigit():
                    return int(short)
    return None


@cache
def _groups() -> dict[str, str]:
    return {entry["name"]: entry["group"] for entry in functions()}
