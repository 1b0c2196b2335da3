"""What every path does with a request before and after its own work, over a stand-in hub."""

from __future__ import annotations

import asyncio
import socket
import threading
from types import SimpleNamespace

import httpx
import pytest

from sesam_node.errors import (
    ConfigError,
    ConflictError,
    FenceError,
    InputError,
    NotBuiltError,
    NotFoundError,
    PipeError,
    Problem,
    StoreError,
)
from sesam_node.hub.datasets import Stream

MEBIBYTE = 1024 * 1024


class Chunks:
    """An iterator that tells when it is closed, and how far it was read."""

    def __init__(self, chunks):
        self._chunks = iter(chunks)
        self.read = 0
        self.closed = threading.Event()

    def __iter__(self):
        return self

    def __next__(self):
        chunk = next(self._chunks)
        self.read += 1
        return chunk

    def close(self):
        self.closed.set()


def hub_with(**services):
    return SimpleNamespace(**services)


def hub_of_variables():
    return hub_with(configuration=SimpleNamespace(env=dict, put_env=None))


def hub_of_stream(chunks, headers=None):
    def entities(_dataset, _selection, **_values):
        return Stream(headers or {}, chunks)

    return hub_with(datasets=SimpleNamespace(entities=entities))


def hub_that_fails(error):
    def list_pipes():
        raise error

    return hub_with(pipes=SimpleNamespace(list=list_pipes))


def without_id(answer):
    body = answer.json()
    assert body.pop("request_id") == answer.headers["X-Request-Id"]
    return body


# ---- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError("no pipe x"), 404),
        (ConflictError("it runs"), 409),
        (FenceError("an older run"), 409),
        (InputError("no entities"), 400),
        (NotBuiltError("no kafka yet"), 501),
        (StoreError("the disk is full"), 500),
        (PipeError("it failed"), 500),
    ],
)
def test_each_class_of_error_has_its_status(serve, error, status):
    answer = serve(hub_that_fails(error)).client.get("/pipes")
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    assert without_id(answer) == {"message": error.message, "detail": error.message}


def test_problems_come_with_path_code_and_hint(serve):
    error = InputError("wrong", [Problem("$.a", "wrong-type", "expected a number", "try 1")])
    answer = serve(hub_that_fails(error)).client.get("/pipes")
    assert without_id(answer) == {
        "message": "wrong",
        "detail": "$.a: expected a number; try 1 [wrong-type]",
        "hint": "try 1",
        "problems": [
            {
                "path": "$.a",
                "code": "wrong-type",
                "message": "expected a number",
                "hint": "try 1",
                "level": "error",
            }
        ],
    }


def test_a_configuration_error_has_the_shape_that_the_official_client_reads(serve):
    problems = [
        Problem("$.sink", "x", "bad sink", component="b"),
        Problem("$.source", "y", "bad source", "look", "warning", "a"),
        Problem("$.pump", "z", "bad pump", component="b"),
    ]
    answer = serve(hub_that_fails(ConfigError("2 errors", problems))).client.get("/pipes")
    assert answer.status_code == 400
    found = sorted(answer.json()["validation_errors"], key=lambda e: e["posted-config"]["_id"])
    assert found[::-1] == [
        {
            "posted-config": {"_id": "b"},
            "config-errors": [
                {"level": "error", "msg": "$.pump: bad pump [z]", "elements": ["$.pump"]},
                {"level": "error", "msg": "$.sink: bad sink [x]", "elements": ["$.sink"]},
            ],
        },
        {
            "posted-config": {"_id": "a"},
            "config-errors": [
                {
                    "level": "warning",
                    "msg": "$.source: bad source; look [y]",
                    "elements": ["$.source"],
                }
            ],
        },
    ]


def test_an_unexpected_error_tells_nothing_of_the_inside(serve, caplog):
    answer = serve(hub_that_fails(RuntimeError("password is hunter2"))).client.get("/pipes")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert without_id(answer)["message"] == "internal error"
    assert "hunter2" in caplog.text


def test_an_unknown_path_is_told_in_json(serve):
    answer = serve(hub_with()).client.get("/no/such")
    assert answer.status_code == 404
    assert without_id(answer)["message"] == "there is nothing at /api/no/such"


def test_a_method_that_a_path_has_not_names_those_it_has(serve):
    answer = serve(hub_with()).client.delete("/pipes")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "HEAD, GET, POST, OPTIONS"
    assert (
        without_id(answer)["detail"]
        == "DELETE does nothing here; there are HEAD, GET, POST, OPTIONS"
    )


def test_options_names_the_methods(serve):
    answer = serve(hub_with()).client.options("/datasets/x/entities")
    assert (answer.status_code, answer.headers["Allow"]) == (200, "HEAD, GET, POST, OPTIONS")


def test_nothing_changes_by_get(serve):
    client = serve(hub_with()).client
    for path in ("/pipes/run-all-pipes", "/pipes/stop-run-all-pipes", "/admin"):
        assert client.get(path).status_code == 405, path


# ---- paths and parameters -----------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["/api", "//api", "/api//api", "/api/api", "///api//"])
def test_a_node_url_with_a_last_slash_works(serve, prefix):
    served = serve(hub_with(pipes=SimpleNamespace(get=lambda pipe_id: {"_id": pipe_id})))
    answer = served.client.get(f"http://127.0.0.1:{served.port}{prefix}/pipes/x")
    assert answer.json() == {"_id": "x"}


@pytest.mark.parametrize(
    ("segment", "pipe_id"),
    [
        ("a%3Ab", "a:b"),
        ("a:b", "a:b"),
        ("a%2Fb", "a/b"),
        ("%252e", "%2e"),
        ("a+b", "a+b"),
        ("%C3%A5", "å"),
        ("%20x%20", " x "),
    ],
)
def test_ids_are_decoded_once(serve, segment, pipe_id):
    served = serve(hub_with(pipes=SimpleNamespace(get=lambda pipe_id: {"_id": pipe_id})))
    assert served.client.get(f"/pipes/{segment}").json() == {"_id": pipe_id}


def test_an_id_that_is_no_text_is_refused(serve):
    answer = serve(hub_with()).client.get("/pipes/%FF")
    assert answer.status_code == 400
    assert "UTF-8" in answer.json()["detail"]


def test_fixed_paths_win_over_ids(serve):
    served = serve(hub_with(runner=SimpleNamespace(status=lambda token: {"status": token})))
    answer = served.client.get("/pipes/get-pipe-runner-status", params={"token": "t"})
    assert answer.json() == {"status": "t"}


@pytest.mark.parametrize(
    ("text", "value"), [("True", True), ("false", False), ("FALSE", False), ("1", True)]
)
def test_booleans_come_in_any_case(serve, text, value):
    seen = []
    datasets = SimpleNamespace(list=lambda *, internal: seen.append(internal) or [])
    client = serve(hub_with(datasets=datasets)).client
    assert client.get("/datasets", params={"include-internal-datasets": text}).json() == []
    assert seen == [value]


@pytest.mark.parametrize(
    ("parameters", "detail"),
    [
        ({"history": "maybe"}, 'expected true or false, got "maybe"'),
        ({"limit": "-1"}, 'expected a number that is not negative, got "-1"'),
        ({"limit": "9" * 19}, f'expected a number that is not negative, got "{"9" * 19}"'),
    ],
)
def test_a_parameter_that_does_not_fit_is_told(serve, parameters, detail):
    answer = serve(hub_of_stream(iter([b"[]"]))).client.get(
        "/datasets/x/entities", params=parameters
    )
    assert answer.status_code == 400
    assert without_id(answer)["detail"] == detail


def test_a_choice_that_there_is_not_suggests_one(serve):
    client = serve(hub_with(pipes=SimpleNamespace())).client
    answer = client.get("/pipes/x/entities", params={"stage": "sinks"})
    assert answer.status_code == 400
    assert without_id(answer)["hint"] == 'did you mean "sink"?'


# ---- bodies -------------------------------------------------------------------------------------


def test_broken_json_is_told_with_line_and_column(serve):
    answer = serve(hub_of_variables()).client.put("/env", content=b'{"a": 1,\n  "b": }')
    assert answer.status_code == 400
    assert answer.json()["problems"][0]["message"].startswith("line 2, column 8:")


@pytest.mark.parametrize(
    ("body", "detail"),
    [(b"", "expected JSON"), (b"[1]", "an item is none"), (b"3", "the body is one value")],
)
def test_a_body_that_is_no_object_is_told(serve, body, detail):
    answer = serve(hub_of_variables()).client.put("/env", content=body)
    assert answer.status_code == 400
    assert without_id(answer)["detail"] == detail


def test_a_large_body_gets_one_clear_answer_and_the_connection_goes_on(serve):
    served = serve(hub_of_variables(), max_body_bytes=MEBIBYTE)
    answer = served.client.put("/env", content=b" " * (20 * MEBIBYTE))
    assert answer.status_code == 413
    assert without_id(answer) == {
        "message": "the body is too large",
        "detail": "at most 1,048,576 bytes are taken here",
        "hint": "send it in several requests",
    }
    assert served.client.get("/env").json() == {}


def test_a_large_body_of_unknown_length_is_refused_too(serve):
    served = serve(hub_with(), max_body_bytes=MEBIBYTE)
    answer = served.client.put("/env", content=(b" " * MEBIBYTE for _ in range(20)))
    assert answer.status_code == 413


def test_a_client_that_waits_with_its_body_is_told_before_it_sends(serve):
    served = serve(hub_with(), max_body_bytes=MEBIBYTE)
    token = served.keys.token()
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.sendall(
            b"PUT /api/env HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
            b"Authorization: Bearer " + token.encode() + b"\r\nContent-Length: 99999999\r\n\r\n"
        )
        answer = connection.recv(10_000)
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"Connection: close\r\n" in answer


def test_a_client_that_waits_with_a_body_without_length_is_told_in_the_end(serve):
    served = serve(hub_with(), max_body_bytes=MEBIBYTE)
    answer = served.client.put(
        "/env",
        content=(b" " * MEBIBYTE for _ in range(3)),
        headers={"Expect": "100-continue"},
    )
    assert answer.status_code == 413


def test_a_refused_body_is_not_kept_and_the_refusal_arrives(serve):
    served = serve(hub_with())
    answer = httpx.put(f"{served.url}/env", content=b"x" * (20 * MEBIBYTE), trust_env=False)
    assert answer.status_code == 401


def test_a_form_comes_urlencoded_or_as_multipart_or_json(serve):
    seen = []

    async def operate(_pipe, operation, arguments, *, user):
        seen.append((operation, arguments, user))
        return {}

    client = serve(hub_with(pipes=SimpleNamespace(operate=operate))).client
    fields = {"operation": "update-last-seen", "last-seen": "3"}
    client.post("/pipes/x/pump", data=fields)
    client.post("/pipes/x/pump", files={name: (None, text) for name, text in fields.items()})
    client.post("/pipes/x/pump", json=fields)
    assert seen == [("update-last-seen", {"last-seen": "3"}, "admin")] * 3


def test_a_conflict_of_the_pump_comes_with_the_pump(serve):
    async def operate(_pipe, _operation, _arguments, *, user):
        raise ConflictError("the pump already runs")

    pipes = SimpleNamespace(operate=operate, pump=lambda _pipe: {"runtime": {"is-running": True}})
    answer = serve(hub_with(pipes=pipes)).client.post("/pipes/x/pump", data={"operation": "start"})
    assert answer.status_code == 409
    assert without_id(answer) == {
        "runtime": {"is-running": True},
        "message": "the pump already runs",
        "detail": "the pump already runs",
    }


# ---- streams ------------------------------------------------------------------------------------


def test_a_stream_is_sent_whole_with_its_headers(serve):
    chunks = Chunks([b"[", b"1,", b"2]"])
    client = serve(hub_of_stream(chunks, {"X-Dataset-Populated": "true"})).client
    answer = client.get("/datasets/x/entities")
    assert (answer.json(), answer.headers["X-Dataset-Populated"]) == ([1, 2], "true")
    assert chunks.closed.wait(30)


def test_head_answers_headers_without_the_work(serve):
    chunks = Chunks([b"[]"])
    client = serve(hub_of_stream(chunks, {"X-Dataset-Populated": "true"})).client
    answer = client.head("/datasets/x/entities")
    assert (answer.status_code, answer.content, chunks.read) == (200, b"", 0)
    assert answer.headers["X-Dataset-Populated"] == "true"
    assert client.head("/datasets/x/entities").status_code == 200


def test_what_fails_before_the_first_chunk_is_an_error_answer(serve):
    def chunks():
        raise PipeError("the source is gone")
        yield b""

    answer = serve(hub_of_stream(chunks())).client.get("/datasets/x/entities")
    assert (answer.status_code, answer.json()["message"]) == (500, "the source is gone")


def test_what_fails_later_breaks_the_stream(serve):
    def chunks():
        yield b"[1,"
        raise PipeError("the source is gone")

    client = serve(hub_of_stream(chunks())).client
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/datasets/x/entities")


def test_a_client_that_goes_away_ends_the_reading(serve):
    chunks = Chunks(b"x" * MEBIBYTE for _ in range(100_000))
    client = serve(hub_of_stream(chunks)).client
    with client.stream("GET", "/datasets/x/entities") as answer:
        next(answer.iter_bytes())
    assert chunks.closed.wait(10)
    # Nobody took what was sent, so little of it was made.
    assert chunks.read < 100


def test_a_client_that_goes_away_ends_the_waiting(serve):
    ended = threading.Event()

    async def chunks():
        try:
            yield b"["
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def entities(_pipe, **_values):
        return chunks()

    client = serve(hub_with(pipes=SimpleNamespace(entities=entities))).client
    with client.stream("GET", "/pipes/x/entities") as answer:
        assert next(answer.iter_bytes()) == b"["
    assert ended.wait(10)


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("identity", None),
        ("gzip", "gzip"),
        ("gzip;q=0", None),
        ("identity, gzip;q=0.0", None),
        ("br, GZIP;q=0.5", "gzip"),
        ("", None),
    ],
)
def test_answers_are_compressed_only_when_asked(serve, accept, encoding):
    client = serve(hub_of_stream(iter([b"[", b"1]"]))).client
    answer = client.get("/datasets/x/entities", headers={"Accept-Encoding": accept})
    assert (answer.headers.get("Content-Encoding"), answer.json()) == (encoding, [1])
