"""Certificates and the paths that they make."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from mailproof.net.errors import NotObserved
from mailproof.net.pkix.certificates import Chain, facts, load
from mailproof.net.pkix.contents import contents
from mailproof.net.pkix.paths import Roots, verify
from mailproof.net.pkix.reference_names import matches_name
from mailproof.net.pkix.revocation import Said, read_list, read_response
from mailproof.probes.associations import matching_records
from tests.fuzz.parser import AT, CONTROLS, CORPUS, Parser
from tests.unit.chains import Made, ca


def _certificate(data: bytes) -> bool:
    body = base64.encodebytes(data).decode()
    pem = f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"
    try:
        found = facts(load(pem))
        told = contents(load(pem))
        chain = Chain((pem, pem), (found, found))
        verify(chain, _roots(), AT)
        matching_records((), chain, ("mx1.example.org",), AT)
    except NotObserved:
        return False
    matches_name(found, "mx1.example.org")
    for text in (*told.revocation_lists, *told.responders, told.signature, *(told.key_usage or ())):
        assert not CONTROLS.search(text), text
    for text in (found.subject, found.issuer, *found.dns_names, *found.aia_issuers):
        assert not CONTROLS.search(text), text
    for moment in (found.not_before, found.not_after):
        datetime.fromisoformat(moment)
    return True


@cache
def _issuer() -> Made:
    return ca("fuzzed")


def _list(data: bytes) -> bool:
    return _said(lambda: read_list(data, _issuer().certificate, _issuer().certificate, "http://ca.example/1.crl"))


def _response(data: bytes) -> bool:
    return _said(lambda: read_response(data, _issuer().certificate, _issuer().certificate))


def _said(read: Callable[[], Said]) -> bool:
    try:
        said = read()
    except NotObserved:
        return False
    said.is_current(AT)
    for text in (said.fault, said.reason, said.this_update, said.next_update):
        assert not CONTROLS.search(text), text
    return True


def _made_list() -> bytes:
    entry = x509.RevokedCertificateBuilder().serial_number(7).revocation_date(AT)
    builder = x509.CertificateRevocationListBuilder().issuer_name(_issuer().certificate.subject).last_update(AT)
    builder = builder.next_update(AT + timedelta(days=1)).add_revoked_certificate(entry.build())
    return builder.sign(_issuer().key, hashes.SHA256()).public_bytes(Encoding.DER)


def _made_response() -> bytes:
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=_issuer().certificate,
        issuer=_issuer().certificate,
        algorithm=hashes.SHA1(),
        cert_status=ocsp.OCSPCertStatus.GOOD,
        this_update=AT,
        next_update=AT + timedelta(days=1),
        revocation_time=None,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, _issuer().certificate)
    return builder.sign(_issuer().key, hashes.SHA256()).public_bytes(Encoding.DER)


@cache
def _roots() -> Roots:
    return Roots([x509.load_der_x509_certificate((CORPUS / "rsa.der").read_bytes())])


def _der_words() -> tuple[bytes, ...]:
    return (
        *(
            b"\x30\x80",
            b"\x30\x84\xff\xff\xff\xff",
            b"\x02\x01\xff",
            b"\x02\x00",
            b"\x05\x00",
            b"\xa3\x00",
            b"\x1f\xff\x7f",
        ),
        *(b"\x17\x0d000101000000Z", b"\x18\x0f00010101000000Z", b"\x18\x0f99991231235959Z", b"\x18\x0f20261301000000Z"),
        *(
            b"\x82\x03a\x00b",
            b"\x82\x01\x1b",
            b"\x87\x04\xc0\x00\x02\x01",
            b"\x87\x05\x00\x00\x00\x00\x00",
            b"\x86\x00",
        ),
        *(
            b"\x06\x03\x55\x1d\x11",
            b"\x06\x03\x55\x1d\x13",
            b"\x06\x03\x2b\x65\x70",
            b"\x06\x03\x2b\x65\x71",
            b"\x0c\x02\xff\xfe",
        ),
    )


_CERTIFICATES = tuple(file.read_bytes() for file in sorted(CORPUS.glob("*.der")))

PARSERS = (
    Parser(
        "certificate", _certificate, tuple(file.read_bytes() for file in sorted(CORPUS.glob("*.der"))), _der_words(), 12
    ),
    Parser("list of revoked certificates", _list, (_made_list(),), _der_words(), 5),
    Parser("OCSP response", _response, (_made_response(),), _der_words(), 5),
)
