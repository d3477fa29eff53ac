"""Networks and names that nobody contacts, whatever else says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network


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
        name = (host or "").rstrip(".").lower()
        for known in self.names:
            if name == known or name.endswith(f".{known}"):
                return known
        try:
            numeric = ip_address(address.partition("%")[0])
        except ValueError:
            return ""
        mapped = getattr(numeric, "ipv4_mapped", None)
        inside = (str(network) for network in self.networks for one in (numeric, mapped) if one and one in network)
        return next(inside, "")
