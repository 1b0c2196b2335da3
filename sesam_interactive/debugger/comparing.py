"""Three sides of a pipe's output: what edited rules make, what the deployed make, what is stored.

The node runs both and looks up what the sink has (`differs` of `/api/dtl/scan`); only entities
that differ travel. Which edit of the rules is to blame is found in traces of one of them.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from sesam_interactive.debugger.edits import Edit, edits, is_within, near
from sesam_interactive.debugger.errors import DebuggerError, wrong
from sesam_interactive.debugger.recording import record
from sesam_interactive.debugger.scanning import scan
from sesam_interactive.debugger.state import changes
from sesam_interactive.display.html import table
from sesam_node.errors import preview

if TYPE_CHECKING:
    from sesam_interactive.debugger.node import Node, Subject
    from sesam_interactive.debugger.scanning import Hits
    from sesam_interactive.debugger.session import Session

SIDES = ("deployed", "stored")
KINDS = ("added", "changed", "deleted", "failed", "unchanged")
MOST = 1_000
EXAMPLES = 5


@dataclass
class ThreeWay:
    """What edited rules make, against `deployed` and `stored`.

    `counts` by side, of entities as they come out: added, changed, deleted; source entities that
    failed or are unchanged. `groups` by side and property. `responsible` names the edits.
    """

    subject: Subject
    node: Node
    deployed: Any
    found: Hits

    @cached_property
    def edits(self) -> list[Edit]:
        """What was edited in the deployed rules."""
        return edits(self.deployed, self.subject.rules) if self.subject.rules is not None else []

    @cached_property
    def differences(self) -> dict[str, list[dict[str, Any]]]:
        """By side, each output entity that differs: `{"_id", "source", "change", "properties"}`."""
        return {side: list(_differences(self.found.rows, side)) for side in self.sides}

    @property
    def sides(self) -> list[str]:
        """What was compared with."""
        return [side for side in SIDES if any(side in row["outputs"] for row in self.found.rows)]

    @cached_property
    def counts(self) -> dict[str, dict[str, int]]:
        """By side: how many output entities are added, changed, deleted; sources that failed."""
        found = {}
        for side, rows in self.differences.items():
            counted = Counter(row["change"] for row in rows)
            sources = {row["source"] for row in rows}
            counted["unchanged"] = self.found.read - len(sources)
            found[side] = {kind: counted.get(kind, 0) for kind in KINDS}
        return found

    def groups(self, side: str = "deployed") -> dict[str, dict[str, Any]]:
        """By property, those that differ most first: `{"added", "changed", "removed", "examples"}`.

        Each example is `{"_id", "source", "old", "new"}`.
        """
        found: dict[str, dict[str, Any]] = {}
        for row in self.differences.get(side, ()):
            for one in row["properties"]:
                group = found.setdefault(
                    one["name"], {"added": 0, "changed": 0, "removed": 0, "examples": []}
                )
                group[one["change"]] += 1
                if len(group["examples"]) < EXAMPLES:
                    sides = {name: one[name] for name in ("old", "new") if name in one}
                    example = {"_id": row["_id"], "source": row["source"], **sides}
                    group["examples"].append(example)
        return dict(sorted(found.items(), key=lambda item: (-_total(item[1]), item[0])))

    def responsible(self, name: str, source: str | None = None) -> list[Edit]:
        """The edits that made a property other than the deployed rules make it.

        Found in the traces of one source entity, by default of the first example. Raises
        DebuggerError where the property does not differ.
        """
        if source is None:
            group = self.groups().get(name)
            if group is None:
                raise wrong(f"the property {name!r} does not differ from what is deployed")
            source = str(group["examples"][0]["source"])
        return self._near(source, name)

    def _near(self, source: str, name: str) -> list[Edit]:
        if len(self.edits) == 1:
            return self.edits
        new = _rules_of(self._session(self.subject, source), name)
        old = _rules_of(self._session(replace(self.subject, rules=None), source), name)
        return [edit for edit in self.edits if near(edit.new, new) or near(edit.old, old)]

    def _session(self, subject: Subject, source: str) -> Session | None:
        key = (subject.rules is None, source)
        if key not in self._sessions:
            try:
                self._sessions[key] = record(self.node, subject, (source,))
            except DebuggerError:
                self._sessions[key] = None
        return self._sessions[key]

    @cached_property
    def _sessions(self) -> dict[tuple[bool, str], Session | None]:
        return {}

    @property
    def session(self) -> Session | None:
        """The source entities that differ, recorded with the edited rules."""
        return self.found.session

    def data(self) -> dict[str, Any]:
        """As JSON: `read`, `counts`, `groups` by side, `edits`."""
        return {
            "read": self.found.read,
            "complete": self.found.complete,
            "counts": self.counts,
            "groups": {side: self.groups(side) for side in self.sides},
            "edits": [edit.data() for edit in self.edits],
        }

    def rows(self, side: str = "deployed") -> list[dict[str, Any]]:
        """A row a property, with the edits to blame where the side is what is deployed."""
        found = []
        for name, group in list(self.groups(side).items())[:20]:
            example = group["examples"][0]
            blamed = self.responsible(name) if side == "deployed" else []
            found.append(
                {
                    "property": name,
                    "changed": group["changed"],
                    "added": group["added"],
                    "removed": group["removed"],
                    "example": _example(example),
                    "edit": "; ".join(str(edit.new or edit.old) for edit in blamed),
                }
            )
        return found

    def __repr__(self) -> str:
        of = "all" if self.found.complete else "the first"
        lines = [f"{self.subject.title}, {of} {self.found.read:,} source entities"]
        lines += [f"  edit: {edit}" for edit in self.edits[:10]]
        if not self.sides:
            lines.append("  nothing differs, from what is deployed or from what is stored")
        for side in self.sides:
            counts = ", ".join(f"{n:,} {kind}" for kind, n in self.counts[side].items())
            lines.append(f"against {side}: {counts}")
            for row in self.rows(side):
                kinds = ("changed", "added", "removed")
                numbers = ", ".join(f"{row[kind]:,} {kind}" for kind in kinds if row[kind])
                blamed = f"  by {row['edit']}" if row["edit"] else ""
                lines.append(f"  {row['property']}: {numbers}; {row['example']}{blamed}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        of = "all" if self.found.complete else "the first"
        head = f"{self.subject.title}, {of} {self.found.read:,} source entities"
        edited = "".join(f"<li>{escape(str(edit))}</li>" for edit in self.edits[:10])
        parts = [f"<b>{escape(head)}</b><ul>{edited}</ul>"]
        if not self.sides:
            parts.append("<p>nothing differs</p>")
        for side in self.sides:
            rows = self.rows(side)
            shown = table(rows) if rows else ""
            parts.append(f"<b>against {side}</b>{table([self.counts[side]])}{shown}")
        return f"<div>{''.join(parts)}</div>"


def _total(group: dict[str, Any]) -> int:
    return int(group["added"] + group["changed"] + group["removed"])


def _example(example: dict[str, Any]) -> str:
    old = preview(example["old"], 40) if "old" in example else "nothing"
    new = preview(example["new"], 40) if "new" in example else "nothing"
    return f"{example['_id']}: {old} \N{RIGHTWARDS ARROW} {new}"


def _differences(rows: list[dict[str, Any]], side: str) -> Any:
    """The output entities that differ between a side and the edited rules."""
    for row in rows:
        outputs = row["outputs"]
        if side not in outputs:
            continue
        new, old = outputs["edited"], outputs[side]
        if isinstance(new, dict) or isinstance(old, dict):
            if new != old:
                failed = new if isinstance(new, dict) else old
                message = failed["error"]["message"]
                told = {"_id": row["_id"], "change": "failed", "message": message}
                yield told | {"source": row["source"], "properties": []}
            continue
        before = {entity["_id"]: entity for entity in old}
        after = {entity["_id"]: entity for entity in new}
        for entity_id in dict.fromkeys((*before, *after)):
            told = {"_id": entity_id, "source": row["source"], "properties": []}
            if entity_id not in after:
                yield told | {"change": "deleted"}
            elif entity_id not in before:
                yield told | {"change": "added"}
            elif properties := changes(before[entity_id], after[entity_id]):
                yield told | {"change": "changed", "properties": properties}


def _rules_of(session: Session | None, name: str) -> list[str]:
    """The short paths of the rules that a property goes back to, through what they read of `_T`."""
    if session is None:
        return []
    found: dict[str, None] = {}
    waiting, asked = [name], {name}
    while waiting:
        for path in _blamed(session, waiting.pop()):
            found[session.rules.short(path)] = None
            for read in _read_of_target(session, path) - asked:
                asked.add(read)
                waiting.append(read)
    return list(found)


def _blamed(session: Session, name: str) -> list[str]:
    """The paths of the rules that wrote a property, or did not."""
    path = name if name.isidentifier() else f"$[{json.dumps(name)}]"
    for ask in (session.why, session.why_not):
        try:
            return ask(path).rules
        except DebuggerError:
            continue
    return []


def _read_of_target(session: Session, path: str) -> set[str]:
    """The properties of `_T` that are read within a place; of an `if` in its condition."""
    nodes = session.rules.nodes
    is_block = path in nodes and nodes[path]["kind"] == "transform" and nodes[path]["name"] == "if"
    around = f"{path}[1]" if is_block else path
    return {
        read["name"].split(".")[1]
        for inner, read in nodes.items()
        if is_within(inner, around) and read["name"].startswith("_T.")
    }


def compare(
    node: Node,
    subject: Subject,
    deployed: Any,
    *,
    limit: int | None,
    progress: bool = True,
) -> ThreeWay:
    """Edited rules against the deployed ones and the sink, over `limit` source entities or all.

    At most 1,000 source entities that differ are told.
    """
    when: list[dict[str, Any]] = [{"differs": "stored"}]
    if subject.rules is not None:
        when.insert(0, {"differs": "deployed"})
    found = scan(node, subject, when, hits=MOST, limit=limit, traced=False, progress=progress)
    return ThreeWay(subject, node, deployed, found)
