"""Looks at DKIM keys (RFC 6376, section 3.6.2)."""

from __future__ import annotations

from mailproof.net.dns.registration import unregistered
from mailproof.net.network import Network
from mailproof.observations.dkim import DKIMKey, DKIMSubtree
from mailproof.probes.probe import probe
from mailproof.targets.mail import MailDomain, Selector


@probe()
async def dkim_key(selector: Selector, net: Network) -> DKIMKey:
    """The TXT records at ``selector._domainkey.domain``; a CNAME is followed."""
    answer = await net.dns.resolve(selector.id, "TXT")
    return DKIMKey(selector.selector, selector.domain, answer, await unregistered(net.dns, answer))


@probe()
async def dkim_subtree(domain: MailDomain, net: Network) -> DKIMSubtree:
    """``_domainkey`` of the domain (RFC 6376, section 3.6.2.1): no selector stands below a name that does not exist."""
    return DKIMSubtree(domain.name, await net.dns.resolve(f"_domainkey.{domain.name}", "TXT"))
