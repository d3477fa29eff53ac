"""Header fields of web sites, security.txt, and the keys that it names."""

from __future__ import annotations

from mailproof.grammars import security_txt, web_headers
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
    security_txt.without_armour(as_text(data))
    assert found.expires is None or found.expires.tzinfo is not None
    return not found.errors


_POLICY = b"default-src 'self'; script-src 'nonce-a' *, img-src data:"
_TEXT = b"Contact: mailto:a@b\nExpires: 2026-01-01T00:00:00Z\n"
_SIGNED = b"-----BEGIN PGP SIGNED MESSAGE-----\n\nContact: tel:1\n"

PARSERS = (
    Parser("hsts", _hsts, (b"max-age=31536000; includeSubDomains; preload",), words_of('max-age= ; " preload'), 5),
    Parser("csp", _csp, (_POLICY,), words_of("default-src ; , 'self'"), 5),
    Parser("web-headers", _others, (b"same-origin, unsafe-url", b"a=b; Secure; HttpOnly"), words_of("Secure ; ="), 5),
    Parser("security-txt", _security_txt, (_TEXT, _SIGNED), words_of("Contact: Expires: -----BEGIN - Z"), 8),
)
