"""Servers that fail, in each way that servers do, behind everything that talks to one over HTTP.

What is asked of all: an error that names the URL, without its secrets, and says what to do; nothing
half of an entity is written, nothing is deleted because a source ended half-way, and what may pass
is tried again.
"""

from __future__ import annotations

import json
import time
from email.utils import formatdate

import pytest
from web_server import Reply

from sesam_node.model import json_stream
from sesam_node.pipes.rest import call

JSON = {"Content-Type": "application/json"}
CSV = {"Content-Type": "text/csv"}
SECRET = "s3cret"
MEN = [{"_id": "1", "x": "a"}, {"_id": "2", "x": "b"}, {"_id": "3", "x": "c"}]
TABLE = b"id,x\n1,a\n2,b\n3,c\n"

SOURCES = {
    "json": {"type": "json", "system": "web", "url": "data"},
    "csv": {"type": "csv", "system": "web", "url": "data", "primary_key": "id"},
    "rest": {"type": "rest", "system": "web", "operation": "list"},
}
SINKS = {
    "json": {"type": "json", "system": "web", "url": "data"},
    "rest": {"type": "rest", "system": "web", "operation": "save"},
}
TRANSFORMS = {
    "http": {"type": "http", "system": "web", "url": "data"},
    "rest": {"type": "rest", "system": "web", "operation": "save", "response_property": "r"},
}
OPERATIONS = {
    "list": {"url": "data", "method": "GET", "id_expression": "{{ _id or id }}"},
    "save": {"url": "data", "method": "POST", "payload": {"id": "{{ _id }}"}},
}


def good(kind):
    """What a server sends to a source of this kind."""
    return Reply(TABLE, 200, CSV) if kind == "csv" else Reply(MEN, 200, JSON)


class Talk:
    """A pipe `b` that talks to a server; `replies` are what it says, the last one for ever."""

    def __init__(self, node, web, *replies, rest=False, **system):
        left = list(replies)
        self.node = node
        self.server = web(lambda _: left.pop(0) if len(left) > 1 else left[0])
        made = {
            "_id": "web",
            "type": "system:rest" if rest else "system:url",
            "url_pattern": f"{self.server.url}/%s?key=$SECRET(key)",
            "authentication": "basic",
            "username": "kari",
            "password": "$SECRET(key)",
            "read_timeout": 60,
            **({"operations": OPERATIONS} if rest else {}),
            **system,
        }
        node.more = {"systems": {"web": made}, "secrets": {"key": SECRET}}

    def hurry(self, reply):
        """Do not wait long for an answer that never comes."""
        if reply.holds or reply.stalls is not None:
            self.node.more["systems"]["web"]["read_timeout"] = 0.2

    def reads(self, kind, **pump):
        self.node.pipe("b", source=SOURCES[kind], pump=pump)
        return self.node.try_run("b")

    def writes(self, kind, **pump):
        self.node.put("a", *MEN)
        self.node.pipe("b", source="a", sink=SINKS[kind], pump=pump)
        return self.node.try_run("b")

    def transforms(self, kind, **pump):
        self.node.put("a", *MEN)
        self.node.pipe("b", source="a", transform=TRANSFORMS[kind], pump=pump)
        return self.node.try_run("b")


@pytest.fixture
def talk(memory_node, web):
    def make(*replies, kind="json", **system):
        return Talk(memory_node, web, *replies, rest=kind == "rest", **system)

    return make


def told(result, *words):
    """It failed, says these words, and no secret anywhere."""
    assert not result.success
    everything = f"{result.error} {result.traceback} {result.events}"
    assert SECRET not in everything
    assert "/data" in result.error
    for word in words:
        assert word in result.error


STATUSES = [
    (Reply(b"", 500), "answered 500"),
    (Reply({"error": "out of stock"}, 503, JSON), "answered 503"),
    (Reply(b"", 429), "answered 429"),
    (Reply(closes=True), "failed: "),
    (Reply(holds=True), "got no answer in 0.2 s"),
    (Reply(b"", 302, {"Location": "/data"}), "redirects more than 10 times"),
]


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize(("reply", "words"), STATUSES)
def test_a_source_that_fails_deletes_nothing_and_says_why(talk, kind, reply, words):
    both = talk(good(kind), reply, kind=kind)
    assert both.reads(kind).success
    both.hurry(reply)
    told(both.reads(kind), words)
    assert (sorted(both.node.live("b")), both.node.deleted("b")) == (["1", "2", "3"], [])


CUT = [
    ("json", Reply(b'[{"_id": "1", "x": "n"}, {"_id": "2', 200, JSON, length=500), "failed: "),
    ("json", Reply(b'[{"_id": "1", "x": "n"}, {"_id": "2', 200, JSON), "middle of an entity"),
    ("json", Reply([{"_id": "1", "x": "n"}], 200, JSON, stalls=20), "nothing came for 0.2 s"),
    ("csv", Reply(b"id,x\n1,n\n2,Abraham Linc", 200, CSV, length=500), "failed: "),
    ("csv", Reply(b"id,x\n1,n\n2,Abraham Linc", 200, CSV, length=500, stalls=20), "0.2 s"),
    ("rest", Reply(b'[{"_id": "1", "x": "n"}, {"_id": "2', 200, JSON, length=500), "failed: "),
    ("rest", Reply(b'[{"_id": "1", "x": "n"}, {"_id": "2', 200, JSON), "is no JSON"),
    ("rest", Reply([{"_id": "1", "x": "n"}], 200, JSON, stalls=20), "nothing came for 0.2 s"),
]


@pytest.mark.parametrize(("kind", "reply", "words"), CUT)
def test_a_body_that_is_cut_off_writes_no_part_of_an_entity(talk, kind, reply, words):
    both = talk(good(kind), reply, kind=kind)
    assert both.reads(kind).success
    both.hurry(reply)
    told(both.reads(kind), words)
    assert both.node.deleted("b") == []
    values = [entity["x"] for entity in both.node.live("b").values()]
    assert set(values) <= {"a", "b", "c", "n"}


BROKEN = [
    (b'[{"_id": "1"},', "is no JSON"),
    (b"<html>Log in</html>", "is no JSON"),
    (b'[{"_id": "1", "x": NaN}]', "is no JSON"),
    (b'[{"_id": "\xff"}]', "is no JSON"),
    (b'[{"_id": "1", "x": ' + b"[" * 200_000, "is no JSON"),
    (b"[1]", "expected an object"),
]


@pytest.mark.parametrize(("body", "words"), BROKEN)
def test_what_is_no_json_is_told(talk, body, words):
    told(talk(Reply(body, 200, JSON), kind="rest").reads("rest"), words)


@pytest.mark.parametrize("body", [body for body, _ in BROKEN])
def test_what_is_no_json_is_told_with_its_place(talk, body):
    told(talk(Reply(body, 200, JSON)).reads("json"), "it is no JSON array of entities", "line 1")


@pytest.mark.parametrize("kind", ["json", "rest"])
def test_a_page_for_people_instead_of_data_is_named(talk, kind):
    page = Reply(b"<html>Log in</html>", 200, {"Content-Type": "text/html; charset=utf-8"})
    told(talk(page, kind=kind).reads(kind), "text/html")


# ---- what is too much ----------------------------------------------------------------------------


def test_a_body_without_end_ends_where_an_entity_is_too_large(talk, monkeypatch):
    monkeypatch.setattr(json_stream, "MAX_ELEMENT_BYTES", 200_000)
    reply = Reply(b'[{"_id": "1", "x": "', 200, JSON, endless=b"x" * 65536)
    told(talk(reply).reads("json"), "an entity of more than 200000 bytes")


def test_an_answer_without_end_ends_where_it_is_too_large(talk, monkeypatch):
    monkeypatch.setattr(call, "MOST_BYTES", 200_000)
    reply = Reply(b"[1", 200, JSON, endless=b",1" * 32768)
    told(talk(reply, kind="rest").reads("rest"), "more than 200,000 bytes")


@pytest.mark.parametrize("kind", ["http", "rest"])
def test_an_answer_without_end_to_a_transform(talk, kind, monkeypatch):
    monkeypatch.setattr(json_stream, "MAX_ELEMENT_BYTES", 200_000)
    monkeypatch.setattr(call, "MOST_BYTES", 200_000)
    reply = Reply(b'[{"_id": "1", "x": "', 200, JSON, endless=b"x" * 65536)
    told(talk(reply, kind=kind).transforms(kind), "more than 200")


# ---- pages ---------------------------------------------------------------------------------------


def paging(talk, answer, **operation):
    made = talk(good("rest"), kind="rest")
    operations = {"list": {**OPERATIONS["list"], **operation}}
    made.node.more["systems"]["web"] |= {
        "operations": operations,
        "url_pattern": f"{made.server.url}/%s",
    }
    made.server.answer = answer
    return made


def linked(asked):
    """Pages that lead in a circle: 0, 1, 2, 1, 2, …"""
    number = int(asked.query.get("page", "0"))
    following = {0: 1, 1: 2, 2: 1}[number]
    link = {"Link": f'</data?page={following}>; rel="next"'}
    return Reply([{"_id": str(number)}], 200, {**JSON, **link})


def test_pages_that_lead_in_a_circle_fail_and_delete_nothing(talk):
    made = paging(talk, lambda _: Reply(MEN, 200, JSON))
    assert made.reads("rest").success
    made.server.answer = linked
    told(made.reads("rest"), "a page that has been read before")
    assert made.node.deleted("b") == []


def test_the_same_link_again_is_the_last_page(talk):
    def answer(asked):
        return Reply([{"_id": asked.query.get("page", "0")}], 200, {**JSON, "Link": LINK})

    made = paging(talk, answer)
    assert made.reads("rest").success
    assert sorted(made.node.live("b")) == ["0", "1"]


LINK = '</data?page=1>; rel="next"'


def test_pages_without_end_fail_in_the_end(talk, monkeypatch):
    monkeypatch.setattr("sesam_node.pipes.rest.pages.MOST_PAGES", 20)
    numbers = iter(range(1000))
    made = paging(
        talk,
        lambda _: Reply([{"_id": str(next(numbers))}], 200, JSON),
        params={"page": "{{ page }}"},
        next_page_termination_strategy="empty-result",
    )
    told(made.reads("rest"), "more than 20 pages")


def test_a_page_that_fails_ends_the_run_without_deleting_the_pages_behind_it(talk):
    def answer(asked):
        page = int(asked.query["page"])
        if page == 2 and len(made.server.asked) > 5:
            return Reply(b"", 500)
        return Reply([{"_id": str(page)}] if page < 4 else [], 200, JSON)

    made = paging(
        talk,
        answer,
        params={"page": "{{ page }}"},
        next_page_termination_strategy="empty-result",
    )
    assert made.reads("rest").success
    told(made.reads("rest"), "answered 500")
    assert sorted(made.node.live("b")) == ["0", "1", "2", "3"]


# ---- trying again --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SOURCES)
def test_a_source_is_read_again_where_the_strategy_says_so_for_the_status(talk, kind):
    strategy = {"500-599": {"max_read_retries": 2}, "default": {"max_read_retries": 0}}
    replies = [Reply(b"", 500), Reply(b"", 503), good(kind)]
    both = talk(*replies, kind=kind, retry_strategy=strategy)
    assert both.reads(kind).success
    assert sorted(both.node.live("b")) == ["1", "2", "3"]
    events = [event["event_type"] for event in both.node.events("b")]
    assert events.count("read-error") == 2


@pytest.mark.parametrize("kind", SOURCES)
def test_a_status_that_the_strategy_does_not_name_is_final(talk, kind):
    both = talk(Reply(b"", 404), kind=kind, retry_strategy={"500-599": {"max_read_retries": 2}})
    told(both.reads(kind), "answered 404")
    assert len(both.server.asked) == 1


@pytest.mark.parametrize("said", ["0", 0.4, -100, "soon", None], ids=repr)
def test_too_many_requests_are_asked_again_when_the_server_says_so(talk, said):
    """A number is a date so many seconds from now."""
    if isinstance(said, int | float):
        said = formatdate(time.time() + said, usegmt=True)
    slow = Reply(b"", 429, {} if said is None else {"Retry-After": said})
    made = talk(
        slow, slow, good("rest"), kind="rest", rate_limiting_retries=2, rate_limiting_delay=0
    )
    assert made.reads("rest").success
    assert len(made.server.asked) == 3


def test_what_is_read_again_waits_as_the_server_says(talk):
    slow = Reply(b"", 503, {"Retry-After": "1"})
    strategy = {"503": {"max_read_retries": 1}}
    both = talk(slow, good("json"), retry_strategy=strategy)
    start = time.monotonic()
    assert both.reads("json").success
    assert time.monotonic() - start >= 1


# ---- sinks and transforms ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SINKS)
@pytest.mark.parametrize(
    ("reply", "words"),
    [*STATUSES[:5], (Reply(b"{", 200, JSON, length=500), "failed: ")],
)
def test_a_sink_that_fails_fails_the_entity_and_the_offset_stays(talk, kind, reply, words):
    both = talk(reply, kind=kind)
    both.hurry(reply)
    told(both.writes(kind, batch_retries=0), words)
    both.node.more["systems"]["web"]["read_timeout"] = 60
    both.server.answer = lambda _: Reply({}, 200, JSON)
    before = len(both.server.asked)
    assert both.writes(kind).success
    sent = [json.loads(asked.body) for asked in both.server.asked[before:]]
    ids = [item for body in sent for item in (body if isinstance(body, list) else [body])]
    assert sorted({item.get("_id") or item["id"] for item in ids}) == ["1", "2", "3"]


@pytest.mark.parametrize("kind", TRANSFORMS)
@pytest.mark.parametrize(
    ("reply", "words"),
    [
        *STATUSES[:5],
        (Reply(b'[{"_id": "1"', 200, JSON, length=500), "failed: "),
        (Reply(b'[{"_id": "1"', 200, JSON), "is no JSON"),
    ],
)
def test_a_transform_that_fails_fails_the_entity_and_deletes_nothing(talk, kind, reply, words):
    answers = {"http": lambda asked: Reply(asked.json, 200, JSON)}
    both = talk(reply, kind=kind)
    both.server.answer = answers.get(kind, lambda _: Reply({}, 200, JSON))
    assert both.transforms(kind).success
    both.server.answer = lambda _: reply
    both.node.put("a", {"_id": "2", "x": "new"}, {"_id": "4"})
    both.hurry(reply)
    both.node.pipe("b", source="a", transform=TRANSFORMS[kind])
    told(both.node.try_run("b", kind="full"), words)
    assert both.node.deleted("b") == []
    assert both.node.live("b")["2"]["x"] == "b"


def test_entities_that_a_service_does_not_take_are_kept_and_tried_again(talk):
    def answer(asked):
        return Reply(b"", 500) if asked.json["id"] == "2" and broken else Reply({}, 200, JSON)

    broken = True
    both = talk(Reply({}), kind="rest")
    both.server.answer = answer
    keep = {"max_write_errors_in_retry_dataset": 10, "max_consecutive_write_errors": 5}
    assert both.writes("rest", **keep).failed == 1
    broken = False
    assert both.writes("rest", **keep).success
    assert [asked.json["id"] for asked in both.server.asked] == ["1", "2", "3", "2"]


@pytest.mark.parametrize("kind", [*SINKS, "http"])
@pytest.mark.parametrize("status", [307, 308])
def test_a_body_goes_to_no_other_server(talk, web, kind, status):
    there = web(lambda _: Reply([], 200, JSON))
    reply = Reply(b"", status, {"Location": f"{there.url}/data"})
    both = talk(reply, kind=kind)
    result = both.transforms(kind) if kind == "http" else both.writes(kind, batch_retries=0)
    told(result, "another server")
    assert there.asked == []
