r"""The one layout of rules and configurations, with every comment kept at its value.

    from sesam_node.dtl.format import format_text
    format_text('[["copy","*"], // all of it\n["add","x",1,],]')

What a text means stays: values, the order of keys, numbers digit by digit. Strings are written with
the fewest escapes; an invisible character stays as it was written, escaped or not. Comments stay at
what they are about, trailing commas go, lines end with `\n`, the text too.

The layout, `style="compact"`:

- Two spaces for each level. Outside of rules an object has one key per line, a list without objects
  is on one line where it fits into `width`, and the objects of a list follow each other as `}, {`.
- A rule has one transform per line, and so has any list of lists with more than one item: the
  branches of `if` and `case`, the conditions of `where`. Inside of rules all else is on one line
  where it fits.
- A call that does not fit keeps its name and the short arguments behind it on its first line; from
  the first list or object on, arguments are indented, one per line: `["add", "name",`. A call of
  nothing but constants has one per line below its name.
- Objects and branches at the end of a call begin on its line: `["hops", {` to `}]`,
  `["if", CONDITION, [` to `], [` to `]]`; likewise the one argument of a call that has one.
- `case`, `case-eq` and `dict` have one pair per line.
- Between the lines of a rule, an object or a list one blank line is kept where there were some.

`style="portal"` is the layout of Sesam's portal and of `sesam format` of the command line client:
keys in their conventional order, every list in a list on a line of its own. A text without comments
then leaves `sesam format` as it is (numbers apart: the client rewrites `1.50` and `1e3`, which keep
their digits here). In the `expected` folder the client uses plain indented JSON instead.
"""

from __future__ import annotations

from sesam_node.dtl.format.arrange import arrange, behind, own_lines
from sesam_node.dtl.format.compact import Compact
from sesam_node.dtl.format.portal import portal
from sesam_node.dtl.source_text import no_json, read_source
from sesam_node.dtl.written_text import Written, written_text

__all__ = ["STYLES", "format_text"]

STYLES = ("compact", "portal")
MAX_NESTING = 128


def format_text(text: str, *, width: int = 100, style: str = "compact") -> str:
    """A JSON text with comments in its canonical layout; formatting twice changes nothing more.

    `width` is the length of a line that is not passed where the text can be broken; trailing
    comments and long strings may pass it. `style` is one of STYLES, which the module describes.

    Raises InputError with line and column where the text is broken or nested more than MAX_NESTING
    levels deep, also for a property that stands in an object twice.
    """
    if style not in STYLES:
        raise ValueError(f"expected one of {STYLES}, got {style!r}")
    source = read_source(text)
    written = written_text(text)
    deep = _too_deep(written.document)
    if deep is not None:
        raise no_json(source, deep.start, f"nested more than {MAX_NESTING} levels deep")
    document = arrange(text, written.document)
    [entry] = document.entries
    node = entry.node
    value = portal(text, node) if style == "portal" else Compact(text, width).root(node)
    lines = own_lines(entry.own, "")
    if entry.blank and lines:
        lines.append("")
    lines.append(entry.prefix + value + behind(entry))
    lines += own_lines(document.closing, "")
    return "\n".join(lines) + "\n"


def _too_deep(document: Written) -> Written | None:
    """The first list or object that is nested too deep to be laid out, if there is one."""
    level = document.items
    for _ in range(MAX_NESTING):
        level = [inner for node in level for inner in node.items]
    return next((node for node in level if node.kind in ("list", "object")), None)
