"""SMTP service: greeting, commands, STARTTLS, AUTH and early talkers."""

from __future__ import annotations

import re

from mailproof.controls import MAY, MUST, SHOULD, Family, Harm, control, fail, finding, leave_to, not_applicable
from mailproof.net.errors import ClosedEarly, NotAvailable, NoTLS, NoTLSNow, NotObserved, Refused, Throttled, TimedOut
from mailproof.net.services import SUBMISSION
from mailproof.observations.early_talk import EarlyTalk
from mailproof.observations.refusals import refuses_client, why_deferred
from mailproof.observations.smtp import ClearTextAuth, Injection, KeptState, SMTPPort, SMTPSession
from mailproof.observations.tls import WithdrawnTLS
from mailproof.references import PRACTICE, STARTTLS_INJECTION, rfc
from mailproof.targets.services import MXEndpoint, SMTPEndpoint

FAMILY = Family("SMTP", "The SMTP service", also=("MX", "AUTH", "STARTTLS", "EARLYTALK"))


@control(
    "MX-PORT25-OPEN",
    SHOULD,
    rfc(5321, "4.5.4.2"),
    explains=(Refused, TimedOut, ClosedEarly),
    harm=Harm.LOST,
)
def test_mx_takes_connections(smtp_port: SMTPPort, mx_endpoint: MXEndpoint) -> None:
    """Every address of an MX host takes connections at port 25.

    Why: senders that meet a refusal keep the mail for days, and then return it as undeliverable.
    Fix: start the mail server on this address and open port 25; or take the address, or the MX record, out of the DNS.
    """
    if mx_endpoint.dead:
        if smtp_port.reached:
            fail(
                "the inventory says dead: true, but the address takes connections",
                why="a first MX for nolisting that answers takes mail that nobody expects there.",
                fix="close the port on this address, or take dead: true out of the inventory.",
            )
        return
    assert smtp_port.reached, "the address refuses connections, twice: nobody can deliver here"


@control(
    "SMTP-GREET-220",
    MUST,
    rfc(5321, "3.1"),
    rfc(5321, "4.3.2"),
    explains=(NotAvailable, Throttled),
    harm=Harm.LOST,
)
def test_server_greets_with_220(smtp_session: SMTPSession) -> None:
    """The server opens with 220.

    Why: 554 or anything else tells every sender to go away.
    Fix: look in the server's log why it refuses the connection; take hosts that take no mail out of the MX records.
    """
    greeting = smtp_session.greeting
    if smtp_session.wrong_start:
        fail(
            f"the port does not start as its number says: {smtp_session.wrong_start}",
            why="clients go by the port: TLS starts at once on 465, and with STARTTLS on 25 and 587 (RFC 8314, section "
            "3.3); whoever meets the other way waits in vain.",
            fix="switch implicit TLS on for 465 and off for 25 and 587 (Postfix: smtpd_tls_wrappermode; Exim: "
            "tls_on_connect_ports).",
        )
    if refused := refuses_client(greeting, smtp_session.tester):
        raise NotAvailable(refused, smtp_session.evidence())
    assert greeting.code == 220, f"the server opens with {greeting}, and nothing in it says that others are served"


@control(
    "SMTP-EHLO-HELO",
    MUST,
    rfc(5321, "4.1.1.1"),
    rfc(5321, "4.5.1"),
    rfc(5321, "3.2"),
    rfc(3207, "4"),
    explains=(NotAvailable,),
    harm=Harm.LOST,
)
def test_server_answers_ehlo_and_helo(smtp_session: SMTPSession, smtp_endpoint: SMTPEndpoint) -> None:
    """EHLO is answered with 250, and HELO with a single 250.

    Why: every sender begins with one of them.
    Fix: let the server answer both; a filter in front of it may be what does not.
    """
    if not smtp_session.served:
        leave_to("SMTP-GREET-220", "the server refuses service")
    helo = smtp_session.answered(smtp_session.helo, "HELO")
    ehlo = smtp_session.answered(smtp_session.ehlo, "EHLO")
    wants_tls_first = helo.code == 530 and smtp_session.offers_starttls
    # RFC 3207, section 4: a server that is not for everybody may want STARTTLS before anything but EHLO.
    is_let = smtp_session.role == SUBMISSION.name
    # Without consent nobody tries to deliver in clear: then this is where it shows that an MX wants TLS of everybody.
    is_found = not is_let and smtp_endpoint.active
    asked = (("EHLO", ehlo),) if wants_tls_first and (is_let or is_found) else (("EHLO", ehlo), ("HELO", helo))
    for command, reply in asked:
        if refused := smtp_session.refused_name(reply):
            raise NotAvailable(refused, smtp_session.evidence())
        assert reply.code == 250, f"{command} is answered with {reply}"
    if wants_tls_first and is_found:
        leave_to("MX-NOT-TLS-ONLY", f"TLS is wanted first: HELO is answered with {helo}")
    assert len(helo.lines) == 1, "HELO is answered with a list, as only EHLO may be"


@control("SMTP-STARTTLS-OFFERED", SHOULD, rfc(3207, "4"), rfc(7435), rfc(8314, "3.3"), harm=Harm.READ)
def test_starttls_is_offered(smtp_session: SMTPSession) -> None:
    """The EHLO reply lists STARTTLS on every address.

    Why: without it mail crosses the network in clear text.
    Fix: install a certificate and switch TLS on (Postfix: smtpd_tls_security_level = may; Exim: tls_advertise_hosts =
    *).
    """
    if smtp_session.implicit_tls:
        not_applicable("TLS starts at once on this port")
    if not smtp_session.served:
        leave_to("SMTP-GREET-220", "the server refuses service")
    offered = smtp_session.offers_starttls
    if smtp_session.lists_differ:
        which = (
            "the first of two sessions, and not the second" if offered else "the second of two sessions, not the first"
        )
        fail(
            f"STARTTLS is offered in {which}",
            why="whether mail is protected depends on which server behind the address takes the connection.",
            fix="give all servers behind the address (a load balancer, say) the same certificate and settings.",
        )
    if not offered and (masked := next((k for k in smtp_session.extensions if _MASKED.fullmatch(k)), "")):
        fail(
            f"the EHLO reply lists {masked}: something on the way writes over what the server offers",
            why="a firewall that rewrites the dialogue takes STARTTLS away, and mail crosses the network in clear.",
            fix="switch off the inspection of SMTP in the firewall before the server (Cisco: no inspect esmtp, no "
            "fixup protocol smtp).",
        )
    if not offered and smtp_session.without_ehlo:
        leave_to("SMTP-EHLO-HELO", "EHLO is refused")
    assert offered, "the EHLO reply does not list STARTTLS"


_MASKED = re.compile(r"X{6,}[A-Z]?")
"""How Cisco's firewalls write over keywords that they do not let pass."""


@control(
    "SMTP-STARTTLS-WORKS",
    MUST,
    rfc(3207, "4.1"),
    rfc(3207, "4.2"),
    explains=(NoTLS, NoTLSNow),
    harm=Harm.LOST,
)
def test_starttls_works(smtp_session: SMTPSession, withdrawn_tls: WithdrawnTLS) -> None:
    """STARTTLS is answered with 220, the handshake completes, and EHLO works behind it.

    Why: senders that try TLS and fail defer the mail, or send it in clear.
    Fix: look in the server's log for the handshake; check certificate, key and their permissions.
    """
    if smtp_session.implicit_tls:
        not_applicable("TLS starts at once on this port")
    if not smtp_session.served:
        leave_to("SMTP-GREET-220", "the server refuses service")
    if not smtp_session.offers_starttls:
        leave_to("SMTP-STARTTLS-OFFERED", "STARTTLS is not offered")
    reply = smtp_session.answered(smtp_session.starttls, "STARTTLS")
    if refused := refuses_client(reply, smtp_session.tester):
        raise NotObserved(refused, smtp_session.evidence())
    assert reply.code == 220, f"STARTTLS is answered with {reply}"
    if not smtp_session.tls and withdrawn_tls.accepted:
        leave_to("TLS-12-OR-13", "only versions or suites that were withdrawn are spoken")
    if not smtp_session.tls and not smtp_session.tls_failure:
        raise NotObserved(f"the handshake came to no end: {smtp_session.ended}", smtp_session.evidence())
    failure = (smtp_session.tls_failure or "").removeprefix("the TLS handshake failed: ")
    assert smtp_session.tls, f"the handshake fails: {failure}"
    if smtp_session.ended_in_tls:
        fail(
            f"the server ends the session right behind the handshake, twice: {smtp_session.ended_in_tls}",
            why="senders that use TLS cannot deliver; a server that wants a certificate from its clients serves no "
            "sender, for they have none.",
            fix="look in the server's log; ask for no client certificate on port 25 (Postfix: smtpd_tls_req_ccert = "
            "no; Exim: tls_verify_hosts =).",
        )
    ehlo = smtp_session.answered(smtp_session.ehlo_in_tls, "EHLO inside TLS")
    assert ehlo.code == 250, f"EHLO inside TLS is answered with {ehlo}"


@control("SMTP-STARTTLS-INJECTION", MUST, rfc(3207, "4.2"), STARTTLS_INJECTION, harm=Harm.ABUSED)
def test_starttls_forgets_what_was_said_in_clear(starttls_injection: Injection) -> None:
    """A command sent in clear behind STARTTLS is not executed inside TLS.

    Why: whoever can write into the connection could put words into a session that the sender believes protected.
    Fix: update the server; it must discard its input buffer when TLS starts.
    """
    if not starttls_injection.offered:
        not_applicable("STARTTLS is not offered")
    reply = starttls_injection.starttls
    if reply is not None and reply.transient:
        raise NoTLSNow(f"STARTTLS is answered with {reply}: {why_deferred(reply)}", starttls_injection.evidence())
    if reply is not None and reply.code != 220:
        return
    heard = starttls_injection.heard_in_tls
    assert not heard, f"inside TLS the server answers the command that was sent in clear: {heard.strip()}"


@control("STARTTLS-STATE", MUST, rfc(3207, "4.2"), harm=Harm.ABUSED)
def test_starttls_begins_anew(starttls_state: KeptState) -> None:
    """Inside TLS the server offers STARTTLS no more, and knows nothing of what was said before it.

    Why: what somebody on the way put in before TLS would count inside it, as if the sender had said it.
    Fix: update the server; it must reset the session when TLS starts.
    """
    if not starttls_state.tls_offered:
        not_applicable("there is no TLS behind STARTTLS")
    assert "STARTTLS" not in starttls_state.keywords_in_tls, "STARTTLS is offered again inside TLS"
    assert not starttls_state.sender_kept, (
        f"inside TLS the server still knows the sender named before it: RCPT is answered with {starttls_state.rcpt}"
    )


@control("AUTH-AFTER-TLS", MUST, rfc(4954, "4"), rfc(8314, "3.3"), rfc(6409, "7"), harm=Harm.READ)
def test_auth_comes_after_tls(clear_text_auth: ClearTextAuth) -> None:
    """AUTH is neither offered nor taken before TLS; behind TLS a submission server offers it.

    Why: passwords sent before TLS can be read by whoever is on the way.
    Fix: offer AUTH inside TLS only (Postfix: smtpd_tls_auth_only = yes; Exim: auth_advertise_hosts = ${if
    def:tls_in_cipher {*}}).
    """
    session = clear_text_auth.session
    if session.without_ehlo:
        not_applicable("EHLO is not served before TLS, and without it there is no AUTH")
    if not session.implicit_tls:
        _no_password_in_clear(clear_text_auth)
    inside = clear_text_auth.mechanisms if session.implicit_tls else clear_text_auth.mechanisms_in_tls
    if session.role == SUBMISSION.name:
        if not session.implicit_tls and inside is None and session.ehlo_in_tls is None:
            not_applicable("there is no TLS behind which AUTH could stand")
        if not inside:
            fail(
                "no AUTH is offered behind TLS, though users submit mail here",
                why="without AUTH nobody can submit mail, or everybody can.",
                fix="switch AUTH on inside TLS (Postfix: smtpd_sasl_auth_enable = yes; Exim: an authenticator and "
                "auth_advertise_hosts).",
            )
    elif clear_text_auth.mechanisms_in_tls:
        finding(
            MAY,
            "AUTH is offered behind TLS on a public MX, where nobody needs it: an invitation to guess passwords",
            why="whoever guesses passwords finds a door at every MX that offers AUTH.",
            fix="offer AUTH on the submission ports only.",
        )
    challenged = [name for name in clear_text_auth.mechanisms if not session.implicit_tls]
    if challenged:
        finding(
            MAY,
            f"AUTH {' '.join(challenged)} is offered before TLS: no password crosses in clear, but what follows does",
            why="these mechanisms hide the password, and neither the session behind them nor weak passwords, which "
            "can be guessed from the exchange.",
        )


_ENCRYPTION_FIRST = re.compile(r"encrypt|\b(?:start)?tls\b|\bssl\b|secure", re.IGNORECASE)


def _no_password_in_clear(auth: ClearTextAuth) -> None:
    """Fail where a mechanism that sends the password itself is offered or taken before TLS."""
    offered = " ".join(auth.mechanisms)
    readable = [name for name in auth.mechanisms if name.upper() in ("PLAIN", "LOGIN")]
    assert not readable, f"AUTH {offered} is offered before TLS"
    reply = auth.reply
    if reply is None or reply.code not in (235, 334, 535) or reply.enhanced == "5.7.11":
        return
    refused = reply.code == 535 and _ENCRYPTION_FIRST.search(reply.text)
    assert refused, f"AUTH PLAIN before TLS is answered with {reply}"


@control("EARLYTALK", MAY, rfc(5321, "4.3.1"), rfc(2920, "3.1"), PRACTICE, harm=Harm.ABUSED)
def test_early_talkers_are_refused(early_talk: EarlyTalk) -> None:
    """A client that speaks before the greeting is refused, and a polite one right after it is served.

    Why: hardly anything but spam software talks early; refusing it saves the work of filtering.
    Fix: Postfix: postscreen_greet_action = enforce (or drop), or smtpd_forbid_unauth_pipelining = yes;
    Exim: smtp_enforce_sync and an empty pipelining_connect_advertise_hosts.
    """
    if early_talk.tolerated and not early_talk.early:
        raise NotObserved(
            "the tester was too slow: the greeting came first, though it was held back", early_talk.evidence()
        )
    if not early_talk.tolerated and not early_talk.polite_ok:
        raise NotAvailable(f"the polite client was not served either: {early_talk.polite}", early_talk.evidence())
    assert not early_talk.tolerated, "the early EHLO is answered with 250 as if nothing had happened"
