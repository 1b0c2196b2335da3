"""Where comments belong: each is given to the value it is about, or to the end of its container."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sesam_node.dtl.written_text import Comment, Written

LINE = re.compile(r"\r\n|\r|\n")
BLANK_LINE = re.compile(r"(?>\r\n|\r|\n)[ \t]*[\r\n]")
ESCAPE = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\.")


@dataclass(slots=True)
class Remark:
    """A comment as it is written out; `blank` says that a blank line is before it."""

    text: str
    is_block: bool
    blank: bool = False

    @property
    def is_inline(self) -> bool:
        """Can other things follow on its line, and it stand on theirs?"""
        return self.is_block and "\n" not in self.text


@dataclass(slots=True)
class Entry:
    """A value in its container, with its key and its comments.

    `own` are on lines before it, `before` on its line, `behind` at the end of its line. `blank`
    says that a blank line is before it (and before `own`, whose remarks have their own).
    """

    node: Written
    key: str = ""
    own: list[Remark] = field(default_factory=list)
    before: list[Remark] = field(default_factory=list)
    behind: list[Remark] = field(default_factory=list)
    blank: bool = False

    @property
    def prefix(self) -> str:
        """What stands on the line before the value."""
        return "".join(f"{remark.text} " for remark in self.before) + self.key

    @property
    def is_bare(self) -> bool:
        """Has it no comments?"""
        return not (self.own or self.before or self.behind)

    @property
    def is_inline(self) -> bool:
        """Can it share its line with what follows?"""
        return not self.own and all(remark.is_inline for remark in self.behind)


@dataclass(slots=True)
class Arranged:
    """A container: `opening` is behind its bracket, `closing` before the other, on own lines."""

    opening: list[Remark]
    entries: list[Entry]
    closing: list[Remark]


def arrange(text: str, container: Written) -> Arranged:
    """The entries of a container in order, with all comments that are directly inside of it."""
    return _Arranger(text, container).run()


class _Arranger:
    def __init__(self, text: str, container: Written) -> None:
        self.text = text
        self.container = container
        self.found = Arranged([], [], [])
        self.end = container.start
        self.last: Entry | None = None
        self.first = True

    def run(self) -> Arranged:
        comments = self.container.comments
        taken = 0
        for position, node in enumerate(self.container.items):
            key = self.container.keys[position] if self.container.keys else None
            entry = Entry(node, f"{literal(self.text, key)}: " if key else "")
            start = key.start if key else node.start
            first = taken
            while taken < len(comments) and comments[taken].start < start:
                taken += 1
            self.gap(comments[first:taken], entry, start)
            if not entry.before:
                entry.blank = self.blank(start)
            self.first = False
            first = taken
            while taken < len(comments) and comments[taken].start < node.start:
                taken += 1
            _take_in(entry, [_remark(comment) for comment in comments[first:taken]])
            self.found.entries.append(entry)
            self.last, self.end = entry, node.end
        self.gap(comments[taken:], None, self.container.end)
        return self.found

    def blank(self, start: int) -> bool:
        """Is there an empty line before what begins at `start`?"""
        if self.first:
            return False
        return BLANK_LINE.search(self.text, self.end, start) is not None

    def gap(self, comments: list[Comment], following: Entry | None, start: int) -> None:
        """Give the comments before `start`, where the `following` value begins, to a value."""
        if not comments:
            return
        begin = self.last.node.end if self.last else max(self.container.start, 0)
        first_break = LINE.search(self.text, begin, start)
        same_line = first_break.start() if first_break else start
        last_break = max(self.text.rfind("\n", begin, start), self.text.rfind("\r", begin, start))
        for comment in comments:
            leads = following is not None and comment.is_block and last_break < comment.end
            self.place(comment, following, behind=comment.start < same_line, leads=leads)
            self.end = comment.end

    def place(
        self, comment: Comment, following: Entry | None, *, behind: bool, leads: bool
    ) -> None:
        """`behind`: it is on the line of what is before it, `leads`: of what follows."""
        remark = _remark(comment)
        last = self.last
        before_comma = last is not None and comment.start < last.node.comma
        if last is not None and behind and (before_comma or not leads):
            last.behind.append(remark)
        elif behind and following is not None and not leads and self.container.start >= 0:
            self.found.opening.append(remark)
        elif following is not None and leads and remark.is_inline:
            if not following.before:
                following.blank = self.blank(comment.start)
            self.first = False
            following.before.append(remark)
        else:
            remark.blank = self.blank(comment.start)
            self.first = False
            (self.found.closing if following is None else following.own).append(remark)


def _take_in(entry: Entry, inner: list[Remark]) -> None:
    """Give the comments between a key and its value to the entry, in order."""
    if all(remark.is_inline for remark in inner):
        entry.before += inner
        return
    remarks = [*entry.before, *inner]
    remarks[0].blank, entry.blank = entry.blank, False
    entry.own += remarks
    entry.before = []


def _remark(comment: Comment) -> Remark:
    """A comment with its lines cleaned; a star before each of them is lined up when written."""
    lines = [line.rstrip() for line in LINE.split(comment.text)]
    if len(lines) > 1 and all(line.lstrip().startswith("*") for line in lines[1:]):
        lines[1:] = [f" {line.lstrip()}" for line in lines[1:]]
    return Remark("\n".join(lines), comment.is_block)


def indented(remark: Remark, indent: str) -> str:
    """A remark for a line with that indentation, which is not put before its first line."""
    first, *rest = remark.text.split("\n")
    if rest and all(line.startswith(" *") for line in rest):
        return "\n".join([first, *(indent + line for line in rest)])
    return remark.text


def own_lines(remarks: list[Remark], indent: str, *, blank: bool = True) -> list[str]:
    """Remarks on lines of their own, with the blank lines before them if these are kept."""
    lines: list[str] = []
    for remark in remarks:
        if remark.blank and blank:
            lines.append("")
        lines.append(indent + indented(remark, indent))
    return lines


def behind(entry: Entry, comma: str = "", indent: str = "") -> str:
    """What stands on the line of an entry after its value."""
    return comma + "".join(f" {indented(remark, indent)}" for remark in entry.behind)


def literal(text: str, node: Written) -> str:
    """A scalar as it is written out: numbers as they are, strings with the fewest escapes."""
    raw = text[node.start : node.end]
    return ESCAPE.sub(_shortest, raw) if "\\" in raw else raw


def _shortest(escape: re.Match[str]) -> str:
    char = str(json.loads(f'"{escape[0]}"'))
    if char.isprintable() and char not in '"\\':
        return char
    short = json.dumps(char)[1:-1]
    return short if short != char else f"\\u{ord(char):04x}"
