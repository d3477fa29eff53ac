"""Which addresses are public, which lie in one network, and which this machine has a route to."""

from __future__ import annotations

import socket
from ipaddress import IPv6Address, ip_address, ip_network

IPV6_DOCUMENTATION = ip_network("3fff::/20")
"""RFC 9637: too new for the ipaddress module of Python 3.11."""


def is_public(address: str) -> bool:
    """Whether the IANA special-purpose registries call ``address`` globally reachable (RFC 6890)."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address) and (ip.ipv4_mapped or ip.is_site_local or ip in IPV6_DOCUMENTATION):
        return False
    return ip.is_global and not ip.is_multicast


def network_of(address: str) -> str:
    """The network that ``address`` lies in: a /24 of IPv4, a /48 of IPv6."""
    return str(ip_network(f"{address}/{48 if ':' in address else 24}", strict=False))


def is_ipv6_without_route(address: str) -> bool:
    """Whether ``address`` is IPv6 and this machine knows no way to it. The kernel is asked, and nothing is sent."""
    if ":" not in address:
        return False
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as nowhere:
            nowhere.connect((address, 9))
    except OSError:
        return True
    return False
