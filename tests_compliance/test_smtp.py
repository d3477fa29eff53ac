"""SMTP service: greeting, commands, STARTTLS, AUTH and early talkers."""

from __future__ import annotations

from mailproof.controls import (
    MAY,
    MUST,
    PRACTICE,
    SHOULD,
    STARTTLS_INJECTION,
    control,
    finding,
    leave_to,
    not_applicable,
    rfc,
)
from mailproof.inventory.targets import Role
from mailproof.net.errors import NotObserved
from mailproof.observations.smtp import (
    ClearTextAuth,
    EarlyTalk,
    Injection,
    SMTPSession,
    refuses_client,
    refuses_name,
)
from mailproof.observations.tls import WithdrawnTLS

SMTP_ROLES = (Role.MX, Role.SUBMISSION)


@control("SMTP-GREET-220", MUST, rfc(5321, "3.1"), rfc(5321, "4.3.2"), roles=SMTP_ROLES)
def test_server_greets_with_220(smtp_session: SMTPSession) -> None:
    """The server opens with 220.

    Why: 554 or anything else tells every sender to go away.
    Fix: look in the server's log why it refuses the connection; take hosts that take no mail out of the MX records.
    """
    greeting = smtp_session.greeting
    if refused := refuses_client(greeting):
        raise NotObserved(refused, smtp_session.evidence())
    assert greeting.code == 220, f"the server opens with {greeting}"


@control(
    "SMTP-EHLO-HELO", MUST, rfc(5321, "4.1.1.1"), rfc(5321, "4.5.1"), rfc(5321, "3.2"), rfc(3207, "4"), roles=SMTP_ROLES
)
def test_server_answers_ehlo_and_helo(smtp_session: SMTPSession) -> None:
    """EHLO is answered with 250, and HELO with a single 250.

    Why: every sender begins with one of them.
    Fix: let the server answer both; a filter in front of it may be what does not.
    """
    if not smtp_session.greeting.positive:
        leave_to("SMTP-GREET-220", "the server refuses service")
    helo = smtp_session.answered(smtp_session.helo, "HELO")
    ehlo = smtp_session.answered(smtp_session.ehlo, "EHLO")
    wants_tls_first = smtp_session.role is Role.SUBMISSION and helo.code == 530 and smtp_session.offers_starttls
    # RFC 3207, section 4: a server that is not for everybody may want STARTTLS before anything but EHLO.
    asked = (("EHLO", ehlo),) if wants_tls_first else (("EHLO", ehlo), ("HELO", helo))
    for command, reply in asked:
        if refused := refuses_name(reply):
            raise NotObserved(refused, smtp_session.evidence())
        assert reply.code == 250, f"{command} is answered with {reply}"
    assert len(helo.lines) == 1, "HELO is answered with a list, as only EHLO may be"


@control("SMTP-STARTTLS-OFFERED", SHOULD, rfc(3207, "4"), rfc(7435), rfc(8314, "3.3"), roles=SMTP_ROLES)
def test_starttls_is_offered(smtp_session: SMTPSession) -> None:
    """The EHLO reply lists STARTTLS on every address.

    Why: without it mail crosses the network in clear text.
    Fix: install a certificate and switch TLS on (Postfix: smtpd_tls_security_level = may; Exim: tls_advertise_hosts =
    *).
    """
    if smtp_session.implicit_tls:
        not_applicable("TLS starts at once on this port")
    if not smtp_session.greeting.positive:
        leave_to("SMTP-GREET-220", "the server refuses service")
    assert smtp_session.offers_starttls, "the EHLO reply does not list STARTTLS"


@control("SMTP-STARTTLS-WORKS", MUST, rfc(3207, "4.1"), rfc(3207, "4.2"), roles=SMTP_ROLES)
def test_starttls_works(smtp_session: SMTPSession, withdrawn_tls: WithdrawnTLS) -> None:
    """STARTTLS is answered with 220, the handshake completes, and EHLO works behind it.

    Why: senders that try TLS and fail defer the mail, or send it in clear.
    Fix: look in the server's log for the handshake; check certificate, key and their permissions.
    """
    if smtp_session.implicit_tls:
        not_applicable("TLS starts at once on this port")
    if not smtp_session.greeting.positive or not smtp_session.offers_starttls:
        leave_to("SMTP-STARTTLS-OFFERED", "STARTTLS is not offered")
    reply = smtp_session.answered(smtp_session.starttls, "STARTTLS")
    if refused := refuses_client(reply):
        raise NotObserved(refused, smtp_session.evidence())
    assert reply.code == 220, f"STARTTLS is answered with {reply}"
    if not smtp_session.tls and withdrawn_tls.accepted:
        leave_to("TLS-12-OR-13", "only versions or suites that were withdrawn are spoken")
    failure = (smtp_session.tls_failure or "").removeprefix("the TLS handshake failed: ")
    assert smtp_session.tls, f"the handshake fails: {failure}"
    ehlo = smtp_session.answered(smtp_session.ehlo_in_tls, "EHLO inside TLS")
    assert ehlo.code == 250, f"EHLO inside TLS is answered with {ehlo}"


@control("SMTP-STARTTLS-INJECTION", MUST, rfc(3207, "4.2"), STARTTLS_INJECTION, roles=SMTP_ROLES)
def test_starttls_forgets_what_was_said_in_clear(starttls_injection: Injection) -> None:
    """A command sent in clear behind STARTTLS is not executed inside TLS.

    Why: whoever can write into the connection could put words into a session that the sender believes protected.
    Fix: update the server; it must discard its input buffer when TLS starts.
    """
    if not starttls_injection.offered:
        not_applicable("STARTTLS is not offered")
    reply = starttls_injection.starttls
    if reply is not None and reply.code != 220:
        return
    heard = starttls_injection.heard_in_tls
    assert not heard, f"inside TLS the server answers the command that was sent in clear: {heard.strip()}"


@control("AUTH-AFTER-TLS", MUST, rfc(4954, "4"), rfc(8314, "3.3"), rfc(6409, "7"), roles=SMTP_ROLES)
def test_auth_comes_after_tls(clear_text_auth: ClearTextAuth) -> None:
    """AUTH is neither offered nor taken before TLS; behind TLS a submission server offers it.

    Why: passwords sent before TLS can be read by whoever is on the way.
    Fix: offer AUTH inside TLS only (Postfix: smtpd_tls_auth_only = yes; Exim: auth_advertise_hosts = ${if
    def:tls_in_cipher {*}}).
    """
    session = clear_text_auth.session
    if not session.implicit_tls:
        offered = " ".join(clear_text_auth.mechanisms)
        assert not clear_text_auth.mechanisms, f"AUTH {offered} is offered before TLS"
        reply = clear_text_auth.reply
        taken = reply is not None and reply.code in (235, 334, 535)
        assert not taken, f"AUTH PLAIN before TLS is answered with {reply}"
    if session.role is Role.SUBMISSION:
        inside = clear_text_auth.mechanisms if session.implicit_tls else clear_text_auth.mechanisms_in_tls
        if not session.implicit_tls and inside is None and session.ehlo_in_tls is None:
            not_applicable("there is no TLS behind which AUTH could stand")
        assert inside, "no AUTH is offered behind TLS, though users submit mail here"
    elif clear_text_auth.mechanisms_in_tls:
        finding(
            MAY, "AUTH is offered behind TLS on a public MX, where nobody needs it: an invitation to guess passwords"
        )


@control("EARLYTALK", MAY, rfc(5321, "4.3.1"), rfc(2920, "3.1"), PRACTICE, roles=(Role.MX,))
def test_early_talkers_are_refused(early_talk: EarlyTalk) -> None:
    """A client that speaks before the greeting is refused, and a polite one right after it is served.

    Why: hardly anything but spam software talks early; refusing it saves the work of filtering.
    Fix: Postfix: postscreen_greet_action = enforce, or smtpd_forbid_unauth_pipelining = yes;
    Exim: smtp_enforce_sync and an empty pipelining_connect_advertise_hosts.
    """
    if not early_talk.tolerated and not early_talk.polite_ok:
        raise NotObserved(f"the polite client was not served either: {early_talk.polite}", early_talk.evidence())
    assert not early_talk.tolerated, "the early EHLO is answered with 250 as if nothing had happened"
