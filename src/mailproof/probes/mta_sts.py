"""Looks at MTA-STS: the TXT record and the policy file."""

from __future__ import annotations

import hashlib

from mailproof.grammars.mta_sts import policy_id
from mailproof.inventory.budgets import MAX_POLICY_ADDRESSES
from mailproof.net.dns.registration import unregistered
from mailproof.net.errors import NotFollowed
from mailproof.net.network import Network
from mailproof.observations import Former
from mailproof.observations.mta_sts import STSChange, STSPolicyFile, STSRecord
from mailproof.probes.probe import Look, probe
from mailproof.targets.mail import MailDomain


@probe()
async def sts_record(domain: MailDomain, net: Network) -> STSRecord:
    """TXT at ``_mta-sts.DOMAIN`` (RFC 8461, section 3.1)."""
    return STSRecord(domain.name, await net.dns.resolve(f"_mta-sts.{domain.name}", "TXT"))


@probe(connections=1, peer="mta-sts.{}:443")
async def sts_policy(domain: MailDomain, net: Network, sts_record: STSRecord) -> STSPolicyFile:
    """The policy over HTTPS, no redirect followed (RFC 8461, section 3.3)."""
    host = f"mta-sts.{domain.name}"
    if not sts_record.in_force:
        return STSPolicyFile(domain.name, sts_record, (), None)
    answers = [await net.dns.resolve(host, type) for type in ("A", "AAAA")]
    addresses = tuple(record.data for answer in answers for record in answer.records)
    reachable = tuple(address for address in addresses if net.settings.may_contact(address, 443, host))
    if addresses and not reachable:
        raise NotFollowed(f"{host} leads to {', '.join(addresses)}, which are not public and are not followed")
    response = None
    if reachable:
        response = await net.https.fetch(f"https://{host}/.well-known/mta-sts.txt", reachable[:MAX_POLICY_ADDRESSES])
    return STSPolicyFile(domain.name, sts_record, addresses, response, await unregistered(net.dns, answers[0]))


@probe(looks=("sts_policy",))
async def sts_change(domain: MailDomain, look: Look, former: Former) -> STSChange:
    """The policy as it is now and as the history has it; not looked at without a history."""
    if not former.kept:
        return STSChange(domain.name, False)
    policy = await look(sts_policy, domain)
    texts = policy.record.texts
    digest = ""
    if policy.fetched and policy.response is not None:
        lines = "\n".join(line.rstrip() for line in policy.response.body.splitlines())
        digest = hashlib.sha256(lines.encode("utf-8", "backslashreplace")).hexdigest()
    before = former.fact(domain.id, STSChange.FACT)
    return STSChange(domain.name, True, policy_id(texts[0]) if policy.record.in_force else "", digest, before)
