"""Looks at TLSA records (RFC 7672) and matches them with certificates (RFC 6698, section 2.1)."""

from __future__ import annotations

import hashlib
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailproof.inventory.targets import MailHost
from mailproof.net.certificates import Chain, load
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.net.pkix import PathStatus, Roots, matches_name, verify
from mailproof.observations.dane import TLSA, TLSARecord
from mailproof.probes.probe import probe


@probe()
async def tlsa(host: MailHost, net: Network) -> TLSA:
    """``_25._tcp.HOST`` and the DNSSEC state of it and of the host's addresses (RFC 7672, section 2.2).

    An alias is looked up under the name that it stands for first, as RFC 7672, section 2.2.3 wants.
    """
    addresses = await net.dns.resolve(host.name, "A")
    if not addresses.exists:
        addresses = await net.dns.resolve(host.name, "AAAA")
    bases = [*addresses.aliases[-1:], host.name]
    for base in bases:
        answer = await net.dns.resolve(f"_25._tcp.{base}", "TLSA")
        if answer.records:
            break
    if not answer.records:
        return TLSA(host.name, addresses, answer, False)
    if answer.proposed or addresses.proposed:
        return TLSA(host.name, addresses, answer, False)
    authentication = await net.dns.authentication()
    if not authentication.believed:
        raise NotObserved(authentication.reason, answer.evidence())
    return TLSA(host.name, addresses, answer, addresses.authenticated and answer.authenticated)


def matching_records(
    records: tuple[TLSARecord, ...], chain: Chain, names: tuple[str, ...], at: datetime
) -> tuple[TLSARecord, ...]:
    """The usable records that ``chain`` satisfies. ``names`` are the reference names of usage 2 (RFC 7672, section
    3.2.2).
    """
    return tuple(record for record in records if record.usable and _satisfies(record, chain, names, at))


def _satisfies(record: TLSARecord, chain: Chain, names: tuple[str, ...], at: datetime) -> bool:
    if record.usage == 3:
        return _digest(record, chain.certificates[0]) == record.data
    for pem in chain.certificates:
        if _digest(record, pem) == record.data:
            trusted = verify(chain, Roots([load(pem)]), at).status is PathStatus.TRUSTED
            return trusted and any(matches_name(chain.leaf, name) for name in names)
    return False


def _digest(record: TLSARecord, pem: str) -> str:
    certificate = load(pem)
    if record.selector == 1:
        data = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        data = certificate.public_bytes(Encoding.DER)
    if record.matching == 0:
        return data.hex()
    return (hashlib.sha256(data) if record.matching == 1 else hashlib.sha512(data)).hexdigest()
