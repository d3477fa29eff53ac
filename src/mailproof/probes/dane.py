"""Looks at TLSA records (RFC 7672) and matches them with certificates (RFC 6698, section 2.1)."""

from __future__ import annotations

import hashlib
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from mailproof.net.dns.client import Answer
from mailproof.net.errors import Bogus, Malformed, NotObserved, UntrustedRoot
from mailproof.net.network import Network
from mailproof.net.pkix.certificates import Chain, fingerprint, load, reading
from mailproof.net.pkix.der import public_key_info
from mailproof.net.pkix.paths import PathStatus, Roots, verify
from mailproof.net.pkix.reference_names import matches_name
from mailproof.observations.dane import TLSA, TLSARecord
from mailproof.probes.dnssec import judged
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
    if addresses.aliases and not addresses.proposed and not await _leads_securely(net, addresses):
        alias = await net.dns.resolve(host.name, "CNAME")
        bases = (host.name,)
    for base in bases:
        answer = await net.dns.resolve(f"_25._tcp.{base}", "TLSA")
        if answer.records:
            break
    if not answer.records or answer.proposed or addresses.proposed:
        return TLSA(host.name, addresses, answer, False, alias)
    of_base, association = await judged(net, addresses), await judged(net, answer)
    on_alias = (await judged(net, alias),) if alias is not None and alias.exists else ()
    for one in (of_base, association):
        if one.bogus:
            kind = NotObserved if one.accepted else Bogus
            raise kind(f"{one.name} {one.type} does not validate: {one.why}", one.evidence())
    is_secure = association.secure and any(one.secure for one in (of_base, *on_alias))
    return TLSA(host.name, addresses, answer, is_secure, alias, (of_base, *on_alias, association))


async def _leads_securely(net: Network, addresses: Answer) -> bool:
    """Whether an alias leads from signed zones into signed zones, as far as that can be told."""
    try:
        return (await judged(net, addresses)).secure
    except UntrustedRoot:
        return False


def matching_records(
    records: tuple[TLSARecord, ...], chain: Chain, names: tuple[str, ...], at: datetime
) -> tuple[TLSARecord, ...]:
    """The usable records that ``chain`` satisfies at the moment ``at``; ``names`` as in ``examine``."""
    return tuple(record for record, flaw in examine(records, chain, names, at) if not flaw)


def examine(
    records: tuple[TLSARecord, ...],
    chain: Chain,
    names: tuple[str, ...],
    at: datetime,
    domains: tuple[str, ...] = (),
) -> tuple[tuple[TLSARecord, str], ...]:
    """The usable records that name a certificate of ``chain`` or its issuer, and why they do not match all the same
    ("" where they do).

    Usage 2 has reference names (RFC 7672, section 3.2.2): one of ``names``, those of the host, satisfies every sender;
    a mail domain satisfies only those who send to it, so all ``domains`` together do.
    """
    certificates = [load(pem) for pem in chain.certificates]
    found = []
    with reading():
        for record in records:
            if record.usable:
                flaw = _server(record, certificates[0]) if record.usage == 3 else None
                if record.usage == 2:
                    flaw = _issuer(record, chain, certificates, at)
                    flaw = _names(chain, certificates[0], names, domains) if flaw == "" else flaw
                if flaw is not None:
                    found.append((record, flaw))
    return tuple(found)


def _server(record: TLSARecord, leaf: x509.Certificate) -> str | None:
    """DANE-EE: the key decides; names, dates and issuers do not count (RFC 7672, section 3.1.1)."""
    return "" if _association(record, leaf) == record.data else None


def _issuer(record: TLSARecord, chain: Chain, certificates: list[x509.Certificate], at: datetime) -> str | None:
    """DANE-TA: an issuer of the server's certificate, to which a path leads; dates and names count (RFC 7672, section
    3.1.2; RFC 7671, section 5.2).
    """
    leaf, *others = certificates
    named = [certificate for certificate in others if _association(record, certificate) == record.data]
    if record.selector == 0 and record.matching == 0:
        named += _published(record)
    named = [certificate for certificate in named if fingerprint(certificate) != chain.leaf.sha256]
    if not named:
        itself = _association(record, leaf) == record.data
        return "it is the server's own certificate, and usage 2 names an issuer" if itself else None
    path = verify(chain, Roots(named), at)
    if path.status is not PathStatus.TRUSTED:
        return f"it names an issuer to which no path leads ({path.status}{f': {path.detail}' if path.detail else ''})"
    if not leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
        return f"the certificate is valid from {chain.leaf.not_before} to {chain.leaf.not_after}, and dates count"
    return ""


def _names(chain: Chain, leaf: x509.Certificate, names: tuple[str, ...], domains: tuple[str, ...]) -> str:
    if any(_is_made_out_to(chain, leaf, name) for name in names):
        return ""
    missing = [domain for domain in domains if not _is_made_out_to(chain, leaf, domain)]
    if domains and not missing:
        return ""
    return f"the certificate is made out to none of {', '.join((*names, *missing[:3]))}, and names count"


def _published(record: TLSARecord) -> list[x509.Certificate]:
    """The certificate that stands in the record itself."""
    try:
        with reading():
            return [x509.load_der_x509_certificate(bytes.fromhex(record.data))]
    except Malformed:
        return []


def _is_made_out_to(chain: Chain, leaf: x509.Certificate, name: str) -> bool:
    """The common name counts only where there is no DNS name beside it (RFC 7672, section 3.2.2)."""
    if chain.leaf.dns_names:
        return matches_name(chain.leaf, name)
    common_names = [attribute.value for attribute in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return any(isinstance(value, str) and value.lower() == name.lower() for value in common_names)


def _association(record: TLSARecord, certificate: x509.Certificate) -> str:
    """What a record of this selector and matching type says of ``certificate`` (RFC 6698, sections 2.1.2, 2.1.3)."""
    data = public_key_info(certificate) if record.selector == 1 else certificate.public_bytes(Encoding.DER)
    if record.matching == 0:
        return data.hex()
    return (hashlib.sha256(data) if record.matching == 1 else hashlib.sha512(data)).hexdigest()
