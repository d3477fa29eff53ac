"""Networks and names that nobody contacts, whatever else says so."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network


@dataclass(frozen=True)
class Avoided:
    """What the inventory says under ``do_not_contact``."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    names: tuple[str, ...] = ()
    """Each with all names below it."""

    @classmethod
    def of(cls, entries: Iterable[str]) -> Avoided:
        """Sort ``entries``, which are networks, addresses, or names."""
        networks, names = [], []
        for entry in entries:
            try:
                networks.append(ip_network(entry))
            except ValueError:
                names.append(entry)
        return cls(tuple(networks), tuple(names))

    def entry(self, address: str, host: str | None = None) -> str:
        """The entry that forbids to contact ``address``, which ``host`` is the name of; empty if none does."""
        if not (self.networks or self.names):  # as in most inventories: this is asked for each question
            return ""
        name = (host or "").rstrip(".").lower()
        for known in self.names:
            if name == known or name.endswith(f".{known}"):
                return known
        try:
            numeric = ip_address(address.partition("%")[0])
        except ValueError:
            return ""
        forms = _forms(numeric)
        return next((str(network) for network in self.networks for one in forms if one in network), "")


def entry_of_host(avoided: Avoided, host: str) -> str:
    """The entry that forbids to contact a host that other libraries connect to, by its name or an address that it has;
    empty if none does.
    """
    places = {""}
    with suppress(OSError):  # a name without an address: nobody is contacted
        places |= {str(where[0]) for *_, where in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    return next((entry for place in sorted(places) if (entry := avoided.entry(place, host))), "")


_NAT64 = IPv6Network("64:ff9b::/96")
_MAPPED = int(IPv6Address("::ffff:0.0.0.0"))


def _forms(address: IPv4Address | IPv6Address) -> tuple[IPv4Address | IPv6Address, ...]:
    """An address, and those that lead to the same host: IPv4 in IPv6 (RFC 4291, 3056 and 6052)."""
    if isinstance(address, IPv4Address):
        return (address, IPv6Address(_MAPPED + int(address)))
    inner = address.ipv4_mapped or address.sixtofour
    if address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return (address, inner) if inner else (address,)
