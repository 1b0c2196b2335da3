"""The rdf source and the rdf transform."""

from __future__ import annotations

import resource
import sys

import pytest
from page_examples import page_components
from web_server import Reply

TURTLE = """@prefix x: <http://x.org/> .
x:1 x:name "Ada" ; x:knows x:2 ; x:home [ x:city "Oslo" ] .
x:2 x:name "Bo"@nb .
"""
XML = """<?xml version="1.0"?>
<!DOCTYPE rdf:RDF [<!ENTITY x "http://x.org/">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:x="http://x.org/">
  <rdf:Description rdf:about="&x;1"><x:name>Ada</x:name></rdf:Description>
</rdf:RDF>
"""


@pytest.fixture
def files(tmp_path, memory_node):
    memory_node.more = {
        "systems": {
            "files": {"_id": "files", "type": "system:url", "url_pattern": f"{tmp_path}/%s"}
        },
        "metadata": {"namespaces": {"default": {"x": "http://x.org/"}}},
        "allow_files": True,
    }

    def write(text, **options):
        (tmp_path / "f.rdf").write_bytes(text if isinstance(text, bytes) else text.encode())
        source = {"type": "rdf", "system": "files", "url": "f.rdf", **options}
        named = options.pop("namespaced_identifiers", True)
        source.pop("namespaced_identifiers", None)
        memory_node.pipe("got", source=source, namespaced_identifiers=named)
        return memory_node

    return write


def test_subjects_of_turtle_are_entities(files):
    node = files(TURTLE, format="ttl")
    node.run("got")
    assert node.live("got") == {
        "x:1": {"x:name": "Ada", "x:knows": "~:x:2", "x:home": {"x:city": "Oslo"}},
        "x:2": {"x:name": {"@value": "Bo", "@language": "nb"}},
    }


def test_literals_may_be_plain_and_names_uris(files):
    node = files(TURTLE, format="ttl", literals="plain", namespaced_identifiers=False)
    node.run("got")
    assert node.live("got")["<http://x.org/2>"] == {"<http://x.org/name>": "Bo"}


def test_rdf_xml_and_what_it_must_not_do(files):
    files(XML, format="xml").run("got")
    for declared in ('SYSTEM "file:///etc/passwd"', '"&lt;a&amp;b;"', f'"{"a" * 2_000}"'):
        node = files(XML.replace('"http://x.org/">]', f"{declared}>]"), format="xml")
        assert "unsafe-xml" in node.try_run("got").error
    outside = XML.replace('[<!ENTITY x "http://x.org/">]', 'SYSTEM "http://127.0.0.1:1/x.dtd"')
    assert "nothing is fetched" in files(outside, format="xml").try_run("got").error


def test_without_rdflib_the_extra_is_named_and_n_triples_are_read(files, monkeypatch):
    monkeypatch.setitem(sys.modules, "rdflib", None)
    error = files(TURTLE, format="ttl").try_run("got").error
    assert "needs rdflib: install sesam-interactive[rdf]" in error
    files('<http://x.org/1> <http://x.org/p> "a" .\n').run("got")


def test_a_file_that_is_gone_keeps_nothing_and_a_broken_one_deletes_nothing(files):
    node = files('<http://x.org/1> <http://x.org/p> "a" .\n')
    node.run("got")
    result = files('<http://x.org/2> <http://x.org/p> "a" .\n<broken').try_run("got")
    assert not result.success
    assert "line 2" in result.error
    assert list(node.live("got")) == ["x:1"]
    files('<http://x.org/2> <http://x.org/p> "a" .\n').run("got")
    assert list(node.live("got")) == ["x:2"]


def test_a_file_from_a_server_is_read_in_its_format(web, memory_node):
    server = web(lambda _asked: Reply(TURTLE.encode(), headers={"Content-Type": "text/turtle"}))
    memory_node.more = {"systems": {"s": {"_id": "s", "type": "system:url", "url_pattern": "%s"}}}
    source = {"type": "rdf", "system": "s", "url": f"{server.url}/f.ttl", "format": "ttl"}
    memory_node.pipe("got", source=source)
    memory_node.run("got")
    assert list(memory_node.live("got")) == ["<http://x.org/1>", "<http://x.org/2>"]


# -- sorted files ----------------------------------------------------------------------------------


def test_a_sorted_file_gives_what_an_unsorted_reading_gives(files):
    text = "".join(
        f'<http://x.org/{number:04}> <http://x.org/{name}> "{number}" .\n'
        for number in range(2_500)
        for name in ("p", "q")
    )
    node = files(text, is_sorted=True)
    node.run("got")
    found = node.live("got")
    assert len(found) == 2_500
    files(text)
    node.run("got", "full")
    assert node.live("got") == found


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["<x:2> <x:p> <x:1>", "<x:1> <x:p> <x:1>"], 'line 2: "x:1" comes after'),
        (["<x:1> <x:p> <x:1>", "<x:2> <x:p> _:b"], "line 2: _:b is a blank node"),
    ],
)
def test_a_file_that_is_not_sorted_fails_before_it_loses_anything(files, lines, message):
    result = files("".join(f"{line} .\n" for line in lines), is_sorted=True).try_run("got")
    assert message in result.error


def test_a_sorted_file_is_read_in_constant_memory(files, tmp_path):
    node = files("")
    with (tmp_path / "f.rdf").open("w", encoding="utf-8") as file:
        for number in range(40_000):
            file.write(f'<http://x.org/{number:07}> <http://x.org/p> "{"a" * 1_000}" .\n')
    source = {"type": "rdf", "system": "files", "url": "f.rdf", "is_sorted": True}
    node.pipe("out", source=source, sink={"type": "null"})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    node.run("out")
    # The file has 40 MB; what is read of it is held in batches of a thousand.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 15_000


# -- the transform ---------------------------------------------------------------------------------


def test_the_transform_puts_n_triples_into_a_property(memory_node):
    memory_node.more = {"metadata": {"namespaces": {"default": {"x": "http://x.org/"}}}}
    memory_node.put("in", {"_id": "x:1", "x:name": "Ada", "x:kid": [{"x:name": "Bo"}]})
    memory_node.pipe("out", source="in", transform={"type": "rdf", "rdf-property": "rdf"})
    memory_node.run("out")
    assert memory_node.live("out")["x:1"]["rdf"] == (
        "<http://x.org/1> <http://x.org/kid> _:x1 .\n"
        '_:x1 <http://x.org/name> "Bo" .\n'
        '<http://x.org/1> <http://x.org/name> "Ada" .\n'
    )
    # What is there already takes no part: run again the text is the same.
    memory_node.pipe("again", source="out", transform={"type": "rdf", "rdf-property": "rdf"})
    memory_node.run("again")
    assert memory_node.live("again") == memory_node.live("out")


def test_an_entity_that_cannot_be_written_is_told_with_its_path(memory_node):
    memory_node.put("in", {"_id": "1", "p": 1}, {"_id": "2", "p": "~rbad"})
    memory_node.pipe("out", source="in", transform={"type": "rdf", "rdf-property": "rdf"})
    result = memory_node.try_run("out")
    assert '$.p: "bad" is no absolute URI' in result.error
    assert list(memory_node.live("out")) == ["1"]


# -- the page --------------------------------------------------------------------------------------


def test_the_example_of_the_page_runs(tmp_path, memory_node):
    components = page_components("rdf")
    system = {**components["vocabularies"], "url_pattern": f"{tmp_path}/%s"}
    (tmp_path / "countries.ttl").write_text(
        "@prefix ex: <http://example.com/country/> .\n"
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
        'ex:no rdfs:label "Norway"@en, "Norge"@nb ; ex:people 5550203 .\n'
    )
    memory_node.more = {
        "systems": {"vocabularies": system},
        "metadata": {"namespaces": {"default": {"country": "http://example.com/country/"}}},
        "allow_files": True,
    }
    for name in ("country", "country-name", "country-triples"):
        pipe = components[name]
        memory_node.pipe(name, **{key: pipe[key] for key in pipe if key not in ("_id", "type")})
        memory_node.run(name)
    assert memory_node.live("country-name") == {
        "country:no": {"country-name:name": "Norway", "country-name:people": 5550203}
    }
    triples = memory_node.live("country-triples")["country:no"]["triples"].splitlines()
    assert (
        '<http://example.com/country/no> <http://www.w3.org/2000/01/rdf-schema#label> "Norge"@nb .'
        in triples
    )
