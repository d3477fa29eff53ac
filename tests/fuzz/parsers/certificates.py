"""Certificates and the paths that they make."""

from __future__ import annotations

import base64
from datetime import datetime
from functools import cache

from cryptography import x509

from mailproof.net.errors import NotObserved
from mailproof.net.pkix.certificates import Chain, facts, load
from mailproof.net.pkix.paths import Roots, verify
from mailproof.net.pkix.reference_names import matches_name
from mailproof.probes.associations import matching_records
from tests.fuzz.parser import AT, CONTROLS, CORPUS, Parser


def _certificate(data: bytes) -> bool:
    body = base64.encodebytes(data).decode()
    pem = f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"
    try:
        found = facts(load(pem))
        chain = Chain((pem, pem), (found, found))
        verify(chain, _roots(), AT)
        matching_records((), chain, ("mx1.example.org",), AT)
    except NotObserved:
        return False
    matches_name(found, "mx1.example.org")
    for text in (found.subject, found.issuer, *found.dns_names, *found.aia_issuers):
        assert not CONTROLS.search(text), text
    for moment in (found.not_before, found.not_after):
        datetime.fromisoformat(moment)
    return True


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
)
