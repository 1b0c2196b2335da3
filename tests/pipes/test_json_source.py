"""The json source: JSON pull, its offsets and pages, long arrays, and servers that fail."""

from __future__ import annotations

import io
import json
import tracemalloc

import pytest
from web_server import Reply

from sesam_node.errors import InputError
from sesam_node.model.json_stream import array_elements

ALL_FLAGS = {"supports_since": True, "is_since_comparable": True, "is_chronological": True}


def pulling(node, server, *, pattern="/%s", system=None, secrets=None, sink=None, **source):
    """A pipe `b` with a json source on the server."""
    node.more = {
        "systems": {
            "web": {
                "_id": "web",
                "type": "system:url",
                "url_pattern": server.url + pattern,
                **(system or {}),
            }
        },
        "secrets": secrets or {},
    }
    config = {"source": {"type": "json", "system": "web", "url": "data", **source}}
    node.pipe("b", **config, **({"sink": sink} if sink else {}))
    return node


def changes(*entities):
    """A server with a dataset: entities get `_updated`, and since and limit are obeyed."""
    log = [{**entity, "_updated": number} for number, entity in enumerate(entities)]

    def answer(asked):
        since = int(asked.query.get("since", -1))
        found = [entity for entity in log if entity["_updated"] > since]
        return Reply(found[: int(asked.query.get("limit", 10**9))])

    answer.log = log
    return answer


def test_entities_are_read_and_reserved_properties_left_out(node, web):
    entities = [{"_id": "1", "x": 1, "_ts": 5}, {"_id": "2"}, {"_id": "2", "_deleted": True}]
    entities.append({"_id": "3"})
    server = web(lambda _: Reply(entities))
    pulling(node, server).run("b")
    assert node.live("b") == {"1": {"x": 1}, "3": {}}
    assert node.log("b") == ["1", "2", "-2", "3"]
    (asked,) = server.asked
    assert (asked.path, asked.query, asked.headers["accept"]) == ("/data", {}, "application/json")


def test_without_since_every_run_is_full_and_deletes_what_is_gone(node, web):
    entities = [{"_id": "1"}, {"_id": "2"}]
    pulling(node, web(lambda _: Reply(entities)))
    node.run("b")
    del entities[0]
    assert node.run("b").sync_type == "full"
    assert node.log("b") == ["1", "2", "-1"]


@pytest.mark.parametrize("flags", [ALL_FLAGS, {**ALL_FLAGS, "is_chronological": False}])
def test_the_updated_of_entities_is_the_offset(node, web, flags):
    answer = changes({"_id": "1"}, {"_id": "2"})
    server = web(answer)
    pulling(node, server, **flags)
    assert (node.run("b").sync_type, node.run("b").last_seen) == ("full", "1")
    answer.log.append({"_id": "1", "_deleted": True, "_updated": 2})
    third = node.run("b")
    assert (third.sync_type, third.processed, third.last_seen) == ("incremental", 1, "2")
    assert node.log("b") == ["1", "2", "-1"]
    assert [asked.query for asked in server.asked] == [{}, {"since": "1"}, {"since": "1"}]


def test_the_greatest_updated_counts_where_the_order_says_nothing(node, web):
    answer = [{"_id": "1", "_updated": "b"}, {"_id": "2", "_updated": "c"}, {"_id": "3"}]
    answer += [{"_id": "4", "_updated": "a"}]
    server = web(lambda _: Reply(answer))
    pulling(node, server, supports_since=True)
    assert node.run("b").last_seen == '"c"'
    node.run("b")
    assert server.asked[-1].query == {"since": "c"}


def test_the_last_updated_counts_in_a_chronological_source(node, web):
    server = web(lambda _: Reply([{"_id": "1", "_updated": "9"}, {"_id": "2", "_updated": "10"}]))
    pulling(node, server, supports_since=True, is_chronological=True, is_since_comparable=False)
    assert node.run("b").last_seen == '"10"'


def test_the_first_run_may_begin_at_a_value(node, web):
    server = web(changes({"_id": "1"}, {"_id": "2"}))
    pulling(node, server, **ALL_FLAGS, initial_since_value=0)
    node.run("b")
    assert (server.asked[0].query, list(node.live("b"))) == ({"since": "0"}, ["2"])


def test_pages_are_asked_for_until_one_is_empty(node, web):
    server = web(changes(*({"_id": str(number)} for number in range(5))))
    pulling(node, server, **ALL_FLAGS, page_size=2)
    assert node.run("b").processed == 5
    assert [asked.query for asked in server.asked] == [
        {"limit": "2"},
        {"limit": "2", "since": "1"},
        {"limit": "2", "since": "3"},
        {"limit": "2", "since": "4"},
    ]


def test_pages_need_all_three_flags(node, web):
    server = web(changes({"_id": "1"}, {"_id": "2"}))
    pulling(node, server, supports_since=True, page_size=1)
    assert node.run("b").processed == 2
    assert server.asked[0].query == {}


def test_a_server_that_pages_without_going_on_is_told(node, web):
    server = web(lambda _: Reply([{"_id": "1"}]))
    pulling(node, server, **ALL_FLAGS, page_size=1)
    assert 'a page of 1 entities has no new "_updated"' in node.try_run("b").error
    assert len(server.asked) == 1


def test_subset_and_headers_are_sent(node, web):
    server = web(lambda _: Reply([]))
    subset = ["eq", "_S.kind", "tank"]
    headers = {"X-Key": "of the source"}
    system = {"headers": {"x-key": "of the system", "x-other": "1"}}
    pulling(node, server, subset=subset, headers=headers, system=system).run("b")
    (asked,) = server.asked
    assert json.loads(asked.query["subset"]) == subset
    assert (asked.headers["x-key"], asked.headers["x-other"]) == ("of the source", "1")


@pytest.mark.parametrize(("told", "populated"), [("true", True), ("false", False), (None, True)])
def test_the_sink_is_populated_unless_the_server_says_its_dataset_is_not(
    node, web, told, populated
):
    headers = {} if told is None else {"X-Dataset-Populated": told}
    pulling(node, web(lambda _: Reply([{"_id": "1"}], headers=headers))).run("b")
    assert node.store.dataset("b").populated is populated


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", 1.5),
        ("1.10", 1.1),
        ("12345678901234567890123", 12345678901234567890123),
        ("0.12345678901234567890", "~f0.12345678901234567890"),
        ("0.1000000000000000000", 0.1),
        ("1e400", "~f1E+400"),
        ("-2.50e1", -25.0),
    ],
)
def test_numbers_lose_nothing(memory_node, web, text, value):
    pulling(memory_node, web(lambda _: Reply(f'[{{"_id":"1","n":{text}}}]'.encode()))).run("b")
    found = memory_node.live("b")["1"]["n"]
    assert (found, type(found)) == (value, type(value))


def test_values_are_put_into_normal_form(memory_node, web):
    entity = {"_id": "1", "t": "~t2024-01-01T00:00:00.500Z", "u": "~u" + "AB" * 4 + "-aaaa" * 3}
    entity["u"] += "-" + "A" * 12
    pulling(memory_node, web(lambda _: Reply([entity]))).run("b")
    assert memory_node.live("b")["1"]["t"] == "~t2024-01-01T00:00:00.5Z"
    assert memory_node.live("b")["1"]["u"].islower()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "$: line 1, column 1: expected a JSON array of entities, got the end of the data"),
        (b'{"_id":"1"}', 'expected a JSON array of entities, got "{\\"_id\\":'),
        (b"<html>", 'expected a JSON array of entities, got "<html>"'),
        (b'[\n {"_id":"1"},\n 7]', '$[1]: line 3, column 2: expected an entity, got "7]"'),
        (b'[{"_id":"1"} {"_id":"2"}]', "$[0]: line 1, column 14: expected a comma or the end"),
        (b'[{"_id":"1"},]', '$[1]: line 1, column 14: expected an entity, got "]"'),
        (b'[{"_id":"1"}', "$[0]: line 1, column 13: expected a comma or the end of the array"),
        (b'[{"_id":"1"', "$[0]: line 1, column 12: the data ends in the middle of an entity"),
        (b'[{"_id":"1","a":"b', "the data ends in the middle of an entity"),
        (b'[{"_id":"1"}]\n{}', "line 2, column 1: expected nothing behind the array"),
        (b'[{"_id":"1"},\n{"_id":"2","x":NaN}]', "$[1]: line 2, column 16:"),
        (b'[{"_id":"1","x":]}]', "$[0]: line 1, column 17:"),
        (b'[{"_id":"1"},{"x":1}]', "$[1]._id: expected a string, got null"),
        (b'[{"_id":"\xff"}]', "$[0]"),
    ],
)
def test_what_is_no_array_of_entities_is_told_with_url_and_place(memory_node, web, body, message):
    server = web(lambda _: Reply(body))
    error = pulling(memory_node, server).try_run("b").error
    assert error.startswith(f'system "web": {server.url}/data: ')
    assert message in error


def test_a_path_counts_from_the_beginning_of_the_array(memory_node, web):
    entities = [{"_id": str(number)} for number in range(2500)]
    entities[2400] = {"x": 1}
    error = pulling(memory_node, web(lambda _: Reply(entities))).try_run("b").error
    assert "$[2400]._id" in error
    assert len(memory_node.live("b")) == 2000


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(b"", 429), "GET {url}/data answered 429 Too Many Requests"),
        (
            Reply({"detail": "no luck"}, 500, {"Content-Type": "application/json"}),
            'answered 500 Internal Server Error: {{"detail": "no luck"}}',
        ),
        (Reply(b'[{"_id":"1"},{"_id":"2"}]', length=1000), "GET {url}/data failed: "),
        (Reply(closes=True), "GET {url}/data failed: "),
        (Reply(b"", 302, {"Location": "/data"}), "redirects more than 10 times"),
        (Reply(b"", 302, {"Location": "file:///etc/passwd"}), "which is not HTTP"),
    ],
)
def test_a_server_that_fails_fails_the_run_and_deletes_nothing(memory_node, web, reply, message):
    memory_node.put("b", {"_id": "old"})
    server = web(lambda _: reply)
    result = pulling(memory_node, server).try_run("b")
    assert not result.success
    assert message.format(url=server.url) in result.error
    assert "old" in memory_node.live("b")


def test_a_server_that_is_too_slow_is_told(memory_node, web):
    from threading import Event

    held = Event()

    def answer(_asked):
        held.wait(30)
        return Reply([])

    server = web(answer)
    pulling(memory_node, server, system={"read_timeout": 0.05})
    assert "/data got no answer in 0.05 s" in memory_node.try_run("b").error
    held.set()


def test_a_failing_chronological_source_goes_on_where_it_was_cut(node, web):
    entities = [{"_id": str(number), "_updated": number} for number in range(1500)]
    whole = json.dumps(entities).encode()
    cut = [True]
    server = web(lambda _: Reply(whole[:-9] if cut[0] else whole))
    pulling(node, server, **ALL_FLAGS)
    assert (node.try_run("b").success, node.state("b", "offset")) == (False, 999)
    cut[0] = False
    node.run("b")
    assert server.asked[-1].query == {"since": "999"}
    assert len(node.live("b")) == 1500


def test_the_strategy_of_the_system_has_a_read_tried_again(node, web):
    replies = [Reply(b"", 503), None]
    server = web(changes(*({"_id": str(number)} for number in range(3))))
    usual = server.answer
    server.answer = lambda asked: replies.pop(0) or usual(asked) if replies else usual(asked)
    strategy = {"503": {"max_read_retries": 1}, "default": {"max_read_retries": 0}}
    pulling(node, server, system={"retry_strategy": strategy}, **ALL_FLAGS)
    node.run("b")
    assert sorted(node.live("b")) == ["0", "1", "2"]
    assert len(server.asked) == 2
    replies[:] = [Reply(b"", 502)]
    assert "answered 502 Bad Gateway" in node.try_run("b").error


def test_files_are_read_as_arrays_too(memory_node, tmp_path):
    (tmp_path / "data.json").write_bytes(b'\xef\xbb\xbf [ {"_id": "1"} ] ')
    memory_node.more = {
        "systems": {"f": {"_id": "f", "type": "system:url", "url_pattern": "./%s"}},
        "base_folder": str(tmp_path),
        "allow_files": True,
    }
    memory_node.pipe("b", source={"type": "json", "system": "f", "url": "data.json"})
    memory_node.run("b")
    assert list(memory_node.live("b")) == ["1"]


# ---- the array, cut into its elements ------------------------------------------------------------


class Trickle(io.BytesIO):
    """Gives one byte at a time."""

    def read(self, size=-1):
        return super().read(min(size, 1))


HARD = [
    {"_id": "1", "s": 'quote " backslash \\ brace } bracket ]', "l": [[{"a": {}}], []]},
    {"_id": "2", "s": "\\", "å": "\U0001f600", "n": None},
    {},
]


@pytest.mark.parametrize("make", [io.BytesIO, Trickle])
@pytest.mark.parametrize("indent", [None, 2])
def test_elements_are_cut_wherever_the_reads_end(make, indent):
    data = json.dumps(HARD, indent=indent, ensure_ascii=False).encode()
    assert [value for _, value, _ in array_elements(make(data))] == HARD


def test_memory_does_not_grow_with_the_array():
    class Endless(io.RawIOBase):
        def __init__(self):
            self.left = 50_000

        def read(self, size=-1):
            if not self.left:
                return b""
            self.left -= 500
            first = b"[" if self.left == 49_500 else b","
            row = b",".join([b'{"_id":"1","text":"%s"}' % (b"x" * 100)] * 500)
            return first + row + (b"" if self.left else b"]")

    tracemalloc.start()
    count = sum(1 for _ in array_elements(Endless()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 50_000
    assert peak < 1_000_000  # the array has more than six million bytes


def test_an_element_that_never_ends_is_refused(monkeypatch):
    monkeypatch.setattr("sesam_node.model.json_stream.MAX_ELEMENT_BYTES", 100_000)
    with pytest.raises(InputError, match="an entity of more than 100000 bytes"):
        list(array_elements(io.BytesIO(b'[{"_id":"' + b"x" * 300_000 + b'"}]')))
