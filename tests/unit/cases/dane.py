"""DANE for SMTP."""

from __future__ import annotations

from mailproof.controls import MUST, SHOULD
from mailproof.observations.dane import TLSA
from mailproof.targets.mail import MailHost

from ..observed import ADDRESS, DOMAIN, HOST, answer, dane
from .case import Table, advises, fails, leaves, passes, skips


def tlsa(*records: str, secure: bool = True) -> TLSA:
    return TLSA(HOST, answer(HOST, "A", ADDRESS), answer(f"_25._tcp.{HOST}", "TLSA", *records), secure)


_KEY = "3 1 1 " + "ab" * 32
_STRONG = "3 1 2 " + "ef" * 64
_CA = "2 0 1 " + "cd" * 32
_MX_HOST = MailHost("mx1.example.org", domains=(DOMAIN,))

TABLE: Table = {
    "DANE-EXISTS": (
        passes(tlsa=tlsa(_KEY), mail_host=_MX_HOST),
        advises("no TLSA record", tlsa=tlsa(), mail_host=_MX_HOST),
        advises("not secured", tlsa=tlsa(_KEY, secure=False), mail_host=_MX_HOST),
        skips("no MX record names this host", tlsa=tlsa(), mail_host=MailHost("imap.example.org")),
    ),
    "DANE-MATCH": (
        passes(dane=dane(tlsa(_KEY), (_KEY,))),
        passes(dane=dane(tlsa(_KEY, "1 1 1 " + "ab" * 32), (_KEY,), (_KEY,))),
        fails("no TLSA record matches", level=MUST, dane=dane(tlsa(_KEY, _CA), (_KEY,), ())),
        fails("none of the TLSA records is usable", level=SHOULD, dane=dane(tlsa("1 1 1 " + "ab" * 32), ())),
        fails("none of the TLSA records is usable", level=SHOULD, dane=dane(tlsa("3 1 3 " + "ab" * 32), ())),
        leaves("DANE-DIGEST-FORM", dane=dane(tlsa("3 1 1 abcd"), ())),
        fails("does not offer STARTTLS", level=MUST, dane=dane(tlsa("1 1 1 " + "ab" * 32), tls=False)),
        fails("have a stronger digest", level=MUST, dane=dane(tlsa(_KEY, _STRONG), (), passed_over=(_KEY,))),
        passes(dane=dane(tlsa(_KEY, _STRONG, _CA), (_CA,), passed_over=(_KEY,))),
        fails("does not offer STARTTLS", dane=dane(tlsa(_KEY), tls=False)),
        fails("no TLS handshake", level=MUST, dane=dane(tlsa(_KEY), failure="no TLS handshake succeeds")),
        fails("dates count", dane=dane(tlsa(_CA), (), remarks=(f"{_CA}: expired, and dates count",))),
        passes(dane=dane(tlsa(_KEY, _CA), (_KEY,), remarks=(f"{_CA}: dates count",))),
        skips("no TLSA record", dane=dane(tlsa())),
        skips("DANE-EXISTS", dane=dane(tlsa(_KEY, secure=False), ())),
    ),
}
