"""The API keeps what its own document promises, whatever is sent: requests made from the document.

Each operation gets requests that fit its description and requests that do not, on a node with data.
An answer is never a server error, always of a status, type and form that the document names, and
never there without a token.
"""

from __future__ import annotations

import io
import json
import zipfile

import httpx
import msgspec
import pytest
import schemathesis
import schemathesis.openapi
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from sesam_node.api.openapi import document
from sesam_node.cli.child import ChildNode

NOT_BUILT = 501


def no_accident(_context, response, _case):
    """No answer is an error of the node's own; 501 says that something is not built."""
    assert response.status_code < 500 or response.status_code == NOT_BUILT, response.text


CHECKS = [
    no_accident,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    ignored_auth,
    unsupported_method,
]

KNOWN = {
    "pipe_id": ["person", "person-share", "person-csv", "inbox", "greeting"],
    "dataset_id": ["person", "greeting", "inbox"],
    "system_id": ["files"],
    "filename": ["people.json"],
    "key": ["one"],
    "name": ["colour"],
    "entity_id": ["p1"],
}
"""What is there, so that a request does not end at the first look-up."""

PEOPLE = [
    {"_id": f"p{n}", "name": f"Person {n}", "town": "Oslo" if n % 2 else "Bergen"} for n in range(9)
]
NEIGHBOURS = {
    "datasets": ["person p"],
    "where": ["eq", "_S.town", "p.town"],
    "return": "p.name",
}
RULES = [["copy", "*"], ["add", "neighbours", ["hops", NEIGHBOURS]]]
PROJECT = [
    {"_id": "files", "type": "system:url", "url_pattern": "http://127.0.0.1:9/%s"},
    {"_id": "person", "type": "pipe", "source": {"type": "embedded", "entities": PEOPLE}},
    {
        "_id": "greeting",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "person"},
        "transform": {"type": "dtl", "rules": {"default": RULES}},
    },
    {
        "_id": "person-share",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "greeting"},
        "sink": {"type": "http_endpoint"},
    },
    {
        "_id": "person-csv",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "person"},
        "sink": {"type": "csv_endpoint", "columns": ["name", "town"]},
    },
    {"_id": "inbox", "type": "pipe", "source": {"type": "http_endpoint"}},
]

LEFT_OUT = (
    "/api/admin",
    "/api",
    "/api/events",
    "/api/pipes/run-all-pipes",
    "/api/pipes/stop-run-all-pipes",
    "/api/systems/{system_id}/proxy/{path}",
)
"""They restart the node, take as long as the pipes do, never end, or answer as another server does.

Their own tests call them.
"""


@pytest.fixture(scope="module")
def described_node(tmp_path_factory):
    folder = tmp_path_factory.mktemp("document")
    with ChildNode(folder / "data", folder=folder) as child:
        yield child


@pytest.fixture
def filled_node(described_node):
    """The node with the project and its data, whatever the requests before have done."""
    restore(described_node)
    return described_node


def restore(child):
    client = httpx.Client(base_url=child.url, headers=headers(child), timeout=60, trust_env=False)
    with client:
        assert client.put("/env", json={"colour": "red"}).status_code == 200
        assert client.put("/config", params={"force": "true"}, json=PROJECT).status_code == 200
        assert client.post("/secrets", json={"one": "1"}).status_code == 200
        run = client.post("/pipes/run-all-pipes", params={"extra_zero_runs": 1}).json()
        assert run["status"] == "success", run
        assert client.post("/receivers/inbox/entities", json=PEOPLE).status_code == 200


@schemathesis.serializer("application/x-msgpack", "application/vnd.apache.arrow.stream")
def as_message_pack(context, value):
    """A body of MessagePack, or of what is none of it."""
    text = json.dumps(value, default=str).encode()
    return text if len(text) % 2 else msgspec.msgpack.encode(json.loads(text))


@schemathesis.serializer("application/x-ndjson")
def as_lines(context, value):
    """A body of JSON lines: the items of a list, or the value on one."""
    items = value if isinstance(value, list) else [value]
    return "\n".join(json.dumps(item, default=str) for item in items).encode()


@schemathesis.serializer("application/n-triples")
def as_statements(context, value):
    """Statements about a resource, or text that is none."""
    text = json.dumps(value, default=str)
    return (text if len(text) % 2 else f"<x:1> <x:p> {json.dumps(text)} .").encode()


@schemathesis.serializer("application/zip")
def as_zip(context, value):
    """A body that is said to be a zip: one with a file, or bytes that are none."""
    text = json.dumps(value, default=str).encode()
    if len(text) % 2:
        return text
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("pipes/made.conf.json", text)
    return out.getvalue()


def headers(child):
    return {"Authorization": f"Bearer {child.token}"}


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Every other request is about something that is there."""
    if path_parameters:
        for name, values in KNOWN.items():
            given = path_parameters.get(name)
            if isinstance(given, str) and len(given) % 2 == 0:
                path_parameters[name] = values[len(given) // 2 % len(values)]
    return path_parameters


schema = schemathesis.openapi.from_dict(document()).exclude(path=list(LEFT_OUT))


@schema.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_as_described(case, filled_node):
    case.call_and_validate(
        base_url=filled_node.url.removesuffix("/api"), headers=headers(filled_node), checks=CHECKS
    )
