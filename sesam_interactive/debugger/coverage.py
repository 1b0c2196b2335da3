"""How the rules fare with all entities: what ran how often, gave null, failed, took how long.

The node counts, in portions; counters of portions are folded. What counters do not know, distinct
values and branches of expressions, is told of a sample that is recorded in full.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from sesam_interactive.debugger.errors import wrong
from sesam_interactive.debugger.recording import record
from sesam_interactive.debugger.rules_text import RulesText
from sesam_interactive.debugger.scanning import portions, scan
from sesam_interactive.display.bars import html_bar
from sesam_interactive.display.progress import Progress
from sesam_node.dtl.trace import coverage as coverage_of
from sesam_node.dtl.trace import fold, rates, timings

if TYPE_CHECKING:
    from sesam_interactive.debugger.node import Node, Subject
    from sesam_interactive.debugger.scanning import Hits
    from sesam_interactive.debugger.session import Session

SAMPLE = 200
"""How many entities are recorded in full for distinct values and branches."""

RECORDED = 20
CODE = "text-align:left;font-family:monospace;white-space:pre"
WHAT = ("null", "error", "fired")


@dataclass
class Coverage:
    """What the rules did with `document["entities"]` source entities.

    `places` has a dict by JSON path: `kind, name, fired, share` (of the entities), `null, error`
    (shares of `fired`), `distinct` and `branches` (of the sample), `us` (microseconds of one
    evaluation), `self_us` (without what is within), `total_ms` (of all entities).
    """

    document: dict[str, Any]
    subject: Subject
    node: Node | None = None
    sample: Session | None = None
    complete: bool = True
    interrupted: bool = False

    @cached_property
    def rules(self) -> RulesText:
        return RulesText(self.document)

    @cached_property
    def places(self) -> dict[str, dict[str, Any]]:
        entities = self.document["entities"]
        counted, spent = coverage_of(self.document), timings(self.document)
        sampled = rates(self.sample.document) if self.sample is not None else {}
        found: dict[str, dict[str, Any]] = {}
        for path, figures in counted.items():
            fired, time = figures["fired"], spent.get(path)
            each = time["ns"] / time["count"] / 1000 if time and time["count"] else None
            found[path] = {
                "kind": figures["kind"],
                "name": figures["name"],
                "fired": fired,
                "share": fired / entities if entities else 0.0,
                "null": figures["null"] / fired if fired else None,
                "error": figures["error"] / fired if fired else None,
                "distinct": sampled.get(path, {}).get("distinct"),
                "branches": self.branches.get(path),
                "us": each,
                "self_us": time["self_ns"] / time["count"] / 1000
                if time and time["count"]
                else None,
                "total_ms": None if each is None else each * fired / 1000,
            }
        return found

    @cached_property
    def branches(self) -> dict[str, dict[int, int]]:
        """How often each branch was taken in the sample, by path; -1 is none."""
        found: dict[str, dict[int, int]] = {}
        if self.sample is not None:
            document = self.sample.document
            for entity in document["entities"]:
                for event in entity["events"]:
                    if "branch" in event:
                        counts = found.setdefault(document["paths"][event["path"]], {})
                        counts[event["branch"]] = counts.get(event["branch"], 0) + 1
        return found

    @cached_property
    def never(self) -> list[str]:
        """The places that no entity came to, outermost ones alone."""
        found: list[str] = []
        for path, place in self.places.items():
            inner = any(path.startswith((f"{one}[", f"{one}.")) for one in found)
            if not place["fired"] and not inner:
                found.append(path)
        return found

    def entities(self, path: str, what: str = "null", *, count: int = RECORDED) -> Hits:
        """The first entities of which a place gave "null", had an "error", or was "fired".

        Recorded: `.session` of the answer walks about in them. Raises DebuggerError for another
        word, or where nothing is evaluated at the path.
        """
        if self.node is None:
            raise wrong("there is no node to ask for entities")
        if what not in WHAT:
            raise wrong(f"expected one of {', '.join(WHAT)}, got {what!r}")
        at = self.rules.full(path)
        condition = {"at": at, **({"runs": True} if what == "fired" else {"gives": what})}
        return scan(self.node, self.subject, [condition], hits=count, progress=False)

    def became(self, outcome: str, *, count: int = RECORDED) -> Hits:
        """The first entities that were "filtered", "failed", "ok" or gave "nothing"."""
        if self.node is None:
            raise wrong("there is no node to ask for entities")
        return scan(self.node, self.subject, [{"outcome": outcome}], hits=count, progress=False)

    def rows(self) -> list[dict[str, Any]]:
        """A row a place, in the order of the rules."""
        return [{"path": path, **place} for path, place in self.places.items()]

    def data(self) -> dict[str, Any]:
        """As JSON, for a view: totals, `places` by path, `never`, the rules as text."""
        totals = {
            name: self.document[name] for name in ("entities", "results", "filtered", "errors")
        }
        return {
            **totals,
            "complete": self.complete,
            "places": self.places,
            "never": self.never,
            "text": self.rules.text,
            "base": self.rules.base,
            "spans": {path: list(span) for path, span in self.rules.spans.items()},
        }

    def head(self) -> str:
        """The figures of the whole, in words."""
        of = "all" if self.complete else "the first"
        document, never = self.document, len(self.never)
        text = (
            f"coverage of {self.subject.title}, {of} {document['entities']:,} entities: "
            f"{document['results']:,} came out, {document['filtered']:,} filtered, "
            f"{document['errors']:,} failed"
        )
        text += f"; {never} places never ran" if never else "; every place ran"
        return text + ("; interrupted" if self.interrupted else "")

    def lines(self) -> list[dict[str, Any]]:
        """A dict a line of the rules: its `text`, and figures of what begins there.

        `fired` is that of the outermost place, `null` and `error` the largest on the line.
        """
        found: list[dict[str, Any]] = [{"text": line} for line in self.rules.lines]
        for path, place in self.places.items():
            line = found[self.rules.line(path) - 1]
            if "fired" not in line:
                line |= {"path": path, "share": place["share"], "us": place["us"]}
                line |= {"fired": place["fired"], "null": 0.0, "error": 0.0}
            if not place["fired"] and path in self.never:
                line.setdefault("never", []).append(self.rules.short(path))
            for name in ("null", "error"):
                line[name] = max(line[name], place[name] or 0.0)
            line["distinct"] = place["distinct"] if place["kind"] == "function" else None
        return found

    def __repr__(self) -> str:
        out = [self.head(), f"{'ran':>6} {'null':>6} {'failed':>6} {'µs':>8}"]
        for line in self.lines():
            if "fired" not in line:
                out.append(f"{'':29}  {line['text']}".rstrip())
                continue
            us = "" if line["us"] is None else f"{line['us']:.1f}"
            figures = [share(line["share"]), *(some(line[name]) for name in ("null", "error")), us]
            never = f"   <- never ran: {', '.join(line['never'])}" if "never" in line else ""
            row = "{:>6} {:>6} {:>6} {:>8}".format(*figures)
            out.append(f"{row}  {line['text']}{never}".rstrip())
        return "\n".join(out)

    def _repr_html_(self) -> str:
        rows = "".join(map(_line_html, self.lines()))
        heads = "".join(
            f"<th style='text-align:left'>{name}</th>"
            for name in ("ran", "null", "failed", "µs", "rules")
        )
        return (
            f"<div><b>{escape(self.head())}</b><div style='max-height:75em;overflow:auto'>"
            f"<table style='border-collapse:collapse'><thead><tr>{heads}</tr></thead>"
            f"<tbody>{rows}</tbody></table></div></div>"
        )


def share(value: float) -> str:
    """A share as text: percent, or times where it is more than all."""
    if value > 1.005:
        return f"{value:.1f}x"
    return f"{value:.0%}" if value in (0, 1) or 0.01 <= value <= 0.99 else f"{value:.1%}"


def some(value: float | None) -> str:
    """A share as text, nothing where there is none."""
    return share(value) if value else ""


def _line_html(line: dict[str, Any]) -> str:
    code = f"<td style='{CODE}'>{escape(line['text'])}</td>"
    if "fired" not in line:
        return f"<tr><td></td><td></td><td></td><td></td>{code}</tr>"
    style = "" if line["fired"] else " style='opacity:.45'"
    if "never" in line and line["fired"]:
        never = escape(", ".join(line["never"]))
        code = code.replace("</td>", f" <i style='opacity:.7'>never ran: {never}</i></td>")
    bars = [html_bar(min(line["share"], 1.0), share(line["share"]), 60)]
    for name, colour in (("null", "#d9822b"), ("error", "#d13438")):
        bars.append(html_bar(line[name], some(line[name]), 60, colour) if line[name] else "")
    us = "" if line["us"] is None else f"{line['us']:.1f}"
    cells = "".join(f"<td>{bar}</td>" for bar in bars)
    return f"<tr{style}>{cells}<td style='text-align:right'>{us}</td>{code}</tr>"


def cover(
    node: Node,
    subject: Subject,
    *,
    limit: int | None,
    sample: int = SAMPLE,
    progress: bool = True,
) -> Coverage:
    """Counts the rules over the first `limit` source entities, or all (null), on the node.

    Interrupting ends it between two portions; what has been counted is told.
    """
    asked = {**subject.asked(), "strength": "counters"}
    documents: list[dict[str, Any]] = []
    interrupted, place = False, None
    with Progress(f"coverage of {subject.title}", shown=progress) as shown:
        try:
            for answer in portions(node, "trace", asked, limit=limit):
                documents.append(answer["trace"])
                place = answer.get("next")
                shown.update(sum(document["entities"] for document in documents))
        except KeyboardInterrupt:
            interrupted = True
        if not documents:
            raise wrong("nothing was counted")
        document = fold(documents)
        complete = place is None and not interrupted
        found = Coverage(document, subject, node, None, complete, interrupted)
        counted = document["entities"]
        ended = "; interrupted" if interrupted else ""
        shown.close(f"{shown.title}: {counted:,} entities counted{ended}")
    if sample and document["entities"]:
        found.sample = record(node, subject, limit=min(sample, document["entities"]))
    return found
