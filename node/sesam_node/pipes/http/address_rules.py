"""Which addresses a node's systems may talk to: plain data, made of the settings."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

METADATA: Final = frozenset(
    map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200", "192.0.0.192"))
)
NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Which addresses systems may talk to; networks as text (`10.0.0.0/8`).

    What is allowed wins over what is denied, and over the addresses that are denied by themselves.
    """

    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    own: bool = True
    """Are link-local addresses and those of clouds denied?"""

    @property
    def hold_back(self) -> bool:
        """Is there any address that is denied?"""
        return self.own or bool(self.denied)

    def reason(self, address: str) -> str:
        """Why an address is denied, in any notation of it; empty where it is not."""
        found = _unwrapped(ipaddress.ip_address(address.partition("%")[0]))
        if _is_in(found, self.allowed):
            return ""
        if _is_in(found, self.denied):
            return "denied by the settings of the node"
        if self.own and (found.is_link_local or found in METADATA):
            return "link-local, which is denied"
        return ""


ANY_BUT_OWN: Final = AddressRules()
"""The rules of a node whose settings say nothing."""


def _unwrapped(
    found: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(found, ipaddress.IPv4Address):
        return found
    if found in NAT64:
        return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return found.ipv4_mapped or found.sixtofour or found


def _is_in(found: ipaddress.IPv4Address | ipaddress.IPv6Address, networks: tuple[str, ...]) -> bool:
    return any(found in ipaddress.ip_network(network) for network in networks)
