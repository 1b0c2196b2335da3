"""Entities and RDF: what becomes of names and values, and that it leads back."""

from __future__ import annotations

import io
import re

import pyoxigraph
import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib.compare import isomorphic

from sesam_node.errors import InputError, PipeError
from sesam_node.pipes.rdf.entities import Graph, Reader, Writer
from sesam_node.pipes.rdf.files import read_graph
from sesam_node.pipes.rdf.names import Names
from sesam_node.pipes.rdf.ntriples import read_ntriples
from sesam_node.pipes.rdf.terms import NIL, RDF, XSD, Literal, lines

NAMESPACES = {"x": "http://x.org/", "foo": "http://foo.org/", "deep": "http://x.org/deep/"}
PREFIXES = """@prefix x: <http://x.org/> . @prefix foo: <http://foo.org/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
URIS, NAMED = Names(NAMESPACES), Names(NAMESPACES, collapses=True)


def text_of(entity, names=URIS):
    return "".join(lines(Writer(names).triples(entity)))


def read(turtle, names=NAMED, **how):
    graph = read_graph(io.BytesIO((PREFIXES + turtle).encode()), "ttl")
    return {entity.pop("_id"): entity for entity in Reader(names, **how).entities(graph)}


def from_lines(text, names=URIS, **how):
    graph = Graph(triple for _, triple in read_ntriples(io.BytesIO(text.encode())))
    return list(Reader(names, **how).entities(graph))


# -- entities to statements ------------------------------------------------------------------------


def test_the_example_of_the_manual():
    entity = {
        "_id": "x:1",
        "x:name": "Entity 1",
        "x:id": "entity-1",
        "foo:prop": [{"x:id": "child"}],
    }
    assert text_of(entity) == (
        '<http://x.org/1> <http://x.org/name> "Entity 1" .\n'
        '<http://x.org/1> <http://x.org/id> "entity-1" .\n'
        "<http://x.org/1> <http://foo.org/prop> _:x1 .\n"
        '_:x1 <http://x.org/id> "child" .\n'
    )


@pytest.mark.parametrize(
    ("name", "iri"),
    [
        ("x:a", "http://x.org/a"),
        ("rdf:type", f"{RDF}type"),
        ("a", "http://example.org/a"),
        ("First Name", "http://example.org/First%20Name"),
        ("x:søk", "http://x.org/søk"),
        ("unknown:a", "unknown:a"),
        ("urn:isbn:1", "urn:isbn:1"),
        ("http://y.org/a", "http://y.org/a"),
        ("<http://y.org/a:b>", "http://y.org/a:b"),
        ("<x:a>", "x:a"),
        ("søk:a", "http://example.org/søk:a"),
        ('x:"> . <', "http://x.org/%22%3E%20.%20%3C"),
    ],
)
def test_a_name_is_an_iri(name, iri):
    assert URIS.iri(name) == iri


@pytest.mark.parametrize(
    ("value", "term"),
    [
        ("text", '"text"'),
        ("~~f1", '"~f1"'),
        ('a "b"\\\n\t', '"a \\"b\\"\\\\\\n\\t"'),
        (True, f'"true"^^<{XSD}boolean>'),
        (12, f'"12"^^<{XSD}integer>'),
        (1.5, f'"1.5"^^<{XSD}double>'),
        ("~f1.50", f'"1.50"^^<{XSD}decimal>'),
        ("~t2024-01-31T12:00:00.5Z", f'"2024-01-31T12:00:00.5Z"^^<{XSD}dateTime>'),
        ("~t2024-01-31", f'"2024-01-31"^^<{XSD}date>'),
        ("~bAP8=", f'"AP8="^^<{XSD}base64Binary>'),
        ("~rhttp://y.org/å", "<http://y.org/å>"),
        ("~:x:1", "<http://x.org/1>"),
        ("~:unknown:1", "<unknown:1>"),
        (
            "~u00000000-0000-4000-8000-000000000000",
            '"00000000-0000-4000-8000-000000000000"',
        ),
        ({"@value": "Hei", "@language": "nb-NO"}, '"Hei"@nb-NO'),
        ({"@value": "P1D", "@type": f"{XSD}duration"}, f'"P1D"^^<{XSD}duration>'),
        ({"@list": []}, f"<{NIL}>"),
    ],
)
def test_a_value_is_a_term(value, term):
    assert text_of({"_id": "x:1", "x:p": value}) == f"<http://x.org/1> <http://x.org/p> {term} .\n"


def test_a_list_repeats_its_predicate_and_what_is_empty_says_nothing():
    entity = {"_id": "x:1", "x:p": [1, None, "a"], "x:none": None, "x:empty": [], "$x": 1, "_y": 2}
    assert text_of(entity) == (
        f'<http://x.org/1> <http://x.org/p> "1"^^<{XSD}integer> .\n'
        '<http://x.org/1> <http://x.org/p> "a" .\n'
    )
    assert text_of({"_id": "x:1", "x:p": 1, "_deleted": True}) == ""


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        ("~rno/uri", '$["x:p"]', '"no/uri" is no absolute URI'),
        ([{"x:q": "~r"}], '$["x:p"]["x:q"]', '"" is no absolute URI'),
        ({"@value": "a", "@language": 'en"'}, '$["x:p"]', "expected a language"),
        ({"@value": "a", "@language": "en", "@type": "x"}, '$["x:p"]', "expected text in"),
        ({"@value": 1}, '$["x:p"]', "expected text in"),
        ("~f1e999999999", '$["x:p"]', "so many digits"),
    ],
)
def test_what_cannot_be_written_is_told_with_its_path(value, path, message):
    with pytest.raises(PipeError) as failure:
        text_of({"_id": "x:1", "x:p": value})
    (problem,) = failure.value.problems
    assert problem.path == path
    assert message in problem.message
    assert 'the entity "x:1"' in str(failure.value)


# -- statements to entities ------------------------------------------------------------------------


def test_subjects_are_entities_named_as_the_pipe_wants():
    turtle = 'x:1 a foo:T ; x:n "a", "b" ; <http://y.org/p> x:2, <http://y.org/2> .'
    assert read(turtle, URIS) == {
        "<http://x.org/1>": {
            f"<{RDF}type>": "~rhttp://foo.org/T",
            "<http://x.org/n>": ["a", "b"],
            "<http://y.org/p>": ["~rhttp://x.org/2", "~rhttp://y.org/2"],
        }
    }
    assert read(turtle) == {
        "x:1": {
            "rdf:type": "~:foo:T",
            "x:n": ["a", "b"],
            "http://y.org/p": ["~:x:2", "~rhttp://y.org/2"],
        }
    }


def test_the_longest_namespace_names_a_uri_and_none_that_does_not_lead_back():
    assert NAMED.name("http://x.org/deep/1") == "deep:1"
    assert NAMED.name("http://x.org/a:b") == "http://x.org/a:b"
    assert NAMED.name("x:1") == "<x:1>"
    assert NAMED.value("x:1") == "~rx:1"
    # Properties that begin with an underscore are the node's own.
    assert NAMED.name("http://example.org/a") == "http://example.org/a"


@pytest.mark.parametrize(
    ("term", "value"),
    [
        ("01", 1),
        ('"-7"^^xsd:long', -7),
        ("1.50", "~f1.50"),
        ("1e2", 100.0),
        ('"0.5"^^xsd:float', 0.5),
        ("true", True),
        ('"1"^^xsd:boolean', True),
        ('"2024-01-31T12:00:00+01:00"^^xsd:dateTime', "~t2024-01-31T11:00:00Z"),
        ('"2024-01-31T12:00:00"^^xsd:dateTime', "~t2024-01-31T12:00:00Z"),
        ('"2024-02-29"^^xsd:date', "~t2024-02-29"),
        ('"AP8="^^xsd:base64Binary', "~bAP8="),
        ('"~f1"', "~~f1"),
        ('"a"^^xsd:string', "a"),
        ('"NaN"^^xsd:double', {"@value": "NaN", "@type": f"{XSD}double"}),
        ('"2024-02-30"^^xsd:date', {"@value": "2024-02-30", "@type": f"{XSD}date"}),
        ('"x"^^xsd:integer', {"@value": "x", "@type": f"{XSD}integer"}),
        ('"P1D"^^xsd:duration', {"@value": "P1D", "@type": f"{XSD}duration"}),
        ('"Hei"@no', {"@value": "Hei", "@language": "no"}),
        ('(1 "a" (x:b))', {"@list": [1, "a", {"@list": ["~:x:b"]}]}),
        ('[ x:q "a" ; x:r [] ]', {"x:q": "a", "x:r": {}}),
    ],
)
def test_a_term_is_a_value(term, value):
    assert read(f"x:1 x:p {term} .") == {"x:1": {"x:p": value}}


def test_plain_literals_are_their_text():
    assert read('x:1 x:p "Hei"@no, "P1D"^^xsd:duration, 1 .', exact=False) == {
        "x:1": {"x:p": [1, "Hei", "P1D"]}
    }


def test_lists_are_sorted_inside_too_or_left_as_they_came():
    turtle = 'x:1 x:p "b", 2, "a" ; x:q [ x:r 3, 1 ] .'
    assert read(turtle) == {"x:1": {"x:p": [2, "a", "b"], "x:q": {"x:r": [1, 3]}}}
    assert read(turtle, sort_lists=False) == {"x:1": {"x:p": ["b", 2, "a"], "x:q": {"x:r": [3, 1]}}}


def test_a_subject_of_which_nothing_is_said_is_deleted():
    assert Reader(NAMED).entity(Graph(), "http://x.org/1") == {"_id": "x:1", "_deleted": True}


def test_blank_nodes_may_not_lead_back_or_multiply():
    def of(*statements):
        from_lines("".join(f"{text} .\n" for text in ("<x:1> <x:p> _:n0", *statements)))

    with pytest.raises(InputError, match="leads back to itself"):
        of("_:n0 <x:p> _:b", "_:b <x:p> _:n0")
    # Each node names the next one twice: thirty of them would be a billion values.
    with pytest.raises(InputError, match="hold more than"):
        of(*(f"_:n{i} <x:{name}> _:n{i + 1}" for i in range(30) for name in "pq"))
    with pytest.raises(InputError, match="nested more than"):
        of(*(f"_:n{i} <x:p> _:n{i + 1}" for i in range(5_000)))


def test_a_long_collection_is_one_list():
    items = " ".join(map(str, range(5_000)))
    assert read(f"x:1 x:p ({items}) .") == {"x:1": {"x:p": {"@list": list(range(5_000))}}}


# -- there and back --------------------------------------------------------------------------------

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
LOCALS = st.lists(st.sampled_from(["a", "b/", "c:", ".", "-_", "å", "%20", "~"]), max_size=4)
IRIS = st.builds(
    lambda base, local: base + "".join(local),
    st.sampled_from(["http://x.org/", "http://foo.org/", "http://y.org/", "urn:a:", "x:a"]),
    LOCALS,
)
TYPED = {
    "integer": st.integers().map(str),
    "boolean": st.sampled_from(["true", "false"]),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False, places=3).map("{:f}".format),
    "double": st.floats(allow_nan=False, allow_infinity=False).map(repr),
    "date": st.dates().map(str) | ANY_TEXT,
    "dateTime": ANY_TEXT,
}
LITERALS = st.one_of(
    ANY_TEXT.map(Literal),
    st.tuples(ANY_TEXT, st.none(), st.sampled_from(["en", "nb-NO"])).map(Literal._make),
    st.tuples(ANY_TEXT, IRIS, st.none()).map(Literal._make),
    *(
        st.tuples(texts, st.just(f"{XSD}{name}"), st.none()).map(Literal._make)
        for name, texts in TYPED.items()
    ),
)
TREES = st.recursive(
    IRIS | LITERALS,
    lambda inner: st.one_of(
        st.dictionaries(IRIS, st.lists(inner, min_size=1, max_size=3), max_size=3),
        st.lists(inner, max_size=3),
    ),
    max_leaves=8,
)


def statements(tree, out, subject=None):
    """The triples of a tree; its dicts are blank nodes, its lists collections."""
    if isinstance(tree, (str, Literal)):
        return tree
    if isinstance(tree, list):
        node = NIL
        for item in reversed(tree):
            before, node = node, f"_:b{len(out)}"
            out.append((node, f"{RDF}rest", before))
            out.append((node, f"{RDF}first", statements(item, out)))
        return node
    node = subject
    if node is None:
        node = f"_:b{len(out)}"
        out.append((node, "http://y.org/is", "http://y.org/node"))
    for predicate, values in tree.items():
        for value in values:
            out.append((node, predicate, statements(value, out)))
    return node


def graph_of(text):
    graph = rdflib.Graph()
    for quad in pyoxigraph.parse(text.encode(), format=pyoxigraph.RdfFormat.N_TRIPLES):
        graph.add(tuple(map(_rdflib_term, (quad.subject, quad.predicate, quad.object))))
    return graph


def _rdflib_term(term):
    if isinstance(term, pyoxigraph.NamedNode):
        return rdflib.URIRef(term.value)
    if isinstance(term, pyoxigraph.BlankNode):
        return rdflib.BNode(term.value)
    datatype = None if term.language else rdflib.URIRef(term.datatype.value)
    plain = str(datatype) == f"{XSD}string"
    return rdflib.Literal(
        term.value, lang=term.language, datatype=None if plain else datatype, normalize=False
    )


@pytest.mark.filterwarnings("ignore::Warning:rdflib")
@pytest.mark.parametrize("names", [URIS, NAMED], ids=["uris", "namespaces"])
@settings(max_examples=50, deadline=None)
@given(
    subjects=st.dictionaries(
        IRIS, st.dictionaries(IRIS, st.lists(TREES, min_size=1, max_size=3), max_size=3), max_size=3
    )
)
def test_statements_come_back_as_they_were(names, subjects):
    triples = []
    for subject, tree in subjects.items():
        statements(tree, triples, subject)
    given_text = "".join(lines(triples))
    writer = Writer(names)
    entities = from_lines(given_text, names)
    back = "".join("".join(lines(writer.triples(entity))) for entity in entities)
    assert isomorphic(graph_of(given_text), graph_of(back)), (entities, back)


VALUES = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0),
        ANY_TEXT.filter(lambda text: text[:1] != "~"),
        st.datetimes().map(lambda t: f"~t{t.replace(microsecond=0).isoformat()}Z"),
        IRIS.map("~r{}".format),
        st.just("~:foo:bar"),
    ),
    lambda inner: st.dictionaries(st.sampled_from(["x:a", "x:b", "foo:å"]), inner, max_size=2),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(properties=st.dictionaries(st.sampled_from(["x:p", "foo:q", "rdf:type"]), VALUES))
def test_entities_come_back_as_they_were(properties):
    entity = {"_id": "x:1", **properties}
    expected = [entity] if properties else []
    # A URI in a namespace comes back as the identifier that it is.
    assert from_lines(text_of(entity), NAMED) == _named(expected)


def _named(value):
    if isinstance(value, dict):
        return {name: _named(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_named(item) for item in value]
    if isinstance(value, str) and value[:2] == "~r":
        return NAMED.value(re.sub(" ", "%20", value[2:]))
    return value


# -- N-Triples -------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(text=ANY_TEXT | st.text('\\uU"005C', max_size=12))
def test_a_text_is_read_alike_by_others(text):
    line = "".join(lines([("http://x.org/1", "http://x.org/p", Literal(text))]))
    (quad,) = pyoxigraph.parse(line.encode(), format=pyoxigraph.RdfFormat.N_TRIPLES)
    assert quad.object.value == text
    ((_, triple),) = read_ntriples(io.BytesIO(line.encode()))
    assert triple[2] == Literal(text)
    # And by readers of SPARQL that replace code points before they look for anything else.
    early = re.sub(r"\\u([0-9A-F]{4})", lambda match: chr(int(match[1], 16)), line)
    (quad,) = pyoxigraph.parse(early.encode(), format=pyoxigraph.RdfFormat.N_TRIPLES)
    assert quad.object.value == text


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("<http://a> <http://b> .", "line 1", "expected subject, predicate, object and a dot"),
        ("# x\n\n<http://a> <b> <http://c> .", "line 3", "<b> is no absolute URI"),
        ('<http://a> <http://b> "a\\x" .', "line 1", "is no escape"),
        ('<http://a> <http://b> "\\uD800" .', "line 1", "is no character"),
        ('<http://a> <http://b> "a" . x', "line 1", "expected subject"),
        (b'<http://a> <http://b> "\xff" .', "line 1", "it is no UTF-8"),
    ],
)
def test_broken_lines_are_told_by_number(text, place, message):
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(InputError) as failure:
        list(read_ntriples(io.BytesIO(data)))
    (problem,) = failure.value.problems
    assert problem.path == place
    assert message in problem.message
