"""What answers as Twilio's Messages API does (version 2010-04-01), and a SOCKS5 proxy to it."""

from __future__ import annotations

import base64
import socket
import threading
from contextlib import contextmanager
from urllib.parse import parse_qs

from web_server import Reply

ACCOUNT, TOKEN = "AC0123456789abcdef0123456789abcdef", "let-me-in"


class Twilio:
    """`sent` are the forms it took; numbers in `invalid` it does not know."""

    def __init__(self):
        self.sent = []
        self.invalid = set()
        self.busy = 0  # how many requests more are too many

    def __call__(self, asked):
        login = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {login}":
            return self.error(401, 20003, "Authenticate")
        account = f"/2010-04-01/Accounts/{ACCOUNT}"
        if (asked.method, asked.path) == ("GET", f"{account}.json"):
            return Reply({"sid": ACCOUNT, "friendly_name": "Tests", "status": "active"})
        if (asked.method, asked.path) != ("POST", f"{account}/Messages.json"):
            return self.error(404, 20404, f"The requested resource {asked.path} was not found")
        assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
        form = {name: one for name, (one,) in parse_qs(asked.body.decode()).items()}
        if self.busy:
            self.busy -= 1
            return self.error(429, 20429, "Too Many Requests")
        if form["To"] in self.invalid:
            return self.error(400, 21211, f"The 'To' number {form['To']} is not valid.")
        if len(form["Body"]) > 1_600:
            return self.error(400, 21617, "The concatenated message body exceeds the limit.")
        self.sent.append(form)
        answer = {
            "sid": f"SM{len(self.sent):032x}",
            "account_sid": ACCOUNT,
            "to": form["To"],
            "from": form["From"],
            "body": form["Body"],
            "status": "queued",
            "error_code": None,
            "error_message": None,
        }
        return Reply(answer, 201, {"Content-Type": "application/json"})

    def error(self, status, code, message):
        more = f"https://www.twilio.com/docs/errors/{code}"
        body = {"code": code, "message": message, "more_info": more, "status": status}
        return Reply(body, status, {"Content-Type": "application/json"})


@contextmanager
def socks_proxy(user, password):
    """A SOCKS5 proxy with a login; gives its port, and what it was asked to connect to."""
    listening = socket.create_server(("127.0.0.1", 0))
    asked = []

    def serve(client):
        with client:
            reader = client.makefile("rb")
            _, count = reader.read(2)
            reader.read(count)
            client.sendall(b"\x05\x02")
            reader.read(1)
            name, word = (reader.read(reader.read(1)[0]).decode() for _ in range(2))
            good = (name, word) == (user, password)
            client.sendall(b"\x01" + (b"\x00" if good else b"\x01"))
            if not good:
                return
            _, _, _, kind = reader.read(4)
            if kind == 1:
                host = socket.inet_ntoa(reader.read(4))
            else:
                host = reader.read(reader.read(1)[0]).decode()
            port = int.from_bytes(reader.read(2), "big")
            asked.append((host, port))
            with socket.create_connection((host, port)) as server:
                client.sendall(b"\x05\x00\x00\x01" + bytes(6))
                back = threading.Thread(target=pump, args=(server, client))
                back.start()
                pump(client, server)
                back.join()
            reader.close()

    def pump(source, target):
        try:
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def accept():
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1], asked
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
