"""What may be wrong with a certification path, and with one certificate's part in it (RFC 5280, section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from mailproof.net.pkix.extensions import extension, why_unreadable
from mailproof.net.text import printable


class PathStatus(StrEnum):
    """How far the certificates sent lead. Of several flaws of a path the first in this order is its status."""

    TRUSTED = "trusted"
    SELF_SIGNED = "self-signed"
    """The server's certificate signs itself and is not in the trust store."""
    UNTRUSTED_ROOT = "unknown root"
    """The CA certificates that were sent lead to a root that is not in the trust store, sent or not."""
    ISSUER_MISSING = "issuer missing"
    """The issuer of the server's certificate was neither sent nor is it trusted, or can be had where the last
    certificate says: incomplete chain.
    """
    BROKEN_SIGNATURE = "broken signature"
    """The issuer by name and key identifier is there, but the signature does not verify with its key."""
    REFUSED_SIGNATURE = "refused signature"
    """A signature below the root is of a kind that clients do not take: SHA-1, MD5, a curve spelt out."""
    MALFORMED = "an extension twice"
    """A certificate has each extension once (section 4.2)."""
    NOT_FOR_SERVERS = "not for TLS servers"
    """Key usage or extended key usage leave TLS servers out (sections 4.2.1.3 and 4.2.1.12)."""
    UNKNOWN_CRITICAL = "unknown critical extension"
    """A verifier that does not know a critical extension must refuse the certificate (section 4.2)."""
    INTERMEDIATE_NOT_CA = "intermediate not a CA"
    """The path leads to a trusted root, through a certificate that may not sign others."""
    PATH_TOO_LONG = "path too long"
    """More CAs stand below a CA than its path length allows (section 4.2.1.9)."""
    NAME_NOT_ALLOWED = "name constraint violated"
    """A CA may not vouch for a name in a certificate below it (section 4.2.1.10)."""
    POLICY = "policy violated"
    """A CA demands a certificate policy, and none is valid along the path (section 6.1)."""
    ROOT_EXPIRED = "root expired"
    """The root is in the trust store, and outside its validity."""
    INTERMEDIATE_EXPIRED = "intermediate expired"
    """The path leads to a trusted root, through a CA certificate outside its validity."""
    UNCHECKED = "cannot be checked"
    """A key, a signature or an extension is of a kind that is not known here. That says nothing against it."""
    GIVEN_UP = "search given up"
    """There are more certificates, paths or names than are tried."""


@dataclass(frozen=True)
class Flaw:
    """What is wrong with a path. ``detail`` names the certificate, and what is not evident from the status."""

    status: PathStatus
    detail: str


_KNOWN_EXTENSIONS = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.INHIBIT_ANY_POLICY,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
    }
)
"""Extensions that may be critical, and that OpenSSL, which most senders use, does not refuse then."""

_SERVES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)


def flaws_of_server(certificate: x509.Certificate) -> list[Flaw]:
    """What is wrong with ``certificate`` as a server's own; not its dates and names."""
    if unreadable := _unreadable(certificate):
        return unreadable
    flaws = _unknown_critical(certificate) + _purpose(certificate)
    usage = extension(certificate, x509.KeyUsage)
    if usage is not None and not (usage.digital_signature or usage.key_encipherment or usage.key_agreement):
        detail = f"{subject(certificate)}: its key usage allows neither signatures nor key exchange"
        flaws.append(Flaw(PathStatus.NOT_FOR_SERVERS, detail))
    return flaws


def flaws_of_issuer(certificate: x509.Certificate, at: datetime, *, anchor: bool) -> list[Flaw]:
    """What is wrong with ``certificate`` as a CA's at the moment ``at``; ``anchor``: it is in the trust store.

    Roots of version 1, older than basic constraints, are taken where the trust store holds them.
    """
    if unreadable := _unreadable(certificate):
        return unreadable
    flaws = _unknown_critical(certificate) + _purpose(certificate)
    if not is_ca(certificate) and not (anchor and certificate.version is x509.Version.v1):
        flaws.append(Flaw(PathStatus.INTERMEDIATE_NOT_CA, subject(certificate)))
    else:
        usage = extension(certificate, x509.KeyUsage)
        if usage is not None and not usage.key_cert_sign:
            detail = f"{subject(certificate)}: its key usage does not allow to sign certificates"
            flaws.append(Flaw(PathStatus.INTERMEDIATE_NOT_CA, detail))
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        status = PathStatus.ROOT_EXPIRED if anchor else PathStatus.INTERMEDIATE_EXPIRED
        flaws.append(Flaw(status, subject(certificate)))
    return flaws


def path_length(certificate: x509.Certificate) -> int | None:
    """How many CAs may stand between ``certificate`` and the server's (RFC 5280, section 4.2.1.9)."""
    constraints = extension(certificate, x509.BasicConstraints)
    return constraints.path_length if constraints else None


def is_ca(certificate: x509.Certificate) -> bool:
    """Whether basic constraints say CA (RFC 5280, section 4.2.1.9)."""
    constraints = extension(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def subject(certificate: x509.Certificate) -> str:
    """The subject for people."""
    return distinguished(certificate.subject)


def distinguished(name: x509.Name) -> str:
    """A distinguished name for people (RFC 4514)."""
    return printable(name.rfc4514_string())


def _unreadable(certificate: x509.Certificate) -> list[Flaw]:
    why, is_fault = why_unreadable(certificate)
    status = PathStatus.MALFORMED if is_fault else PathStatus.UNCHECKED
    return [Flaw(status, f"{subject(certificate)}: {printable(why)}")] if why else []


def _unknown_critical(certificate: x509.Certificate) -> list[Flaw]:
    return [
        Flaw(PathStatus.UNKNOWN_CRITICAL, f"{subject(certificate)}: {found.oid.dotted_string}")
        for found in certificate.extensions
        if found.critical and found.oid not in _KNOWN_EXTENSIONS
    ]


def _purpose(certificate: x509.Certificate) -> list[Flaw]:
    """Extended key usage, of a server's certificate and of a CA's: every verifier takes the CA's as a limit."""
    purposes = extension(certificate, x509.ExtendedKeyUsage)
    if purposes is None or any(purpose in _SERVES for purpose in purposes):
        return []
    names = ", ".join(_PURPOSES.get(purpose, purpose.dotted_string) for purpose in purposes)
    return [Flaw(PathStatus.NOT_FOR_SERVERS, f"{subject(certificate)}: its extended key usage allows only {names}")]


_PURPOSES = {
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "emailProtection",
    ExtendedKeyUsageOID.CODE_SIGNING: "codeSigning",
    ExtendedKeyUsageOID.TIME_STAMPING: "timeStamping",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSPSigning",
}
