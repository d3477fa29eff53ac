"""SPF records."""

from __future__ import annotations

from mailproof.grammars import spf
from mailproof.net.dns.client import normalise
from mailproof.probes.spf import expand
from tests.fuzz.parser import Parser, as_text, words_of


def _spf(data: bytes) -> bool:
    texts = spf.select_records((as_text(data),))
    record = spf.parse_record(texts[0] if texts else f"v=spf1 {as_text(data)}")
    for term in record.evaluated:
        if term.domain is not None and not term.error:
            name = expand(term.domain, "example.org", "mail.example.org")
            target = spf.target_name(name) if name is not None else None
            if target is not None:
                normalise(target)
    assert all(isinstance(error, str) for error in record.errors)
    if meant := spf.respelt(as_text(data)):
        assert not spf.parse_record(meant).errors
    return not record.errors


PARSERS = (
    Parser(
        "spf",
        _spf,
        (
            b"v=spf1 a mx/24 a:a.example//64 ip4:192.0.2.0/24 ip6:2001:db8::/32 include:b.example ~all",
            b"v=spf1 exists:%{ir}.%{v}.%{d2r+-}.example redirect=_spf.%{o} exp=e.%{d} x=%%%_%- ptr -all",
        ),
        words_of("v=spf1 a mx ptr ip4: ip6: include: exists: redirect= exp= %{ %{d} %{d9r.} } % / // - ~ ? + all -all"),
        20,
    ),
)
