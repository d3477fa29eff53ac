"""CAA records."""

from __future__ import annotations

from mailproof.grammars import caa
from tests.fuzz.parser import Parser, as_text, words_of


def _caa(data: bytes) -> bool:
    record = caa.parse_caa(as_text(data))
    if record is None:
        return False
    for _, value in record.parameters:
        caa.method_errors(value)
    assert isinstance(record.iodef_error + record.contact_error, str)
    return not record.error


PARSERS = (
    Parser(
        "caa",
        _caa,
        (
            b'0 issue "ca.example; accounturi=https://ca.example/1; validationmethods=dns-01,http-01"',
            b'128 iodef "mailto:a@example.org"',
            b'0 contactphone "+1-555-0100"',
        ),
        words_of('0 128 issue issuewild iodef contactemail " \\034 ; = , accounturi= validationmethods= https://[ ca-'),
        10,
    ),
)
