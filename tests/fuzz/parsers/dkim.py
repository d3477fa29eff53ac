"""DKIM key records."""

from __future__ import annotations

from mailproof.grammars import dkim
from tests.fuzz.parser import Parser, as_text, words_of


def _dkim(data: bytes) -> bool:
    record = dkim.parse_key_record(as_text(data))
    assert record.key_type
    assert record.revoked in (True, False)
    assert record.key is None or record.key.faults() or record.key.bits
    assert record.hashes is not record.flags or not record.hashes
    return not record.errors and record.key is not None


PARSERS = (
    Parser(
        "dkim",
        _dkim,
        (
            b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
            b"v=DKIM1; h=sha256; s=email:*; t=y:s; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9"
            b"ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gb"
            b"to/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB",
            b"k=rsa; p=",
        ),
        words_of("v=DKIM1 k= rsa ed25519 p= h= sha1 t= s= n= AAAA ==== =3D"),
        10,
    ),
)
