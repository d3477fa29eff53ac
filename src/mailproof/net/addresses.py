"""Which addresses are public, which lie in one network, and which this machine has a route to."""

from __future__ import annotations

import socket
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_NOT_REACHABLE_IPV4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
_REACHABLE_IPV4 = (IPv4Network("192.0.0.9/32"), IPv4Network("192.0.0.10/32"))
"""Exceptions within the networks above."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""The only part of IPv6 that is handed out for use in the internet (RFC 4291, section 2.4)."""

_NOT_REACHABLE_IPV6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))
_REACHABLE_IPV6 = tuple(
    map(
        IPv6Network,
        (
            "2001:1::1/128",
            "2001:1::2/128",
            "2001:1::3/128",
            "2001:3::/32",
            "2001:4:112::/48",
            "2001:20::/28",
            "2001:30::/28",
        ),
    )
)
"""Exceptions within the networks above."""

_NAT64 = IPv6Network("64:ff9b::/96")
_6TO4 = IPv6Network("2002::/16")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})


def is_public(address: str) -> bool:
    """Whether the IANA special-purpose registries call ``address`` globally reachable (RFC 6890).

    The tables are our own: those of the ipaddress module differ from one Python to the next. An IPv6 address that
    embeds an IPv4 address leads where that leads, so both have to be reachable.
    """
    ip = ip_address(address)
    if isinstance(ip, IPv4Address):
        return _is_reachable_ipv4(ip)
    embedded = _embedded_ipv4(ip)
    if embedded is not None and not _is_reachable_ipv4(embedded):
        return False
    if ip in _NAT64:
        return True
    special = any(ip in network for network in _NOT_REACHABLE_IPV6)
    return ip in _GLOBAL_UNICAST and (not special or any(ip in network for network in _REACHABLE_IPV6))


def _is_reachable_ipv4(ip: IPv4Address) -> bool:
    special = any(ip in network for network in _NOT_REACHABLE_IPV4)
    return not special or any(ip in network for network in _REACHABLE_IPV4)


def _embedded_ipv4(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address behind NAT64 (RFC 6052), 6to4 (RFC 3056) or ISATAP (RFC 5214). Other embeddings, mapped,
    compatible, translated and Teredo, lie outside of what is reachable anyway.
    """
    if ip in _6TO4:
        return IPv4Address(int(ip) >> 80 & 0xFFFFFFFF)
    is_isatap = int(ip) >> 32 & 0xFFFFFFFF in _ISATAP
    return IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 or is_isatap else None


@lru_cache(maxsize=10_000)
def is_here(address: str) -> bool:
    """Whether an address is one of this machine's own: then nobody else has it, where this process runs."""
    ip = ip_address(address)
    if ip.is_loopback:
        return True
    if ip.is_unspecified or ip.is_multicast:
        return False
    family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as own:
            own.bind((address, 0))
    except OSError:
        return False
    return True


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
