"""Turtle, N3 and RDF/XML by rdflib, which is loaded here alone; N-Triples are read without it.

A file of these formats is read as a whole. Nothing is fetched for it: no DTD, no entity and no
import; the short names for prefixes that RDF/XML files declare as entities are let through.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError, InputError, Problem, preview
from sesam_node.pipes.rdf.entities import Graph
from sesam_node.pipes.rdf.ntriples import read_ntriples
from sesam_node.pipes.rdf.terms import ABSOLUTE, XSD, Literal

if TYPE_CHECKING:
    from typing import BinaryIO

    from sesam_node.pipes.rdf.terms import Term

FORMATS = ("nt", "ttl", "n3", "xml")
TYPES = {
    "application/n-triples": "nt",
    "text/plain": "nt",
    "text/ntriples": "nt",
    "application/ntriples": "nt",
    "text/turtle": "ttl",
    "application/turtle": "ttl",
    "application/x-turtle": "ttl",
    "text/n3": "n3",
    "text/rdf+n3": "n3",
    "application/rdf+xml": "xml",
    "application/xml": "xml",
    "text/xml": "xml",
}
"""Content types, and those that older servers send."""

ACCEPT = "application/n-triples, text/turtle;q=0.9, application/rdf+xml;q=0.8, text/plain;q=0.5"
LONGEST_ENTITY = 1_000


def format_of(content_type: str, otherwise: str = "nt") -> str:
    """The format that a content type means."""
    return TYPES.get(content_type.partition(";")[0].strip().lower(), otherwise)


def read_graph(body: BinaryIO, form: str, base: str = "") -> Graph:
    """All statements of a text; relative URIs in it are relative to `base`. Raises InputError."""
    if form == "nt":
        return Graph(triple for _, triple in read_ntriples(body))
    return _by_rdflib(body, form, base if ABSOLUTE.match(base) else "http://example.org/")


def _by_rdflib(body: BinaryIO, form: str, base: str) -> Graph:
    try:
        import rdflib
    except ImportError:
        text = "this format of RDF needs rdflib: install sesam-interactive[rdf]"
        raise ConfigError(text) from None
    # Literals are to be what is written. What is wrong with one of them is no matter for the log.
    rdflib.NORMALIZE_LITERALS = False
    logging.getLogger("rdflib").setLevel(logging.ERROR)
    found = Graph()

    class Collecting(rdflib.Graph):
        """A graph that keeps the order of its statements."""

        def add(self, triple: Any) -> Any:
            subject, predicate, value = triple
            if all(isinstance(part, rdflib.term.Identifier) for part in triple):
                found.add((_resource(subject), str(predicate), _term(value)))
            return self

    def _resource(term: Any) -> str:
        return f"_:{term}" if isinstance(term, rdflib.BNode) else str(term)

    def _term(term: Any) -> Term:
        if not isinstance(term, rdflib.Literal):
            return _resource(term)
        datatype = None if term.datatype is None else str(term.datatype)
        plain = datatype == f"{XSD}string"
        return Literal(str(term), None if plain else datatype, term.language)

    try:
        if form == "xml":
            _read_xml(body, Collecting(), base)
        elif form == "n3":
            # Its formulas are in graphs of their own, so that its parser wants a real store.
            graph = Collecting()
            for triple in rdflib.Graph().parse(body, format="n3", publicID=base):
                graph.add(triple)
        else:
            Collecting().parse(body, format="turtle", publicID=base)
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - rdflib raises what its parsers raise
        raise _broken(form, error) from None
    return found


def _read_xml(body: BinaryIO, graph: Any, base: str) -> None:
    from xml.sax import handler, xmlreader
    from xml.sax.expatreader import ExpatParser

    from rdflib.plugins.parsers.rdfxml import RDFXMLHandler

    class Careful(ExpatParser):
        """A parser of XML that fetches nothing and lets through short plain entities only."""

        def reset(self) -> None:
            super().reset()
            parser: Any = self._parser  # type: ignore[attr-defined]
            parser.EntityDeclHandler = self._declared
            parser.ExternalEntityRefHandler = None
            parser.StartDoctypeDeclHandler = self._document_type

        def _declared(self, name: str, is_parameter: int, value: str | None, *_more: Any) -> None:
            plain = value is not None and not is_parameter and "&" not in value
            if value is None or not plain or len(value) > LONGEST_ENTITY:
                raise _unsafe(f'it declares the entity "{name}", which is not a short plain text')

        def _document_type(self, _name: str, system: str | None, *_more: Any) -> None:
            if system is not None:
                raise _unsafe(f"its document type is in another file, {preview(system)}")

    parser = Careful()
    parser.setFeature(handler.feature_namespaces, 1)
    parser.setFeature(handler.feature_external_ges, 0)
    source = xmlreader.InputSource(base)
    source.setByteStream(body)
    content: Any = RDFXMLHandler(graph)
    content.setDocumentLocator(source)
    parser.setContentHandler(content)
    parser.setErrorHandler(handler.ErrorHandler())
    parser.parse(source)


def _unsafe(message: str) -> InputError:
    problem = Problem("", "unsafe-xml", message, "nothing is fetched, and no entity taken apart")
    return InputError("the RDF/XML cannot be read", [problem])


def _broken(form: str, error: Exception) -> InputError:
    title = {"ttl": "Turtle", "n3": "N3", "xml": "RDF/XML"}[form]
    message = " ".join(str(error).split())[:300] or type(error).__name__
    return InputError(f"the {title} cannot be read", [Problem("", "broken-rdf", message)])
