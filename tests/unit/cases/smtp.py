"""SMTP service, the names of servers, relaying and recipients."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MUST, SHOULD
from mailproof.net.services import MX, SUBMISSION
from mailproof.net.smtp import Reply
from mailproof.net.tls.facts import Handshake
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations.attempts import Attempt
from mailproof.observations.early_talk import EarlyTalk
from mailproof.observations.refusals import Tester
from mailproof.observations.relay import (
    COMPARISON,
    COMPARISON_ALONE,
    COMPARISON_LITERAL,
    HOME,
    RelayAttempts,
)
from mailproof.observations.smtp import ClearTextAuth, Injection, KeptState, SMTPPort, SMTPSession
from mailproof.observations.tls import WithdrawnTLS
from mailproof.targets.services import MXEndpoint

from ..observed import (
    ACCEPTED,
    ADDRESS,
    EHLO,
    GREYLISTED,
    HOST,
    SPAMMER,
    TRANSCRIPT,
    UNKNOWN,
    attempt,
    evaluation,
    mailboxes,
    recipients,
    reply,
    server_name,
    session,
)
from .case import Table, advises, fails, leaves, passes, skips, undecided

_REFUSES = reply(554, "no SMTP service here")
_PLAIN = reply(250, f"{HOST} hello", "PIPELINING")
_REFUSED = session(greeting=_REFUSES, helo=None, ehlo=None, starttls=None, tls=None, ehlo_in_tls=None, ended="greeting")
_CURRENT = WithdrawnTLS(HOST, ())
_OLD_ONLY = WithdrawnTLS(HOST, (Handshake(TLSVersion.SSLV3, "all", True, "SUITE", None),))
_WITHOUT_TLS = session(ehlo=_PLAIN, starttls=None, tls=None, ehlo_in_tls=None)
_RELAYING_DENIED = reply(554, "5.7.1 relay access denied")
_TLS_FIRST = reply(530, "5.7.0 TLS required")
_DO_NOT = reply(550, "Bitte nicht")
_NAMED = reply(550, "Kein Zutritt: 203.0.113.9")
_OUTSIDER = "nobody@outside.example"


def _auth(
    mechanisms: tuple[str, ...] = (), answer: Reply | None = None, smtp: SMTPSession | None = None
) -> ClearTextAuth:
    return ClearTextAuth(TRANSCRIPT, mechanisms, answer, smtp or session())


def _submission(**changes: object) -> SMTPSession:
    return session(SUBMISSION.name, ehlo_in_tls=reply(250, HOST, "AUTH PLAIN LOGIN"), **changes)


def _relay(*attempts: Attempt, interrupted: str = "", role: str = MX.name) -> RelayAttempts:
    return RelayAttempts(TRANSCRIPT, attempts, interrupted, role)


def _to_outsider(form: str, rcpt: Reply) -> Attempt:
    return attempt(form, rcpt, recipient=_OUTSIDER)


def _at_home(form: str) -> Attempt:
    return attempt(form, ACCEPTED, recipient=f"{form}@example.org")


_DENIED = (_to_outsider("plain", _RELAYING_DENIED), _to_outsider("null sender", _RELAYING_DENIED))


def _early(*codes: int, polite: bool = True) -> EarlyTalk:
    return EarlyTalk(TRANSCRIPT, codes, not codes, "220 hello" if polite else "421 busy", polite)


def _injection(
    *, offered: bool = True, starttls: Reply | None = None, heard: str = "", failure: str | None = None
) -> Injection:
    return Injection(TRANSCRIPT, offered, starttls, failure, heard)


_GO = reply(220, "go ahead")
_MX2 = "mx2.example.org[192.0.2.26]:25"

_LIVE = MXEndpoint(HOST, ADDRESS, 25)
_DEAD = MXEndpoint(HOST, ADDRESS, 25, dead=True)
_ANSWERS, _REFUSES_CONNECTIONS = (SMTPPort(_LIVE.id, reached, ("connecting",)) for reached in (True, False))
_WRONG_START = session(greeting=reply(220, HOST), helo=None, ehlo=None, starttls=None, tls=None, ehlo_in_tls=None)
_WRONG_START = replace(_WRONG_START, wrong_start="it greets in clear, where TLS must start at once")
_NO_EHLO = session(ehlo=reply(550, "command not allowed"), starttls=None, tls=None, ehlo_in_tls=None)
_TESTER = Tester(("prober.client.example", "203.0.113.9"), "probe@probe.example")


def _state(*keywords: str, rcpt: Reply | None = None, without: Reply | None = None, tls: bool = True) -> KeptState:
    return KeptState(TRANSCRIPT, tls, keywords, rcpt, without)


def _in_tls(found: Attempt) -> Attempt:
    return replace(found, tls=True)


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
    "SMTP-EHLO-HELO": (
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
    "HELO-FQDN": (
        passes(server_name=server_name(session())),
        passes(
            server_name=server_name(
                session(greeting=reply(220, "[192.0.2.25] ESMTP"), ehlo=reply(250, "[IPv6:2001:db8::25]"))
            )
        ),
        passes(server_name=server_name(session(ehlo=reply(502, "?")))),
        fails(
            "'mx1', which is not",
            level=SHOULD,
            server_name=server_name(session(greeting=reply(220, "mx1 ESMTP"))),
        ),
        fails("which has no address", server_name=server_name(session(), {})),
        fails(
            "EHLO reply names other.example",
            server_name=server_name(session(ehlo=reply(250, "other.example"))),
        ),
        fails("''", server_name=server_name(session(greeting=reply(220, "")))),
    ),
    "PTR-EQ-BANNER": (
        passes(mx_endpoint=_LIVE, server_name=server_name(session())),
        passes(mx_endpoint=_LIVE, server_name=server_name(session(), ptr=("other.example",))),
        passes(mx_endpoint=_LIVE, server_name=server_name(session(), {}, ptr=("other.example", HOST))),
        advises(
            "the greeting says",
            mx_endpoint=_LIVE,
            server_name=server_name(session(), {HOST: ("192.0.2.99",)}, ptr=("other.example",)),
        ),
        skips("PTR-EXISTS", mx_endpoint=_LIVE, server_name=server_name(session(), ptr=())),
    ),
    "HELO-SPF": (
        passes(spf_of_helo=evaluation("pass", "pass")),
        fails("no SPF record", level=SHOULD, spf_of_helo=evaluation("none", texts=())),
        fails("is in error", level=MUST, spf_of_helo=evaluation("permerror")),
        fails(f"{ADDRESS} says HELO", level=SHOULD, spf_of_helo=evaluation("neutral")),
        fails("says softfail for anybody", spf_of_helo=evaluation("pass", foreign=("softfail",))),
    ),
    "RELAY-MATRIX": (
        passes(relay_attempts=_relay(*_DENIED)),
        passes(relay_attempts=_relay(_to_outsider("plain", SPAMMER), _to_outsider("null sender", _RELAYING_DENIED))),
        fails("1 of 3 forms", level=MUST, relay_attempts=_relay(*_DENIED, _to_outsider("percent", ACCEPTED))),
        fails("1 of 1 forms", relay_attempts=_relay(_to_outsider("plain", ACCEPTED), interrupted="421")),
        undecided("interrupted: 421", relay_attempts=_relay(*_DENIED, interrupted="421")),
        undecided(
            "not decided",
            relay_attempts=_relay(_to_outsider("plain", GREYLISTED), _to_outsider("null sender", GREYLISTED)),
        ),
        undecided(
            "refuses the tester",
            relay_attempts=_relay(attempt("plain", None, reply(550, "5.1.8 bad sender"))),
        ),
        passes(relay_attempts=_relay(*_DENIED, _at_home(COMPARISON), _at_home("percent"))),
        fails(
            "1 of 3 forms",
            relay_attempts=_relay(*_DENIED, _at_home(COMPARISON), _to_outsider("percent", ACCEPTED)),
        ),
        passes(relay_attempts=_relay(attempt("plain", None, reply(530, "5.7.0 authentication required")))),
        passes(relay_attempts=_relay(_to_outsider("plain", SPAMMER), role=SUBMISSION.name)),
        undecided("refuses the tester", relay_attempts=_relay(_to_outsider("plain", SPAMMER))),
        undecided("not decided", relay_attempts=_relay(_to_outsider("plain", GREYLISTED), role=SUBMISSION.name)),
        fails("1 of 1 forms", relay_attempts=_relay(_to_outsider("plain", ACCEPTED), role=SUBMISSION.name)),
        undecided("no form was tried", relay_attempts=_relay()),
        undecided("1 of 3 forms", relay_attempts=_relay(*_DENIED, _to_outsider("percent", GREYLISTED))),
        undecided(
            "2 of 3 forms",
            relay_attempts=_relay(
                _to_outsider("plain", _RELAYING_DENIED),
                _to_outsider("null sender", GREYLISTED),
                _to_outsider("source route", GREYLISTED),
            ),
        ),
        undecided(
            "refuses the tester",
            relay_attempts=replace(
                _relay(attempt(HOME, _DO_NOT), _to_outsider("plain", _DO_NOT), _to_outsider("null sender", _DO_NOT)),
                tester=_TESTER,
            ),
        ),
        passes(
            relay_attempts=_relay(
                attempt(HOME, ACCEPTED), _to_outsider("plain", _DO_NOT), _to_outsider("null sender", _DO_NOT)
            )
        ),
        undecided(
            "refuses the tester",
            relay_attempts=replace(_relay(attempt(HOME, ACCEPTED), _to_outsider("plain", _NAMED)), tester=_TESTER),
        ),
        fails(
            "differently with and without TLS",
            relay_attempts=_relay(*_DENIED, _in_tls(_to_outsider("plain", ACCEPTED))),
        ),
        fails(
            "DATA was not tried",
            relay_attempts=_relay(_to_outsider("plain", ACCEPTED), _at_home(COMPARISON)),
        ),
        passes(
            relay_attempts=_relay(
                *_DENIED,
                attempt("bang path", ACCEPTED, recipient="outside.example!nobody"),
                attempt("quoted", ACCEPTED, recipient='"nobody@outside.example"'),
                attempt("percent hack at the address", ACCEPTED, recipient="nobody%outside.example@[192.0.2.25]"),
                attempt(COMPARISON_ALONE, ACCEPTED, recipient="mailproof-x"),
                attempt(COMPARISON_LITERAL, ACCEPTED, recipient="mailproof-x@[192.0.2.25]"),
            )
        ),
        fails(
            "bang path",
            relay_attempts=_relay(*_DENIED, attempt("bang path", ACCEPTED, recipient="outside.example!nobody")),
        ),
        leaves("SMTP-GREET-220", relay_attempts=replace(_relay(), unserved="554 no")),
    ),
    "SMTP-POSTMASTER": (
        passes(mailboxes=mailboxes()),
        passes(mailboxes=mailboxes(postmaster=reply(251, "forwarded"))),
        fails("550 5.1.1", level=MUST, mailboxes=mailboxes(postmaster=UNKNOWN)),
        fails("550 5.1.1", mailboxes=mailboxes(bare=UNKNOWN)),
        undecided("greylisting", mailboxes=mailboxes(postmaster=GREYLISTED)),
        undecided("refuses the tester", mailboxes=mailboxes(postmaster=SPAMMER)),
        undecided("not tried", mailboxes=mailboxes(bare=None, interrupted="421")),
        fails(
            "inside TLS, as senders deliver; in clear with 250",
            mailboxes=replace(mailboxes(postmaster=UNKNOWN), in_clear=attempt("postmaster@", ACCEPTED)),
        ),
        leaves("SMTP-GREET-220", mailboxes=replace(mailboxes(), unserved="554 no")),
        leaves("SMTP-STARTTLS-WORKS", mailboxes=mailboxes(postmaster=reply(550, "5.7.10 encryption needed"))),
    ),
    "SMTP-ABUSE": (
        passes(mailboxes=mailboxes()),
        fails("550 5.1.1", level=SHOULD, mailboxes=mailboxes(abuse=UNKNOWN)),
        undecided("greylisting", mailboxes=mailboxes(abuse=GREYLISTED)),
    ),
    "SMTP-NULL-SENDER": (
        passes(mailboxes=mailboxes()),
        fails("MAIL FROM:<>", level=MUST, mailboxes=mailboxes(null=reply(550, "5.7.1 no bounces, please"))),
        undecided("greylisting", mailboxes=mailboxes(null=GREYLISTED)),
        undecided("not tried", mailboxes=mailboxes(null=None, interrupted="421")),
        undecided("greylisting", mailboxes=mailboxes(null=UNKNOWN, postmaster=GREYLISTED)),
        skips("SMTP-POSTMASTER", mailboxes=mailboxes(null=UNKNOWN, postmaster=UNKNOWN)),
    ),
    "BACKUPMX-RCPT": (
        passes(recipients=recipients(mailboxes(), mailboxes(_MX2))),
        fails(
            f"{_MX2} accepts",
            level=SHOULD,
            recipients=recipients(mailboxes(), mailboxes(_MX2, unknown=ACCEPTED)),
        ),
        fails(
            "accepts",
            recipients=recipients(mailboxes(), mailboxes(_MX2, unknown=ACCEPTED), missing=(("x", "timed out"),)),
        ),
        fails(
            "postmaster@example.org is accepted by",
            recipients=recipients(mailboxes(), mailboxes(_MX2, postmaster=UNKNOWN)),
        ),
        advises("catch-all", recipients=recipients(mailboxes(unknown=ACCEPTED), mailboxes(_MX2, unknown=ACCEPTED))),
        undecided("mx2: timed out", recipients=recipients(mailboxes(), missing=(("mx2", "timed out"),))),
        leaves(
            "MX-PORT25-OPEN",
            "mx2 refuses connections; the others decide alike",
            recipients=replace(recipients(mailboxes(), missing=(("mx2", "refused"),)), closed=("mx2",)),
        ),
        undecided(
            "mx3: timed out",
            recipients=replace(
                recipients(mailboxes(), missing=(("mx2", "refused"), ("mx3", "timed out"))), closed=("mx2",)
            ),
        ),
        undecided("greylisting", recipients=recipients(mailboxes(unknown=GREYLISTED))),
        skips("no MX address", recipients=recipients()),
        undecided("refuses the tester", recipients=recipients(mailboxes(unknown=SPAMMER))),
        skips("no consent to ask mx9", recipients=replace(recipients(), withheld=("mx9",))),
        skips("no consent to ask mx9", recipients=replace(recipients(mailboxes()), withheld=("mx9",))),
        fails(
            "accepts", recipients=replace(recipients(mailboxes(), mailboxes(_MX2, unknown=ACCEPTED)), withheld=("mx9",))
        ),
        undecided("without TLS or AUTH", recipients=recipients(mailboxes(unknown=_TLS_FIRST))),
        leaves("SMTP-GREET-220", recipients=recipients(replace(mailboxes(), unserved="554 no"))),
    ),
}
