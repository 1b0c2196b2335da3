"""Guessing the dialect of a CSV file from its beginning.

Each candidate reads the sample; the one whose rows agree best on their number of cells wins, and
among equals the one with more cells, then the more usual one.
"""

from __future__ import annotations

import csv
import io
from typing import Any

DELIMITERS = ",;\t|:"
QUOTES = "\"'"
SAMPLE_ROWS = 200


def sniff(sample: str, *, delimiter: str | None = None) -> dict[str, Any]:
    """Arguments for `csv.reader`: delimiter, quotechar and skipinitialspace."""
    best: tuple[float, int] = (0.0, 1)
    found = {"delimiter": delimiter or ",", "quotechar": '"'}
    for quote in QUOTES:
        if quote not in sample and quote != '"':
            continue
        for candidate in delimiter or DELIMITERS:
            if candidate not in sample:
                continue
            score = _score(sample, candidate, quote)
            if score > best:
                best = score
                found = {"delimiter": candidate, "quotechar": quote}
    return {**found, "skipinitialspace": _has_blanks(sample, **found)}


def _rows(sample: str, delimiter: str, quotechar: str) -> list[list[str]]:
    text = io.StringIO(sample, newline="")
    rows = []
    try:
        for row in csv.reader(text, delimiter=delimiter, quotechar=quotechar):
            if row:
                rows.append(row)
            if len(rows) == SAMPLE_ROWS:
                break
    except csv.Error:
        return []
    return rows


def _score(sample: str, delimiter: str, quotechar: str) -> tuple[float, int]:
    rows = _rows(sample, delimiter, quotechar)
    if not rows:
        return (0.0, 0)
    widths = [len(row) for row in rows]
    width = widths[0]
    if width < 2:
        return (0.0, width)
    agreeing = sum(item == width for item in widths) / len(widths)
    # A quote left inside a cell tells that the file quotes with another character.
    torn = sum(cell[:1] in QUOTES and cell[:1] == cell[-1:] for row in rows for cell in row if cell)
    return (agreeing - torn / sum(widths), width)


def _has_blanks(sample: str, delimiter: str, quotechar: str) -> bool:
    rows = [row for row in _rows(sample, delimiter, quotechar) if len(row) > 1]
    firsts = {cell[:1] for row in rows for cell in row[1:]}
    return " " in firsts and firsts <= {" ", ""}
