"""JSON with an entity a line: from files and servers, of any size, errors by line."""

from __future__ import annotations

import io
import json
import tracemalloc

import pytest
from web_server import Reply

from sesam_node.errors import InputError
from sesam_node.model.json_lines import line_elements


def source(url="f.jsonl", **options):
    return {"type": "json", "system": "there", "url": url, **options}


@pytest.fixture
def folder(tmp_path, memory_node):
    system = {"_id": "there", "type": "system:url", "url_pattern": f"{tmp_path}/%s"}
    memory_node.more = {"systems": {"there": system}, "allow_files": True}
    return tmp_path


@pytest.mark.parametrize("name", ["f.jsonl", "F.NDJSON"])
def test_the_name_of_a_file_tells_that_it_has_lines(folder, memory_node, name):
    (folder / name).write_bytes(
        b'\xef\xbb\xbf{"_id": "1", "at": "~t2024-01-31T12:00:00.50Z"}\r\n\n  \n{"_id":"2","x":0.10}'
    )
    memory_node.pipe("got", source=source(name))
    memory_node.run("got")
    assert memory_node.live("got") == {"1": {"at": "~t2024-01-31T12:00:00.5Z"}, "2": {"x": 0.1}}


def test_any_file_has_lines_where_that_is_configured(folder, memory_node):
    (folder / "f.txt").write_bytes(b'{"_id":"1"}\n{"_id":"2"}\n')
    memory_node.pipe("got", source=source("f.txt", format="lines"))
    memory_node.run("got")
    assert set(memory_node.live("got")) == {"1", "2"}


@pytest.mark.parametrize("kind", ["application/x-ndjson", "application/jsonl; charset=utf-8"])
def test_a_server_tells_by_its_content_type(memory_node, web, kind):
    server = web(lambda _: Reply(b'{"_id":"1"}\n{"_id":"2"}\n', headers={"Content-Type": kind}))
    system = {"_id": "there", "type": "system:url", "url_pattern": f"{server.url}/%s"}
    memory_node.more = {"systems": {"there": system}}
    memory_node.pipe("got", source=source("data"))
    memory_node.run("got")
    assert set(memory_node.live("got")) == {"1", "2"}
    memory_node.pipe("got", source=source("data", format="lines"))
    memory_node.run("got")
    assert [asked.headers["accept"] for asked in server.asked] == [
        "application/json",
        "application/x-ndjson, application/json;q=0.5",
    ]


def test_lines_have_offsets_as_arrays_have(memory_node, web):
    def answer(asked):
        since = int(asked.query.get("since", -1))
        found = [{"_id": str(n), "_updated": n} for n in range(3) if n > since][:2]
        return Reply("".join(json.dumps(item) + "\n" for item in found).encode())

    server = web(answer)
    system = {"_id": "there", "type": "system:url", "url_pattern": f"{server.url}/%s"}
    memory_node.more = {"systems": {"there": system}}
    flags = {"supports_since": True, "is_since_comparable": True, "is_chronological": True}
    memory_node.pipe("got", source=source(page_size=2, **flags))
    memory_node.run("got")
    assert set(memory_node.live("got")) == {"0", "1", "2"}
    assert [asked.query.get("since") for asked in server.asked] == [None, "1", "2"]


def test_a_file_is_read_whole_whatever_the_offset(folder, memory_node):
    (folder / "f.jsonl").write_bytes(b'{"_id":"1","_updated":1}\n')
    memory_node.pipe("got", source=source(supports_since=True))
    memory_node.run("got")
    (folder / "f.jsonl").write_bytes(b'{"_id":"1","_updated":1}\n{"_id":"2","_updated":2}\n')
    memory_node.run("got")
    assert set(memory_node.live("got")) == {"1", "2"}


@pytest.mark.parametrize(
    ("data", "path", "said"),
    [
        (b'{"_id":"1"}\n\n{"_id":}\n', "$[2]", "line 3, column 8: invalid character"),
        (b'{"_id":"1"}\n{"_id":"2"', "$[1]", "line 2, column 11: Input data was truncated"),
        (b'{"_id":"1"}\n  7\n', "$[1]", "line 2, column 3: expected an entity, got 7"),
        (b'[{"_id":"1"}]\n', "$[0]", "line 1, column 1: expected an entity, got [{"),
        (b'{"_id":"1"}\n\n{"x":1}\n', "$[2]", "line 3: "),
        (b'{"_id":"1"}\n{"_id":"\xff"}\n', "$[1]", "line 2, column "),
        (b'{"_id":"1"}{"_id":"2"}\n', "$[0]", "line 1, column 13: trailing characters"),
        (b'{"_id":"1","a":' + b"[" * 5_000 + b"]" * 5_000 + b"}", "$[0]", "line 1, column 1: "),
    ],
)
def test_an_error_tells_its_line(folder, memory_node, data, path, said):
    (folder / "f.jsonl").write_bytes(data)
    memory_node.pipe("got", source=source())
    error = memory_node.try_run("got").error
    assert f"{path}: {said}" in error or f"{path}._id: {said}" in error


@pytest.mark.parametrize(
    ("name", "data", "hint"),
    [
        ("f.jsonl", b'[\n{"_id":"1"}\n]\n', '"format": "array"'),
        ("f.json", b'{"_id":"1"}\n{"_id":"2"}\n', '"format": "lines"'),
    ],
)
def test_the_other_form_is_told(folder, memory_node, name, data, hint):
    (folder / name).write_bytes(data)
    memory_node.pipe("got", source=source(name))
    assert hint in memory_node.try_run("got").error


def test_memory_does_not_grow_with_the_file():
    class Endless(io.RawIOBase):
        left = 50_000
        row = b'{"_id":"x","a":"' + b"y" * 1_000 + b'"}\n'

        def readable(self):
            return True

        def readinto(self, buffer):
            if not self.left:
                return 0
            self.left -= 1
            buffer[: len(self.row)] = self.row
            return len(self.row)

    file = io.BufferedReader(Endless(), 16 * 1024)
    tracemalloc.start()
    assert sum(1 for _ in line_elements(file)) == 50_000
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_a_line_without_end_is_refused(monkeypatch):
    monkeypatch.setattr("sesam_node.model.json_lines.MAX_ELEMENT_BYTES", 1_000)
    file = io.BytesIO(b'{"_id":"1"}\n{"_id":"' + b"x" * 10_000)
    with pytest.raises(InputError) as raised:
        list(line_elements(file))
    assert raised.value.problems[0].message == "line 2, column 1: a line of more than 1000 bytes"
