"""A web server on a thread, whose answers a test decides."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: dict
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Reply:
    """An answer. `length` is what Content-Length says; `closes` ends without any answer.

    `holds` answers nothing until the test is over, `stalls` nothing behind so many bytes of the
    body. `endless` is sent again and again.
    """

    body: object = b""
    status: int = 200
    headers: dict = field(default_factory=dict)
    length: int | None = None
    closes: bool = False
    holds: bool = False
    stalls: int | None = None
    endless: bytes = b""

    @property
    def data(self):
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Web(ThreadingHTTPServer):
    """`answer(asked)` gives the reply; `asked` holds all requests."""

    daemon_threads = True

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.asked = []
        self.over = Event()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        pass  # a client that goes away is part of the tests


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answered(self):
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        asked = Asked(
            self.command,
            parts.path,
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
        )
        self.server.asked.append(asked)
        reply = self.server.answer(asked)
        if reply.holds:
            self.server.over.wait()
        if reply.closes or reply.holds:
            self.close_connection = True
            return
        if reply.endless:
            self.send_endless(reply)
            return
        data = reply.data
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) if reply.length is None else reply.length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: reply.stalls])
        if reply.stalls is not None:
            self.server.over.wait()
            self.close_connection = True
        if reply.length is not None:
            self.close_connection = True

    def send_endless(self, reply):
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(reply.data)
        while not self.server.over.is_set():
            self.wfile.write(reply.endless)

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.answered
        raise AttributeError(name)

    def log_message(self, *args):
        pass


@contextmanager
def serving(answer):
    """A server that answers as the function says."""
    server = Web(answer)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
