"""`%%dtl --trace`: what the rules did with each entity, step by step, values beside expressions."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_interactive.display.json_text import content
from sesam_interactive.display.progress import in_notebook
from sesam_interactive.magics.look import (
    CELL,
    CODE,
    GREEN,
    RED,
    TABLE,
    entity_text,
    heading,
    note,
    page,
)
from sesam_interactive.magics.result import DtlResult
from sesam_node.dtl.trace.places import MISSING
from sesam_node.dtl.trace.recording import Recording, rules_path
from sesam_node.errors import preview

if TYPE_CHECKING:
    from collections.abc import Iterator

MIME = "application/vnd.sesam.trace+json"
ENTITIES = 3
STEPS = 150
SIBLINGS = 8
WIDTH = 72
BRIEF = 30
TRUNCATED = 1_000_000
"""Bytes of a trace that are put into a notebook; a larger one is only in `.trace`."""


class Step(NamedTuple):
    """One line of a trace: how deep it is, where in the rules, what stood there, what it gave."""

    depth: int
    path: str
    text: str
    value: str = ""
    kind: str = ""


class TraceResult(DtlResult):
    """A result that shows its trace: each transform, what it set, the values it was made of.

    In a notebook a view of the debugger opens; where no kernel runs the steps are there as HTML.
    """

    @classmethod
    def of(cls, result: DtlResult) -> TraceResult:
        """The same result, shown by its trace."""
        made = cls(result.name, result.results)
        vars(made).update(vars(result))
        return made

    def _ipython_display_(self) -> None:
        if not in_notebook() or self.trace is None or not self.trace["entities"]:
            raise NotImplementedError("shown by its other representations")
        from IPython.display import display

        view = self.debug().view()
        bundle = self._repr_mimebundle_()
        bundle["text/html"] = view.beside(bundle["text/html"])
        display(bundle, raw=True)
        view.show_live()

    @property
    def steps(self) -> list[list[Step]]:
        """The lines of the trace, of each entity."""
        document = self.trace
        if document is None:
            return []
        return [list(steps_of(document, at)) for at in range(len(document["entities"]))]

    def __repr__(self) -> str:
        document = self.trace
        lines = [f"trace of {self.summary()}", *self.notes, *self.warnings]
        if document is None:
            return "\n".join([*lines, "there are no rules of DTL to trace"])
        for at in range(min(ENTITIES, len(document["entities"]))):
            lines += ["", *self._entity_text(document, at)]
        return "\n".join([*lines, *self._further(document)])

    def _further(self, document: dict[str, Any]) -> list[str]:
        more = len(document["entities"]) - ENTITIES
        if more <= 0:
            return []
        return ["", f"... and {more} more entities: --entity ID shows one, .trace has them all"]

    def _entity_text(self, document: dict[str, Any], at: int) -> Iterator[str]:
        recording = Recording(document, at)
        yield _title(recording)
        yield f"    _S = {entity_text(content(recording.source))}"
        for step in _shown(steps_of(document, at)):
            left = f"  {step.path:<16}{'  ' * step.depth}{step.text}"
            yield f"{left}{f' = {step.value}' if step.value else ''}"
        for result in recording.results:
            yield f"  → {entity_text(content(result))}"

    def _repr_html_(self) -> str:
        document = self.trace
        remarks = [note(text) for text in [*self.notes, *self.warnings]]
        if document is None:
            remarks.append(note("there are no rules of DTL to trace"))
            return page(heading(f"trace of {self.summary()}"), *remarks)
        shown = range(min(ENTITIES, len(document["entities"])))
        parts = [_entity_html(document, at, is_open=at == 0) for at in shown]
        more = [f"<div>{escape(line)}</div>" for line in self._further(document)]
        return page(heading(f"trace of {self.summary()}"), *remarks, *parts, *more)

    def _repr_mimebundle_(self, **_kinds: Any) -> dict[str, Any]:
        found: dict[str, Any] = {"text/plain": repr(self), "text/html": self._repr_html_()}
        document = self.trace
        if document is not None and len(json.dumps(document)) <= TRUNCATED:
            found[MIME] = document
        return found


def _title(recording: Recording) -> str:
    entity = recording.entity
    source = recording.source
    named = preview(source.get("_id") if isinstance(source, dict) else source)
    version = "" if entity["version"] is None else f", version {entity['version']}"
    cut = "; the record ends at its limit" if entity["truncated"] else ""
    return f"entity {named}{version}, {entity['ns'] / 1e6:.2f} ms{cut}"


def steps_of(document: dict[str, Any], entity: int) -> Iterator[Step]:
    """The lines of one entity's trace, in the order of the rules; each transform ends its own."""
    recording = Recording(document, entity)
    base = f"{rules_path(document)}."
    if recording.events:
        for event in recording.children[0]:
            yield from _steps(recording, event, 0, base)
    error = recording.entity["error"]
    if error:
        yield Step(0, error["path"].removeprefix(base), f"failed: {error['message']}", "", "error")


def _steps(recording: Recording, number: int, depth: int, base: str) -> Iterator[Step]:
    event = recording.events[number]
    path = recording.path(number).removeprefix(base)
    kind, name = event["kind"], event["name"]
    text = f"rule {name}" if kind == "rule" else _source(recording, number)
    output = recording.output(number)
    value = "" if output is MISSING or kind == "rule" else preview(output, WIDTH)
    if "branch" in event:
        text += f"  {_branch(event)}"
    if "error" in event:
        value = f"failed: {event['error']}"
    yield Step(depth, path if kind in ("transform", "rule") else "", text, value, kind)
    for lookup in event.get("lookups", ()):
        yield Step(depth + 1, "", _lookup(recording, lookup), f"{lookup['found']} found", "lookup")
    children = recording.children[number]
    for child in children[:SIBLINGS] if kind == "function" else children:
        yield from _steps(recording, child, depth + 1, base)
    if kind == "function" and len(children) > SIBLINGS:
        yield Step(depth + 1, "", f"... {len(children) - SIBLINGS} more like these", "", "more")
    yield from _written(recording, number, depth + 1)


def _written(recording: Recording, number: int, depth: int) -> Iterator[Step]:
    """What a transform set, removed, emitted or ended."""
    event = recording.events[number]
    for name, value in event.get("sets", {}).items():
        shown = preview(recording.values[value], WIDTH)
        yield Step(depth, "", f"sets {name}", shown, "sets")
    for name in event.get("removes", ()):
        yield Step(depth, "", f"removes {name}", "", "removes")
    for value in event.get("emits", ()):
        yield Step(depth, "", "emits", preview(recording.values[value], WIDTH), "sets")
    if "ends" in event:
        yield Step(depth, "", f"the entity is {event['ends']}", "", "ends")


def _source(recording: Recording, number: int) -> str:
    event = recording.events[number]
    if event["kind"] == "path":
        return str(event["name"])
    raw = recording.raw(number)
    return str(event["name"]) if raw is MISSING else brief(raw)


def brief(raw: Any) -> str:
    """A call on one line: what is long within it is only named, for it has lines of its own."""
    if not isinstance(raw, list):
        return preview(raw, WIDTH)
    parts = []
    for item in raw:
        text = json.dumps(item, ensure_ascii=False)
        if len(text) > BRIEF and isinstance(item, list | dict):
            name = item[0] if isinstance(item, list) and item and isinstance(item[0], str) else None
            named = f"[{json.dumps(name)}, …]" if name else "[…]"
            text = named if isinstance(item, list) else "{…}"
        parts.append(text)
    text = f"[{', '.join(parts)}]"
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def _branch(event: dict[str, Any]) -> str:
    branch, name = event["branch"], event["name"]
    if name == "if":
        return {0: "takes THEN", 1: "takes ELSE"}.get(branch, "takes neither")
    if branch < 0:
        return "" if name in ("and", "or") else "takes none"
    return f"takes argument {branch + 1}" if name == "coalesce" else f"branch {branch + 1}"


def _lookup(recording: Recording, lookup: dict[str, Any]) -> str:
    keys = recording.values[lookup["keys"]] if "keys" in lookup else MISSING
    way = {"": "by _id", None: "reading all of it"}.get(lookup["index"], "by index")
    asked = "" if keys is MISSING else f" {preview(keys, WIDTH // 2)}"
    return f"looks into {lookup['dataset']} {way}{asked}"


def _shown(steps: Iterator[Step]) -> Iterator[Step]:
    for number, step in enumerate(steps):
        if number == STEPS:
            yield Step(0, "", f"... more than {STEPS} steps: .steps and .trace have them all")
            return
        yield step


STYLES = {
    "transform": "font-weight:600",
    "rule": "font-weight:600",
    "sets": f"background:rgba({GREEN},.16);box-shadow:inset 3px 0 rgb({GREEN})",
    "removes": f"background:rgba({RED},.14);box-shadow:inset 3px 0 rgb({RED})",
    "ends": f"background:rgba({RED},.14);box-shadow:inset 3px 0 rgb({RED})",
    "error": f"background:rgba({RED},.14);box-shadow:inset 3px 0 rgb({RED})",
    "lookup": "font-style:italic",
}


def _entity_html(document: dict[str, Any], at: int, *, is_open: bool) -> str:
    recording = Recording(document, at)
    tight = f"{CELL};{CODE};padding:1px 8px;border-top:0"
    rows = []
    for step in _shown(steps_of(document, at)):
        style = f"padding-left:{8 + 16 * step.depth}px;{STYLES.get(step.kind, '')}"
        top = "border-top:1px solid rgba(128,128,128,.35)" if not step.depth else ""
        value = escape(step.value)
        rows.append(
            f'<tr><td style="{tight};opacity:.7;{top}">{escape(step.path)}</td>'
            f'<td style="{tight};{top};{style}">{escape(step.text)}</td>'
            f'<td style="{tight};{top}">{value}</td></tr>'
        )
    source = f"_S = {entity_text(content(recording.source), '')}"
    results = [f"→ {entity_text(content(result), '')}" for result in recording.results]
    code = f'<pre style="{CODE};padding:2px 8px">'
    columns = "".join(f'<col style="width:{width}">' for width in ("14%", "52%", "34%"))
    return (
        f"<details{' open' if is_open else ''}><summary>{escape(_title(recording))}</summary>"
        f"{code}{escape(source)}</pre>"
        f'<table style="{TABLE}"><colgroup>{columns}</colgroup><tbody>{"".join(rows)}</tbody>'
        f"</table>{''.join(f'{code}{escape(one)}</pre>' for one in results)}</details>"
    )
