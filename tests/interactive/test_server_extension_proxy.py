"""What goes through Jupyter's server to a node and back, and what does not, whatever is sent."""

from __future__ import annotations

import json
import re
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest
from own_server import BASE, Server

LINE = json.dumps({"_id": "x" * 1000}).encode() + b"\n"
LINES = 300_000
MOST_GROWTH_KB = 60_000
LATEST_S = 60


class Peer(ThreadingHTTPServer):
    """A server that answers as a node might, and as a node never should."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), PeerHandler)
        self.heard: list[tuple[str, dict[str, str]]] = []
        self.left = Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class PeerHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.heard.append((self.path, dict(self.headers)))
        name = self.path.split("?")[0].rpartition("/")[2]
        getattr(self, f"answer_{name}", self.answer_entity)()

    def log_message(self, *_arguments):
        pass

    def _begin(self, status, **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()

    def answer_entity(self):
        mine = {"Set_Cookie": "a=b", "Access_Control_Allow_Origin": "*", "X_Own": "1"}
        self._begin(200, Content_Type="application/json", Content_Length="2", ETag='"1"', **mine)
        self.wfile.write(b"{}")

    def answer_unchanged(self):
        self._begin(304, ETag='"1"')

    def answer_nothing(self):
        self._begin(204)

    def answer_elsewhere(self):
        self._begin(302, Location=f"{self.server.url}/taken", Content_Length="0")

    def answer_page(self):
        self._begin(200, Content_Type="text/html", Content_Length="8")
        self.wfile.write(b"<script>")

    def answer_half(self):
        self._begin(200, Content_Type="application/json", Content_Length="100")
        self.wfile.write(b"{")
        self.close_connection = True

    def answer_endless(self):
        self._begin(200, Content_Type="application/x-ndjson")
        self.close_connection = True
        try:
            while True:
                self.wfile.write(LINE)
        except OSError:
            self.server.left.set()

    def answer_large(self):
        self._begin(200, Content_Type="application/x-ndjson")
        self.close_connection = True
        for _ in range(LINES // 100):
            self.wfile.write(LINE * 100)


@pytest.fixture(scope="module")
def peer():
    server = Peer()
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def server(tmp_path_factory, peer):
    """Jupyter's server, which shows the peer under a profile."""
    folder = tmp_path_factory.mktemp("jupyter")
    kept = folder / "xdg_config_home" / "sesam-interactive" / "profiles.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(json.dumps({"peer": {"node": peer.url, "jwt": "the.nodes.token"}}))
    found = Server(folder, None)
    shown = found.client.post("/node", json={"operation": "connect", "profile": "peer"})
    assert shown.json()["url"] == peer.url
    yield found
    found.close()


@pytest.fixture
def browser(server):
    """Who is signed in by a cookie, as a page is."""
    with httpx.Client(trust_env=False, timeout=60) as client:
        client.get(f"{server.url}login")
        signed_in = {"password": server.token, "_xsrf": client.cookies["_xsrf"]}
        client.post(f"{server.url}login?next={BASE}api/status", data=signed_in)
        yield client


def test_what_tells_jupyter_who_asks_is_not_sent_to_the_node(server, peer, browser):
    peer.heard.clear()
    url = f"{server.url}sesam-interactive/api/a"
    sent = {"X-XSRFToken": browser.cookies["_xsrf"], "X-Forwarded-For": "1.2.3.4", "If-Match": "x"}
    browser.get(f"{url}?_xsrf={browser.cookies['_xsrf']}&token=of-a-run&n=%2F", headers=sent)
    httpx.get(f"{url}?token={server.token}&n=1", trust_env=False)
    (by_cookie, headers), (by_token, _) = peer.heard
    assert (by_cookie, by_token) == ("/api/a?token=of-a-run&n=%2F", "/api/a?n=1")
    assert headers.pop("User-Agent").startswith("python-httpx")
    assert {name.lower(): value for name, value in headers.items()} == {
        "host": peer.url.removeprefix("http://"),
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "keep-alive",
        "authorization": "Bearer the.nodes.token",
        "if-match": "x",
    }


def test_what_the_node_says_to_a_browser_is_not_passed_back(server):
    answer = server.client.get("/api/a")
    assert answer.json() == {}
    assert answer.headers["ETag"] == '"1"'
    assert {"set-cookie", "x-own"}.isdisjoint(answer.headers)
    assert answer.headers["Access-Control-Allow-Origin"] == "", "which Jupyter says"
    assert server.client.get("/api/unchanged", headers={"If-None-Match": '"1"'}).status_code == 304
    assert server.client.get("/api/nothing").status_code == 204
    assert server.client.get("/api/page").status_code == 502


def test_a_node_that_points_elsewhere_is_not_followed(server, peer):
    peer.heard.clear()
    answer = server.client.get("/api/elsewhere")
    assert (answer.status_code, "location" in answer.headers) == (302, False)
    assert [path for path, _ in peer.heard] == ["/api/elsewhere"]


@pytest.mark.parametrize(
    "path",
    ["../taken", "a/../../taken", "%2e%2e/taken", "a%2F..%2F..%2Ftaken", "..%5Ctaken", "./a"],
)
def test_no_path_leads_out_of_the_api(server, peer, path):
    """As it is sent: a client of HTTP would have straightened it."""
    peer.heard.clear()
    request = f"GET {BASE}sesam-interactive/api/{path} HTTP/1.1\r\nHost: localhost\r\n"
    request += f"Authorization: token {server.token}\r\nConnection: close\r\n\r\n"
    port = httpx.URL(server.url).port
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request.encode())
        text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    assert re.match(r"HTTP/1\.1 40[04] ", text), text
    assert peer.heard == []


@pytest.mark.parametrize("origin", ["http://evil.example", "null"])
def test_a_page_of_another_origin_gets_and_does_nothing(server, browser, peer, origin):
    """Its calls bring the user's cookie along, though a browser need not send it."""
    peer.heard.clear()
    url = f"{server.url}sesam-interactive"
    foreign = {"Origin": origin, "Referer": f"{origin}/page"}
    assert browser.get(f"{url}/api/a", headers=foreign).status_code in (403, 404)
    assert browser.get(f"{url}/node", headers=foreign).status_code in (403, 404)
    # A form of another page can send no header of its own.
    assert browser.post(f"{url}/api/a", data={"a": "b"}, headers=foreign).status_code in (403, 404)
    assert browser.post(f"{url}/node", content="{}", headers=foreign).status_code in (403, 404)
    # Nor do its pictures and scripts, which tell no origin.
    for site in ("cross-site", "same-site"):
        picture = {"Referer": f"{origin}/page", "Sec-Fetch-Site": site}
        assert browser.get(f"{url}/api/a", headers=picture).status_code == 403
    assert peer.heard == []


def test_half_an_answer_is_not_taken_for_the_whole(server):
    with pytest.raises(httpx.RemoteProtocolError):
        server.client.get("/api/half")


def test_a_reader_that_goes_away_ends_the_nodes_work(server, peer):
    peer.left.clear()
    with server.client.stream("GET", "/api/endless") as answer:
        assert next(answer.iter_bytes())
        assert not peer.left.is_set()
    assert peer.left.wait(LATEST_S)


@pytest.mark.long
def test_a_large_answer_takes_no_memory(server):
    """300 MB go through, and the server does not grow by a fifth of that."""
    server.client.get("/api/a")
    before = peak_kb(server.process.pid)
    with server.client.stream("GET", "/api/large") as answer:
        assert sum(map(len, answer.iter_bytes())) == LINES * len(LINE)
    assert peak_kb(server.process.pid) - before < MOST_GROWTH_KB


def peak_kb(pid):
    """The most memory that a process has had."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])
