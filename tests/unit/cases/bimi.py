"""BIMI."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mailproof.clock import now
from mailproof.controls import MUST, SHOULD
from mailproof.criteria.marks import MARK_TYPE
from mailproof.grammars.svg import read_svg
from mailproof.net.pkix.marks import MarkCertificate, read_mark_certificate
from mailproof.observations.bimi import BIMI, BIMICertificate, BIMILogo
from tests.marks import LOGO, REGISTERED, mark_pem, root_pem

from ..observed import DOMAIN, answer, missing
from .case import Table, advises, fails, leaves, passes, skips, undecided
from .dmarc import dmarc
from .dmarc_records import org

NAME = f"default._bimi.{DOMAIN}"
RECORD = f"v=BIMI1; l=https://{DOMAIN}/logo.svg; a=https://{DOMAIN}/mark.pem"
URL = f"https://{DOMAIN}/logo.svg"


def bimi(*texts: str, above: tuple[str, ...] | None = None) -> BIMI:
    own = answer(NAME, "TXT", *texts) if texts else missing(NAME, "TXT")
    return BIMI(DOMAIN, own, "org.example", answer("default._bimi.org.example", "TXT", *above) if above else None)


def logo(image: bytes = LOGO, content_type: str = "image/svg+xml", **changes: Any) -> BIMILogo:
    facts = read_svg(image, 2**20)
    digest = hashlib.sha256(image).hexdigest()
    return replace(BIMILogo(DOMAIN, URL, 200, content_type, "", len(image), digest, facts), **changes)


def with_(old: bytes, new: bytes) -> BIMILogo:
    assert old in LOGO
    return logo(LOGO.replace(old, new))


def _mark(*, known: bool = True, **kind: Any) -> MarkCertificate:
    return read_mark_certificate(mark_pem(DOMAIN, **kind), root_pem() if known else None, datetime.now(UTC))


def _expired(found: MarkCertificate) -> MarkCertificate:
    return replace(found, certificate=replace(found.certificate, not_after="2020-01-01T00:00:00Z"))


AUTHORITY = read_mark_certificate(root_pem(), root_pem(), datetime.now(UTC))


def mark(certificate: MarkCertificate | None = None, image: bytes = LOGO, **changes: Any) -> BIMICertificate:
    digest = hashlib.sha256(image).hexdigest()
    seen = BIMICertificate(DOMAIN, f"https://{DOMAIN}/mark.pem", 200, "", "", now(), certificate, "", digest)
    return replace(seen, **changes)


def without(oid: str) -> dict[str, str]:
    return {key: value for key, value in REGISTERED.items() if key != oid}


TABLE: Table = {
    "BIMI-RECORD": (
        passes(bimi=bimi(RECORD)),
        passes(bimi=bimi(f"{RECORD}; lps=news, info; avp=personal;")),
        passes(bimi=bimi("v=BIMI1; l=; a=;")),
        passes(bimi=bimi("v = BIMI1 ; l = ; a = ;", "a leaf of a wildcard")),
        fails("which is no BIMI record", bimi=bimi("\xe2\x80\x9cv=BIMI1; l=;\xe2\x80\x9d")),
        fails("which is no BIMI record", bimi=bimi("l=https://example.org/logo.svg; v=BIMI1")),
        fails("which is no BIMI record", bimi=bimi("v=BIMI; l=;")),
        fails("which is no BIMI record", bimi=bimi("v=BIMIv1; l=;")),
        advises("which is no BIMI record", bimi=bimi(RECORD, "v=bimi1; l=;")),
        advises("nobody defines s", bimi=bimi(f"{RECORD}; s=x")),
        fails("2 BIMI records", level=MUST, bimi=bimi(RECORD, RECORD)),
        fails("the tag l is given twice", bimi=bimi(f"{RECORD}; l=")),
        fails("where the image is, is missing", bimi=bimi("v=BIMI1;")),
        fails("the scheme is not https", bimi=bimi("v=BIMI1; l=http://example.org/logo.svg")),
        fails("no fully qualified", bimi=bimi("v=BIMI1; l=https://localhost/logo.svg")),
        fails("one URI is wanted", bimi=bimi("v=BIMI1; l=https://a.example/1.svg,https://a.example/2.svg")),
        fails("neither brand nor personal", level=SHOULD, bimi=bimi(f"{RECORD}; avp=mine")),
        fails("lps: 'a_b'", bimi=bimi(f"{RECORD}; lps=a_b")),
        fails("not a tag and a value", bimi=bimi("v=BIMI1; l=; what")),
        fails("which is no BIMI record", bimi=bimi("v=bimi1; l=https://example.org/logo.svg")),
        skips("publishes no BIMI record", bimi=bimi()),
        skips("publishes no BIMI record", bimi=bimi("v=spf1 -all")),
        skips("the record of org.example applies", bimi=bimi(above=(RECORD,))),
    ),
    "BIMI-DMARC-READY": (
        passes(bimi=bimi(RECORD), dmarc=org("v=DMARC1; p=quarantine")),
        passes(bimi=bimi(RECORD), dmarc=org("v=DMARC1; p=reject; pct=100; sp=reject")),
        passes(bimi=bimi(above=(RECORD,)), dmarc=dmarc(parents=(("v=DMARC1; p=reject",), ()))),
        fails("the policy is none", level=MUST, bimi=bimi(RECORD), dmarc=org("v=DMARC1; p=none")),
        fails("sp=none at", bimi=bimi(RECORD), dmarc=org("v=DMARC1; p=reject; sp=none")),
        fails("sp=none at", bimi=bimi(RECORD), dmarc=org("v=DMARC1; p=Reject; sp=None")),
        fails("pct=50", bimi=bimi(RECORD), dmarc=org("v=DMARC1; p=quarantine; pct=50")),
        fails("p=none at", bimi=bimi(RECORD), dmarc=dmarc("v=DMARC1; p=reject", parents=(("v=DMARC1; p=none",), ()))),
        fails(
            "p=quarantine with t=y",
            bimi=bimi(RECORD),
            dmarc=dmarc("v=DMARC1; p=reject", parents=(("v=DMARC1; p=quarantine; t=y",), ())),
        ),
        leaves("DMARC-EXISTS", bimi=bimi(RECORD), dmarc=org()),
        skips("no logo", bimi=bimi("v=BIMI1; l=;"), dmarc=org("v=DMARC1; p=none")),
        skips("no logo", bimi=bimi(), dmarc=org()),
    ),
    "BIMI-SVG": (
        passes(bimi_logo=logo()),
        fails("version is None", level=MUST, bimi_logo=with_(b' version="1.2"', b"")),
        fails("baseProfile is 'tiny'", bimi_logo=with_(b"tiny-ps", b"tiny")),
        fails("there is no title", bimi_logo=with_(b"<title>Example</title>", b"")),
        fails("the title is empty", bimi_logo=with_(b"Example", b" ")),
        fails("has the attribute x", bimi_logo=with_(b" version", b' x="0" version')),
        fails("the attribute ONLOAD", bimi_logo=with_(b" version", b' ONLOAD="x()" version')),
        fails("does not admit <div>", bimi_logo=with_(b"<rect", b"<div xmlns='http://www.w3.org/1999/xhtml'/><rect")),
        fails(
            "refers to 'https://a.example/'", bimi_logo=with_(b" version", b' xml:base="https://a.example/" version')
        ),
        fails("does not admit <script>", bimi_logo=with_(b"<rect", b"<script/><rect")),
        fails("does not admit <style>", bimi_logo=with_(b"<rect", b"<style>rect{fill:red}</style><rect")),
        fails("does not admit <clipPath>", bimi_logo=with_(b"<rect", b"<defs><clipPath id='a'/></defs><rect")),
        passes(bimi_logo=with_(b"<rect", b'<metadata><style xmlns="urn:x"/></metadata><rect')),
        passes(bimi_logo=with_(b'"#123456"', b'"url( #a )"')),
        fails("does not admit <image>", bimi_logo=with_(b"<rect", b"<image/><rect")),
        fails("the attribute onload", bimi_logo=with_(b"<rect", b'<rect onload="x"')),
        fails("refers to 'https://x.example/'", bimi_logo=with_(b"<rect", b'<use href="https://x.example/"/><rect')),
        fails("refers to 'https://x.example/f'", bimi_logo=with_(b"#123456", b"url(https://x.example/f)")),
        fails("no well-formed XML", bimi_logo=logo(LOGO[:-8])),
        fails("declares the entity 'a'", bimi_logo=logo(b'<!DOCTYPE svg [<!ENTITY a "b">]>' + LOGO)),
        fails("the outermost element is html", bimi_logo=logo(b"<html/>")),
        fails("status 404", bimi_logo=logo(status=404)),
        fails("expired", bimi_logo=logo(status=0, tls_error="certificate has expired")),
        fails("more than 32768", level=SHOULD, bimi_logo=logo(LOGO.replace(b"<rect", b" " * 40_000 + b"<rect"))),
        advises("no view box", bimi_logo=with_(b' viewBox="0 0 10 10"', b"")),
        advises("no square", bimi_logo=with_(b"0 0 10 10", b"0 0 20 10")),
        advises("that of a template", bimi_logo=with_(b"Example", b"Untitled")),
        advises("the media type is text/plain", bimi_logo=logo(content_type="text/plain")),
        skips("names no image", bimi_logo=BIMILogo(DOMAIN)),
    ),
    "BIMI-CERT": (
        passes(bimi_certificate=mark(_mark())),
        passes(bimi_certificate=mark(_mark(), logo_sha256="")),
        undecided("mark_authorities", bimi_certificate=mark(_mark(known=False))),
        fails("has expired", level=MUST, bimi_certificate=mark(_expired(_mark()))),
        fails("not valid before", bimi_certificate=mark(_mark(), at="2020-01-01T00:00:00Z")),
        fails("has to come first", bimi_certificate=mark(AUTHORITY)),
        fails("no path leads", bimi_certificate=mark(_mark(stranger=True))),
        fails("does not name BIMI", bimi_certificate=mark(_mark(purpose="1.3.6.1.5.5.7.3.1"))),
        fails("not for example.net", bimi_certificate=mark(_mark(), domain="example.net")),
        fails("no image stands", bimi_certificate=mark(_mark(image=None))),
        fails("another sha256 hash", bimi_certificate=mark(_mark(digest=b"x" * 32))),
        fails("is not the one that stands", bimi_certificate=mark(_mark(), image=b"<svg/>")),
        fails("no kind of mark", bimi_certificate=mark(_mark(subject=without(MARK_TYPE)))),
        fails("the kind of mark is 'Mine'", bimi_certificate=mark(_mark(subject=REGISTERED | {MARK_TYPE: "Mine"}))),
        fails("lacks trademarkRegistration", bimi_certificate=mark(_mark(subject=without("1.3.6.1.4.1.53087.1.4")))),
        fails("a pilot identifier", bimi_certificate=mark(_mark(pilot=True))),
        fails("is no certificate: odd", bimi_certificate=mark(None, unreadable="odd")),
        fails("status 404", bimi_certificate=mark(None, status=404)),
        skips("names no certificate", bimi_certificate=BIMICertificate(DOMAIN)),
    ),
}
