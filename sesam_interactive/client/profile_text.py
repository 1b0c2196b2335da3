"""Profiles as text and HTML: a row a property."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from sesam_interactive.display.bars import bar, html_bar, html_spark, spark
from sesam_interactive.frames.profile import bin_text, percent, span, value_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_interactive.frames.profile import PropertyProfile

TOP_SHOWN = 3
FEW, STANDS_OUT, FREQUENT = 12, 1.5, 0.005
MOST_NOTES = 20
Row = dict[str, str]
HEADS = ("property", "types", "filled", "distinct", "least to most", "histogram", "most frequent")
HTML_HEAD = (
    "<tr>"
    + "".join(f"<th style='text-align:left;padding:2px 8px'>{h}</th>" for h in HEADS)
    + "</tr>"
)


def text_row(found: PropertyProfile) -> Row:
    """The row of the text table."""
    return {
        "property": found.path,
        "types": found.type_text,
        "filled": percent(found.filled_share) if found.filled else "none",
        "distinct": distinct_text(found),
        "least to most": span_text(found),
        "histogram": spark([b.count for b in found.histogram]),
        "most frequent": top_text(found),
    }


def distinct_text(found: PropertyProfile) -> str:
    if found.distinct is None:
        return ""
    if found.is_unique and found.filled > 1:
        return "unique"
    return f"{'' if found.is_exact else '≈ '}{found.distinct:,}"


def span_text(found: PropertyProfile) -> str:
    """From where to where: values, or lengths of what has no order."""
    if found.least is not None:
        return span(found.least, found.most)
    if found.lengths is not None:
        least, _, longest = found.lengths
        return f"{span(least, longest)} elements"
    return ""


def top_text(found: PropertyProfile) -> str:
    """The most frequent values with their shares; nothing where no value stands out."""
    if not found.top or not found.distinct or found.top[0][1] < 2:
        return ""
    most, mean = found.top[0][1], found.filled / found.distinct
    if found.distinct > FEW and (most < STANDS_OUT * mean or most < FREQUENT * found.filled):
        return ""
    shown = found.top[:TOP_SHOWN]
    return ", ".join(f"{value_text(v, 18)} {percent(n / found.filled)}" for v, n in shown)


def html_row(found: PropertyProfile) -> str:
    hints = [f"{bin_text(b)}: {b.count:,}" for b in found.histogram]
    null = f"; {found.nulls:,} null" if found.nulls else ""
    cells = [
        f"<b>{escape(found.path)}</b>",
        escape(found.type_text),
        html_bar(found.filled_share, percent(found.filled_share) if found.total else ""),
        escape(distinct_text(found)),
        escape(span_text(found)),
        html_spark([b.count for b in found.histogram], hints),
        escape(top_text(found)) + _html_notes(found),
    ]
    titles = {2: f"{found.filled:,} of {found.total:,}{null}"}
    return (
        "<tr>"
        + "".join(_cell(at, text, titles.get(at, "")) for at, text in enumerate(cells))
        + "</tr>"
    )


def notes_text(properties: Sequence[PropertyProfile]) -> list[str]:
    """What one should know, a line for each property that has notes, alike ones together."""
    by_note: dict[str, list[str]] = {}
    for found in properties:
        for note in found.notes:
            by_note.setdefault(note, []).append(found.path)
    lines = [f"  {', '.join(paths)}: {note}" for note, paths in by_note.items()]
    left = len(lines) - MOST_NOTES
    if left > 0:
        lines = [*lines[:MOST_NOTES], f"  ... and {left:,} notes more"]
    return ["notes", *lines] if lines else []


def _cell(position: int, text: str, title: str) -> str:
    side = "right" if position == 3 else "left"
    hint = f" title='{escape(title, quote=True)}'" if title else ""
    return f"<td style='text-align:{side};vertical-align:top;padding:2px 8px'{hint}>{text}</td>"


def _html_notes(found: PropertyProfile) -> str:
    return "".join(f"<div style='opacity:.75'>{escape(note)}</div>" for note in found.notes)


def one_text(title: str, found: PropertyProfile) -> str:
    """All that is known of one property."""
    lines = [f"{found.path} of {title}: {found.type_text or 'no value'}"]
    lines.append(f"  filled    {found.filled:,} of {found.total:,} ({percent(found.filled_share)})")
    if found.nulls:
        lines.append(f"  null      {found.nulls:,} are there and null")
    if found.distinct is not None:
        about = "" if found.is_exact else "about "
        lines.append(
            f"  distinct  {about}{found.distinct:,}{' (unique)' if found.is_unique else ''}"
        )
    if span := span_text(found):
        lines.append(f"  span      {span}")
    if found.mean is not None:
        lines.append(f"  mean      {found.mean:,.6g}, median {found.quantiles[50]:,.6g}")
    if found.lengths is not None:
        least, mean, longest = found.lengths
        lines.append(f"  length    {least:,} to {longest:,}, mean {mean:,.1f}")
    lines += [f"  note      {note}" for note in found.notes]
    most = max((b.count for b in found.histogram), default=0)
    rows = [(bin_text(b), b.count, most) for b in found.histogram]
    if found.top and (found.top[0][1] > 1 or not rows):
        rows = rows or [(value_text(value, 40), count, found.filled) for value, count in found.top]
    width = max((len(label) for label, _, _ in rows), default=0)
    lines += [
        f"  {label.ljust(width)}  {bar(count / of if of else 0, 24)}  {count:,}"
        for label, count, of in rows
    ]
    return "\n".join(lines)
