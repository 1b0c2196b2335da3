"""Terms and triples of RDF, and their text in N-Triples.

A resource is a `str`: an absolute IRI, or a blank node that begins with `_:`. What is written here
is read alike by N-Triples and by SPARQL, whatever a value holds: an IRI has no character that could
end it, and a text no escape that a reader of SPARQL could take for one of a code point.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sesam_node.errors import preview

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

XSD = "http://www.w3.org/2001/XMLSchema#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
FIRST, REST, NIL = f"{RDF}first", f"{RDF}rest", f"{RDF}nil"
BLANK = "_:"

ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
NO_IRI = re.compile(
    r"""[\x00-\x20<>"{}|\\^`\x7f-\x9f\ue000-\uf8ff\ufff0-\uffff]|%(?![0-9A-Fa-f]{2})"""
)
"""What no part of an IRI holds: characters, and a `%` that begins nothing."""

NO_PATH = re.compile(rf"{NO_IRI.pattern}|[\[\]#]")
SERVER = re.compile(r"[^:/?#]+://[^/?#]*")

ESCAPED = re.compile(r'\\[uU]?|["\n\r\t\x08\x0c]')
ESCAPES = {
    "\\": "\\\\",
    # Some readers of SPARQL look for \u before they look for anything else, even behind a \.
    "\\u": "\\\\\\u0075",
    "\\U": "\\\\\\u0055",
    '"': '\\"',
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\x08": "\\b",
    "\x0c": "\\f",
}


class Literal(NamedTuple):
    """A text with a datatype (an IRI; null for plain text) or a language."""

    text: str
    datatype: str | None = None
    language: str | None = None


Term = str | Literal
Triple = tuple[str, str, Term]


def is_blank(term: Term) -> bool:
    """Is it a blank node?"""
    return isinstance(term, str) and term[:2] == BLANK


def quoted_iri(text: str) -> str:
    """The text with what no IRI can hold percent-encoded."""
    if not NO_PATH.search(text):
        return text
    server = SERVER.match(text)
    start = server.end() if server else 0
    path, mark, fragment = text[start:].partition("#")
    head = NO_IRI.sub(_encoded, text[:start])
    return head + NO_PATH.sub(_encoded, path) + mark + NO_PATH.sub(_encoded, fragment)


def _encoded(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


def absolute_iri(text: str) -> str:
    """The IRI that a text is. Raises ValueError where it is not absolute."""
    if not ABSOLUTE.match(text):
        raise ValueError(f"{preview(text)} is no absolute URI")
    return quoted_iri(text)


@lru_cache(4_096)
def _written_name(iri: str) -> str:
    # Predicates and datatypes are few, and each is written many times.
    return f"<{quoted_iri(iri)}>"


def written(term: Term) -> str:
    """The term in N-Triples."""
    if isinstance(term, str):
        return term if term[:2] == BLANK else f"<{quoted_iri(term)}>"
    text = ESCAPED.sub(lambda match: ESCAPES[match[0]], term.text)
    if term.language:
        return f'"{text}"@{term.language}'
    return f'"{text}"^^{_written_name(term.datatype)}' if term.datatype else f'"{text}"'


def statement(triple: Triple) -> str:
    """The line of a triple, without its end."""
    subject, predicate, value = triple
    return f"{written(subject)} {_written_name(predicate)} {written(value)} ."


def lines(triples: Iterable[Triple]) -> Iterator[str]:
    """The lines of N-Triples, each with its end."""
    for triple in triples:
        yield f"{statement(triple)}\n"
