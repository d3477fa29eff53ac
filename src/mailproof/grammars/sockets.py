"""Where the programs of a host listen: the output of ``ss -H -ltn`` (ss(8))."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

MAX_SOCKETS = 2000
"""What follows is not looked at."""


@dataclass(frozen=True)
class ListeningSocket:
    """A socket that takes connections over TCP.

    ``address`` is empty for one that takes them at every address; of IPv4 alone where ``families`` is ``ip``.
    """

    address: str
    families: tuple[str, ...]
    """``ip`` and ``ip6``, as packet filters call them."""
    port: int
    line: int
    """From 1."""

    @property
    def is_loopback(self) -> bool:
        """Whether only the host itself can connect."""
        return bool(self.address) and ipaddress.ip_address(self.address).is_loopback

    def __str__(self) -> str:
        shown = f"[{self.address}]" if ":" in self.address else self.address
        return f"{shown or '*'}:{self.port}"


def parse_sockets(text: str) -> Iterator[ListeningSocket]:
    """The sockets in order. Lines that are none are passed over."""
    count = 0
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if len(words) < 5 or words[0] != "LISTEN" or count == MAX_SOCKETS:
            continue
        address, _, port = words[3].rpartition(":")
        address = address.strip("[]").partition("%")[0].strip("[]")
        if not (port.isascii() and port.isdecimal() and len(port) < 6):
            continue
        try:
            ip = ipaddress.ip_address("::" if address == "*" else address)
        except ValueError:
            continue
        count += 1
        # A socket of IPv6 for all addresses takes IPv4 as well, unless it says otherwise: ss shows that one as `*`.
        families = ("ip", "ip6") if address == "*" else ("ip",) if ip.version == 4 else ("ip6",)
        yield ListeningSocket("" if ip.is_unspecified else str(ip), families, int(port), number)
