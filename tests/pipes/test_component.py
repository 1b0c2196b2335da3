"""The registry knows every type of the manual, built or not."""

from __future__ import annotations

import pytest

from sesam_node.errors import NotBuiltError, PipeError
from sesam_node.pipes.component import (
    Option,
    declare_source,
    factory,
    source,
    spec,
    specs,
)

SOURCES = """binary conditional csv dataset diff_datasets embedded empty excel http_endpoint json
    kafka ldap merge merge_datasets parquet rdf rest sdshare sparql sql union_datasets"""
SINKS = """conditional csv_endpoint dataset elasticsearch excel_endpoint http_endpoint json kafka
    mail null parquet replicated_dataset rest sdshare sms solr sparql sql xml_endpoint"""
TRANSFORMS = """conditional dtl emit_children http json_schema lower_keys properties_to_curies rdf
    rest template undirected_graph upper_keys uris_to_curies xml"""
SYSTEMS = """elasticsearch kafka ldap microservice mssql mssql-azure-dw mysql oracle oracle_tns
    postgresql rest smtp solr sqlite sqlserver twilio url"""


@pytest.mark.parametrize(
    ("kind", "types"),
    [("source", SOURCES), ("sink", SINKS), ("transform", TRANSFORMS), ("system", SYSTEMS)],
)
def test_every_type_of_the_manual_is_declared(kind, types):
    assert [type_ for other, type_ in specs() if other == kind] == types.split()


def test_every_type_and_option_has_a_doc_line():
    def bare(options, path):
        for option in options:
            if not option.doc:
                yield f"{path}.{option.name}"
            yield from bare((*option.fields, *option.each), f"{path}.{option.name}")

    assert [key for key, found in specs().items() if not found.doc] == []
    assert [
        name
        for (kind, type_), found in specs().items()
        for name in bare(found.all_options, f"{kind} {type_}")
    ] == []


def test_defaults_fit_their_options():
    wrong = [
        (key, problem)
        for key, found in specs().items()
        for problem in found.check(
            {
                option.name: option.default
                for option in found.all_options
                if not option.required and option.default is not None
            }
        )
        if problem.code not in ("missing-option", "not-built", "deprecated")
    ]
    assert wrong == []


def test_every_built_type_has_a_factory():
    built = [key for key, found in specs().items() if found.built]
    assert len(built) >= 16
    assert [key for key in built if not callable(factory(*key))] == []


def test_a_type_that_is_not_built_says_so():
    with pytest.raises(NotBuiltError, match='the source type "binary" cannot run in this version'):
        factory("source", "binary")


def test_an_unknown_type_comes_with_the_nearest_one():
    with pytest.raises(PipeError, match='unknown sink type "datset"; did you mean "dataset"'):
        spec("sink", "datset")
    assert spec("system", "system:url").type == "url"


def test_a_type_is_declared_once():
    with pytest.raises(ValueError, match="the source type 'dataset' is declared twice"):
        declare_source("dataset", Option("x", "string"), doc="again")
    with pytest.raises(ValueError, match="declared twice"):
        source("merge")(object)
