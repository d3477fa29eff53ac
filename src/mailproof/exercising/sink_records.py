"""The names of the sink: what its owner publishes, whether that is there, and whether they lead to the sink alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from mailproof.documents import write_atomically
from mailproof.exercising.records import ToPublish, UnusableKey
from mailproof.inventory.exercise import Outgoing
from mailproof.net.dnssec.trust import Status
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network

YEARS = 5
POLICY = "version: STSv1\r\nmode: enforce\r\nmx: elsewhere.{domain}\r\nmax_age: 86400\r\n"
"""Of MTA-STS: it names another host than the MX, so nobody who heeds it may deliver."""


class NotOurs(Exception):
    """A recipient's domain leads elsewhere than to the sink: nothing is sent."""


@dataclass(frozen=True)
class SinkNames:
    """The names below the sink domain. Each case has a domain of its own."""

    domain: str

    @property
    def host(self) -> str:
        return f"mx.{self.domain}"

    def host_of(self, case: str) -> str:
        """The MX host: those with TLSA records have names of their own."""
        return f"mx-{case}.{self.domain}" if case.startswith("dane") else self.host

    def domain_of(self, case: str) -> str:
        return f"{case}.{self.domain}"


def make_identity(key: Path, domain: str) -> None:
    """A key and a certificate for the sink, where there is no key yet. Raises OSError."""
    if key.exists():
        return
    made = ec.generate_private_key(ec.SECP256R1())
    names = SinkNames(domain)
    hosts = dict.fromkeys(names.host_of(case) for case in ("plain", "dane", "dane-wrong"))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names.host[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(made.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=365 * YEARS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .sign(made, SHA256())
    )
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_atomically(key, [pem.decode()], private=True)
    write_atomically(key.with_suffix(".pem"), [certificate.public_bytes(Encoding.PEM).decode()])


def tlsa_of(certificate: Path) -> str:
    """TLSA rdata of the key in the first certificate of a file: DANE-EE, SPKI, SHA-256. Raises OSError, UnusableKey."""
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
    except ValueError:
        raise UnusableKey(f"{certificate}: no certificate that can be read (PEM)") from None
    spki = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"3 1 1 {hashlib.sha256(spki).hexdigest()}"


def wrong_tlsa(right: str) -> str:
    """Rdata that match no key: the right ones, with every digit changed."""
    digest = right.rpartition(" ")[2]
    return "3 1 1 " + "".join(f"{15 - int(digit, 16):x}" for digit in digest)


def sink_records(outgoing: Outgoing, certificate: Path, report_to: str | None = None) -> Iterator[ToPublish]:
    """Records below the sink domain, which should be signed with DNSSEC. Reports of TLS go to ``report_to``."""
    names = SinkNames(outgoing.sink_domain)
    address = outgoing.address or outgoing.listen
    type = "AAAA" if ":" in address else "A"
    for host in dict.fromkeys(names.host_of(case) for case in ("plain", "dane", "dane-wrong")):
        yield ToPublish(host, type, address)
    for case in ("plain", "later", "lines", "dane", "dane-wrong", *(("sts",) if outgoing.sts else ())):
        yield ToPublish(names.domain_of(case), "MX", f"10 {names.host_of(case)}.")
        if report_to:
            yield ToPublish(f"_smtp._tls.{names.domain_of(case)}", "TXT", f"v=TLSRPTv1; rua=mailto:{report_to}")
    right = tlsa_of(certificate)
    yield ToPublish(f"_25._tcp.{names.host_of('dane')}", "TLSA", right)
    yield ToPublish(f"_25._tcp.{names.host_of('dane-wrong')}", "TLSA", wrong_tlsa(right))
    if outgoing.sts:
        yield ToPublish(f"_mta-sts.{names.domain_of('sts')}", "TXT", "v=STSv1; id=1;")


async def require_ours(net: Network, domains: Iterable[str], address: str) -> None:
    """Raises NotOurs unless the MX of every domain leads to ``address`` alone, and NotObserved."""
    for domain in domains:
        answer = await net.dns.resolve(domain, "MX")
        hosts = {record.target for record in answer.records}
        found = set()
        for host in hosts:
            for type in ("A", "AAAA"):
                found |= {record.data for record in (await net.dns.resolve(host, type)).records}
        if found != {address}:
            told = ", ".join(sorted(found)) or "nowhere"
            raise NotOurs(f"the MX of {domain} leads to {told}, not to the sink at {address} alone: nothing is sent")


async def unready(net: Network, names: SinkNames, case: str, certificate: Path) -> str:
    """Why the case would prove nothing, by what the DNS and the web say; empty where it would."""
    try:
        if case.startswith("dane"):
            return await _without_dane(net, names, case, certificate)
        if case == "sts":
            return await _without_policy(net, names.domain_of(case))
    except NotObserved as failure:
        return failure.reason
    return ""


async def _without_dane(net: Network, names: SinkNames, case: str, certificate: Path) -> str:
    owner = f"_25._tcp.{names.host_of(case)}"
    right = tlsa_of(certificate)
    expected = right if case == "dane" else wrong_tlsa(right)
    found = [record.data.lower() for record in (await net.dns.resolve(owner, "TLSA")).records]
    if found != [expected]:
        return f"{owner} TLSA is not what --records prints"
    for name, type in ((names.domain_of(case), "MX"), (owner, "TLSA")):
        status = (await net.dnssec.judge(name, type)).status
        if status is not Status.SECURE:
            return f"{name} {type} is {status}: senders do not heed TLSA records then"
    return ""


async def _without_policy(net: Network, domain: str) -> str:
    host = f"mta-sts.{domain}"
    addresses = tuple(record.data for record in (await net.dns.resolve(host, "A")).records)
    response = await net.https.fetch(f"https://{host}/.well-known/mta-sts.txt", addresses)
    expected = POLICY.format(domain=domain).split()
    return "" if response.body.split() == expected else f"the policy of {host} is another one"
