"""The url system: how it asks, logs in, and tells what went wrong."""

from __future__ import annotations

import base64
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest


class Files(BaseHTTPRequestHandler):
    """Answers with a CSV file of what was asked."""

    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", "/there.csv")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = b"id,a\n1,2\n"
        self.send_response(404 if "gone" in self.path else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    server.asked = []
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def read(node, server, url="file.csv", *, secrets=None, pattern="/%s", **options):
    base = f"http://127.0.0.1:{server.server_port}"
    system = {"_id": "web", "type": "system:url", "url_pattern": base + pattern, **options}
    node.more = {"systems": {"web": system}, "secrets": secrets or {}}
    source = {"type": "csv", "system": "web", "url": url, "primary_key": "id"}
    node.pipe("c", source=source)
    return node.try_run("c")


@pytest.mark.parametrize(
    ("pattern", "path"),
    [("/%s", "/file.csv"), ("/", "/file.csv"), ("/in/%s?x=1", "/in/file.csv?x=1")],
)
def test_the_relative_url_is_put_into_the_pattern(memory_node, server, pattern, path):
    assert read(memory_node, server, pattern=pattern).success
    assert [asked for asked, _ in server.asked] == [path]
    assert memory_node.live("c") == {"1": {"id": "1", "a": "2"}}


@pytest.mark.parametrize(
    ("options", "header", "value"),
    [
        (
            {"authentication": "basic", "username": "kari", "password": "$SECRET(word)"},
            "Authorization",
            "Basic " + base64.b64encode(b"kari:s3cret").decode(),
        ),
        (
            {
                "authentication": "jwt",
                "jwt_token": "$SECRET(word)",
                "headers": {"authorization": "x"},
            },
            "Authorization",
            "Bearer s3cret",
        ),
        ({"headers": {"X-Key": "a $SECRET(word)"}}, "X-Key", "a s3cret"),
    ],
)
def test_logins_and_headers_are_sent(memory_node, server, options, header, value):
    assert read(memory_node, server, secrets={"word": "s3cret"}, **options).success
    ((_, headers),) = server.asked
    assert headers[header] == value


def test_redirects_are_followed(memory_node, server):
    assert read(memory_node, server, "moved").success
    assert [path for path, _ in server.asked] == ["/moved", "/there.csv"]


def test_an_error_names_system_and_url_but_no_secrets(memory_node, server):
    result = read(
        memory_node,
        server,
        pattern="/%s?key=$SECRET(word)",
        secrets={"word": "s3cret"},
        url="gone.csv",
    )
    port = server.server_port
    assert (
        result.error == f'system "web": GET http://127.0.0.1:{port}/gone.csv answered 404 Not Found'
    )
    assert "s3cret" not in result.traceback + str(result.events)


def test_a_server_that_is_not_there_is_told(memory_node, server):
    options = {"url_pattern": "http://user:s3cret@127.0.0.1:9/%s"}
    result = read(memory_node, server, **options)
    assert result.error.startswith('system "web": GET http://127.0.0.1:9/file.csv failed: ')
    assert "s3cret" not in result.traceback + str(result.events)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"password": "$SECRET(none)"}, 'the secret "none" is not set'),
        (
            {"authentication": "basic", "username": "kari"},
            'system "web": authentication "basic" needs "password"',
        ),
        ({"authentication": "ntlm"}, 'authentication "ntlm" cannot run in this version'),
        ({"oauth2": {"client_id": "x"}}, 'system "web": "oauth2" needs "client_secret"'),
        ({"url_pattern": None}, 'system "web" has no "url_pattern"'),
        ({"url_pattern": "http://169.254.169.254/%s"}, "is link-local, which is denied"),
    ],
)
def test_what_cannot_be_used_is_said(memory_node, server, options, message):
    assert message in read(memory_node, server, **options).error
