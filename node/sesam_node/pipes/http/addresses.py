"""Addresses that a node does not talk to: those that answer for the machine it runs on.

Cloud machines find their credentials at link-local addresses; a pipe, or a server that redirects,
must not. Names are resolved here and the connection is made to the address that was checked: a name
that resolves to another address a moment later gains nothing. A node on loopback is its user's own
and is held back only by what its settings deny.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from sesam_node.pipes.http.answer import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sesam_node.pipes.http.address_rules import AddressRules


def check_host(owner: str, rules: AddressRules, host: str, port: int) -> list[str]:
    """The addresses of a host. Raises RequestError where one is denied; empty where none is known.

    `owner` is who asks, for the message.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return []  # the request itself tells
    addresses = [str(address[0]) for *_, address in found]
    for address in addresses:
        reason = rules.reason(address)
        if reason:
            raise RequestError(f"{owner}: the address of {host} is {reason}")
    return addresses


class GuardedTransport(httpx.HTTPTransport):
    """Connects to checked addresses only."""

    def __init__(self, owner: str, rules: AddressRules, **options: Any) -> None:
        super().__init__(**options)
        pool: Any = self._pool
        # The one place where a name becomes an address; httpx has no option for it.
        pool._network_backend = _GuardedBackend(owner, rules, pool._network_backend)  # noqa: SLF001


class _GuardedBackend(httpcore.NetworkBackend):
    """Resolves, checks, and connects to the address that was checked."""

    def __init__(self, owner: str, rules: AddressRules, inner: httpcore.NetworkBackend) -> None:
        self._owner = owner
        self._rules = rules
        self._inner = inner

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = check_host(self._owner, self._rules, host, port) or [host]
        for address in addresses[:-1]:
            try:
                return self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._inner.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        return self._inner.connect_unix_socket(path, timeout, socket_options)

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)
