"""Matches TLSA records with the certificates that a server sends (RFC 6698, section 2.1; RFC 7671)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID

from mailproof.net.errors import Malformed
from mailproof.net.pkix.certificates import Chain, fingerprint, load, reading
from mailproof.net.pkix.der import public_key_info
from mailproof.net.pkix.names import canonical
from mailproof.net.pkix.paths import PathResult, PathStatus, Roots, verify
from mailproof.net.pkix.reference_names import matches_name
from mailproof.observations.dane import DATES_COUNT, NAMES_COUNT, TLSARecord
from mailproof.observations.tls import Deployment


def matching_records(
    records: tuple[TLSARecord, ...], chain: Chain, names: tuple[str, ...], at: datetime
) -> tuple[TLSARecord, ...]:
    """The heeded records that ``chain`` satisfies at the moment ``at``; ``names`` as in ``examine``."""
    return tuple(record for record, flaw in examine(heeded(records), chain, names, at) if not flaw)


def heeded(records: tuple[TLSARecord, ...]) -> tuple[TLSARecord, ...]:
    """The usable records that senders look at: of those with one usage and selector the ones with the strongest digest,
    and those without a digest (RFC 7671, section 9).
    """
    usable = [record for record in records if record.usable]
    strongest: dict[tuple[int, int], int] = {}
    for record in usable:
        kind = record.usage, record.selector
        strongest[kind] = max(strongest.get(kind, 0), record.matching)
    return tuple(r for r in usable if r.matching in (0, strongest[r.usage, r.selector]))


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


def examine_public(
    records: tuple[TLSARecord, ...], deployment: Deployment, names: tuple[str, ...], at: datetime, roots: Roots
) -> tuple[tuple[TLSARecord, str], ...]:
    """As ``examine``, for the records of usage 0 and 1, which demand a path to a public root besides (RFC 6698, section
    2.1.1). SMTP between servers does not know them, other services do.
    """
    chain, path = deployment.chain, deployment.path
    certificates = [load(pem) for pem in chain.certificates]
    found = []
    with reading():
        leaf, *others = certificates
        above = [c for c in (*others, *roots.named(canonical(certificates[-1].issuer))) if _is_on(path, c)]
        for record in records:
            candidates = {0: above, 1: [leaf]}.get(record.usage, [])
            if not record.known or record.malformed or record.data not in {_association(record, c) for c in candidates}:
                continue
            flaw = _dates(chain, leaf, at) or _names(chain, leaf, names, ())
            if path.status is not PathStatus.TRUSTED:
                flaw = f"no path leads to a public root ({path.status}: {path.detail})"
            found.append((record, flaw))
    return tuple(found)


def _is_on(path: PathResult, certificate: x509.Certificate) -> bool:
    return fingerprint(certificate) in (*path.certificates, path.root)


def _server(record: TLSARecord, leaf: x509.Certificate) -> str | None:
    """DANE-EE: the key decides; names, dates and issuers do not count (RFC 7672, section 3.1.1)."""
    return "" if _association(record, leaf) == record.data else None


def _issuer(record: TLSARecord, chain: Chain, certificates: list[x509.Certificate], at: datetime) -> str | None:
    """DANE-TA: an issuer of the server's certificate, to which a path leads; dates and names count (RFC 7672, section
    3.1.2; RFC 7671, section 5.2).
    """
    leaf, *others = certificates
    itself = _association(record, leaf) == record.data
    if itself and chain.leaf.self_signed and record.parameters == "2 1 0":
        return _dates(chain, leaf, at)  # the key that stands in the record did issue the certificate
    named = [certificate for certificate in others if _association(record, certificate) == record.data]
    if not named and record.matching == 0:
        named += _published(record, certificates)
    named = [certificate for certificate in named if fingerprint(certificate) != chain.leaf.sha256]
    if not named:
        return "it is the server's own certificate, and usage 2 names an issuer" if itself else None
    try:
        with reading():
            path = verify(chain, Roots(named), at)
    except Malformed:
        verify(chain, Roots([]), at)  # what was sent is at fault, or else what stands in the record
        return "the certificate in it does not parse"
    if path.status is not PathStatus.TRUSTED:
        return f"it names an issuer to which no path leads ({path.status}{f': {path.detail}' if path.detail else ''})"
    return _dates(chain, leaf, at)


def _dates(chain: Chain, leaf: x509.Certificate, at: datetime) -> str:
    if leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
        return ""
    return f"the certificate is valid from {chain.leaf.not_before} to {chain.leaf.not_after}, and {DATES_COUNT}"


def _names(chain: Chain, leaf: x509.Certificate, names: tuple[str, ...], domains: tuple[str, ...]) -> str:
    if any(_is_made_out_to(chain, leaf, name) for name in names):
        return ""
    missing = [domain for domain in domains if not _is_made_out_to(chain, leaf, domain)]
    if domains and not missing:
        return ""
    return f"the certificate is made out to none of {', '.join((*names[:3], *missing[:3]))}, and {NAMES_COUNT}"


def _published(record: TLSARecord, sent: list[x509.Certificate]) -> list[x509.Certificate]:
    """The issuer that stands in the record itself, as a certificate or as a bare key (RFC 7671, section 5.2.3)."""
    data = bytes.fromhex(record.data)
    try:
        with reading():
            if record.selector == 0:
                return [x509.load_der_x509_certificate(data)]
            issuers = dict.fromkeys(certificate.issuer for certificate in sent)
            return [_trust_anchor(name, data) for name in issuers]
    except Malformed:
        return []


def _trust_anchor(name: x509.Name, key: bytes) -> x509.Certificate:
    """A trust anchor is a name and a key (RFC 5280, section 6.1.1): both as a certificate, whose signature counts for
    nothing.
    """
    public = load_der_public_key(key)
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=public,  # type: ignore[arg-type]  # a key of a kind that cannot sign raises
        serial_number=1,
        not_valid_before=datetime(1950, 1, 1, tzinfo=UTC),
        not_valid_after=datetime(9999, 12, 31, tzinfo=UTC),
    )
    return builder.add_extension(x509.BasicConstraints(True, None), True).sign(_signer(), None)


@cache
def _signer() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


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
