"""Looks at DKIM keys (RFC 6376, section 3.6.2)."""

from __future__ import annotations

from contextlib import suppress

from mailproof.net.dns.registration import unregistered
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.observations.dkim import DKIMKey, DKIMSubtree
from mailproof.probes.authorities import NOBODY
from mailproof.probes.probe import probe
from mailproof.targets.mail import MailDomain, Selector


@probe()
async def dkim_key(selector: Selector, net: Network) -> DKIMKey:
    """The TXT records at ``selector._domainkey.domain``; a CNAME is followed."""
    answer = await net.dns.resolve(selector.id, "TXT")
    return DKIMKey(selector.selector, selector.domain, answer, await unregistered(net.dns, answer))


@probe()
async def dkim_subtree(domain: MailDomain, net: Network) -> DKIMSubtree:
    """``_domainkey`` of the domain (RFC 6376, section 3.6.2.1): no selector stands below a name that does not exist.

    Where it exists, a selector and a name that nobody has tell whether that is the work of a wildcard.
    """
    name = f"_domainkey.{domain.name}"
    answer = await net.dns.resolve(name, "TXT")
    below = beside = None
    with suppress(NotObserved):
        below = None if answer.nonexistent else await net.dns.resolve(f"{NOBODY}.{name}", "TXT")
        if below is not None and not below.nonexistent:
            beside = await net.dns.resolve(f"{NOBODY}.{domain.name}", "TXT")
    return DKIMSubtree(domain.name, answer, below, beside)
