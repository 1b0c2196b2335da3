"""Addresses that a node does not talk to: those that answer for the machine it runs on.

Cloud machines find their credentials at link-local addresses; a pipe, or a server that redirects,
must not. Names are resolved here and the connection is made to the address that was checked: a name
that resolves to another address a moment later gains nothing. A node on loopback is its user's own
and is not held back.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any, Final

import httpcore
import httpx

from sesam_node.pipes.http.answer import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable

METADATA: Final = frozenset(
    map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200", "192.0.0.192"))
)
NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


def is_denied(address: str) -> bool:
    """Is it a link-local address, or one where a cloud keeps credentials, in any notation?"""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is None and found in NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            found = inner
    return found.is_link_local or found in METADATA


def check_host(owner: str, host: str, port: int) -> list[str]:
    """The addresses of a host. Raises RequestError where one is denied; empty where none is known.

    `owner` is who asks, for the message.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return []  # the request itself tells
    addresses = [str(address[0]) for *_, address in found]
    for address in addresses:
        if is_denied(address):
            raise RequestError(f"{owner}: the address of {host} is link-local, which is denied")
    return addresses


class GuardedTransport(httpx.HTTPTransport):
    """Connects to checked addresses only."""

    def __init__(self, owner: str, **options: Any) -> None:
        super().__init__(**options)
        pool: Any = self._pool
        # The one place where a name becomes an address; httpx has no option for it.
        pool._network_backend = _GuardedBackend(owner, pool._network_backend)  # noqa: SLF001


class _GuardedBackend(httpcore.NetworkBackend):
    """Resolves, checks, and connects to the address that was checked."""

    def __init__(self, owner: str, inner: httpcore.NetworkBackend) -> None:
        self._owner = owner
        self._inner = inner

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = check_host(self._owner, host, port) or [host]
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
