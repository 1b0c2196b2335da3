"""What is wrong with the values of options is told when a configuration is uploaded."""

from __future__ import annotations

import pytest

from sesam_node.config.document import Document
from sesam_node.config.validate import validate
from sesam_node.pipes.component import specs

EMPTY = {"_id": "p", "type": "pipe", "source": {"type": "empty"}}
CASES = {
    "a broken JSON schema": (
        {**EMPTY, "transform": [{"type": "json_schema", "schema": {"items": {"type": "objekt"}}}]},
        [
            (
                "$.transform[0].schema.items.type: 'objekt' is not valid under any of the given "
                "schemas [broken-schema]"
            )
        ],
    ),
    "a JSON schema among alternatives that refers to another": (
        {
            **EMPTY,
            "transform": {
                "type": "conditional",
                "condition": "a",
                "alternatives": {
                    "a": {"type": "json_schema", "schema": {"$ref": "http://example.org/x"}}
                },
            },
        },
        [
            (
                '$.transform.alternatives.a.schema.$ref: "http://example.org/x" leads nowhere; '
                "a reference leads to a part of the schema itself [unknown-reference]"
            )
        ],
    ),
    "a schema URL without a system": (
        {**EMPTY, "transform": {"type": "json_schema", "schema_url": "x"}},
        ['$.transform: "schema_url" needs a "system" [missing-option]'],
    ),
    "names that are none in XML": (
        {
            **EMPTY,
            "sink": {"type": "xml_endpoint", "wrapper": "a b"},
            "transform": {"type": "xml", "xml-property": "x", "root-attributes": {"1": "x"}},
        },
        [
            (
                '$.sink.wrapper: expected the name of an XML element or attribute, got "a b"; '
                'as "person" or "p:person" [bad-name]'
            ),
            (
                "$.transform.root-attributes.1: expected the name of an XML element or attribute, "
                'got "1"; as "person" or "p:person" [bad-name]'
            ),
        ],
    ),
    "a retry strategy for no status": (
        {
            "_id": "s",
            "type": "system:url",
            "url_pattern": "x/%s",
            "retry_strategy": {"4xx": {}, "429, 500-504": {}, "default": {}},
        },
        [
            (
                '$.retry_strategy.4xx: expected HTTP statuses, got "4xx"; as "429", "400-428", '
                '"500,502", or "default" [bad-status]'
            )
        ],
    ),
    "a url system without a URL": (
        {"_id": "s", "type": "system:url"},
        ['$: "url_pattern" or "base_url" is missing in system:url [missing-option]'],
    ),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_flaws_of_a_component(case):
    component, lines = CASES[case]
    checked = validate(Document.from_list([component]), {}, specs())
    found = [problem for problem in checked.problems if problem.level == "error"]
    assert [str(problem).partition(" ")[2] for problem in found] == lines
