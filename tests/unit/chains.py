"""Certificates built for tests of paths, quickly: few keys, made once."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mailproof.net.pkix.certificates import Chain, read_chain

AT = datetime(2026, 11, 22, tzinfo=UTC)
HOST = "mx.example.org"
SERVER, CLIENT, ANY = (
    ExtendedKeyUsageOID.SERVER_AUTH,
    ExtendedKeyUsageOID.CLIENT_AUTH,
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
)
MAIL = ExtendedKeyUsageOID.EMAIL_PROTECTION

Extension = tuple[x509.ExtensionType, bool]


@cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    """The key of this name."""
    return ec.generate_private_key(ec.SECP256R1())


def name(text: str | x509.Name) -> x509.Name:
    """``CN=text``, or the name itself."""
    return text if isinstance(text, x509.Name) else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def general(text: str) -> x509.GeneralName:
    """A DNS name, an address, a network, a mail address or a URI, by the look of it; ``CN=...`` is a directory name."""
    if text.startswith("CN="):
        return x509.DirectoryName(name(text.removeprefix("CN=")))
    if "://" in text:
        return x509.UniformResourceIdentifier(text)
    if "@" in text:
        return x509.RFC822Name(text)
    try:
        return x509.IPAddress(ipaddress.ip_network(text) if "/" in text else ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def constraints(*, permitted: Iterable[str] = (), excluded: Iterable[str] = ()) -> x509.NameConstraints:
    """Name constraints of the names that ``general`` reads, also those that the library would refuse to build."""
    built = x509.NameConstraints([x509.DNSName("example")], None)
    built._permitted_subtrees = [*map(general, permitted)] or None
    built._excluded_subtrees = [*map(general, excluded)] or None
    return built


def usage(*, signs_certificates: bool = False, signs: bool = True, exchanges_keys: bool = False) -> x509.KeyUsage:
    """A key usage."""
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=exchanges_keys,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass(frozen=True)
class Made:
    """A certificate with what is needed to sign others."""

    certificate: x509.Certificate
    key_name: str

    @property
    def key(self) -> ec.EllipticCurvePrivateKey:
        return key(self.key_name)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def ca(
    subject: str | x509.Name,
    issuer: Made | None = None,
    *,
    length: int | None = None,
    eku: Sequence[x509.ObjectIdentifier] | None = None,
    names: x509.NameConstraints | None = None,
    extra: Sequence[Extension] = (),
    is_ca: bool | None = True,
    ku: x509.KeyUsage | None = None,
    **how: object,
) -> Made:
    """A CA's certificate, self-signed without ``issuer``. ``is_ca`` None leaves basic constraints out."""
    ku = ku or usage(signs_certificates=True)
    extensions: list[Extension] = [(ku, True)]
    if is_ca is not None:
        extensions.append((x509.BasicConstraints(is_ca, length if is_ca else None), True))
    if eku is not None:
        extensions.append((x509.ExtendedKeyUsage(eku), False))
    if names is not None:
        extensions.append((names, True))
    return made(subject, issuer, [*extensions, *extra], **how)  # type: ignore[arg-type]


def leaf(
    issuer: Made | None,
    *alternatives: str,
    subject: str | x509.Name = "server",
    eku: Sequence[x509.ObjectIdentifier] | None = (SERVER,),
    ku: x509.KeyUsage | None = None,
    extra: Sequence[Extension] = (),
    **how: object,
) -> Made:
    """A server's certificate, made out to ``alternatives`` or else to HOST."""
    names = [general(text) for text in alternatives or (HOST,)]
    extensions: list[Extension] = [(x509.SubjectAlternativeName(names), False), (ku or usage(), True)]
    if eku is not None:
        extensions.append((x509.ExtendedKeyUsage(eku), False))
    return made(subject, issuer, [*extensions, *extra], **how)  # type: ignore[arg-type]


def made(
    subject: str | x509.Name,
    issuer: Made | None,
    extensions: Sequence[Extension],
    *,
    key_name: str = "",
    issuer_name: x509.Name | None = None,
    days: tuple[float, float] = (-30, 30),
    identifiers: bool = True,
) -> Made:
    """A certificate whose validity is ``days`` around AT."""
    own = key_name or (subject if isinstance(subject, str) else subject.rfc4514_string())
    signer = issuer.key if issuer else key(own)
    shown = issuer_name or (issuer.certificate.subject if issuer else name(subject))
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(shown)
        .public_key(key(own).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(AT + timedelta(days=days[0]))
        .not_valid_after(AT + timedelta(days=days[1]))
    )
    if identifiers:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key(own).public_key()), False)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return Made(builder.sign(signer, hashes.SHA256()), own)


def sent(*certificates: Made) -> Chain:
    """The chain of certificates as a server sends it."""
    return read_chain(certificate.pem for certificate in certificates)
