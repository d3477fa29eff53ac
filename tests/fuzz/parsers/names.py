"""Names and patterns."""

from __future__ import annotations

from mailproof.grammars import spf
from mailproof.inventory.values import domain_name
from mailproof.net.dns.client import normalise, reverse_name
from mailproof.observations import reverse
from mailproof.patterns import matches
from tests.fuzz.parser import CONTROLS, Parser, as_text, words_of


def _name(data: bytes) -> bool:
    text = data.decode("utf-8", "surrogateescape")
    valid = False
    for parse in (normalise, domain_name, reverse_name):
        try:
            parsed = parse(text)
        except ValueError:
            continue
        valid = True
        assert parsed == parsed.lower()
        assert not CONTROLS.search(parsed)
        if parse is not reverse_name:
            assert normalise(parsed) == parsed
    reverse.looks_generic(text, "192.0.2.25")
    spf.target_name(as_text(data))
    return valid


def _pattern(data: bytes) -> bool:
    pattern, _, id = data[:8192].decode("utf-8", "surrogateescape").partition("\n")
    found = matches(pattern, id)
    assert not found or matches("*", id)
    return found


PARSERS = (
    Parser(
        "name",
        _name,
        (
            b"mail.example.org",
            b"b\xc3\xbccher.example",
            b"xn--bcher-kva.example",
            b"_dmarc.example.",
            b"192.0.2.1",
            b"a\\046b.example",
            b"2001:db8::1%eth0",
            b"\xe3\x80\x82\xe2\x84\xaa.\xc3\x9f",
        ),
        words_of(". .. \\ \\000 \\256 \\. xn-- xn--a @ _ * \xc3\x9f \xe3\x80\x82 \xe2\x80\x8d \xf0\x9f\x98\x80 ::"),
        15,
    ),
    Parser(
        "pattern",
        _pattern,
        (
            b"mx1.*.example.org[192.0.2.25]:25\nmx1.a.example.org[192.0.2.25]:25",
            b"SPF-*\nSPF-EXISTS",
            b"*a*b?c*\naabbcc",
        ),
        words_of("* ? [ ] [! [a-z] ** *a ?* \\"),
        10,
    ),
)
