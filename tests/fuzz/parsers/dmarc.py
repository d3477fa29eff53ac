"""DMARC records."""

from __future__ import annotations

from mailproof.grammars import dmarc
from tests.fuzz.parser import Parser, as_text, words_of


def _dmarc(data: bytes) -> bool:
    texts = dmarc.select_records((as_text(data),))
    record = dmarc.parse_record(texts[0] if texts else as_text(data))
    assert record.policy("sp", "p") in dmarc.POLICIES
    assert record.psd in ("y", "n", "u")
    assert isinstance(record.report_addresses, tuple)
    if meant := dmarc.respelt(record):
        assert not dmarc.parse_record(meant).errors
    return bool(texts) and record.is_usable


PARSERS = (
    Parser(
        "dmarc",
        _dmarc,
        (
            b"v=DMARC1; p=reject; sp=none; np=quarantine; rua=mailto:a@b.example!10m,mailto:c@d.example; fo=1:d:s",
            b"v=DMARC1;p=none;adkim=s;aspf=r;pct=50;rf=afrf;ri=86400;ruf=mailto:x@y.example;t=y",
        ),
        words_of(
            "v=DMARC1 p= sp= np= rua= ruf= mailto: https:// !10m none quarantine reject psd= t= fo= @ %2C pct= 100"
        ),
        20,
    ),
)
