"""From which addresses this machine looks at the world."""

from __future__ import annotations

import socket
from contextlib import suppress

_ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses for documentation (RFC 5737, RFC 3849): the route to them is the default route."""


def source_addresses() -> tuple[str, ...]:
    """The addresses that connections to the internet leave from, IPv4 first. Nothing is sent to find out.

    Behind address translation others see another address.
    """
    found = []
    for family, elsewhere in _ELSEWHERE:
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            found.append(str(probe.getsockname()[0]))
    return tuple(found)
