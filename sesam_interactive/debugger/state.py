"""What the variables hold at a position, before and after the event there, and what it changed."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from sesam_interactive.display.html import table
from sesam_node.dtl.trace import state as state_of
from sesam_node.dtl.trace.places import same
from sesam_node.errors import preview

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.dtl.trace.recording import Recording

ADDED, CHANGED, REMOVED = "added", "changed", "removed"
COLOURS = {ADDED: "#2e7d3233", CHANGED: "#f9a82533", REMOVED: "#c6282833"}
SIGNS = {ADDED: "+", CHANGED: "~", REMOVED: "-"}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What became different: `{"name", "change", "old", "new"}`, in the order of the properties.

    `change` is "added", "changed" or "removed"; `old` or `new` is left out where there is none.
    """
    found: list[dict[str, Any]] = []
    for name in dict.fromkeys((*before, *after)):
        if name not in after:
            found.append({"name": name, "change": REMOVED, "old": before[name]})
        elif name not in before:
            found.append({"name": name, "change": ADDED, "new": after[name]})
        elif not same(before[name], after[name]):
            found.append({"name": name, "change": CHANGED, "old": before[name], "new": after[name]})
    return found


@dataclass
class State:
    """The variables at a position: `before` and `after` the event there.

    Each is `{"rule", "_S", "_T", "_P"}`, where `_P` is the same of the rule that applied this one,
    or null. At the end both are what the rules left.
    """

    before: dict[str, Any]
    after: dict[str, Any]

    @property
    def source(self) -> Any:
        """`_S`."""
        return self.before["_S"]

    @property
    def target(self) -> dict[str, Any]:
        """`_T` before the event."""
        found: dict[str, Any] = self.before["_T"]
        return found

    @property
    def parent(self) -> dict[str, Any] | None:
        """`_P`: the variables of the rule that applied this one."""
        found: dict[str, Any] | None = self.before["_P"]
        return found

    @property
    def changes(self) -> list[dict[str, Any]]:
        """What the event does to `_T`."""
        return changes(self.before["_T"], self.after["_T"])

    def data(self) -> dict[str, Any]:
        """As JSON: `before`, `after` and `changes`."""
        return {"before": self.before, "after": self.after, "changes": self.changes}

    def __repr__(self) -> str:
        lines = [f'rule "{self.before["rule"]}"', f"_S  {preview(self.source, 96)}"]
        parent, depth = self.parent, "_P"
        while parent is not None:
            lines.append(f'{depth}  {preview(parent["_S"], 90)}  in rule "{parent["rule"]}"')
            parent, depth = parent["_P"], f"{depth}._P"
        lines.append(f"_T  {preview(self.target, 96)}")
        lines += [f"    {change_text(one)}" for one in self.changes]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return state_html(self)


def change_text(change: Mapping[str, Any], width: int = 60) -> str:
    """One change on a line: `+ name: "ADA"`, `~ n: 1 → 2`, `- x: 3`."""
    shown = [preview(change[side], width) for side in ("old", "new") if side in change]
    text = " \N{RIGHTWARDS ARROW} ".join(shown)
    return f"{SIGNS[change['change']]} {change['name']}: {text}"


def state_html(state: State) -> str:
    """The variables as tables: `_S`, and `_T` with what the event changes marked."""
    source = state.source if isinstance(state.source, dict) else {"value": state.source}
    heads = [f"<b>_S</b>{_properties(source)}", f"<b>_T</b>{_target(state)}"]
    if state.parent is not None:
        rows = []
        parent: dict[str, Any] | None = state.parent
        while parent is not None:
            row = {"rule": parent["rule"], "_S": preview(parent["_S"], 80)}
            rows.append(row | {"_T": preview(parent["_T"], 80)})
            parent = parent["_P"]
        heads.append(f"<b>_P</b>{table(rows)}")
    cells = "".join(f"<div style='min-width:14em;flex:1 1 0'>{one}</div>" for one in heads)
    return f"<div style='display:flex;flex-wrap:wrap;gap:1.5em'>{cells}</div>"


def _properties(entity: Mapping[str, Any]) -> str:
    rows = [{"property": name, "value": preview(value, 80)} for name, value in entity.items()]
    return table(rows)


def _target(state: State) -> str:
    changed = {one["name"]: one for one in state.changes}
    rows = "".join(
        _row(name, changed.get(name), value)
        for name, value in {**state.after["_T"], **state.target}.items()
    )
    return f"<table><tbody>{rows}</tbody></table>" if rows else "<p><i>empty</i></p>"


def _row(name: str, change: Mapping[str, Any] | None, value: Any) -> str:
    shown = preview(value, 80)
    style = ""
    if change is not None:
        style = f"background:{COLOURS[change['change']]}"
        shown = change_text(change, 50).split(": ", 1)[1]
        name = f"{SIGNS[change['change']]} {name}"
    return (
        f"<tr style='{style}'><td style='text-align:left'>{escape(name)}</td>"
        f"<td style='text-align:left'>{escape(shown)}</td></tr>"
    )


def state_at(recording: Recording, position: int) -> State:
    """The variables at a position of a recorded entity; its end is behind the last event."""
    document, entity = recording.document, recording.position
    if not recording.events:
        nothing = {"rule": "default", "_S": recording.source, "_T": {}, "_P": None}
        return State(nothing, nothing)
    if position >= len(recording.events):
        left = state_of(document, entity, 0, after=True)
        return State(left, left)
    return State(
        state_of(document, entity, position), state_of(document, entity, position, after=True)
    )
