"""A `%%dtl` cell while it is written: which part the cursor is in, and what feeds its rules."""

from __future__ import annotations

import re
from dataclasses import dataclass

FIRST_LINE = re.compile(r"\s*%%dtl\b(?P<line>[^\n]*)(?P<end>\n?)")
SOURCE = re.compile(r'"source"\s*:\s*\{[^}]*?"dataset"\s*:\s*"([^"]+)"')
VALUED = {
    *("--dataset", "-d", "--limit", "-n", "--entity", "-e", "--where", "-w", "--from"),
    *("--transform", "-o", "--out", "--name", "--diff", "--save", "--project", "--expect"),
}
BIND = re.compile(r"^\s*[A-Za-z_]\w*\s*<<")
WORD = re.compile(r"""'[^']*'?|"[^"]*"?|\S+""")


@dataclass(frozen=True)
class DtlCell:
    """The text of a cell: the line of the magic, and the rules behind it with the cursor's place.

    `offset` is that in `text`; null where the cursor is in the line.
    """

    line: str
    text: str
    offset: int | None

    @property
    def name(self) -> str | None:
        """The pipe or dataset that the line names, or the dataset that a pipe in the text reads."""
        words = WORD.findall(BIND.sub("", self.line))
        found: dict[str, str] = {}
        previous = ""
        for word in words:
            if previous in VALUED:
                found.setdefault(previous, word)
            elif not word.startswith("-"):
                found.setdefault("", word)
            previous = word if previous not in VALUED else ""
        for option in ("--dataset", "-d", "", "--diff", "--save"):
            if option in found:
                return found[option].partition("@")[0]
        source = SOURCE.search(self.text)
        return source[1] if source else None

    @property
    def names_a_dataset(self) -> bool:
        """Is it a dataset that is meant, where a pipe has the same name?"""
        words = self.line.split()
        return "--dataset" in words or "-d" in words or SOURCE.search(self.text) is not None


def dtl_cell(text: str, offset: int) -> DtlCell | None:
    """The cell that a text is; null where it is no `%%dtl` cell."""
    found = FIRST_LINE.match(text)
    if found is None:
        return None
    line, body = found["line"], text[found.end() :]
    if not found["end"] or offset < found.end():
        return DtlCell(line, body, None)
    return DtlCell(line, body, offset - found.end())
