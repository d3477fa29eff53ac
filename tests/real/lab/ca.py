"""The laboratory's certificate authority: a root, an intermediate, chains right or wrong in one way."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.real.lab import certificate_faults as faults
from tests.real.shown import Chain

PUBLIC_ROOTS = "public.pem"
"""The file of the root that the inventory takes for a public CA's, beside that of all roots."""
OTHER = "-other"
"""What the name of a file ends in that has a certificate with the same key for another host."""

ServerKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


_FOR_SERVERS = ExtendedKeyUsageOID.SERVER_AUTH
_PURPOSE = {Chain.CLIENT_ONLY: ExtendedKeyUsageOID.CLIENT_AUTH}
_UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55738.666.1"), b"\x05\x00")


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


_LETS_ENCRYPT = x509.Name.from_rfc4514_string("CN=R12,O=Let's Encrypt,C=US")


def _usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def tlsa_of(certificate: x509.Certificate, usage: int = 3) -> str:
    """TLSA rdata ``3 1 1`` (DANE-EE, SPKI, SHA-256) or ``2 1 1`` (DANE-TA) of a certificate: RFC 7672, section 3.1."""
    key = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"{usage} 1 1 {hashlib.sha256(key).hexdigest()}"


@dataclass
class Issued:
    """A server certificate on disk: the private key, the chain as the server sends it, and the leaf."""

    key_file: Path
    chain_file: Path
    combined_file: Path
    """Key and chain in one file, as ``smtpd_tls_chain_files`` wants it."""
    leaf: x509.Certificate
    issuer: x509.Certificate
    key: ServerKey

    def private_key_in(self, directory: Path) -> Path:
        """A copy of the key that nobody else may read, as some servers want it."""
        copied = directory / self.key_file.name
        copied.touch(mode=0o600)
        copied.write_bytes(self.key_file.read_bytes())
        return copied


@dataclass
class Authority:
    """Makes root and intermediate, and issues server certificates below ``directory``."""

    directory: Path
    ca_file: Path = field(init=False)

    def __post_init__(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self._now = dt.datetime.now(dt.UTC).replace(microsecond=0)
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self._root = self._sign_authority("mailproof laboratory root", self._root_key, None, 1)
        self._intermediate_key = ec.generate_private_key(ec.SECP256R1())
        self._intermediate = self._sign_authority(
            "mailproof laboratory intermediate", self._intermediate_key, self._root, 0
        )
        self._public_key = ec.generate_private_key(ec.SECP256R1())
        self._public = self._sign_authority("mailproof laboratory public root", self._public_key, None, 1)
        self._rsa_keys: dict[int, rsa.RSAPrivateKey] = {}
        self._revoked: list[int] = []
        self.ca_file = self.directory / "root.pem"
        self.ca_file.write_bytes(_pem(self._root) + _pem(self._public))
        self.ca_file.with_name(PUBLIC_ROOTS).write_bytes(_pem(self._public))

    def _sign_authority(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        issuer: x509.Certificate | None,
        path_length: int,
        *,
        signer: ec.EllipticCurvePrivateKey | None = None,
        days: int = 400,
        only: str = "",
        subject: x509.Name | None = None,
    ) -> x509.Certificate:
        """A CA's certificate; ``signer`` is the key of ``issuer``, the laboratory's root unless given. ``only`` is the
        one domain that it may vouch for; ``subject`` is a whole name in place of ``name``.
        """
        signer = signer or (self._root_key if issuer else key)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject or _name(name))
            .issuer_name(issuer.subject if issuer else _name(name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - dt.timedelta(days=400))
            .not_valid_after(self._now + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
            .add_extension(_usage(), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        if only:
            builder = builder.add_extension(x509.NameConstraints([x509.DNSName(only)], None), critical=True)
        return builder.sign(signer, hashes.SHA256())

    def _issuer(self, chain: Chain) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        """Who signs the certificates of this kind, itself not counted."""
        match chain:
            case Chain.UNKNOWN_ROOT:
                return self._unknown_authority()
            case Chain.PRIVATE_CA:
                root_key, root = self._unknown_authority(1)
                key = ec.generate_private_key(ec.SECP256R1())
                return key, self._sign_authority("a CA that nobody knows", key, root, 0, signer=root_key)
            case Chain.FORBIDDEN_NAME:
                key = ec.generate_private_key(ec.SECP256R1())
                return key, self._sign_authority("a CA of elsewhere", key, self._root, 0, only="elsewhere.test")
            case Chain.ROTATING:
                key = ec.generate_private_key(ec.SECP256R1())
                return key, self._sign_authority("R12", key, self._root, 0, subject=_LETS_ENCRYPT)
        if chain in faults.PUBLIC:
            key = ec.generate_private_key(ec.SECP256R1())
            subject = _LETS_ENCRYPT if chain is Chain.PUBLIC else None
            name = "a public CA"
            return key, self._sign_authority(name, key, self._public, 0, subject=subject, signer=self._public_key)
        return self._intermediate_key, self._intermediate

    def revocation_list(self) -> bytes:
        """The intermediate's list, with what was issued as revoked until now."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._intermediate.subject)
            .last_update(self._now - dt.timedelta(days=1))
            .next_update(self._now + dt.timedelta(days=7))
        )
        for serial in self._revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(self._now)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self._intermediate_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def _unknown_authority(self, path_length: int = 0) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        """A root that is in nobody's trust store."""
        key = ec.generate_private_key(ec.SECP256R1())
        return key, self._sign_authority("a root that nobody trusts", key, None, path_length)

    def _key(self, rsa_bits: int | None) -> ServerKey:
        """ECDSA P-256, or an RSA key of that size, one for all who ask for it."""
        if rsa_bits is None:
            return ec.generate_private_key(ec.SECP256R1())
        if rsa_bits not in self._rsa_keys:
            self._rsa_keys[rsa_bits] = rsa.generate_private_key(65537, rsa_bits)
        return self._rsa_keys[rsa_bits]

    def issue(
        self,
        file_name: str,
        names: Sequence[str],
        chain: Chain,
        *,
        rsa_bits: int | None = None,
        key: ServerKey | None = None,
    ) -> Issued:
        """Issue a certificate for DNS names, right or wrong as ``chain`` says, and write its files.

        ``key`` is one that another certificate has already; otherwise there is a new one.
        """
        key = key or (faults.weak_key() if chain is Chain.WEAK_KEY else self._key(rsa_bits))
        shown = ["mx.another-name.test"] if chain is Chain.WRONG_NAME else list(names)
        if chain is Chain.WILDCARD:
            shown = [f"*.{name.partition('.')[2]}" for name in names]
        self_signed = chain is Chain.SELF_SIGNED
        signer, issuer = (key, None) if self_signed else self._issuer(chain)
        not_before, not_after = faults.validity(chain, self._now)
        serial = faults.serial_number(chain)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(shown[0]))
            .issuer_name(issuer.subject if issuer else _name(shown[0]))
            .public_key(key.public_key())
            .serial_number(serial)
            .not_valid_before(not_before)
            .not_valid_after(not_after)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(faults.usage(chain), critical=True)
            .add_extension(x509.ExtendedKeyUsage([_PURPOSE.get(chain, _FOR_SERVERS)]), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in shown]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        if chain is Chain.UNKNOWN_CRITICAL:
            builder = builder.add_extension(_UNKNOWN, critical=True)
        for extension in faults.extensions(chain):
            builder = builder.add_extension(extension, critical=False)
        self._revoked += [serial] if chain is Chain.REVOKED else []
        leaf = builder.sign(signer, faults.digest(chain))
        sent = _pem(leaf)
        if chain is Chain.SPARE_EXPIRED and issuer:
            name = issuer.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
            sent += _pem(self._sign_authority(str(name), self._intermediate_key, self._root, 0, days=-1))
        if issuer and chain is not Chain.INCOMPLETE:
            sent += _pem(issuer)
        if chain is Chain.ROOT_SENT:
            sent += _pem(self._root)
        if chain is Chain.FOREIGN_SENT:
            sent += _pem(self._public)
        if chain is Chain.OTHER_WITHOUT_SNI:
            self.issue(f"{file_name}{OTHER}", names, Chain.WRONG_NAME, key=key)
        key_pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        issued = Issued(
            key_file=self.directory / f"{file_name}.key",
            chain_file=self.directory / f"{file_name}.pem",
            combined_file=self.directory / f"{file_name}.key-and-chain.pem",
            leaf=leaf,
            issuer=issuer or leaf,
            key=key,
        )
        issued.key_file.write_bytes(key_pem)
        issued.chain_file.write_bytes(sent)
        issued.combined_file.write_bytes(key_pem + sent)
        return issued
