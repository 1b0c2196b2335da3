"""Object storage behind url systems, against a server that speaks the protocol of S3."""

from __future__ import annotations

import io
import random
import tracemalloc
from itertools import pairwise

import obstore
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from obstore.store import S3Store
from openpyxl import Workbook
from page_examples import page_components
from storage_server import make_bucket, s3_server
from web_server import Reply

from sesam_node.errors import PipeError
from sesam_node.hub.checking import check_configuration
from sesam_node.pipes.batch import Context
from sesam_node.pipes.http.address_rules import AddressRules
from sesam_node.pipes.introspection import offer, offers, prototypes, system_status
from sesam_node.pipes.runs import PipeDefinition

LOGIN = {"access_key_id": "AKIATEST", "secret_access_key": "s3cret/word"}


@pytest.fixture(scope="session")
def server():
    with s3_server() as url:
        yield url


@pytest.fixture
def bucket(server, request, memory_node):
    """A bucket of this test's own, and the system "there" over its folder `in`."""
    name = f"b{abs(hash(request.node.nodeid)):x}"
    make_bucket(server, name)
    memory_node.more = {"systems": {"there": system(server, f"s3://{name}/in/%s")}}
    return S3Store(
        name,
        config={"endpoint": server, "region": "us-east-1", **LOGIN},
        client_options={"allow_http": True},
    )


def system(endpoint, pattern, **more):
    storage = {"endpoint": endpoint, **LOGIN, **more.pop("storage", {})}
    return {
        "_id": "there",
        "type": "system:url",
        "url_pattern": pattern,
        "storage": storage,
        "connect_timeout": 5,
        **more,
    }


def got(node, **source):
    node.pipe("got", source={"system": "there", **source})
    node.run("got")
    return node.live("got")


def the_system(node):
    return Context(PipeDefinition({"_id": "x"}, **node.more)).system("there")


def test_files_of_every_format_are_read(bucket, memory_node):
    obstore.put(bucket, "in/a b/å.csv", b"id;x\n1;2\n")
    assert got(memory_node, type="csv", url="a b/å.csv", primary_key="id") == {
        "1": {"id": "1", "x": "2"}
    }
    obstore.put(bucket, "in/a.json", b'[{"_id":"1","x":2}]')
    assert got(memory_node, type="json", url="a.json") == {"1": {"x": 2}}
    obstore.put(bucket, "in/a.jsonl", b'{"_id":"1","x":2}\n{"_id":"2"}\n')
    assert got(memory_node, type="json", url="a.jsonl") == {"1": {"x": 2}, "2": {}}
    table = io.BytesIO()
    pq.write_table(pa.table({"id": [1, 2], "x": [0.5, None]}), table)
    obstore.put(bucket, "in/a.parquet", table.getvalue())
    assert got(memory_node, type="parquet", url="a.parquet", primary_key="id") == {
        "1": {"id": 1, "x": 0.5},
        "2": {"id": 2},
    }
    book, file = Workbook(), io.BytesIO()
    book.active.append(["id", "x"])
    book.active.append([1, True])
    book.save(file)
    obstore.put(bucket, "in/a.xlsx", file.getvalue())
    assert got(memory_node, type="excel", url="a.xlsx", primary_key="id") == {
        "1": {"id": 1, "x": True}
    }


def test_a_parquet_file_is_written_and_replaced(bucket, memory_node):
    memory_node.put("a", {"_id": "1", "x": "~f1.5"})
    sink = {"type": "parquet", "system": "there", "url": "out/a.parquet"}
    memory_node.pipe("out", source="a", sink=sink)
    memory_node.run("out")
    back = {"type": "parquet", "url": "out/a.parquet", "primary_key": "_id"}
    assert got(memory_node, **back) == {"1": {"x": "~f1.5"}}
    memory_node.put("a", {"_id": "1", "_deleted": True}, {"_id": "2"})
    memory_node.run("out")
    assert got(memory_node, **back) == {"2": {}}


def test_writing_that_fails_leaves_the_object_that_was_there(bucket, memory_node, monkeypatch):
    memory_node.put("a", {"_id": "1"})
    sink = {"type": "parquet", "system": "there", "url": "a.parquet"}
    memory_node.pipe("out", source="a", sink=sink)
    memory_node.run("out")
    before = bytes(obstore.get(bucket, "in/a.parquet").bytes())
    memory_node.put("a", {"_id": "2"})

    def fails(file, *_, **__):
        # More than one part, so that an upload of parts is under way.
        file.write(b"PAR1" + b"x" * 20_000_000)
        raise PipeError("no more")

    monkeypatch.setattr("sesam_node.pipes.sinks.parquet.write_parquet", fails)
    assert "no more" in memory_node.try_run("out").error
    assert bytes(obstore.get(bucket, "in/a.parquet").bytes()) == before


def test_the_storage_tells_what_it_offers(bucket, memory_node):
    obstore.put(bucket, "in/b/people.csv", b"nr;name\n1;Ada\n2;Bo\n")
    obstore.put(bucket, "in/a.jsonl", b'{"_id":"1"}\n')
    obstore.put(bucket, "in/picture.png", b"\x89PNG")
    obstore.put(bucket, "other/c.csv", b"id\n1\n")
    definition = PipeDefinition({"_id": "x"}, **memory_node.more)
    assert [one["id"] for one in offers(definition, "there")["offers"]] == [
        "a.jsonl",
        "b/people.csv",
    ]
    told = offer(definition, "there", "b/people.csv")
    assert told["pipe"]["source"] == {
        "type": "csv",
        "system": "there",
        "url": "b/people.csv",
        "primary_key": ["nr"],
    }
    assert told["samples"] == [
        {"nr": "1", "name": "Ada", "_id": "1"},
        {"nr": "2", "name": "Bo", "_id": "2"},
    ]
    assert len(prototypes(definition, "there", None)) == 2
    assert system_status(definition, "there")["status"] == "ok"


def test_what_is_not_there_is_told(bucket, server, memory_node):
    memory_node.pipe("got", source={"type": "json", "system": "there", "url": "no.json"})
    said = memory_node.try_run("got").error
    assert said.startswith('system "there": s3://')
    assert said.endswith("/in/no.json: there is no such object")
    memory_node.more = {"systems": {"there": system(server, "s3://nobucket/%s")}}
    definition = PipeDefinition({"_id": "x"}, **memory_node.more)
    status = system_status(definition, "there")
    assert (status["status"], status["message"]) == (
        "failed",
        'system "there": s3://nobucket/: NoSuchBucket: The specified bucket does not exist',
    )


def test_large_objects_are_read_in_pieces(bucket, memory_node):
    obstore.put(
        bucket, "in/long.csv", b"id,x\n" + b"".join(b"%d,%d\n" % (n, n) for n in range(2_000_000))
    )
    tracemalloc.start()
    with the_system(memory_node).open("long.csv") as file:
        count = sum(1 for _ in file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 2_000_001
    assert peak < 12 * 2**20


def test_an_object_is_asked_for_in_few_requests(bucket, memory_node, monkeypatch):
    rows = b"".join(b"%d,%d\n" % (number, number) for number in range(700_000))
    obstore.put(bucket, "in/a.csv", b"id,x\n" + rows)
    asked = []
    get = obstore.get

    def counted(store, path, *, options=None):
        asked.append(options["range"])
        return get(store, path, options=options)

    monkeypatch.setattr(obstore, "get", counted)
    with the_system(memory_node).open("a.csv") as file:
        # As the csv source reads it: 8 KiB at a time.
        assert sum(1 for _ in io.TextIOWrapper(file)) == 700_001
    assert len(asked) <= 10
    assert all(one[1] == other[0] for one, other in pairwise(asked))


def test_a_footer_is_read_without_the_rest(bucket, memory_node, monkeypatch):
    table = io.BytesIO()
    columns = {"id": range(300_000), "x": [random.random() for _ in range(300_000)]}
    pq.write_table(pa.table(columns), table, row_group_size=50_000)
    size = len(table.getvalue())
    obstore.put(bucket, "in/a.parquet", table.getvalue())
    asked = []
    get = obstore.get

    def counted(store, path, *, options=None):
        asked.append(options["range"])
        return get(store, path, options=options)

    monkeypatch.setattr(obstore, "get", counted)
    with the_system(memory_node).open("a.parquet") as file:
        assert pq.ParquetFile(file).metadata.num_rows == 300_000
    assert sum(end - start for start, end in asked) < size / 2


def test_an_object_that_is_replaced_while_it_is_read_ends_the_reading(bucket, memory_node):
    obstore.put(bucket, "in/a.csv", b"id\n" + b"1\n" * 5_000_000)
    with the_system(memory_node).open("a.csv") as file:
        file.readline()
        obstore.put(bucket, "in/a.csv", b"id\n" + b"2\n" * 5_000_000)
        with pytest.raises(PipeError, match="it was replaced while it was read"):
            file.read()


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (
            Reply(b"<Error><Code>NoKey</Code><Message>No.\nRequest: 7</Message></Error>", 403),
            "a.json: NoKey: No.",
        ),
        (Reply(b"<html>busy</html>", 400), "400 Bad Request"),
        (Reply(closes=True), "HTTP error: "),
    ],
)
def test_what_a_server_answers_is_told_without_what_it_was_asked_with(
    memory_node, web, reply, said
):
    server = web(lambda _: reply)
    memory_node.more = {"systems": {"there": system(server.url, "s3://bucket/%s")}}
    memory_node.pipe("got", source={"type": "json", "system": "there", "url": "a.json"})
    result = memory_node.try_run("got")
    assert said in result.error
    assert "Request: 7" not in result.error
    assert "s3cret" not in f"{result.error}{result.traceback}{memory_node.events('got')}"


def test_without_a_login_nothing_is_signed(memory_node, web, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEMACHINE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the machine")
    server = web(lambda _: Reply(b"", 404))
    there = system(server.url, "s3://bucket/%s")
    there["storage"] = {"endpoint": server.url}
    memory_node.more = {"systems": {"there": there}}
    memory_node.pipe("got", source={"type": "json", "system": "there", "url": "a.json"})
    memory_node.try_run("got")
    assert [asked.path for asked in server.asked] == ["/bucket/a.json"]
    assert "authorization" not in server.asked[0].headers


@pytest.mark.parametrize(
    ("pattern", "storage", "path", "scheme"),
    [
        ("s3://box/%s", LOGIN, "/box/a.json", "AWS4-HMAC-SHA256"),
        (
            "az://box/%s",
            {"account_name": "me", "account_key": "czNjcmV0"},
            "/box/a.json",
            "SharedKey",
        ),
    ],
)
def test_requests_are_signed_for_the_storage(memory_node, web, pattern, storage, path, scheme):
    server = web(lambda _: Reply(b"", 404))
    there = system(server.url, pattern)
    there["storage"] = {"endpoint": server.url, **storage}
    memory_node.more = {"systems": {"there": there}}
    memory_node.pipe("got", source={"type": "json", "system": "there", "url": "a.json"})
    assert "a.json" in memory_node.try_run("got").error
    assert server.asked[0].path == path
    assert server.asked[0].headers["authorization"].startswith(scheme)


def test_a_denied_address_is_not_asked(memory_node, web):
    server = web(lambda _: Reply(b"", 404))
    memory_node.more = {
        "systems": {"there": system(server.url, "s3://bucket/%s")},
        "addresses": AddressRules(denied=("127.0.0.0/8",)),
    }
    memory_node.pipe("got", source={"type": "json", "system": "there", "url": "a.json"})
    assert "denied by the settings of the node" in memory_node.try_run("got").error
    assert server.asked == []


@pytest.mark.parametrize(
    ("pattern", "storage", "code"),
    [
        ("https://x/%s", {"region": "x"}, "no-storage"),
        ("s3://b/%s", {"access_key_id": "x"}, "half-login"),
        ("az://b/%s", {"account_key": "x"}, "half-login"),
    ],
)
def test_half_a_login_is_told_when_it_is_configured(pattern, storage, code):
    there = {"_id": "there", "type": "system:url", "url_pattern": pattern, "storage": storage}
    problems = check_configuration([there], {}).checked.problems
    assert (("$.storage", code)) in [(one.path, one.code) for one in problems]


def test_the_bucket_of_the_page_is_read(server, memory_node):
    found = page_components("files")
    lake = found["lake"]
    lake["storage"]["endpoint"] = server
    make_bucket(server, "lake")
    memory_node.more = {
        "systems": {"lake": lake},
        "secrets": {"lake-key": "AKIATEST", "lake-secret": "s3cret"},
    }
    bucket = S3Store(
        "lake",
        config={"endpoint": server, "region": "eu-north-1", **LOGIN},
        client_options={"allow_http": True},
    )
    obstore.put(bucket, "inbox/readings.jsonl", b'{"_id":"1"}\n')
    memory_node.pipe("readings", source={**found["readings"]["source"], "system": "lake"})
    memory_node.run("readings")
    assert memory_node.live("readings") == {"1": {}}
