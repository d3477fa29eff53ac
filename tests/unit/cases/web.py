"""Web sites of the mail domains."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

from mailproof.controls import MUST, SHOULD
from mailproof.net.dnssec.trust import Status, Verdict
from mailproof.net.pkix.certificates import Chain
from mailproof.net.web import WebAnswer
from mailproof.observations.dane import ChainMatch
from mailproof.observations.dnssec import Judged
from mailproof.observations.service_dane import ServiceDANE
from mailproof.observations.web import SecurityTxt, Visit, WebSite

from ..observed import answer, certificate, missing
from .case import Table, advises, fails, leaves, passes, skips, undecided

HOST, FOUR, SIX = "www.example.org", "192.0.2.80", "2600:11::80"
_GLOBAL = "8.8.8.8"
AT = "2026-11-22T12:00:00+00:00"
_POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
RIGHT = {
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "content-security-policy": _POLICY,
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "server": "nginx",
}


def page(address: str = FOUR, scheme: str = "https", status: int = 200, **headers: str) -> WebAnswer:
    """A page with right headers, those of ``headers`` in their place; an empty one takes a header away."""
    own = {**(RIGHT if scheme == "https" else {}), **{name.replace("_", "-"): value for name, value in headers.items()}}
    fields = tuple((name, value) for name, value in own.items() if value)
    return WebAnswer(f"{scheme}://{HOST}/", address, status, fields)


def _refused(scheme: str, address: str) -> Visit:
    return Visit(scheme, address, None, "refused", f"no connection to {address}")


def _silent(scheme: str, address: str) -> Visit:
    return Visit(scheme, address, None, "timed out", "no complete answer in time")


def _to(location: str, address: str = FOUR, scheme: str = "http", **headers: str) -> WebAnswer:
    return page(address, scheme, 301, location=location, **headers)


def _visit(found: WebAnswer | Visit) -> Visit:
    return found if isinstance(found, Visit) else Visit(found.scheme, found.address, found)


_NONCES: list[dict[str, Any]] = [
    {"content_security_policy": f"{_POLICY}; script-src 'nonce-{nonce}'"} for nonce in ("YWJj", "ZGVm")
]
_HTTPS = f"https://{HOST}/"
_PLAIN = _to(_HTTPS)


def site(*visits: WebAnswer | Visit, six: tuple[str, ...] = (), **fields: Any) -> WebSite:
    """A site at its IPv4 address, and at ``six``."""
    found = tuple(map(_visit, visits or (page(), _PLAIN)))
    ipv4 = answer(HOST, "A", FOUR)
    return WebSite(HOST, ipv4, answer(HOST, "AAAA", *six), found, **{"compressed": page(), **fields})


def headers(**changed: Any) -> WebSite:
    return site(page(**changed), _PLAIN)


def both(four: WebAnswer | Visit, six: WebAnswer | Visit, **fields: Any) -> WebSite:
    """A site over IPv4 and IPv6."""
    return site(four, six, _PLAIN, replace(_PLAIN, address=SIX), six=(SIX,), **fields)


NO_TLS = replace(page(), status=0, headers=(), tls_error="certificate has expired")
_CLOSED = site(_refused("https", FOUR), _PLAIN)
_SILENT = site(_silent("https", FOUR), _silent("http", FOUR))
_BROKEN = site(NO_TLS, _PLAIN)
_ELSEWHERE = site(_to("https://elsewhere.example/", scheme="https"), _PLAIN, left="https://elsewhere.example/")
NOWHERE = WebSite(HOST, missing(HOST, "A"), missing(HOST, "AAAA"), ())

_SIGNATURE = "-----BEGIN PGP SIGNATURE-----\n\n=\n-----END PGP SIGNATURE-----\n"


def text(*lines: str, signed: bool = True, at: str = AT, key: WebAnswer | None = None, **fields: Any) -> SecurityTxt:
    """A security.txt of these lines."""
    body = "".join(f"{line}\n" for line in lines)
    whole = f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{body}{_SIGNATURE}" if signed else body
    found = WebAnswer(
        **{
            "url": f"https://{HOST}/.well-known/security.txt",
            "address": FOUR,
            "status": 200,
            "headers": (("content-type", "text/plain; charset=utf-8"),),
            "body": whole,
            **fields,
        }
    )
    return SecurityTxt(HOST, found, at, key=key)


_CONTACT, _EXPIRES = "Contact: mailto:security@example.org", "Expires: 2027-05-01T00:00:00Z"
_TEXT = (_CONTACT, _EXPIRES)
_KEY = f"Encryption: https://{HOST}/key.asc"
NO_PAGE = SecurityTxt(HOST, None, AT)


def _armour(kind: str) -> WebAnswer:
    """A key without an end, made on 1 January 2026, or one that ended after a day."""
    body = b"\x04" + (1767225600).to_bytes(4, "big") + b"\x16" + bytes(10)
    hashed = b"\x05\x02" + (1767225600).to_bytes(4, "big")
    hashed += b"\x05\x09" + (86400).to_bytes(4, "big") if kind == "ended" else b""
    made = b"\x04" + (b"\x20" if kind == "revoked" else b"\x13") + b"\x16\x08" + len(hashed).to_bytes(2, "big") + hashed
    packets = b"".join(bytes([0xC0 | tag, len(data)]) + data for tag, data in ((6, body), (2, made + b"\x00\x00")))
    if kind == "none":
        return WebAnswer(f"https://{HOST}/key.asc", FOUR, 200, (), "<html>")
    armoured = base64.b64encode(packets).decode()
    block = f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{armoured}\n-----END PGP PUBLIC KEY BLOCK-----\n"
    return WebAnswer(f"https://{HOST}/key.asc", FOUR, 200, (), block)


_RECORDS = answer(f"_443._tcp.{HOST}", "TLSA", f"3 1 1 {'ab' * 32}")


def dane(status: Status = Status.SECURE, *matching: str) -> ServiceDANE:
    judged = tuple(Judged(HOST, type, Verdict(status)) for type in ("A", "TLSA"))
    return ServiceDANE(f"{HOST}:443", _RECORDS, judged, (ChainMatch(Chain(("PEM",), (certificate(),)), matching),))


TABLE: Table = {
    "WEB-HTTPS": (
        passes(web_site=site()),
        fails("nothing listens on port 443", level=SHOULD, web_site=_CLOSED),
        fails("certificate has expired", web_site=_BROKEN),
        fails("certificate has expired", web_site=both(page(), replace(NO_TLS, address=SIX))),
        fails("has no address", web_site=NOWHERE),
        undecided("no complete answer", web_site=_SILENT),
    ),
    "WEB-REDIRECT": (
        passes(web_site=site()),
        passes(web_site=site(page(), _to(f"https://{HOST.upper()}/start"))),
        passes(web_site=site(page(), _refused("http", FOUR))),
        fails("answers with status 200, and not to HTTPS", level=SHOULD, web_site=site(page(), page(scheme="http"))),
        fails("leads to /start", web_site=site(page(), _to("/start"))),
        fails("leads to http://[", web_site=site(page(), _to("http://["))),
        advises(
            "leads to https://example.org/",
            web_site=site(page(strict_transport_security=""), _to("https://example.org/")),
        ),
        undecided("no complete answer", web_site=site(page(), _silent("http", FOUR))),
        undecided("has no address", web_site=NOWHERE),
    ),
    "WEB-HSTS": (
        passes(web_site=site()),
        advises("there is no Strict-Transport-Security", web_site=headers(strict_transport_security="")),
        advises("less than 31536000 s", web_site=headers(strict_transport_security="max-age=86400")),
        advises("switches HSTS off", web_site=headers(strict_transport_security="max-age=0")),
        fails("max-age is missing", level=MUST, web_site=headers(strict_transport_security="includeSubDomains")),
        fails("Max-Age comes twice", web_site=headers(strict_transport_security="max-age=1; Max-Age=2")),
        fails("not a number", web_site=headers(strict_transport_security="max-age=1 year")),
        fails("comes over HTTP as well", web_site=site(page(), _to(_HTTPS, strict_transport_security="max-age=1"))),
        fails(
            "there are 2 fields",
            web_site=site(replace(page(), headers=(("strict-transport-security", "max-age=1"),) * 2)),
        ),
        leaves("WEB-HTTPS", web_site=_CLOSED),
        leaves("WEB-HTTPS", web_site=_BROKEN),
        undecided("no complete answer", web_site=_SILENT),
    ),
    "WEB-NO-HTTP-COMPRESSION": (
        skips("is not looked at", web_site=_ELSEWHERE),
        passes(web_site=site()),
        advises("the content coding gzip", web_site=site(compressed=page(content_encoding="gzip"))),
        undecided("a second time", web_site=site(compressed=None)),
        leaves("WEB-HTTPS", web_site=_BROKEN),
    ),
    "WEB-CSP": (
        skips("is not looked at", web_site=_ELSEWHERE),
        passes(web_site=site()),
        passes(
            web_site=headers(
                content_security_policy=f"{_POLICY}; script-src 'nonce-abc' 'unsafe-inline'; img-src data:"
            )
        ),
        passes(web_site=headers(content_security_policy=f"img-src *, {_POLICY}")),
        passes(
            web_site=headers(
                content_security_policy=_POLICY.replace("'self'", "https://cdn.example.org example.org", 1)
            )
        ),
        advises("there is no Content-Security-Policy", web_site=headers(content_security_policy="")),
        advises("base-uri is missing", web_site=headers(content_security_policy="default-src 'self'")),
        advises("frame-src is missing", web_site=headers(content_security_policy="base-uri 'self'")),
        advises(
            "script-src allows 'unsafe-inline'",
            web_site=headers(content_security_policy=f"{_POLICY}; script-src 'unsafe-inline'"),
        ),
        advises(
            "style-src allows 'unsafe-eval' https:",
            web_site=headers(content_security_policy=f"{_POLICY}; style-src 'unsafe-eval' https:"),
        ),
        advises("object-src allows data:", web_site=headers(content_security_policy=f"{_POLICY}; object-src data:")),
        advises(
            "default-src allows elsewhere.example",
            web_site=headers(content_security_policy=_POLICY.replace("'self'", "elsewhere.example", 1)),
        ),
        advises(
            "img-src allows https://127.0.0.1",
            web_site=headers(content_security_policy=f"{_POLICY}; img-src https://127.0.0.1"),
        ),
        leaves("WEB-HTTPS", web_site=_CLOSED),
    ),
    "WEB-XFO": (
        skips("is not looked at", web_site=_ELSEWHERE),
        passes(web_site=headers(content_security_policy="")),
        passes(web_site=headers(x_frame_options="", content_security_policy="frame-ancestors 'none'")),
        advises("neither X-Frame-Options nor", web_site=headers(x_frame_options="", content_security_policy="")),
        advises("ALLOWALL", web_site=headers(x_frame_options="allowall", content_security_policy="")),
        leaves("WEB-HTTPS", web_site=_CLOSED),
    ),
    "WEB-XCTO": (
        skips("is not looked at", web_site=_ELSEWHERE),
        passes(web_site=site()),
        advises("is missing", web_site=headers(x_content_type_options="")),
        advises("is sniff", web_site=headers(x_content_type_options="sniff")),
        leaves("WEB-HTTPS", web_site=_CLOSED),
    ),
    "WEB-REFERRER": (
        skips("is not looked at", web_site=_ELSEWHERE),
        passes(web_site=site()),
        passes(web_site=headers(referrer_policy="unsafe-url, same-origin, future")),
        advises("there is no Referrer-Policy", web_site=headers(referrer_policy="")),
        advises("tells other sites the host", web_site=headers(referrer_policy="strict-origin")),
        advises("more than the host", web_site=headers(referrer_policy="unsafe-url")),
        leaves("WEB-HTTPS", web_site=_CLOSED),
    ),
    "WEB-COOKIES-BANNERS": (
        passes(web_site=site()),
        passes(web_site=headers(set_cookie="a=b; secure; HTTPONLY; Path=/")),
        passes(web_site=headers(via="1.1 proxy", location="https://8.8.8.8/")),
        advises("the cookie a lacks HttpOnly", web_site=headers(set_cookie="a=10.0.0.1; Secure")),
        advises("server: Apache/2.4.1", web_site=headers(server="Apache/2.4.1")),
        advises("x-backend holds the private address 10.1.2.3", web_site=headers(x_backend="10.1.2.3")),
        advises(
            "holds an address behind a load balancer",
            web_site=headers(set_cookie="BIGipServerpool=1677787402.36895.0000; Secure; HttpOnly"),
        ),
        leaves("WEB-HTTPS", web_site=_CLOSED),
    ),
    "WEB-SECURITYTXT": (
        passes(security_txt=text(*_TEXT)),
        passes(security_txt=text("# ours", "", *_TEXT, "Preferred-Languages: en, nl", "Future: thing")),
        advises("it is not signed", security_txt=text(*_TEXT, signed=False)),
        advises("in more than 366 days", security_txt=text(_CONTACT, "Expires: 2029-01-01T00:00:00Z")),
        advises("there is no security.txt", security_txt=text(status=404)),
        advises("a page of the site", security_txt=text(headers=(("content-type", "text/html"),))),
        fails("Expires is missing", level=MUST, security_txt=text(_CONTACT)),
        fails("Contact is missing", security_txt=text(_EXPIRES)),
        fails("Expires comes 2 times", security_txt=text(_CONTACT, _EXPIRES, _EXPIRES)),
        fails("Expires is not a date", security_txt=text(_CONTACT, "Expires: tomorrow")),
        fails("Contact is not a URI", security_txt=text("Contact: security@example.org", _EXPIRES)),
        fails("does not use https", security_txt=text(*_TEXT, "Policy: http://example.org/policy")),
        fails("line 3 is no field", security_txt=text(*_TEXT, "hello", signed=False)),
        fails(
            "expired on 2026-01-01",
            security_txt=text(_CONTACT, "Expires: 2026-01-01T00:00:00Z"),
        ),
        fails("not as text/plain", security_txt=text(*_TEXT, headers=())),
        fails(
            "charset iso-8859-1",
            security_txt=text(*_TEXT, headers=(("content-type", 'text/plain; charset="iso-8859-1"'),)),
        ),
        fails("larger than 100 kB", security_txt=text(*_TEXT, whole=False)),
        undecided("status 403", security_txt=text(status=403)),
        undecided("is not followed", security_txt=replace(text(*_TEXT), left="https://elsewhere.example/")),
        leaves("WEB-HTTPS", security_txt=NO_PAGE),
    ),
    "WEB-SECURITYTXT-KEY": (
        passes(security_txt=text(*_TEXT, _KEY, key=_armour("endless"))),
        advises("ended on 2026-01-02", security_txt=text(*_TEXT, _KEY, key=_armour("ended"))),
        advises("is revoked", security_txt=text(*_TEXT, _KEY, key=_armour("revoked"))),
        skips("names no key", security_txt=text(*_TEXT)),
        skips("no page of the same domain", security_txt=text(*_TEXT, "Encryption: openpgp4fpr:5f2de5521c63a801")),
        skips("no OpenPGP key in armour", security_txt=text(*_TEXT, _KEY, key=_armour("none"))),
        leaves("WEB-SECURITYTXT", security_txt=text(status=404)),
        leaves("WEB-HTTPS", security_txt=NO_PAGE),
    ),
    "V6-WEB-AAAA": (
        passes(web_site=both(page(), page(SIX))),
        advises("has no AAAA record", web_site=site()),
        advises("not reachable from everywhere", web_site=site(page(), six=("fd00::1",))),
        leaves("WEB-HTTPS", web_site=NOWHERE),
    ),
    "V6-WEB-REACH": (
        passes(web_site=both(page(), page(SIX))),
        passes(web_site=both(page(), _refused("https", SIX))),
        advises(
            f"{SIX} refuses connections",
            web_site=site(page(), _refused("https", SIX), _refused("http", SIX), six=(SIX,)),
        ),
        undecided(
            "no complete answer", web_site=site(page(), _silent("https", SIX), _refused("http", SIX), six=(SIX,))
        ),
        leaves("V6-WEB-AAAA", web_site=site()),
        leaves("WEB-HTTPS", web_site=site(_refused("https", SIX), _refused("http", SIX), six=(SIX,))),
    ),
    "V6-WEB-SAME": (
        passes(web_site=both(page(), page(SIX), alike=0.95)),
        passes(web_site=both(page(), replace(NO_TLS, address=SIX))),
        advises("https is answered over one of", web_site=both(page(), _refused("https", SIX))),
        advises("status 200 over IPv4, 404 over IPv6", web_site=both(page(), page(SIX, status=404))),
        passes(web_site=both(page(**_NONCES[0]), page(SIX, **_NONCES[1]))),
        passes(web_site=both(_to("/in?state=a1", scheme="https"), _to("/in?state=b2", SIX, scheme="https"))),
        advises("location differ", web_site=both(_to("/in", scheme="https"), _to("/old", SIX, scheme="https"))),
        advises("x-frame-options differ", web_site=both(page(), page(SIX, x_frame_options="SAMEORIGIN"))),
        advises("only 10% of the words", web_site=both(page(), page(SIX), alike=0.1)),
        undecided("no complete answer", web_site=both(page(), _silent("https", SIX))),
        skips("addresses of one kind", web_site=site()),
        leaves("V6-WEB-REACH", web_site=site(page(), _refused("https", SIX), _refused("http", SIX), six=(SIX,))),
    ),
    "DANE-WEB": (
        passes(web_dane=dane(Status.SECURE, "3 1 1 abab")),
        fails("no TLSA record matches", level=SHOULD, web_dane=dane()),
        advises("there is no TLSA record", web_dane=ServiceDANE(f"{HOST}:443", missing(HOST, "TLSA"))),
        advises("not secured by DNSSEC", web_dane=dane(Status.INSECURE)),
        leaves("WEB-HTTPS", web_dane=ServiceDANE(f"{HOST}:443", _RECORDS)),
    ),
}
