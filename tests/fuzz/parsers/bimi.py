"""BIMI: records, images and the logos in mark certificates."""

from __future__ import annotations

from mailproof.grammars import bimi, svg
from mailproof.net.pkix import marks
from tests.fuzz.parser import Parser, as_text, words_of
from tests.marks import LOGO, logotype


def _record(data: bytes) -> bool:
    record = bimi.parse_bimi(as_text(data))
    assert record.declined in (True, False)
    return not record.errors


def _image(data: bytes) -> bool:
    facts = svg.read_svg(data, 2**20)
    assert facts.aspect is None or facts.aspect >= 0
    return not facts.fault


def _logotype(data: bytes) -> bool:
    try:
        return any(content for _, content in marks._values(data))
    except (IndexError, ValueError):  # reading() makes Malformed of them
        return False


PARSERS = (
    Parser(
        "bimi",
        _record,
        (b"v=BIMI1; l=https://example.org/logo.svg; a=https://example.org/mark.pem; lps=news, info; avp=brand",),
        words_of("v=BIMI1 l= a= lps= avp= https:// personal ,"),
        10,
    ),
    Parser("svg", _image, (LOGO,), words_of("<!DOCTYPE <!ENTITY xlink:href url( onload &#0; <?xml"), 10),
    Parser("logotype", _logotype, (logotype(b"<svg/>"),), words_of("data:image/svg+xml;base64, \x30\x80 \x16"), 5),
)
