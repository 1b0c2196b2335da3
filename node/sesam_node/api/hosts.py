"""Which hosts and origins a request may name: a page of the web must not reach a local node.

A name that resolves to 127.0.0.1 (DNS rebinding) lets a foreign page send requests to a node on
loopback; its `Host` header still tells the foreign name. So a node on loopback answers to names
of loopback only, and any node refuses an `Origin` that is not the host asked.
"""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from sesam_node.api.errors import ApiError

LOCAL_NAMES: Final = frozenset({"localhost", "ip6-localhost"})


def is_loopback(host: str) -> bool:
    """Is this name or address one of the machine itself only?"""
    name = host.strip("[]").rstrip(".").lower()
    if name in LOCAL_NAMES or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def host_name(header: str) -> str:
    """The name in a `Host` header, without its port, in lower case; empty where it has none."""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def check_request(
    host: str | None, origin: str | None, fetch_site: str | None = None, *, loopback: bool
) -> None:
    """Raises ApiError (403) where the host or the origin is not one to be served.

    `fetch_site` is the `Sec-Fetch-Site` header, which browsers send and pages cannot set.
    """
    if loopback and not is_loopback(host_name(host or "")):
        raise ApiError(
            403,
            "this host name is not served",
            "the node listens on loopback and answers to localhost only",
        )
    foreign = fetch_site in ("cross-site", "same-site")
    if not foreign and origin is not None:
        scheme, _, place = origin.partition("://")
        foreign = scheme not in ("http", "https") or place.lower() != (host or "").lower()
    if foreign:
        raise ApiError(
            403,
            "requests of this origin are refused",
            "the request comes from a page of another site",
        )
