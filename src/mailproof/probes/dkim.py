"""Looks at DKIM keys (RFC 6376, section 3.6.2)."""

from __future__ import annotations

from mailproof.net.dns.registration import unregistered
from mailproof.net.network import Network
from mailproof.observations.dkim import DKIMKey
from mailproof.probes.probe import probe
from mailproof.targets.mail import Selector


@probe()
async def dkim_key(selector: Selector, net: Network) -> DKIMKey:
    """The TXT records at ``selector._domainkey.domain``; a CNAME is followed."""
    answer = await net.dns.resolve(selector.id, "TXT")
    return DKIMKey(selector.selector, selector.domain, answer, await unregistered(net.dns, answer))
