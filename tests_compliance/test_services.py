"""Services for users: submission, IMAP, POP3 and ManageSieve, up to where users log in; and LMTP behind them."""

from __future__ import annotations

import re

from mailproof.controls import MAY, MUST, SHOULD, Family, Harm, control, fail, finding, leave_to, not_applicable
from mailproof.net.errors import NotAvailable, NotObserved
from mailproof.net.services import POP3
from mailproof.net.smtp import extensions
from mailproof.observations.refusals import refuses_tester
from mailproof.observations.relay import HOME, RelayAttempts
from mailproof.observations.services import ClearTextLogin, LMTPSession, Mechanisms, StoreInjection, StoreSession
from mailproof.references import cve, rfc
from mailproof.targets.services import SubmissionEndpoint

FAMILY = Family("SUB", "Submission and mail stores", also=("IMAP", "SUBMIT", "AUTH"))


@control(
    "SUB-IMAP-STARTTLS",
    SHOULD,
    rfc(9051, "6.2.1"),
    rfc(2595, "4"),
    rfc(5804, "2.2"),
    rfc(8314, "4.1"),
    explains=(NotAvailable,),
    harm=Harm.READ,
)
def test_store_offers_starttls(store_session: StoreSession) -> None:
    """A port of IMAP, POP3 or ManageSieve that begins in clear offers STARTTLS, and agrees to it.

    Why: without it passwords and mail cross the network in clear text.
    Fix: install a certificate and switch TLS on (Dovecot: ssl = required), or close the port and let users take the one
    on which TLS begins at once.
    """
    if store_session.implicit_tls:
        not_applicable("TLS starts at once on this port")
    if not store_session.greeting.ok:
        raise NotObserved(store_session.ended, store_session.evidence())
    word = "STLS" if store_session.service == POP3.name else "STARTTLS"
    assert store_session.told().starttls, f"the server does not list {word}"
    reply = store_session.starttls
    if reply is None:
        raise NotObserved(f"{word} was not answered: {store_session.ended}", store_session.evidence())
    assert reply.ok, f"{word} is answered with {reply}"
    if store_session.tls_failure:
        leave_to("TLS-12-OR-13", f"the handshake fails: {store_session.tls_failure}")


@control("IMAP-POP-CLEARTEXT", SHOULD, rfc(9051, "6.2.3"), rfc(2595, "2.3"), rfc(8314, "4.1"), harm=Harm.READ)
def test_no_password_before_tls(clear_text_login: ClearTextLogin) -> None:
    """IMAP, POP3 and ManageSieve neither offer nor take a password before TLS.

    Why: whoever is on the way reads a password that is sent in clear, and has the mailbox.
    Fix: Dovecot: ssl = required, or disable_plaintext_auth = yes (2.4: auth_allow_cleartext = no); Cyrus:
    allowplaintext: no; Courier: IMAP_TLS_REQUIRED=1 and POP3_TLS_REQUIRED=1.
    """
    session = clear_text_login.session
    if session is None:
        return  # nobody can send a password to a closed port
    if session.implicit_tls:
        not_applicable("TLS starts at once on this port")
    offered = session.told().readable
    if clear_text_login.user is not None and not clear_text_login.user.ok:
        return  # USER is listed, and refused before TLS
    assert not offered, f"before TLS the server offers {', '.join(offered)}"
    reply = clear_text_login.reply
    if reply is None or not (reply.ok or _was_tried(str(reply))):
        return
    fail(f"the server does not offer a login before TLS, and tries the password all the same: {reply}")


_FAILED = re.compile(r"\[(?:AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|AUTH|UNAVAILABLE)\]", re.IGNORECASE)
_TLS_FIRST = re.compile(
    r"\[PRIVACYREQUIRED\]|plain-?text|clear-?text|encrypt|\b(?:start)?tls\b|\bstls\b|\bssl\b|secure|under a layer",
    re.IGNORECASE,
)


def _was_tried(reply: str) -> bool:
    """Whether the reply to a login says that user and password were looked at (RFC 5530, section 3; RFC 3206,
    section 4), and not that TLS must come first.
    """
    return bool(_FAILED.search(reply)) and not _TLS_FIRST.search(reply)


@control("SUB-INJECTION", MUST, rfc(9051, "6.2.1"), rfc(2595, "3.1"), cve("2021-33515"), harm=Harm.ABUSED)
def test_store_forgets_what_was_said_in_clear(store_injection: StoreInjection) -> None:
    """A command sent in clear behind STARTTLS of IMAP, POP3 or ManageSieve is not executed inside TLS.

    Why: whoever can write into the connection could put words into a session that the user believes protected.
    Fix: update the server; it must discard its input buffer when TLS starts.
    """
    if not store_injection.offered:
        not_applicable("STARTTLS is not offered")
    heard = store_injection.heard_in_tls
    assert not heard, f"inside TLS the server answers the command that was sent in clear: {heard.strip()}"
    if store_injection.tls_failure and store_injection.starttls is not None and store_injection.starttls.ok:
        return  # a server that breaks off has not executed anything


@control("SUBMIT-REQUIRES-AUTH", MUST, rfc(6409, "4.3"), rfc(4954, "6"), harm=Harm.ABUSED)
def test_submission_wants_authentication(
    relay_attempts: RelayAttempts, submission_endpoint: SubmissionEndpoint
) -> None:
    """A submission server refuses MAIL with 530 until the user has authenticated.

    Why: whoever may submit without a password sends mail in the name of the users, past what is checked on port 25.
    Fix: demand AUTH on the submission ports (Postfix: smtpd_client_restrictions = permit_sasl_authenticated, reject
    for these services; Exim: an ACL with !authenticated).
    """
    if relay_attempts.unserved:
        leave_to("SMTP-GREET-220", f"the server refuses service: {relay_attempts.unserved}")
    asked = [attempt for attempt in relay_attempts.attempts if attempt.form == HOME]
    if not asked:
        raise NotObserved(f"nothing was asked: {relay_attempts.interrupted}", relay_attempts.evidence())
    attempt = asked[-1]
    assert not attempt.accepted, f"mail for {attempt.recipient} is taken without AUTH: {attempt.last}"
    if undecided := refuses_tester(attempt, relay_attempts.tester):
        raise NotObserved(undecided, relay_attempts.evidence())
    if attempt.mail.positive:
        finding(
            MAY,
            f"MAIL is accepted without AUTH, and only RCPT is refused: {attempt.last}",
            why="RFC 6409 has MAIL refused, so that the user's program learns of it at once; nothing gets through.",
            fix="Postfix: smtpd_delay_reject = no for the submission services.",
        )
    if attempt.mail.code != 530:
        finding(
            MAY,
            f"MAIL without AUTH is refused, though not with 530: {attempt.mail}",
            why="by 530 a mail program knows that it has to ask its user for the password (RFC 4954, section 6).",
        )


_WITHDRAWN = {
    "DIGEST-MD5": "it was declared historic in 2011 (RFC 6331)",
    "CRAM-MD5": "a password can be guessed from one exchange, and the server has to keep it readable (RFC 2195)",
    "NTLM": "it is broken, and Microsoft is taking it out of its products",
}


@control(
    "AUTH-MECHANISMS",
    SHOULD,
    rfc(6331, "2"),
    rfc(7677, "4"),
    rfc(9266, "3"),
    harm=Harm.READ,
)
def test_mechanisms_are_current(mechanisms: Mechanisms, *, wanted: tuple[str, ...] = ()) -> None:
    """Behind TLS no DIGEST-MD5, CRAM-MD5 or NTLM is offered, and what `wanted` names is.

    Why: these mechanisms are weaker than PLAIN inside TLS: the server must keep passwords readable, or hashes of MD5.
    Fix: take them out (Dovecot: auth_mechanisms = plain login; Cyrus SASL: mech_list: PLAIN SCRAM-SHA-256).
    """
    offered = mechanisms.in_tls
    if offered is None:
        not_applicable("there is no TLS behind which mechanisms could be offered")
    if not offered:
        not_applicable("no SASL mechanism is offered")
    if "DIGEST-MD5" in offered:
        fail(f"DIGEST-MD5 is offered: {_WITHDRAWN['DIGEST-MD5']}")
    weak = [name for name in offered if name in _WITHDRAWN]
    if weak:
        finding(MAY, "; ".join(f"{name} is offered: {_WITHDRAWN[name]}" for name in weak))
    missing = [name for name in wanted if name not in offered]
    if missing:
        finding(
            MAY,
            f"{', '.join(missing)} is not offered, only {', '.join(offered)}",
            why="with SCRAM the server never sees the password, and with channel binding (-PLUS) nobody can stand in "
            "between (RFC 7677; RFC 9266).",
            fix="offer SCRAM-SHA-256 and SCRAM-SHA-256-PLUS; users have to set their passwords anew for it.",
        )


@control("SUB-LMTP", MUST, rfc(2033, "4.1"), rfc(3207, "4"), explains=(NotAvailable,), harm=Harm.READ)
def test_lmtp_is_no_smtp(lmtp_session: LMTPSession) -> None:
    """A server of LMTP answers LHLO, refuses EHLO, and offers STARTTLS.

    Why: whoever speaks SMTP to it by mistake must notice: LMTP answers for each recipient, and keeps no mail that it
    cannot deliver at once. Without STARTTLS mail crosses the network in clear text.
    Fix: let nothing but the LMTP server listen there (Dovecot: an inet_listener of service lmtp; Cyrus: lmtpd in
    cyrus.conf), on a port that is not 25, with a certificate (ssl_cert; tls_server_cert).
    """
    if not lmtp_session.greeting.positive:
        raise NotObserved(f"the server opens with {lmtp_session.greeting}", lmtp_session.evidence())
    if lmtp_session.lhlo is None:
        raise NotObserved(f"LHLO was not answered: {lmtp_session.ended}", lmtp_session.evidence())
    if lmtp_session.lhlo.transient:
        raise NotObserved(f"LHLO is answered with {lmtp_session.lhlo}", lmtp_session.evidence())
    assert lmtp_session.lhlo.positive, f"LHLO is answered with {lmtp_session.lhlo}"
    assert lmtp_session.ehlo is None or not lmtp_session.ehlo.positive, f"EHLO is taken: {lmtp_session.ehlo}"
    if "STARTTLS" not in extensions(lmtp_session.lhlo):
        finding(
            MAY,
            "STARTTLS is not offered",
            why="The mail of all users crosses the network between the servers in clear text.",
            fix="Give it a certificate, or let it listen on its own machine only and leave lmtp out of the roles.",
        )
