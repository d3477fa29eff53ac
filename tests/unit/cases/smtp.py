"""The SMTP service."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MUST, SHOULD
from mailproof.net.services import SUBMISSION
from mailproof.net.smtp import Reply
from mailproof.net.tls.facts import Handshake
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations.early_talk import EarlyTalk
from mailproof.observations.refusals import Tester
from mailproof.observations.smtp import ClearTextAuth, Injection, KeptState, SMTPPort, SMTPSession
from mailproof.observations.tls import WithdrawnTLS
from mailproof.targets.services import MXEndpoint

from ..observed import ACCEPTED, ADDRESS, EHLO, HOST, TRANSCRIPT, reply, session
from .case import Case, Table, advises, fails, leaves, passes, skips, undecided

_REFUSES = reply(554, "no SMTP service here")
_PLAIN = reply(250, f"{HOST} hello", "PIPELINING")
_REFUSED = session(greeting=_REFUSES, helo=None, ehlo=None, starttls=None, tls=None, ehlo_in_tls=None, ended="greeting")
_CURRENT = WithdrawnTLS(HOST, ())
_OLD_ONLY = WithdrawnTLS(HOST, (Handshake(TLSVersion.SSLV3, "all", True, "SUITE", None),))
_WITHOUT_TLS = session(ehlo=_PLAIN, starttls=None, tls=None, ehlo_in_tls=None)
_TLS_FIRST = reply(530, "5.7.0 TLS required")


def _auth(
    mechanisms: tuple[str, ...] = (), answer: Reply | None = None, smtp: SMTPSession | None = None
) -> ClearTextAuth:
    return ClearTextAuth(TRANSCRIPT, mechanisms, answer, smtp or session())


def _submission(**changes: object) -> SMTPSession:
    return session(SUBMISSION.name, ehlo_in_tls=reply(250, HOST, "AUTH PLAIN LOGIN"), **changes)


def _early(*codes: int, polite: bool = True) -> EarlyTalk:
    return EarlyTalk(TRANSCRIPT, codes, not codes, "220 hello" if polite else "421 busy", polite)


def _injection(
    *, offered: bool = True, starttls: Reply | None = None, heard: str = "", failure: str | None = None
) -> Injection:
    return Injection(TRANSCRIPT, offered, starttls, failure, heard)


_GO = reply(220, "go ahead")
_LIVE = MXEndpoint(HOST, ADDRESS, 25)
_DEAD = MXEndpoint(HOST, ADDRESS, 25, dead=True)
_ASKED = MXEndpoint(HOST, ADDRESS, 25, active=True)


def _at(endpoint: MXEndpoint, *cases: Case) -> tuple[Case, ...]:
    """The cases at ``endpoint``, except those that have another one."""
    return tuple(replace(case, observed={"smtp_endpoint": endpoint, **case.observed}) for case in cases)


_ANSWERS, _REFUSES_CONNECTIONS = (SMTPPort(_LIVE.id, reached, ("connecting",)) for reached in (True, False))
_WRONG_START = session(greeting=reply(220, HOST), helo=None, ehlo=None, starttls=None, tls=None, ehlo_in_tls=None)
_WRONG_START = replace(_WRONG_START, wrong_start="it greets in clear, where TLS must start at once")
_NO_EHLO = session(ehlo=reply(550, "command not allowed"), starttls=None, tls=None, ehlo_in_tls=None)
_TESTER = Tester(("prober.client.example", "203.0.113.9"), "probe@probe.example")


def _state(*keywords: str, rcpt: Reply | None = None, without: Reply | None = None, tls: bool = True) -> KeptState:
    return KeptState(TRANSCRIPT, tls, keywords, rcpt, without)


TABLE: Table = {
    "MX-PORT25-OPEN": (
        passes(smtp_port=_ANSWERS, mx_endpoint=_LIVE),
        fails("nobody can deliver here", level=SHOULD, smtp_port=_REFUSES_CONNECTIONS, mx_endpoint=_LIVE),
        passes(smtp_port=_REFUSES_CONNECTIONS, mx_endpoint=_DEAD),
        fails("dead: true", level=SHOULD, smtp_port=_ANSWERS, mx_endpoint=_DEAD),
    ),
    "STARTTLS-STATE": (
        passes(starttls_state=_state("PIPELINING", rcpt=reply(503, "5.5.1 MAIL first"))),
        passes(starttls_state=_state("PIPELINING")),
        fails("offered again", level=MUST, starttls_state=_state("PIPELINING", "STARTTLS")),
        fails("still knows the sender", starttls_state=_state("PIPELINING", rcpt=ACCEPTED)),
        passes(starttls_state=_state("PIPELINING", rcpt=ACCEPTED, without=ACCEPTED)),
        skips("no TLS", starttls_state=_state(tls=False)),
    ),
    "SMTP-GREET-220": (
        passes(smtp_session=session()),
        fails("554 no SMTP service", level=MUST, smtp_session=_REFUSED),
        fails("250", smtp_session=session(greeting=reply(250, "odd"))),
        fails("it greets in clear", smtp_session=_WRONG_START),
        *(
            undecided("refuses the tester", smtp_session=replace(_REFUSED, greeting=greeting, tester=_TESTER))
            for greeting in (
                reply(554, "5.7.1 service refused"),
                reply(554, f"{HOST} says no to 203.0.113.9"),
                reply(554, "IP=203.0.113.9 - A problem occurred. (BL)"),
                reply(521, "5.3.2 Service currently unavailable"),
                reply(550, "Accès refusé: prober.client.example"),
                Reply(554, ("wait", "go away"), changed=True),
            )
        ),
    ),
    "SMTP-EHLO-HELO": _at(
        _LIVE,
        passes(smtp_session=session()),
        fails("EHLO is answered with 502", level=MUST, smtp_session=session(ehlo=reply(502, "what?"))),
        fails("HELO is answered with 502", smtp_session=session(helo=reply(502, "no"))),
        fails("HELO is answered with 550", smtp_session=session(helo=reply(550, "no"))),
        fails(
            "EHLO is answered with 550 command not allowed",
            smtp_session=session(ehlo=reply(550, "command not allowed"), starttls=None, tls=None, ehlo_in_tls=None),
        ),
        undecided("550", smtp_session=session(helo=reply(550, "who are you?"), ehlo=reply(550, "who are you?"))),
        fails("answered with a list", smtp_session=session(helo=reply(250, HOST, "SIZE"))),
        fails("EHLO is answered with 503", smtp_session=session(ehlo=reply(503, "5.5.1 already identified"))),
        passes(smtp_session=_submission(helo=_TLS_FIRST)),
        fails("HELO is answered with 530", smtp_session=session(helo=_TLS_FIRST)),
        fails(
            "EHLO is answered with 530", smtp_endpoint=_ASKED, smtp_session=session(helo=_TLS_FIRST, ehlo=_TLS_FIRST)
        ),
        leaves("MX-NOT-TLS-ONLY", smtp_endpoint=_ASKED, smtp_session=session(helo=_TLS_FIRST)),
        fails("HELO is answered with 502", smtp_endpoint=_ASKED, smtp_session=session(helo=reply(502, "no"))),
        fails("EHLO is answered with 530", smtp_session=_submission(ehlo=_TLS_FIRST)),
        undecided("450", smtp_session=session(ehlo=reply(450, "later"))),
        undecided("not available: EHLO", smtp_session=session(ehlo=None, ended="closed")),
        skips("SMTP-GREET-220", smtp_session=_REFUSED),
    ),
    "SMTP-STARTTLS-OFFERED": (
        passes(smtp_session=session()),
        passes(smtp_session=session(ehlo=reply(250, HOST, "starttls"))),
        fails("does not list STARTTLS", level=SHOULD, smtp_session=_WITHOUT_TLS),
        fails(
            "does not list STARTTLS",
            smtp_session=session(ehlo=reply(250, "mx.starttls.example", "NOSTARTTLS")),
        ),
        undecided("EHLO was not answered", smtp_session=session(ehlo=None)),
        skips("at once", smtp_session=session(implicit_tls=True)),
        skips("SMTP-GREET-220", smtp_session=_REFUSED),
        skips("SMTP-GREET-220", smtp_session=_WRONG_START),
        skips("SMTP-EHLO-HELO", smtp_session=_NO_EHLO),
        fails("the second of two sessions", smtp_session=replace(_WITHOUT_TLS, second_ehlo=EHLO)),
        fails("the first of two sessions", smtp_session=session(second_ehlo=_PLAIN)),
        passes(smtp_session=session(second_ehlo=EHLO)),
        fails("writes over", smtp_session=replace(_WITHOUT_TLS, ehlo=reply(250, HOST, "SIZE 1", "XXXXXXXA"))),
    ),
    "SMTP-STARTTLS-WORKS": (
        passes(withdrawn_tls=_CURRENT, smtp_session=session()),
        fails(
            "STARTTLS is answered with 554",
            level=MUST,
            withdrawn_tls=_CURRENT,
            smtp_session=session(starttls=reply(554, "no")),
        ),
        fails(
            "the handshake fails: alert", withdrawn_tls=_CURRENT, smtp_session=session(tls=None, tls_failure="alert")
        ),
        fails(
            "EHLO inside TLS is answered with 502",
            withdrawn_tls=_CURRENT,
            smtp_session=session(ehlo_in_tls=reply(502, "?")),
        ),
        undecided(
            "EHLO inside TLS was not answered",
            withdrawn_tls=_CURRENT,
            smtp_session=session(ehlo_in_tls=None, ended="closed"),
        ),
        fails(
            "454 TLS not available",
            withdrawn_tls=_CURRENT,
            smtp_session=session(starttls=reply(454, "TLS not available temporarily"), tls=None),
        ),
        fails(
            "right behind the handshake, twice: 421",
            withdrawn_tls=_CURRENT,
            smtp_session=session(ehlo_in_tls=None, ended="421", ended_in_tls="421 4.7.1 no client certificate"),
        ),
        skips("TLS-12-OR-13", withdrawn_tls=_OLD_ONLY, smtp_session=session(tls=None, tls_failure="alert")),
        skips("not offered", withdrawn_tls=_CURRENT, smtp_session=_WITHOUT_TLS),
        skips("SMTP-GREET-220", withdrawn_tls=_CURRENT, smtp_session=_REFUSED),
        skips("at once", withdrawn_tls=_CURRENT, smtp_session=session(implicit_tls=True)),
    ),
    "SMTP-STARTTLS-INJECTION": (
        passes(starttls_injection=_injection(starttls=_GO)),
        passes(starttls_injection=_injection(starttls=reply(501, "no parameters, please"))),
        passes(starttls_injection=_injection(starttls=_GO, failure="closed")),
        fails(
            "502 unknown command",
            level=MUST,
            starttls_injection=_injection(starttls=_GO, heard="502 unknown command\r\n"),
        ),
        undecided("454", starttls_injection=_injection(starttls=reply(454, "4.7.0 TLS not available"))),
        skips("not offered", starttls_injection=_injection(offered=False)),
    ),
    "AUTH-AFTER-TLS": (
        passes(clear_text_auth=_auth()),
        passes(clear_text_auth=_auth((), reply(530, "5.7.0 STARTTLS first"))),
        passes(clear_text_auth=_auth((), reply(535, "5.7.11 Encryption required for this mechanism"))),
        passes(clear_text_auth=_auth((), reply(535, "Encryption required"))),
        advises("no password crosses", clear_text_auth=_auth(("SCRAM-SHA-256", "GSSAPI", "NTLM"))),
        fails("offered before TLS", level=MUST, clear_text_auth=_auth(("SCRAM-SHA-256", "LOGIN"))),
        skips("EHLO is not served", clear_text_auth=_auth(smtp=_NO_EHLO)),
        passes(clear_text_auth=_auth((), reply(538, "5.7.11 encryption required"), _submission())),
        passes(clear_text_auth=_auth(("PLAIN",), None, session(SUBMISSION.name, implicit_tls=True, ehlo_in_tls=None))),
        fails("AUTH PLAIN LOGIN is offered before TLS", level=MUST, clear_text_auth=_auth(("PLAIN", "LOGIN"))),
        fails("answered with 334", clear_text_auth=_auth((), reply(334, ""))),
        fails("answered with 535", clear_text_auth=_auth((), reply(535, "5.7.8 no"))),
        fails("no AUTH is offered behind TLS", clear_text_auth=_auth(smtp=session(SUBMISSION.name))),
        fails(
            "no AUTH",
            clear_text_auth=_auth((), None, session(SUBMISSION.name, implicit_tls=True, ehlo_in_tls=None)),
        ),
        advises("public MX", clear_text_auth=_auth(smtp=session(ehlo_in_tls=reply(250, HOST, "AUTH PLAIN")))),
        skips("no TLS", clear_text_auth=_auth(smtp=session(SUBMISSION.name, tls=None, ehlo_in_tls=None))),
    ),
    "EARLYTALK": (
        passes(early_talk=_early()),
        passes(early_talk=_early(554)),
        passes(early_talk=_early(220, 503)),
        advises("as if nothing had happened", early_talk=_early(220, 250)),
        undecided("polite client", early_talk=_early(polite=False)),
        undecided("too slow", early_talk=replace(_early(220, 250), early=False)),
        passes(early_talk=replace(_early(220, 250, 250, 550), refused="550 5.5.1 Protocol error")),
    ),
}
