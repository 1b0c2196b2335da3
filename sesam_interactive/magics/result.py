"""What a `%%dtl` cell gives: source and target side by side, entities, frames, a trace."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from sesam_interactive.display.json_text import content
from sesam_interactive.frames import to_pandas, to_polars
from sesam_interactive.magics.cell import CellError
from sesam_interactive.magics.look import (
    CODE,
    RED,
    entity_lines,
    entity_text,
    heading,
    marks_of,
    note,
    page,
    rows_table,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sesam_interactive.debugger import Session
    from sesam_node.model import Entity

SHOWN = 10
FRAME_ROWS = 20


class DtlResult:
    """The outcome of a cell over a sample of source entities.

    `entities` are the emitted ones, `rejected` the results that emitted nothing: filtered,
    discarded or failed, each with its source and reason. `trace` is the record of what the rules
    did: a trace document, made when it is first asked for. `warnings` are about the rules, `notes`
    about how they were run. `complete` says whether it is all of the source.
    """

    def __init__(
        self,
        name: str,
        results: Sequence[Mapping[str, Any]],
        *,
        warnings: Sequence[str] = (),
        notes: Sequence[str] = (),
        complete: bool = False,
        trace: Callable[[], dict[str, Any] | None] | None = None,
        subject: Callable[[], tuple[Any, Any]] | None = None,
    ) -> None:
        self.name = name
        self.results = list(results)
        self.warnings = list(warnings)
        self.notes = list(notes)
        self.complete = complete
        self._make_trace = trace
        self._make_subject = subject
        self._trace: dict[str, Any] | None = None

    @property
    def sources(self) -> list[Entity]:
        return [result["source"] for result in self.results]

    @property
    def entities(self) -> list[Entity]:
        return [entity for result in self.results for entity in result.get("emitted") or ()]

    @property
    def rejected(self) -> list[Mapping[str, Any]]:
        return [result for result in self.results if not result.get("emitted")]

    @property
    def errors(self) -> list[Mapping[str, Any]]:
        return [result for result in self.results if result.get("error")]

    @property
    def trace(self) -> dict[str, Any] | None:
        """The trace document of these entities, see `docs/trace-format.md`; null without rules."""
        if self._trace is None and self._make_trace is not None:
            self._trace = self._make_trace()
        return self._trace

    def debug(self) -> Session:
        """The debugger over what was recorded of these entities: steps, values, why, what if.

        Raises CellError where there are no rules to debug. See `docs/debugger.md`.
        """
        from sesam_interactive.client.debug import trace_view
        from sesam_interactive.debugger import Session

        document = self.trace
        if document is None:
            raise CellError("there are no rules of DTL to debug")
        Session.viewer = trace_view
        subject, node = self._make_subject() if self._make_subject else (None, None)
        return Session(document, subject, node)

    def to_polars(self) -> Any:
        """The emitted entities as a polars frame."""
        return to_polars(self.entities)

    def to_pandas(self) -> Any:
        """The emitted entities as a pandas frame."""
        return to_pandas(self.entities)

    def __len__(self) -> int:
        return len(self.entities)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Entity]:
        return iter(self.entities)

    def summary(self) -> str:
        """One line: how many were read, emitted, filtered, discarded, failed."""
        counts = {
            "read": len(self.results),
            "emitted": len(self.entities),
            "filtered": sum(bool(result.get("filtered")) for result in self.results),
            "discarded": sum(bool(result.get("discarded")) for result in self.results),
            "failed": len(self.errors),
        }
        shown = [f"{n} {what}" for what, n in counts.items() if n or what in ("read", "emitted")]
        return f"{self.name}: {', '.join(shown)}"

    def __repr__(self) -> str:
        lines = [self.summary(), *self.notes, *self.warnings]
        for result in self.results[:SHOWN]:
            lines += ["", f"    {entity_text(content(result['source']))}"]
            lines.append(f"  → {outcome(result)}")
        return "\n".join([*lines, *self._more()])

    def _more(self) -> list[str]:
        more = len(self.results) - SHOWN
        return [f"... and {more} more: .entities, .rejected, .to_polars()"] if more > 0 else []

    def _repr_html_(self) -> str:
        rows = [_row(result) for result in self.results[:SHOWN]]
        marks = "+ new, ~ changed, - not in the target" if self.entities else ""
        table = rows_table(("source", "target"), rows, ("50%", "50%")) if rows else ""
        more = "".join(f"<div>{escape(line)}</div>" for line in self._more())
        return page(
            heading(self.summary(), marks),
            *map(note, [*self.notes, *self.warnings]),
            table,
            more,
            self._frame_html(),
        )

    def _frame_html(self) -> str:
        if not self.entities:
            return ""
        try:
            frame = self.to_pandas()
        except ImportError:
            return ""
        html: str = frame.head(FRAME_ROWS).to_html(index=False, max_cols=20, border=0)
        scrolling = f'<div style="overflow-x:auto">{html}</div>'
        return f"<details><summary>as a frame</summary>{scrolling}</details>"


def _row(result: Mapping[str, Any]) -> tuple[str, str]:
    source = content(result["source"])
    emitted = [content(entity) for entity in result.get("emitted") or ()]
    if not emitted:
        colour = f"color:rgb({RED})" if result.get("error") else "opacity:.75"
        text = escape(outcome(result))
        return entity_lines(source, {}), f'<div style="{CODE};{colour}">{text}</div>'
    gone = marks_of(source, emitted[0])[0] if len(emitted) == 1 else {}
    targets = [entity_lines(entity, marks_of(source, entity)[1]) for entity in emitted]
    return entity_lines(source, gone), '<div style="height:8px"></div>'.join(targets)


def outcome(result: Mapping[str, Any]) -> str:
    """What came of a source entity, as text: entities, or why there are none."""
    emitted = result.get("emitted") or ()
    if emitted:
        return "\n".join(f"    {entity_text(content(entity))}" for entity in emitted).lstrip()
    error = result.get("error")
    if error:
        shown = f"\n{error['shown']}" if error.get("shown") else ""
        return f"failed: {error.get('message', error)}{shown}"
    return (
        "filtered: nothing comes out" if result.get("filtered") else "discarded: nothing comes out"
    )
