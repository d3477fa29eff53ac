"""What a domain tells the mail programs of its users."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mailproof.controls import MUST, SHOULD
from mailproof.grammars.client_settings import NamedServer, TLSStart
from mailproof.net.dns.client import Answer
from mailproof.net.web import WebAnswer
from mailproof.observations.client_settings import (
    Agreement,
    Autoconfig,
    Autodiscover,
    ClientSRV,
    ClientTLS,
    Connected,
    JMAPSession,
    SieveTarget,
    SieveTargets,
)

from ..observed import ADDRESS, DOMAIN, answer, missing
from .case import Table, advises, fails, leaves, passes, skips, undecided
from .services import SESSION, UNKNOWN_STORE, WITHOUT_STARTTLS

MAIL = f"mail.{DOMAIN}"
_SERVER = NamedServer("imap", MAIL, 993, TLSStart.AT_ONCE)


def srv(targets: tuple[tuple[str, Answer, Answer], ...] | None = None, **records: str | tuple[str, ...]) -> ClientSRV:
    """SRV records by label without its underscore: ``imaps="0 1 993 mail.example.org."``"""
    answers = tuple(
        answer(f"_{label}._tcp.{DOMAIN}", "SRV", *((data,) if isinstance(data, str) else data))
        for label, data in records.items()
    )
    known = ((MAIL, answer(MAIL, "A", ADDRESS), missing(MAIL, "AAAA")),) if targets is None else targets
    return ClientSRV(DOMAIN, answer(f"_tcp.{DOMAIN}", "SRV"), answers, known)


_IMAPS, _NONE = f"0 1 993 {MAIL}.", "0 0 0 ."


def _connected(**fields: Any) -> ClientTLS:
    return ClientTLS(DOMAIN, (Connected(_SERVER, ADDRESS, **fields),))


def page(body: str = "", status: int = 200, tls_error: str = "", **headers: str) -> WebAnswer:
    return WebAnswer(f"https://x.{DOMAIN}/", ADDRESS, status, tuple(headers.items()), body, tls_error=tls_error)


def config(*servers: str) -> str:
    provider = f"<emailProvider>{''.join(servers)}</emailProvider>"
    return f'<?xml version="1.0"?><clientConfig version="1.1">{provider}</clientConfig>'


def named(kind: str, type: str, port: int, socket: str, host: str = MAIL) -> str:
    told = f"<hostname>{host}</hostname><port>{port}</port><socketType>{socket}</socketType>"
    return f'<{kind} type="{type}">{told}</{kind}>'


INCOMING, OUTGOING = named("incomingServer", "imap", 993, "SSL"), named("outgoingServer", "smtp", 465, "SSL")

_WITHOUT_PORT, _IN_CLEAR = (named("incomingServer", "imap", port, "plain") for port in (0, 143))
_ALIAS = replace(missing(MAIL, "A"), aliases=("x.example",))


def _config(*answers: WebAnswer) -> Autoconfig:
    return Autoconfig(DOMAIN, f"autoconfig.{DOMAIN}", (ADDRESS,), answers)


def _discovered(found: WebAnswer | None, host: str = f"autodiscover.{DOMAIN}", elsewhere: str = "") -> Autodiscover:
    return Autodiscover(DOMAIN, host, found, elsewhere)


_OTHER = replace(_SERVER, host=f"old.{DOMAIN}")
_OF_SMTP = NamedServer("submission", MAIL, 465, TLSStart.AT_ONCE)


def _jmap(found: WebAnswer | None, left: str = "") -> JMAPSession:
    return JMAPSession(DOMAIN, MAIL if found else "", found, left)


_RECORD = f"_sieve._tcp SRV 0 1 4190 {MAIL}"


def _sieve(*servers: SieveTarget) -> SieveTargets:
    return SieveTargets(DOMAIN, servers)


TABLE: Table = {
    "AUTO-SRV": (
        passes(client_srv=srv(imaps=_IMAPS, pop3=_NONE, imap=_NONE)),
        passes(client_srv=srv(imaps=_IMAPS, imap=f"10 1 143 {MAIL}.")),
        passes(client_srv=srv(imaps=f"0 1 9993 {MAIL}.")),
        fails("begins TLS at once, the port not", level=MUST, client_srv=srv(imaps=f"0 1 143 {MAIL}.")),
        fails("begins in clear, the port not", client_srv=srv(submission=f"0 1 465 {MAIL}.")),
        fails("0 is no port", client_srv=srv(imaps=f"0 1 0 {MAIL}.")),
        fails("not offered, and names", client_srv=srv(imaps=(_IMAPS, _NONE))),
        fails(
            "is an alias",
            client_srv=srv(
                ((MAIL, replace(missing(MAIL, "A"), aliases=("x.example",)), missing(MAIL, "AAAA")),), imaps=_IMAPS
            ),
        ),
        fails("has no address", client_srv=srv(((MAIL, missing(MAIL, "A"), missing(MAIL, "AAAA")),), imaps=_IMAPS)),
        advises("_imaps._tcp is not", client_srv=srv(imap=f"0 1 143 {MAIL}.")),
        advises("has a better priority", client_srv=srv(imap=f"0 1 143 {MAIL}.", imaps=f"10 1 993 {MAIL}.")),
        skips("no SRV records", client_srv=srv(sieve=f"0 1 4190 {MAIL}.")),
        skips("no SRV records", client_srv=ClientSRV(DOMAIN, missing(f"_tcp.{DOMAIN}", "SRV"))),
    ),
    "CLIENT-TLS": (
        passes(client_tls=_connected(version="TLSv1.3")),
        fails(
            f"{MAIL}:993 (TLS at once): the TLS handshake failed",
            level=SHOULD,
            client_tls=_connected(
                failure="not available", reason="the TLS handshake failed: CERTIFICATE_VERIFY_FAILED"
            ),
        ),
        fails("connection refused", client_tls=_connected(failure="refused", reason="connection refused")),
        undecided("no greeting", client_tls=_connected(failure="timed out", reason="no greeting")),
        leaves("CERT-NAME", client_tls=_connected(owned=True)),
        skips("no server is named", client_tls=ClientTLS(DOMAIN, ())),
    ),
    "AUTO-CONFIG": (
        passes(autoconfig=_config(page(status=404), page(config(INCOMING, OUTGOING)))),
        fails("status 404", level=SHOULD, autoconfig=_config(page(status=404), page(status=404))),
        fails("TLS fails: certificate has expired", autoconfig=_config(page(tls_error="certificate has expired"))),
        passes(autoconfig=_config(page("<!DOCTYPE html><html></html>"), page(config(INCOMING, OUTGOING)))),
        passes(autoconfig=_config(page(f"\ufeff{config(INCOMING, OUTGOING)}"))),
        passes(autoconfig=_config(page(config('<incomingServer type="jmap"><url>https://x/</url></incomingServer>')))),
        fails("a page of HTML", autoconfig=_config(page("<!doctype HTML><html></html>"), page(status=404))),
        undecided("is not followed", autoconfig=_config(page(status=404), page(status=301, location="https://x.net/"))),
        fails("it is not XML", autoconfig=_config(page("<html>"))),
        fails("root is not clientConfig", autoconfig=_config(page("<html/>"))),
        fails("it has a document type", autoconfig=_config(page('<!DOCTYPE x [<!ENTITY a "b">]><clientConfig/>'))),
        fails("no server for incoming", autoconfig=_config(page(config(OUTGOING)))),
        fails("no server for outgoing", autoconfig=_config(page(config(INCOMING)))),
        fails(
            "lacks hostname, port",
            autoconfig=_config(page(config(named("incomingServer", "imap", 0, "SSL"), OUTGOING))),
        ),
        fails(
            "named without TLS",
            autoconfig=_config(page(config(named("incomingServer", "imap", 143, "plain"), OUTGOING))),
        ),
        advises("refuses connections", autoconfig=_config()),
        skips("does not exist", autoconfig=Autoconfig(DOMAIN, f"autoconfig.{DOMAIN}", ())),
    ),
    "AUTO-DISCOVER": (
        passes(autodiscover=_discovered(page("<Autodiscover><Response/></Autodiscover>"))),
        passes(autodiscover=_discovered(page(status=401))),
        passes(autodiscover=_discovered(page(status=302, location="/other"))),
        fails("status 404", level=SHOULD, autodiscover=_discovered(page(status=404))),
        fails("TLS fails", autodiscover=_discovered(page(tls_error="certificate has expired"))),
        fails("root is not Autodiscover", autodiscover=_discovered(page("<html/>"))),
        advises("leads to elsewhere.example", autodiscover=_discovered(None, elsewhere="elsewhere.example")),
        skips("neither autodiscover nor", autodiscover=_discovered(None, host="")),
        skips("is not asked", autodiscover=_discovered(None)),
    ),
    "AUTO-AGREE": (
        passes(agreement=Agreement(DOMAIN, (_SERVER,), (_SERVER, _OF_SMTP), ())),
        passes(agreement=Agreement(DOMAIN, (_SERVER,), (), (_OF_SMTP,))),
        advises(
            f"SRV names {MAIL}:993, and autoconfig names old.", agreement=Agreement(DOMAIN, (_SERVER,), (_OTHER,), ())
        ),
        advises("and Autodiscover names old.", agreement=Agreement(DOMAIN, (), (_SERVER,), (_OTHER,))),
        skips("fewer than two", agreement=Agreement(DOMAIN, (_SERVER,), (), ())),
    ),
    "AUTO-JMAP": (
        passes(jmap_session=_jmap(page('{"apiUrl": "https://x/"}'))),
        passes(jmap_session=_jmap(page(status=401))),
        passes(jmap_session=_jmap(page(status=301), "https://login.elsewhere.example/")),
        fails("status 404", level=SHOULD, jmap_session=_jmap(page(status=404))),
        fails("apiUrl is missing", jmap_session=_jmap(page("<html>"))),
        fails("apiUrl is missing", jmap_session=_jmap(page("[" * 100_000))),
        fails("TLS fails", jmap_session=_jmap(page(tls_error="expired"))),
        skips("no _jmap record", jmap_session=_jmap(None)),
    ),
    "AUTO-SIEVE": (
        passes(sieve_targets=_sieve(SieveTarget(_RECORD, SESSION))),
        fails("does not offer STARTTLS", level=SHOULD, sieve_targets=_sieve(SieveTarget(_RECORD, WITHOUT_STARTTLS))),
        fails("nothing listens there", sieve_targets=_sieve(SieveTarget(_RECORD, None))),
        leaves("SUB-IMAP-STARTTLS", sieve_targets=_sieve(SieveTarget(_RECORD, WITHOUT_STARTTLS, owned=True))),
        undecided("does not say what it can do", sieve_targets=_sieve(SieveTarget(_RECORD, UNKNOWN_STORE))),
        skips("no _sieve record", sieve_targets=_sieve()),
    ),
}
