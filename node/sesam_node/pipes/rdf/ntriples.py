"""Reading N-Triples line by line, in constant memory."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from sesam_node.errors import InputError, Problem, preview
from sesam_node.pipes.rdf.terms import ABSOLUTE, BLANK, XSD, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from sesam_node.pipes.rdf.terms import Term, Triple

MOST_LINE_CHARACTERS = 32 * 1024 * 1024

_IRI = r'<([^\x00-\x20<>"]*)>'
_BLANK = r"(_:[^\W.][\w.\-·:]*)"
_TEXT = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_TAIL = rf"(?:\^\^{_IRI}|@([a-zA-Z]+(?:-[a-zA-Z0-9]+)*))?"
LINE = re.compile(
    rf"\s*(?:(?:{_IRI}|{_BLANK})\s*{_IRI}\s*(?:{_IRI}|{_BLANK}|{_TEXT}{_TAIL})\s*\.\s*)?(?:\#.*)?",
    re.DOTALL,
).fullmatch
ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
PLAIN = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
SURROGATES = range(0xD800, 0xE000)
LAST_CODE_POINT = 0x10FFFF


def read_ntriples(body: BinaryIO) -> Iterator[tuple[int, Triple]]:
    """Each statement with the number of its line.

    Raises InputError where a line is no statement, or the text no UTF-8.
    """
    text = io.TextIOWrapper(body, encoding="utf-8-sig")
    number = 0
    try:
        while line := text.readline(MOST_LINE_CHARACTERS + 1):
            number += 1
            if len(line) > MOST_LINE_CHARACTERS:
                raise _broken(number, f"it has more than {MOST_LINE_CHARACTERS:,} characters")
            triple = read_line(line, number)
            if triple is not None:
                yield number, triple
    except UnicodeDecodeError as error:
        raise _broken(number + 1, f"it is no UTF-8: {error.reason}") from None
    finally:
        # Whoever opened the body closes it.
        text.detach()


def read_line(line: str, number: int) -> Triple | None:
    """The statement of a line; null for an empty one or a comment. Raises InputError."""
    match = LINE(line)
    if match is None:
        raise _broken(number, f"expected subject, predicate, object and a dot, got {preview(line)}")
    subject, blank, predicate, iri, other, text, datatype, language = match.groups()
    if predicate is None:
        return None
    try:
        value: Term
        if text is not None:
            value = _literal(text, datatype, language)
        else:
            value = other if iri is None else _iri(iri)
        return (blank if subject is None else _iri(subject)), _iri(predicate), value
    except ValueError as error:
        raise _broken(number, str(error)) from None


def _literal(text: str, datatype: str | None, language: str | None) -> Literal:
    kind = None if datatype is None else _iri(datatype)
    return Literal(unescaped(text), None if kind == f"{XSD}string" else kind, language)


def _iri(text: str) -> str:
    iri = unescaped(text)
    if not ABSOLUTE.match(iri):
        raise ValueError(f"<{iri}> is no absolute URI")
    return iri


def unescaped(text: str) -> str:
    """The characters that a text of N-Triples stands for. Raises ValueError."""
    return ESCAPE.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if code:
        number = int(code, 16)
        if number in SURROGATES or number > LAST_CODE_POINT:
            raise ValueError(f"{match[0]} is no character")
        return chr(number)
    if match[3] not in PLAIN:
        raise ValueError(f"{match[0]} is no escape")
    return PLAIN[match[3]]


def labelled(triple: Triple, prefix: str) -> Triple:
    """The triple with other labels of its blank nodes, so that those of several texts differ."""
    subject, predicate, value = triple
    other = value if isinstance(value, Literal) else _labelled(value, prefix)
    return _labelled(subject, prefix), predicate, other


def _labelled(resource: str, prefix: str) -> str:
    return f"{BLANK}{prefix}{resource[2:]}" if resource[:2] == BLANK else resource


def _broken(number: int, message: str) -> InputError:
    return InputError(
        "the N-Triples cannot be read", [Problem(f"line {number}", "broken-rdf", message)]
    )
