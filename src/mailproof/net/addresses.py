"""Which addresses are public."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

IPV6_DOCUMENTATION = ip_network("3fff::/20")
"""RFC 9637: too new for the ipaddress module of Python 3.11."""


def is_public(address: str) -> bool:
    """Whether the IANA special-purpose registries call ``address`` globally reachable (RFC 6890)."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address) and (ip.ipv4_mapped or ip.is_site_local or ip in IPV6_DOCUMENTATION):
        return False
    return ip.is_global and not ip.is_multicast
