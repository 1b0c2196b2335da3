"""A SPARQL endpoint: queries and updates over the SPARQL 1.1 protocol.

Both are sent as forms, which every store takes. Answers to SELECT are read as JSON, those to
CONSTRUCT as N-Triples, or what else the store can.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from sesam_node.errors import InputError, PipeError, preview
from sesam_node.pipes.rdf.files import ACCEPT, format_of, read_graph

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from sesam_node.pipes.http.answer import Answer
    from sesam_node.pipes.rdf.entities import Graph
    from sesam_node.pipes.systems.url import UrlSystem

FORM = "application/x-www-form-urlencoded"
RESULTS = "application/sparql-results+json"
SINCE, URI = "${since}", "${uri}"
PLAIN_SINCE = re.compile(r"[\w:.+ -]*", re.ASCII).fullmatch
"""What can stand anywhere in a query without ending a text or a URI."""


class Bound(msgspec.Struct):
    """What a variable is bound to: `type` is "uri", "literal" or "bnode"."""

    type: str
    value: str


class _Results(msgspec.Struct):
    bindings: list[dict[str, Bound]]


class _Answer(msgspec.Struct):
    results: _Results


class Endpoint:
    """The endpoint at a URL of a system; updates may have a URL of their own."""

    def __init__(self, system: UrlSystem, url: str, update_url: str | None = None) -> None:
        self._system = system
        self._url = url
        self._update_url = update_url or url

    def select(self, query: str) -> list[dict[str, Bound]]:
        """The rows of a SELECT. Raises PipeError."""
        with self._posted(self._url, "query", query, f"{RESULTS}, application/json;q=0.5") as got:
            try:
                return msgspec.json.decode(got.body.read(), type=_Answer).results.bindings
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                kind = got.headers.get("Content-Type", "")
                text = f"answered {preview(kind)}, which is no result of a SELECT: {error}"
                raise PipeError(f"{self._system}: {got.url} {text}") from None

    def construct(self, query: str) -> Graph:
        """The statements of a CONSTRUCT. Raises PipeError."""
        with self._posted(self._url, "query", query, ACCEPT) as got:
            try:
                return read_graph(got.body, format_of(got.headers.get("Content-Type", "")), got.url)
            except InputError as error:
                message = f"{self._system}: {got.url}: {error.message}"
                raise PipeError(message, error.problems) from None

    def update(self, text: str) -> None:
        """Carry out an update. Raises PipeError."""
        with self._posted(self._update_url, "update", text, "*/*") as got:
            got.body.read()

    def _posted(
        self, url: str, name: str, text: str, accept: str
    ) -> AbstractContextManager[Answer]:
        headers = {"content-type": FORM, "accept": accept}
        body = urlencode({name: text}).encode()
        return self._system.request("POST", url, headers=headers, body=body)


def query_text(given: str | Sequence[str]) -> str:
    """A query that may be given as a list of lines."""
    return given if isinstance(given, str) else "\n".join(given)


def with_since(query: str, since: Any) -> str:
    """The query with `${since}` put in. Raises PipeError for one that is more than a value."""
    text = str(since)
    if SINCE in query and not PLAIN_SINCE(text):
        raise PipeError(f"{preview(text)} cannot be put into a query; it is no time or number")
    return query.replace(SINCE, text)


# -- statements about subjects ---------------------------------------------------------------------

DEEPEST = 8
"""How deep blank nodes of a subject may be nested: each level is a pattern of its own."""

REST = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#rest>"


def patterns(subjects: Sequence[str]) -> Iterator[str]:
    """Graph patterns that find what is said of subjects and of their blank nodes, one a level.

    `subjects` are written IRIs. Each binds `?s ?p ?o`. The nodes of a collection are all of one
    level, however long it is.
    """
    values = f"{{ {' '.join(subjects)} }}"
    yield f"VALUES ?s {values} ?s ?p ?o ."
    path = f"VALUES ?n0 {values} "
    for level in range(1, DEEPEST + 1):
        node = "?s" if level == DEEPEST else f"?n{level}"
        step = f"?n{level - 1} ?p{level} ?c{level} . FILTER(isBlank(?c{level})) "
        if level > 1:
            step += f"FILTER(?p{level} != {REST}) "
        here = path + step
        yield f"{here}?c{level} {REST}* ?s . FILTER(isBlank(?s)) ?s ?p ?o ."
        path = f"{here}?c{level} {REST}* {node} . FILTER(isBlank({node})) "
