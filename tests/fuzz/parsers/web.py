"""Header fields of web sites, security.txt, and the keys that it names."""

from __future__ import annotations

from mailproof.grammars import openpgp, security_txt, web_headers
from tests.fuzz.parser import Parser, as_text, words_of


def _hsts(data: bytes) -> bool:
    found = web_headers.parse_hsts(as_text(data))
    assert (found.max_age is None) == bool(found.errors)
    return not found.errors


def _csp(data: bytes) -> bool:
    policies = web_headers.parse_csps((as_text(data),))
    assert all(set(policy.with_sources) <= set(policy.directives) for policy in policies)
    return bool(policies)


def _others(data: bytes) -> bool:
    text = as_text(data)
    web_headers.parse_cookie(text)
    web_headers.addresses_in(text)
    return bool(web_headers.referrer_policy((text,)))


def _security_txt(data: bytes) -> bool:
    found = security_txt.parse_security_txt(as_text(data))
    assert found.expires is None or found.expires.tzinfo is not None
    return not found.errors


def _key(data: bytes) -> bool:
    found = openpgp.read_key(data)
    openpgp.read_signature(data)
    openpgp.unarmoured(as_text(data))
    assert found is None or found.created < 2**32
    return found is not None


_KEY = b"\xc6\x10\x04\x69\x55\x00\x00\x16" + bytes(10)
_KEY += b"\xc2\x10\x04\x13\x16\x08\x00\x06\x05\x02\x69\x55\x00\x00\x00\x00"
_POLICY = b"default-src 'self'; script-src 'nonce-a' *, img-src data:"
_TEXT = b"Contact: mailto:a@b\nExpires: 2026-01-01T00:00:00Z\n"
_SIGNED = b"-----BEGIN PGP SIGNED MESSAGE-----\n\nContact: tel:1\n"

PARSERS = (
    Parser("hsts", _hsts, (b"max-age=31536000; includeSubDomains; preload",), words_of('max-age= ; " preload'), 5),
    Parser("csp", _csp, (_POLICY,), words_of("default-src ; , 'self'"), 5),
    Parser("web-headers", _others, (b"same-origin, unsafe-url", b"a=b; Secure; HttpOnly"), words_of("Secure ; ="), 5),
    Parser("security-txt", _security_txt, (_TEXT, _SIGNED), words_of("Contact: Expires: -----BEGIN - Z"), 8),
    Parser("OpenPGP in armour", _key, (_KEY,), words_of("\xc6 \xc2"), 8),
)
