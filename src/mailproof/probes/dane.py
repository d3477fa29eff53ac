"""Looks at TLSA records (RFC 7672)."""

from __future__ import annotations

from mailproof.net.dns.client import Answer
from mailproof.net.errors import UntrustedRoot
from mailproof.net.network import Network
from mailproof.observations.dane import TLSA
from mailproof.probes.dnssec import judged, valid
from mailproof.probes.probe import probe
from mailproof.targets.mail import MailHost


@probe()
async def tlsa(host: MailHost, net: Network) -> TLSA:
    """``_25._tcp.HOST`` and the DNSSEC state of it and of the host's addresses (RFC 7672, section 2.2).

    An alias is looked up under the name that it stands for first, as RFC 7672, section 2.2.3 wants; one that leads out
    of DNSSEC only under its own name, if the alias itself is signed (section 2.2.2).
    """
    addresses = await net.dns.resolve(host.name, "A")
    if not addresses.exists:
        addresses = await net.dns.resolve(host.name, "AAAA")
    alias = None
    bases = (*addresses.aliases[-1:], host.name)
    leads_somewhere = bool(addresses.aliases) and addresses.exists and not addresses.proposed
    if leads_somewhere and not await _leads_securely(net, addresses):
        alias = await net.dns.resolve(host.name, "CNAME")
        bases = (host.name,)
    for base in bases:
        answer = await net.dns.resolve(f"_25._tcp.{base}", "TLSA")
        if answer.records:
            break
    at_alias = None
    if answer.records and base != host.name:
        at_alias = await net.dns.resolve(f"_25._tcp.{host.name}", "TLSA")
    if not answer.records or answer.proposed or addresses.proposed:
        return TLSA(host.name, addresses, answer, False, alias, at_alias=at_alias)
    of_base, association = await valid(net, addresses, answer)
    on_alias = (await judged(net, alias),) if alias is not None and alias.exists else ()
    is_secure = association.secure and any(one.secure for one in (of_base, *on_alias))
    return TLSA(host.name, addresses, answer, is_secure, alias, (of_base, *on_alias, association), at_alias)


async def _leads_securely(net: Network, addresses: Answer) -> bool:
    """Whether an alias leads from signed zones into signed zones, as far as that can be told."""
    try:
        return (await judged(net, addresses)).secure
    except UntrustedRoot:
        return False
