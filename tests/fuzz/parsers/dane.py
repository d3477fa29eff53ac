"""TLSA records, matched against a chain."""

from __future__ import annotations

from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mailproof.net.pkix.certificates import Chain, facts, load
from mailproof.net.pkix.der import public_key_info
from mailproof.observations.dane import TLSA
from mailproof.probes.associations import matching_records
from tests.fuzz.parser import AT, CORPUS, Parser
from tests.unit import observed


def _tlsa(data: bytes) -> bool:
    answer = (
        observed.answer("_25._tcp.mx1.example.org", "TLSA", f"{data[0]} {data[1]} {data[2]} {data[3:].hex()}")
        if len(data) >= 3
        else observed.answer("_25._tcp.mx1.example.org", "TLSA")
    )
    records = TLSA("mx1.example.org", observed.answer("mx1.example.org", "A", "192.0.2.1"), answer, True).records
    matched = matching_records(records, _chain(), ("mx1.example.org",), AT)
    assert set(matched) <= set(records)
    return bool(matched)


@cache
def _chain() -> Chain:
    certificate = x509.load_der_x509_certificate((CORPUS / "ed25519.der").read_bytes())
    pem = certificate.public_bytes(Encoding.PEM).decode()
    return Chain((pem,), (facts(load(pem)),))


def _tlsa_corpus() -> tuple[bytes, ...]:
    leaf = _chain().leaf
    return (
        b"\x03\x01\x01" + bytes.fromhex(leaf.spki_sha256),
        b"\x03\x00\x01" + bytes.fromhex(leaf.sha256),
        b"\x02\x00\x00" + (CORPUS / "ed25519.der").read_bytes(),
        b"\x02\x01\x00" + public_key_info(load(_chain().certificates[0])),
    )


PARSERS = (Parser("tlsa", _tlsa, _tlsa_corpus(), (b"\x03\x01\x01", b"\x02\x00\x00", b"\xff", b"\x00" * 32), 5),)
