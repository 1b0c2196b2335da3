"""Calls over HTTP: what is tried again, what is not, and that no secret is ever shown."""

import contextlib
import logging
import socket
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from sesam_interactive import ClientError, Hub, connect
from sesam_interactive.client import NoNodeError, retrying
from sesam_interactive.client.connection import Connection, api_url

TOKEN = "eyJ.t0ken-of-the-test.sig"
SECRET = "s3cr3t-of-the-test"
PASSWORD = "p4ssword-of-the-test"


class Flaky(BaseHTTPRequestHandler):
    """A server that answers with what `answers` says, one by one; None cuts the connection."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.made.append(self.command)
        status, headers = self.server.answers.pop(0) if self.server.answers else (200, {})
        if status is None:
            self.close_connection = True
            self.connection.close()
            return
        body = b'{"message": "not now"}' if status >= 400 else b"{}"
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


for name in ("GET", "POST", "PUT", "DELETE"):
    setattr(Flaky, f"do_{name}", Flaky.answer)


class Server(ThreadingHTTPServer):
    def handle_error(self, *_arguments):
        pass


@pytest.fixture
def flaky():
    """`flaky(503, 200)` gives a connection, and the calls that the server has seen."""
    server = Server(("127.0.0.1", 0), Flaky)
    server.answers, server.made = [], []
    Thread(target=server.serve_forever, daemon=True).start()
    with contextlib.ExitStack() as stack:

        def answering(*answers):
            server.answers[:] = [a if isinstance(a, tuple) else (a, {}) for a in answers]
            connection = Connection(f"http://127.0.0.1:{server.server_port}", waits_s=(0.01,) * 3)
            stack.callback(connection.close)
            return connection, server.made

        yield answering
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("answer", [429, 502, 503, None])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_what_is_safe_to_repeat_is_tried_again(flaky, answer, method):
    connection, made = flaky(answer, answer, 200)
    assert connection.json(method, "/x") == {}
    assert made == [method] * 3


@pytest.mark.parametrize("answer", [429, 503, None])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_what_is_not_safe_is_made_once(flaky, answer, method):
    connection, made = flaky(answer, 200)
    with pytest.raises(ClientError):
        connection.json(method, "/x")
    assert made == [method]


def test_a_post_that_only_asks_is_safe(flaky):
    connection, made = flaky(503, None, 200)
    assert connection.ask("/x", a=1) == {}
    assert made == ["POST"] * 3


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_a_condition_makes_a_replacement_unsafe(flaky, header):
    connection, made = flaky(503, 200)
    with pytest.raises(ClientError):
        connection.json("PUT", "/x", headers={header: "x"})
    assert made == ["PUT"]


@pytest.mark.parametrize("status", [400, 401, 404, 409, 500, 504])
def test_other_refusals_are_final(flaky, status):
    connection, made = flaky(status, 200)
    with pytest.raises(ClientError) as caught:
        connection.get("/x")
    assert (caught.value.status, made) == (status, ["GET"])


def test_it_gives_up_in_the_end(flaky):
    connection, made = flaky(503, 503, 503, 503, 503)
    with pytest.raises(ClientError, match="not now") as caught:
        connection.get("/x")
    assert (caught.value.status, len(made)) == (503, 4)


def test_the_node_says_how_long_to_wait(flaky, monkeypatch):
    from sesam_interactive.client import waiting

    waited = []
    monkeypatch.setattr(waiting, "pause", waited.append)
    connection, _ = flaky((429, {"Retry-After": "7"}), 200)
    assert connection.get("/x") == {}
    assert waited == [7.0]
    connection, made = flaky((429, {"Retry-After": "3600"}), 200)
    made.clear()
    with pytest.raises(ClientError) as caught:
        connection.get("/x")
    assert (caught.value.retry_after_s, len(made)) == (3600.0, 1)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "5"}, 5.0),
        ({}, None),
        ({"Retry-After": "soon"}, None),
        (
            {
                "Retry-After": "Sun, 06 Nov 1994 08:49:47 GMT",
                "Date": "Sun, 06 Nov 1994 08:49:37 GMT",
            },
            10.0,
        ),
    ],
)
def test_the_wait_may_be_a_number_or_a_date(headers, seconds):
    assert retrying.retry_after_s(httpx.Response(503, headers=headers)) == seconds


def test_a_node_that_is_not_there_is_told():
    gone = Connection("127.0.0.1:9", waits_s=())
    with contextlib.closing(gone), pytest.raises(NoNodeError, match=r"http://127\.0\.0\.1:9/api"):
        gone.get("/")


def test_completion_is_silent_where_the_node_is_away():
    hub = Hub(Connection("127.0.0.1:9", waits_s=()))
    with hub:
        assert hub.pipes._ipython_key_completions_() == []
        assert hub.env._ipython_key_completions_() == []
        assert "names" in dir(hub.datasets)


def test_an_answer_that_takes_too_long_is_told_and_not_asked_for_again():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        slow = Connection(f"127.0.0.1:{port}", timeout_s=0.05)
        with contextlib.closing(slow), pytest.raises(NoNodeError, match="did not answer in time"):
            slow.get("/")


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("localhost:9042", "http://localhost:9042/api"),
        ("node:9042/api/", "http://node:9042/api"),
        ("10.0.0.3", "http://10.0.0.3/api"),
        ("datahub-1.example.com", "https://datahub-1.example.com/api"),
        ("http://datahub-1.example.com", "http://datahub-1.example.com/api"),
    ],
)
def test_names_of_the_internet_are_asked_by_https(given, url):
    assert api_url(given) == url


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://", "expected a URL"),
        ("ftp://node", "expected a URL"),
        ("http://node:port", "no URL of a node"),
        (f"http://ada:{PASSWORD}@node", "holds a login"),
    ],
)
def test_a_url_that_cannot_be_asked_is_refused_at_once(url, message):
    with pytest.raises(ClientError, match=message) as caught:
        connect(url, TOKEN)
    assert PASSWORD not in everything(caught.value)


def test_a_proxy_is_asked_for_what_is_far_and_not_for_what_is_near(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    for url, proxied in (("datahub.example.com", True), ("127.0.0.1:9042", False), ("node", False)):
        connection = Connection(url)
        transport = connection._client._transport_for_url(httpx.URL(connection.url))
        assert ("Proxy" in type(transport._pool).__name__) is proxied, url
        connection.close()


def test_certificates_that_are_none_are_told(tmp_path):
    (tmp_path / "ca.pem").write_text("nothing")
    for name in ("ca.pem", "nowhere.pem"):
        with pytest.raises(ClientError, match="holds no certificates"):
            Connection("https://node.example.com", verify=str(tmp_path / name))


@pytest.mark.parametrize("token", [f"{SECRET}\n{SECRET}", f"{SECRET} {SECRET}", f"{SECRET}ø"])
def test_a_token_that_cannot_be_one_is_refused_and_not_shown(token):
    with pytest.raises(ClientError, match="copied whole") as caught:
        connect("localhost:9", token)
    assert SECRET not in everything(caught.value)


def everything(error):
    """All that people may see of an error, and of what led to it."""
    parts = ["".join(traceback.format_exception(error))]
    while error is not None:
        parts += [str(error), repr(error), repr(error.args)]
        for show in ("_repr_html_", "_render_traceback_"):
            if hasattr(error, show):
                parts.append(str(getattr(error, show)()))
        error = error.__cause__ or error.__context__
    return "\n".join(parts)


def failing(hub, node):
    """Calls with secrets in them that fail, in many ways."""
    gone = Connection("127.0.0.1:9", TOKEN, waits_s=())
    yield lambda: gone.get("/")
    yield gone.close
    yield lambda: connect(node.url, TOKEN)
    yield lambda: hub.secrets.add({"bad(name": SECRET})
    yield lambda: hub.secrets.add({"key": {"nested": SECRET}})
    yield lambda: hub.secrets.add([SECRET])
    yield lambda: hub.secrets["key"]
    yield lambda: hub.systems.make("nowhere").secrets.add({"key": SECRET})
    yield lambda: hub.access.users.add("no address", PASSWORD)
    yield lambda: hub.access.users.add("x@example.com", PASSWORD[:3])
    yield lambda: hub.access.log_in("x@example.com", PASSWORD)
    yield lambda: hub.access.users.make("x@example.com").change(password=PASSWORD)
    yield lambda: hub.access.users.add("x@example.com", PASSWORD, roles=[3])
    yield lambda: hub.webhooks.add("person", "no-url", TOKEN)
    yield lambda: hub.webhooks.add("person", "http://127.0.0.1:9", TOKEN * 200)


def test_no_secret_is_in_any_repr_error_or_log(hub, node, caplog):
    caplog.set_level(logging.DEBUG)
    hub.pipes["person"].run(progress=False)
    hub.secrets.replace({"planted": SECRET})
    (system,) = hub.systems.add({"_id": "s", "type": "system:url", "url_pattern": "http://x/%s"})
    system.secrets["planted"] = SECRET
    key = hub.access.keys.add("planted", ["group:Guest"])
    shown, raised = [], 0
    for call in failing(hub, node):
        try:
            call()
        except ClientError as error:
            raised += 1
            shown.append(everything(error))
    assert raised > 10
    nouns = [hub, hub.connection, node, hub.aio, *vars(hub).values(), system, system.secrets]
    nouns += [hub.access.users, hub.access.keys, key, hub.config.history("s"), hub.project]
    for noun in nouns:
        shown += [repr(noun), getattr(noun, "_repr_html_", str)()]
    shown.append(hub.metrics().text)
    shown += [repr(hub.config()), repr(hub.stats()), caplog.text]
    text = "\n".join(shown)
    hidden = {node.token, TOKEN, SECRET, PASSWORD, PASSWORD[:3] + '"', str.__str__(key)}
    assert {value for value in hidden if value in text} == set()
    hub.secrets.replace({})
    for item in hub.access.keys.list():
        hub.access.keys.revoke(item["id"])
