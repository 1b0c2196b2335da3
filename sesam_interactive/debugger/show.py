"""A session as text and as HTML: the rules with a marker and values beside, and the variables."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from sesam_interactive.debugger.state import change_text, state_html
from sesam_interactive.display.html import pre
from sesam_node.errors import preview

if TYPE_CHECKING:
    from sesam_interactive.debugger.recorded import Recorded
    from sesam_interactive.debugger.session import Session

AROUND, AROUND_HTML = 6, 14
"""Lines of the rules that are shown before and behind the marked ones."""

VALUE = 48
DIFFERENCES = 20
MARK = "\N{BLACK RIGHT-POINTING TRIANGLE}"
CODE = "font-family:monospace;white-space:pre;padding:0 .6em"
HERE = "background:#f9a82540"


def line_values(session: Recorded) -> dict[int, str]:
    """What stands beside each line: the value of the outermost place that begins there.

    Of a rule nothing is shown: it is all of its transforms.
    """
    found: dict[int, str] = {}
    rules = session.rules
    for path, value in session.values().items():
        if value.kind == "rule":
            continue
        line = rules.line(path)
        if line not in found:
            found[line] = value.text(VALUE)
    return found


def head_text(session: Session) -> str:
    """What is debugged, and where we are in it."""
    row = session.entities[session.entity]
    many = len(session.entities)
    version = "" if row["version"] is None else f" version {row['version']}"
    which = f"{preview(row['id'])}{version}" + (
        f" ({session.entity + 1} of {many})" if many > 1 else ""
    )
    where = f"step {session.position} of {session.end}"
    return f"{session.subject.title}, entity {which}, {where}"


def here_text(session: Session) -> str:
    """The event at the position, in words."""
    event = session.event
    if event is None:
        failed = session.error
        if failed:
            return f"failed at {session.rules.short(failed['path'])}: {failed['message']}"
        if session.entities[session.entity]["outcome"] == "filtered":
            return "done: the entity was filtered"
        return f"done: {len(session.results)} came out"
    short = session.rules.short(session.path)
    return f"at {short}: {event['kind']} {event['name']}"


def marked_lines(session: Session) -> range:
    """The lines of the rules that the position is at; none at the end."""
    if session.event is None:
        return range(0)
    rules, path = session.rules, session.path
    if session.event["kind"] == "rule":
        line = rules.line(path)
        return range(line, line + 1)
    return range(rules.line(path), rules.last_line(path) + 1)


def shown_lines(session: Session, marked: range, around: int) -> range:
    """The lines of the rules that are shown: those about the marked ones, or the last ones."""
    count = len(session.rules.lines)
    last = min(max(marked, default=count) + around, count)
    first = max(min(marked, default=last - around) - around, 1)
    return range(first, last + 1)


def session_text(session: Session) -> str:
    """The session for a terminal: some lines around the marker, then the variables."""
    marked = marked_lines(session)
    values, lines = line_values(session), session.rules.lines
    shown = shown_lines(session, marked, AROUND)
    first, last = shown.start, shown.stop - 1
    out = [head_text(session), here_text(session)]
    if first > 1:
        out.append(f"       ... {first - 1} lines before")
    width = max((len(lines[n - 1]) for n in range(first, last + 1)), default=0)
    for number in range(first, last + 1):
        mark = MARK if number in marked else " "
        beside = f"  {values[number]}" if number in values else ""
        out.append(f"{mark} {number:>4}  {lines[number - 1]:<{width}}{beside}".rstrip())
    if last < len(lines):
        out.append(f"       ... {len(lines) - last} lines more")
    frames = session.frames
    if len(frames) > 1:
        out.append("in " + " > ".join(frame["rule"] for frame in frames))
    out.append(repr(session.state))
    if session.event is None:
        out += [f"out {preview(result, 96)}" for result in session.results[:5]]
        if len(session.results) > 5:
            out.append(f"... {len(session.results) - 5} more")
    out += [f"otherwise {text}" for text in difference_texts(session)]
    out += [f"note: {note}" for note in session.notes]
    return "\n".join(out)


def difference_texts(session: Session) -> list[str]:
    """What comes out otherwise than in the session that this one was made of; a line each."""
    if session.before is None:
        return []
    texts = []
    for one in session.differences[:DIFFERENCES]:
        text = change_text(one) if one["name"] else f"{one['change']} {preview(one['_id'])}"
        texts.append(text)
    more = len(session.differences) - DIFFERENCES
    return [*(texts or ["nothing comes out"]), *([f"... {more} more"] if more > 0 else [])]


def rules_html(session: Session) -> str:
    """The rules line by line, marked where we are, with the values beside.

    Of long rules those lines that are near: a page without scripts cannot scroll to them.
    """
    marked, values = marked_lines(session), line_values(session)
    shown = shown_lines(session, marked, AROUND_HTML)
    total = len(session.rules.lines)
    rows = [_more(shown.start - 1, "before")]
    for number in shown:
        line = session.rules.lines[number - 1]
        style = f" style='{HERE}'" if number in marked else ""
        mark = MARK if number in marked[:1] else ""
        value = escape(values.get(number, ""))
        dim = "opacity:.55" if value == "not run" else "opacity:.85;font-style:italic"
        rows.append(
            f"<tr{style}><td style='text-align:right;opacity:.6;{CODE}'>{mark} {number}</td>"
            f"<td style='text-align:left;{CODE}'>{escape(line)}</td>"
            f"<td style='text-align:left;{CODE};{dim}'>{value}</td></tr>"
        )
    rows.append(_more(total - shown.stop + 1, "more"))
    return (
        "<div style='overflow-x:auto;margin:.6em 0'><table style='border-collapse:collapse'>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _more(count: int, word: str) -> str:
    if count <= 0:
        return ""
    text = f"... {count} lines {word}"
    return f"<tr><td></td><td style='text-align:left;opacity:.6;{CODE}'>{text}</td><td></td></tr>"


def session_html(session: Session) -> str:
    """The session as HTML without scripts."""
    frames = " \N{RIGHTWARDS ARROW} ".join(escape(frame["rule"]) for frame in session.frames)
    notes = "".join(f"<p>{escape(note)}</p>" for note in session.notes)
    texts = "".join(f"<div>{escape(text)}</div>" for text in difference_texts(session))
    otherwise = f"<b>otherwise</b><div style='{CODE}'>{texts}</div>" if texts else ""
    results = ""
    if session.event is None:
        shown = "\n".join(escape(preview(result, 300)) for result in session.results[:5])
        results = f"<b>out</b>{pre(shown, 'white-space:pre-wrap')}"
    return (
        f"<div><b>{escape(head_text(session))}</b><br>{escape(here_text(session))}"
        f"<span style='opacity:.7'> &nbsp; {frames}</span>{rules_html(session)}"
        f"{state_html(session.state)}{results}{otherwise}{notes}</div>"
    )
