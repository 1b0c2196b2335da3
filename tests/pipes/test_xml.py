"""XML: the endpoint, the transform, and values that would like to be markup."""

from __future__ import annotations

import pytest
from lxml import etree

from sesam_node.errors import ConfigError, InputError, PipeError


def published(node, *entities, **options):
    sink = {"type": "xml_endpoint", **options}
    node.pipe("out", source={"type": "embedded", "entities": list(entities)}, sink=sink)
    return node.published("out", endpoint="xml").decode()


SHAPE = {
    "_id": "1",
    "name": "Entity 1",
    "id": "entity-1",
    "<foo:tag>": [
        {
            "id": "child",
            "name": "Child entity",
            "<section>": [{"<from>": "0"}, {"<to>": "999"}],
        }
    ],
}


def test_the_manuals_example(memory_node):
    xml = published(
        memory_node,
        SHAPE,
        wrapper="baz",
        **{
            "root-attributes": {
                "xmlns": "http://www.example.org/ns1",
                "xmlns:foo": "http://www.example.org/foo",
                "zoo": "bar",
            }
        },
    )
    root = etree.fromstring(xml)
    assert (root.tag, dict(root.attrib)) == ("{http://www.example.org/ns1}baz", {"zoo": "bar"})
    (tag,) = root
    assert tag.tag == "{http://www.example.org/foo}tag"
    assert dict(tag.attrib) == {"name": "Entity 1", "id": "entity-1"}
    (section,) = tag
    assert dict(section.attrib) == {"id": "child", "name": "Child entity"}
    assert [(etree.QName(item).localname, item.text) for item in section] == [
        ("from", "0"),
        ("to", "999"),
    ]
    assert "\n" not in xml


@pytest.mark.parametrize(
    ("entities", "options", "xml"),
    [
        ([{"_id": "1", "<a>": "x"}], {}, "<a>x</a>"),
        ([{"_id": "1", "<a>": "x"}], {"wrapper": "w"}, "<w><a>x</a></w>"),
        ([], {"wrapper": "w"}, "<w></w>"),
        (
            [{"_id": "1", "b": "2", "<a>": "x"}, {"_id": "2", "<a>": "y"}],
            {"root-attributes": {"b": "1", "c": True}},
            '<a b="2" c="true">x</a><a b="1" c="true">y</a>',
        ),
        (
            [{"_id": "1", "<a>": "x"}],
            {"include-xml-decl": True},
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><a>x</a>',
        ),
        ([{"_id": "1", "<a>": "x"}], {"byte_order_mark": True}, "\ufeff<a>x</a>"),
        ([{"_id": "1", "_deleted": True, "<a>": "x"}], {"wrapper": "w"}, "<w></w>"),
        (
            [{"_id": "1", "_deleted": True, "<a>": "x"}],
            {"skip-deleted-entities": False},
            "<a>x</a>",
        ),
        ([{"_id": "1", "<a>": None}, {"_id": "2", "<a>": ""}], {}, "<a/><a/>"),
        ([{"_id": "1", "<a>": [1, "x", None, [{"<b>": 1}], {"<b>": 1}]}], {}, "<a><b>1</b></a>"),
        ([{"_id": "1", "<a>": {"<b>": {"<c>": False}}}], {}, "<a><b><c>false</c></b></a>"),
        (
            [{"_id": "1", "d": "~f1.50", "t": "~t2024-01-01T00:00:00Z", "n": None, "<a>": 1.5}],
            {},
            '<a d="1.50" t="2024-01-01T00:00:00Z">1.5</a>',
        ),
        ([{"_id": "1", "$ids": ["~:a:b"], "_x": "y", "<a>": "~~:x"}], {}, "<a>~:x</a>"),
    ],
)
def test_entities_as_xml(memory_node, entities, options, xml):
    assert published(memory_node, *entities, **options) == xml


HOSTILE = "</a><script x='y' z=\"q\">&amp;<!-- ]]> \x00\x1b\ufffe \r\n\t"


def test_no_value_becomes_markup(memory_node):
    xml = published(memory_node, {"_id": "1", "v": HOSTILE, "<a>": HOSTILE}, wrapper="w")
    (element,) = etree.fromstring(xml)
    clean = HOSTILE.replace("\x00", "\ufffd").replace("\x1b", "\ufffd").replace("\ufffe", "\ufffd")
    assert (element.text, dict(element.attrib), len(element)) == (clean, {"v": clean}, 0)


@pytest.mark.parametrize(
    ("entity", "message"),
    [
        ({"_id": "1", "a": "x"}, 'expected exactly one property "<tag>" in an object, got ["_id"'),
        ({"_id": "1", "<a>": 1, "<b>": 2}, 'got "<a>", "<b>"'),
        ({"_id": "1", "<a>": {"b": 1}}, 'expected exactly one property "<tag>"'),
        ({"_id": "1", "<a b='c'>": 1}, "is no name of an XML element"),
        ({"_id": "1", "<>": 1}, "is no name of an XML element"),
        ({"_id": "1", "<a>": 1, 'x="y" z': 1}, "is no name of an XML attribute"),
        ({"_id": "1", "<a>": 1, "x": [1]}, 'one value for the attribute "x", got [1]'),
    ],
)
def test_what_has_not_the_form_is_told_with_its_entity(memory_node, entity, message):
    with pytest.raises(PipeError, match=r'^entity "1" cannot be written as XML: ') as caught:
        published(memory_node, entity)
    assert message in str(caught.value)


def test_bad_names_in_the_configuration_are_told_with_their_path(memory_node):
    options = {"wrapper": "a b", "root-attributes": {"<": "x", "ok": [1]}}
    with pytest.raises(ConfigError) as caught:
        published(memory_node, **options)
    assert [problem.path for problem in caught.value.problems] == [
        "$.sink.root-attributes.ok",
        '$.sink.root-attributes["<"]',
        "$.sink.wrapper",
    ]


def test_a_large_document_comes_in_chunks(memory_node):
    memory_node.put("a", *({"_id": str(n), "<a>": "x" * 100} for n in range(2000)))
    memory_node.pipe("out", source="a", sink={"type": "xml_endpoint", "wrapper": "w"})
    from sesam_node.pipes.operations import publish

    chunks = list(publish(memory_node.pipes["out"], memory_node.store, endpoint="xml"))
    assert len(chunks) > 2
    assert len(etree.fromstring(b"".join(chunks))) == 2000


def test_an_xml_endpoint_gives_entities_as_json_too_but_no_csv(memory_node):
    published(memory_node, {"_id": "1", "<a>": 1})
    assert b'"<a>":1' in memory_node.published("out", endpoint="entities")
    with pytest.raises(InputError, match="publishes xml, not csv"):
        memory_node.published("out", endpoint="csv")


def test_attributes_keep_the_order_of_the_rules(memory_node):
    memory_node.put("a", {"_id": "1"})
    rules = [["add", "z", 1], ["add", "b", 2], ["add", "<t>", 3], ["copy", "_id"]]
    memory_node.pipe("out", source="a", rules=rules, sink={"type": "xml_endpoint"})
    assert memory_node.published("out", endpoint="xml") == b'<t z="1" b="2">3</t>'


# ---- the transform -------------------------------------------------------------------------------


def test_the_transform_writes_the_entity_into_a_property(node):
    transform = {
        "type": "xml",
        "xml-property": "xml",
        "root-attributes": {"xmlns": "http://x"},
        "include-xml-decl": True,
    }
    node.put("a", {"_id": "1", "b": "x", "<t>": [{"<u>": "&"}]}, {"_id": "2", "<t>": 1})
    node.put("a", {"_id": "2", "<t>": 1, "_deleted": True})
    node.pipe("b", source="a", transform=transform)
    node.run("b")
    assert node.live("b")["1"]["xml"] == (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        '<t xmlns="http://x" b="x"><u>&amp;</u></t>'
    )
    assert node.live("b")["1"]["<t>"] == [{"<u>": "&"}]


def test_the_transform_takes_only_what_triggers_it(memory_node):
    transform = {"type": "xml", "xml-property": "xml", "trigger_on": {"key": "k", "value": "y*"}}
    entities = [{"_id": "1", "k": "yes", "<a>": 1}, {"_id": "2", "k": "no"}]
    memory_node.pipe("b", source={"type": "embedded", "entities": entities}, transform=transform)
    memory_node.run("b")
    assert memory_node.live("b") == {
        "1": {"k": "yes", "<a>": 1, "xml": '<a k="yes">1</a>'},
        "2": {"k": "no"},
    }


def test_an_entity_without_the_form_fails_by_name(memory_node):
    source = {"type": "embedded", "entities": [{"_id": "7", "x": 1}]}
    memory_node.pipe("b", source=source, transform={"type": "xml", "xml-property": "xml"})
    assert 'entity "7" cannot be written as XML' in memory_node.try_run("b").error
