"""A trace as a page of HTML that needs nothing: no kernel, no script, no network."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from sesam_interactive.debugger.recorded import Recorded
from sesam_interactive.debugger.show import line_values
from sesam_interactive.display.json_text import content, pretty
from sesam_node.dtl.trace import why_not_text, why_text
from sesam_node.errors import SesamError, preview

if TYPE_CHECKING:
    from sesam_interactive.debugger.node import Subject

MOST_ENTITIES = 200
MOST_PROPERTIES = 100
STYLE = """
:root { color-scheme: light dark; --line: #8884; --dim: #8889; --mark: #3d7edb22; }
body { font: 14px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 90em; padding: 0 1.5em; }
h1 { font-size: 1.3em; } h2 { font-size: 1em; margin: 1.2em 0 .3em; }
summary { cursor: pointer; padding: .35em .2em; }
details.entity { border-top: 1px solid var(--line); }
details.entity[open] { padding-bottom: 1em; }
pre, td.code { font: 12px/1.5 ui-monospace, monospace; white-space: pre-wrap; margin: 0; }
table { border-collapse: collapse; }
td { padding: 0 .7em; vertical-align: top; }
td.number { text-align: right; opacity: .55; user-select: none; }
td.code { white-space: pre; }
td.value { font: italic 12px/1.5 ui-monospace, monospace; opacity: .85; }
tr:hover { background: var(--mark); }
tr.never { opacity: .5; }
.sides { display: flex; flex-wrap: wrap; gap: 2em; }
.sides > div { flex: 1 1 24em; min-width: 0; }
.failed { color: #d13438; }
"""


def page(document: dict[str, Any], subject: Subject | None = None) -> str:
    """The page: each entity with its source, its output, the rules with values, and why."""
    recorded = Recorded(document, subject)
    entities = recorded.entities
    shown = "".join(
        _entity(recorded, number) for number in range(min(len(entities), MOST_ENTITIES))
    )
    more = len(entities) - MOST_ENTITIES
    if more > 0:
        shown += f"<p>{more:,} more entities are not shown.</p>"
    title = escape(f"Trace of {recorded.subject.title}")
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta http-equiv='Content-Security-Policy' "
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>"
        f"<p>{len(entities):,} entities</p>{shown}</body></html>\n"
    )


def _entity(recorded: Recorded, number: int) -> str:
    recorded.choose(number)
    row = recorded.entities[number]
    version = "" if row["version"] is None else f" version {row['version']}"
    head = f"{preview(row['id'], 80)}{version}: {row['outcome']}, {row['events']:,} steps"
    opened = " open" if len(recorded.entities) == 1 else ""
    failed = ""
    if recorded.error is not None:
        where = recorded.rules.short(recorded.error["path"])
        failed = f"<p class='failed'>{escape(recorded.error['message'])} at {escape(where)}</p>"
    results = "\n".join(pretty(content(one)) for one in recorded.results)
    return (
        f"<details class='entity'{opened}><summary>{escape(head)}</summary>{failed}"
        f"<div class='sides'><div><h2>source</h2><pre>{escape(pretty(recorded.source))}</pre></div>"
        f"<div><h2>result</h2><pre>{escape(results) or 'nothing'}</pre></div></div>"
        f"<h2>rules</h2>{_rules(recorded)}<h2>why</h2>{_why(recorded)}</details>"
    )


def _rules(recorded: Recorded) -> str:
    values = line_values(recorded)
    rows = []
    for number, line in enumerate(recorded.rules.lines, start=1):
        value = values.get(number, "")
        never = " class='never'" if value == "not run" else ""
        rows.append(
            f"<tr{never}><td class='number'>{number}</td><td class='code'>{escape(line)}</td>"
            f"<td class='value'>{escape(value)}</td></tr>"
        )
    return f"<table><tbody>{''.join(rows)}</tbody></table>"


def _why(recorded: Recorded) -> str:
    results = [one for one in recorded.results if "_filtered" not in one]
    if not results:
        try:
            return f"<pre>{escape(why_not_text(recorded.why_not()))}</pre>"
        except SesamError as error:
            return f"<p>{escape(error.message)}</p>"
    parts = []
    for name in list(results[-1])[:MOST_PROPERTIES]:
        try:
            told = why_text(recorded.why(f'$["{name}"]' if not name.isidentifier() else name))
        except SesamError:
            continue
        head = f"{name} = {preview(results[-1][name], 90)}"
        parts.append(
            f"<details><summary>{escape(head)}</summary><pre>{escape(told)}</pre></details>"
        )
    return "".join(parts)
