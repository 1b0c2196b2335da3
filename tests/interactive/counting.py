"""A way to a node that counts what comes back, and knows when a reader has gone."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit


class Counter:
    """A TCP proxy on a port of its own; `received` are the bytes that the node has sent.

    It breaks off when there were more than `most`.
    """

    def __init__(self, url, most=None):
        self.most = most
        parts = urlsplit(url)
        self._node = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.received = 0
        self._gone = threading.Condition()
        self._cut = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            node = socket.create_connection(self._node)
            for work in (self._up, self._down):
                threading.Thread(target=work, args=(client, node), daemon=True).start()

    def _up(self, client, node):
        while data := _read(client):
            node.sendall(data)
        node.close()

    def _down(self, client, node):
        while data := _read(node):
            self.received += len(data)
            if self.most is not None and self.received > self.most:
                break
            try:
                client.sendall(data)
            except OSError:
                with self._gone:
                    self._cut += 1
                    self._gone.notify_all()
                break
        for connection in (client, node):
            # The other thread is reading: closing alone would tell nobody.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def wait_for_cut(self, timeout):
        """Has a reader gone away while the node was sending?"""
        with self._gone:
            return self._gone.wait_for(lambda: self._cut, timeout)

    def close(self):
        self._listener.close()


def _read(connection):
    try:
        return connection.recv(65536)
    except OSError:
        return b""
