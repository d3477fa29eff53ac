"""What probes of other ports of a mail host have in common: its addresses."""

from __future__ import annotations

from mailproof.targets.base import Targets
from mailproof.targets.mail import MailHost
from mailproof.targets.services import Endpoint

MAX_HOST_ADDRESSES = 4
"""Addresses of one host whose ports are asked."""


def addresses_of(host: MailHost, targets: Targets) -> list[str]:
    """The first addresses of a host; none where it has none. Raises NotObserved where that could not be found out."""
    addresses = dict.fromkeys(e.address for e in targets.found(Endpoint) if e.host == host.name and not e.dead)
    for unknown in targets.missing(Endpoint) if not addresses else ():
        if unknown.host == host.name:
            raise unknown.not_observed()
    return list(addresses)[:MAX_HOST_ADDRESSES]
