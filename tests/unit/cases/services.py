"""Services for users."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MUST, SHOULD
from mailproof.grammars.store_capabilities import Capabilities, imap_capabilities, pop3_capabilities
from mailproof.net.dialogue import TLSSession
from mailproof.net.services import SUBMISSION
from mailproof.net.smtp import Reply
from mailproof.net.stores import StoreReply
from mailproof.observations.relay import HOME, RelayAttempts
from mailproof.observations.services import ClearTextLogin, LMTPSession, Mechanisms, StoreInjection, StoreSession
from mailproof.targets.services import SubmissionEndpoint

from ..observed import ACCEPTED, ADDRESS, HOST, TRANSCRIPT, attempt, reply
from .case import Case, Table, advises, fails, leaves, passes, skips, undecided

_WHERE = f"{HOST}[{ADDRESS}]:143"
_OPEN = StoreReply(True, ("* OK ready",))
_FULL = StoreReply(False, ("* BYE too many connections",))
_YES, _NO = StoreReply(True, ("a2 OK go",)), StoreReply(False, ("a2 NO not now",))
_TLS = TLSSession("TLSv1.3", "TLS_AES_128_GCM_SHA256", "")


def _imap(words: str) -> Capabilities | None:
    return imap_capabilities([f"* CAPABILITY IMAP4rev1 {words}"])


_INSIDE = _imap("AUTH=PLAIN")
SESSION = StoreSession(
    TRANSCRIPT, _WHERE, "imap", False, _OPEN, _imap("STARTTLS LOGINDISABLED"), _YES, _TLS, "", _INSIDE
)
_AT_ONCE = StoreSession(TRANSCRIPT, _WHERE, "imap", True, _OPEN, _INSIDE)
WITHOUT_STARTTLS = replace(SESSION, capabilities=_imap("LOGINDISABLED"), starttls=None, tls=None, in_tls=None)
UNKNOWN_STORE = replace(WITHOUT_STARTTLS, capabilities=None)
_SHUT = replace(UNKNOWN_STORE, greeting=_FULL, ended=f"the server opens with {_FULL}")


def _login(words: str, said: str = "") -> ClearTextLogin:
    return ClearTextLogin(replace(SESSION, capabilities=_imap(words)), StoreReply(False, (said,)) if said else None)


def _pop3(*lines: str) -> ClearTextLogin:
    return ClearTextLogin(replace(SESSION, service="pop3", capabilities=pop3_capabilities(lines)))


_SUBMISSION = SubmissionEndpoint(HOST, ADDRESS, 587, active=True)


def _submitted(mail: Reply, rcpt: Reply | None, form: str = HOME) -> RelayAttempts:
    seen = replace(attempt(form, ACCEPTED, recipient="postmaster@example.org"), mail=mail, rcpt=rcpt)
    return RelayAttempts(TRANSCRIPT, (seen,), "", SUBMISSION.name)


def _submission(case: Case) -> Case:
    return replace(case, observed={"submission_endpoint": _SUBMISSION, **case.observed})


_AUTH_FIRST = reply(530, "5.7.0 Authentication required")


def _offers(*names: str) -> Mechanisms:
    return Mechanisms(_WHERE, names)


_LMTP = LMTPSession(
    (),
    "mail.example[192.0.2.1]:24",
    Reply(220, ("mail.example LMTP",)),
    Reply(500, ("5.5.1 Unknown command",)),
    Reply(250, ("mail.example", "STARTTLS", "PIPELINING")),
)

TABLE: Table = {
    "SUB-IMAP-STARTTLS": (
        passes(store_session=SESSION),
        fails("does not list STARTTLS", level=SHOULD, store_session=WITHOUT_STARTTLS),
        fails("does not list STLS", store_session=replace(WITHOUT_STARTTLS, service="pop3")),
        fails("STARTTLS is answered with a2 NO", store_session=replace(SESSION, starttls=_NO, tls=None, in_tls=None)),
        leaves(
            "TLS-12-OR-13", "the handshake fails: no cipher", store_session=replace(SESSION, tls_failure="no cipher")
        ),
        skips("TLS starts at once", store_session=_AT_ONCE),
        undecided("too many connections", store_session=_SHUT),
        undecided("does not say what it can do", store_session=UNKNOWN_STORE),
        undecided("was not answered: timed out", store_session=replace(SESSION, starttls=None, ended="timed out")),
    ),
    "IMAP-POP-CLEARTEXT": (
        passes(clear_text_login=_login("STARTTLS LOGINDISABLED")),
        passes(clear_text_login=_login("LOGINDISABLED", "a1 NO [PRIVACYREQUIRED] no")),
        passes(clear_text_login=_login("LOGINDISABLED", "a1 NO Plaintext authentication disallowed")),
        passes(clear_text_login=_login("LOGINDISABLED", "a1 NO [AUTH] Login only available under a layer")),  # Cyrus
        passes(clear_text_login=_login("LOGINDISABLED AUTH=SCRAM-SHA-256")),
        passes(clear_text_login=ClearTextLogin(None)),
        passes(clear_text_login=_pop3("TOP", "STLS")),
        passes(clear_text_login=replace(_pop3("STLS", "USER"), user=StoreReply(False, ("-ERR TLS first",)))),
        fails("a command", clear_text_login=replace(_pop3("STLS", "USER"), user=StoreReply(True, ("+OK",)))),
        fails("a command with the password", level=SHOULD, clear_text_login=_login("STARTTLS")),
        fails("SASL PLAIN", clear_text_login=_login("LOGINDISABLED AUTH=PLAIN")),
        fails("a command with the password", clear_text_login=_pop3("STLS", "USER")),
        fails("SASL LOGIN", clear_text_login=_pop3("SASL LOGIN")),
        fails("tries the password", clear_text_login=_login("LOGINDISABLED", "a1 NO [AUTHENTICATIONFAILED] no")),
        fails("tries the password", clear_text_login=replace(_login("LOGINDISABLED"), reply=_YES)),
        skips("TLS starts at once", clear_text_login=ClearTextLogin(_AT_ONCE)),
        undecided("does not say what it can do", clear_text_login=ClearTextLogin(UNKNOWN_STORE)),
    ),
    "SUB-INJECTION": (
        passes(store_injection=StoreInjection(TRANSCRIPT, True, _YES)),
        passes(store_injection=StoreInjection(TRANSCRIPT, True, _NO)),
        passes(store_injection=StoreInjection(TRANSCRIPT, True, _YES, "the peer closed the connection")),
        fails("a0 OK nothing", level=MUST, store_injection=StoreInjection(TRANSCRIPT, True, _YES, "", "a0 OK nothing")),
        skips("STARTTLS is not offered", store_injection=StoreInjection(TRANSCRIPT, False)),
    ),
    "SUBMIT-REQUIRES-AUTH": (
        _submission(passes(relay_attempts=_submitted(_AUTH_FIRST, None))),
        _submission(
            fails(
                "postmaster@example.org is taken without AUTH",
                level=MUST,
                relay_attempts=_submitted(ACCEPTED, ACCEPTED),
            )
        ),
        _submission(advises("only RCPT is refused", relay_attempts=_submitted(ACCEPTED, _AUTH_FIRST))),
        _submission(advises("not with 530", relay_attempts=_submitted(reply(550, "5.7.10 TLS required"), None))),
        _submission(undecided("not decided", relay_attempts=_submitted(ACCEPTED, reply(450, "4.7.1 later")))),
        _submission(undecided("nothing was asked", relay_attempts=_submitted(ACCEPTED, None, "plain"))),
        _submission(
            leaves("SMTP-GREET-220", relay_attempts=replace(_submitted(ACCEPTED, None), unserved="554 no service"))
        ),
    ),
    "AUTH-MECHANISMS": (
        passes(mechanisms=_offers("PLAIN", "LOGIN")),
        replace(passes(mechanisms=_offers("PLAIN", "SCRAM-SHA-256")), parameters={"wanted": ("SCRAM-SHA-256",)}),
        fails("DIGEST-MD5 is offered", level=SHOULD, mechanisms=_offers("PLAIN", "DIGEST-MD5")),
        advises("CRAM-MD5 is offered", mechanisms=_offers("CRAM-MD5", "PLAIN")),
        advises("NTLM is offered", mechanisms=_offers("NTLM")),
        replace(
            advises("SCRAM-SHA-256-PLUS is not offered", mechanisms=_offers("PLAIN")),
            parameters={"wanted": ("SCRAM-SHA-256-PLUS",)},
        ),
        skips("no TLS", mechanisms=Mechanisms(_WHERE, None)),
        skips("no SASL mechanism", mechanisms=_offers()),
    ),
    "SUB-LMTP": (
        passes(lmtp_session=_LMTP),
        fails("LHLO is answered with 500", level=MUST, lmtp_session=replace(_LMTP, lhlo=Reply(500, ("what",)))),
        fails("EHLO is taken", lmtp_session=replace(_LMTP, ehlo=Reply(250, ("mail.example",)))),
        advises(
            "STARTTLS is not offered", lmtp_session=replace(_LMTP, lhlo=Reply(250, ("mail.example", "PIPELINING")))
        ),
        undecided("LHLO is answered with 450", lmtp_session=replace(_LMTP, lhlo=Reply(450, ("later",)))),
        undecided("the server opens with 554", lmtp_session=LMTPSession((), "x", Reply(554, ("no",)))),
        undecided("was not answered: timed out", lmtp_session=replace(_LMTP, lhlo=None, ended="timed out")),
    ),
}
