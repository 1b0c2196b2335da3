"""A small registry of component types, so that the checks are tested apart from the real ones."""

from __future__ import annotations

import pytest

from sesam_node.config import ComponentSpec, Document, Option, validate

SPECS = [
    ComponentSpec(
        "source",
        "dataset",
        (Option("dataset", "string", doc="the id of the dataset"),),
        reads="dataset",
        fixed=True,
    ),
    ComponentSpec(
        "source", "union_datasets", (Option("datasets", "string-list"),), reads="datasets"
    ),
    ComponentSpec("source", "embedded", (Option("entities", "array"),), namespaces=True),
    ComponentSpec("source", "http_endpoint", scheduled=False, namespaces=True),
    ComponentSpec(
        "source",
        "json",
        (
            Option("system", "string", doc="the id of the system"),
            Option("url", "string"),
            Option("page_size", "integer", None, least=1),
            Option("headers", "object", None),
        ),
        namespaces=True,
        system_types=("url", "rest"),
    ),
    ComponentSpec("source", "kafka", built=False),
    ComponentSpec("transform", "dtl", (Option("rules", "dtl-rules"),)),
    ComponentSpec("transform", "emit_children"),
    ComponentSpec("sink", "dataset", (Option("dataset", "string", None),), writes=True),
    ComponentSpec("sink", "http_endpoint", scheduled=False, namespaces=True),
    ComponentSpec("sink", "null"),
    ComponentSpec(
        "system",
        "url",
        (
            Option("url_pattern", "string", None),
            Option("base_url", "string", None, deprecated='use "url_pattern"'),
            Option("password", "string", None, secret=True),
            Option("port", "integer", None),
            Option("authentication", "string", None, choices=("basic", "digest")),
        ),
        one_of=(("url_pattern", "base_url"),),
    ),
    ComponentSpec("system", "smtp"),
]


@pytest.fixture(scope="session")
def specs():
    return {(spec.kind, spec.type): spec for spec in SPECS}


@pytest.fixture
def check(specs):
    """Validates a list of components; gives the outcome."""

    def check(components, env=None, **more):
        return validate(Document.from_list(components), env or {}, specs, **more)

    return check


@pytest.fixture
def problems(check):
    """Validates a list of components; gives the problems as lines, in their order."""

    def problems(components, env=None, **more):
        return [f"{problem.level} {problem}" for problem in check(components, env, **more).problems]

    return problems
