"""What a mail server does with clients that bring no mail. Active: it runs only with the owner's consent."""

from __future__ import annotations

from mailproof.controls import MAY, SHOULD, Between, Family, Harm, control, leave_to, not_applicable
from mailproof.net.errors import NotObserved, Unasked
from mailproof.observations.misuse import HTTPRequests, Idle, NTLMChallenge
from mailproof.references import Reference, rfc

FAMILY = Family("MISUSE", "Clients that bring no mail", also=("SMTP",))

ALPACA = Reference("ALPACA: application layer protocol confusion, section 6.3", "https://alpaca-attack.com/ALPACA.pdf")
CYRUS = Reference("Cyrus IMAP, issue 5046", "https://github.com/cyrusimap/cyrus-imapd/issues/5046")
NMAP_NTLM = Reference("nmap: smtp-ntlm-info", "https://nmap.org/nsedoc/scripts/smtp-ntlm-info.html")
MS_NLMP = Reference("[MS-NLMP], section 2.2.1.2")


@control("SMTP-HTTP-ABORT", MAY, ALPACA, CYRUS, harm=Harm.ABUSED)
def test_an_http_request_is_not_obeyed(http_requests: HTTPRequests) -> None:
    """The server ends a connection that brings an HTTP request before it comes to the body, in clear and inside TLS.

    No RFC asks for it: this is the advice of those who found the attack.

    Why: a page can make a browser send a request here whose body is SMTP commands. Inside TLS the certificate of the
    mail server may be good for the web server's name too: then the answer counts as the web server's.
    Fix: Postfix: smtpd_forbidden_commands with CONNECT, GET, POST, as by default. Exim: smtp_max_unknown_commands and
    smtp_max_synprot_errors of 3, as by default. Others: end a session after a few errors.
    """
    if http_requests.unserved:
        leave_to("SMTP-GREET-220", f"the server refuses service: {http_requests.unserved}")
    obeyed = ["inside TLS" if side.tls else "in clear" for side in http_requests.sides if side.obeyed]
    assert not obeyed, f"the command in the body of an HTTP request is obeyed, {' and '.join(obeyed)}"
    if http_requests.untried:
        raise Unasked(http_requests.untried, http_requests.evidence())


@control("SMTP-IDLE", SHOULD, rfc(5321, "4.5.3.2.7"), allowed={"seconds": Between(0.1, 300)}, harm=Harm.LOST)
def test_silence_is_borne(idle: Idle, *, seconds: float = 300) -> None:
    """A connection on which nothing is said is kept for five minutes.

    Looked at with `limits: {idle: 300}` alone, since it takes that long.

    Why: senders look up the next recipient, or read a large message from disk, while the server waits; whoever hangs
    up meanwhile gets the message again, from the beginning.
    Fix: Postfix: smtpd_timeout = 300s (and in `stress` mode, which is shorter, more processes). Exim:
    smtp_receive_timeout = 5m. In front of it, the idle time of the balancer or firewall (HAProxy: timeout client).
    """
    if not idle.waited:
        not_applicable("not looked at: limits: {idle: 300} in the inventory asks for it")
    enough = idle.waited > seconds - SLACK
    if idle.closed and not enough:
        raise AssertionError(f"the server ends the connection after {idle.waited:.1f} s of silence")
    if not enough:
        raise NotObserved(f"only {idle.waited:.1f} s were waited (limits.idle)", idle.evidence())


SLACK = 0.1
"""Seconds by which the server's clock may be ahead: its silence began when it had sent the reply."""


@control("SMTP-NTLM-LEAK", MAY, NMAP_NTLM, MS_NLMP, harm=Harm.ABUSED)
def test_a_login_tells_nothing_of_the_inside(ntlm_challenge: NTLMChallenge) -> None:
    """Where AUTH NTLM is offered, its challenge does not tell names of the inside, nor the version of the system.

    Why: anybody gets the challenge without a password: names of hosts and domains are what guessing passwords begins
    with, and the version tells which weaknesses to try.
    Fix: offer no NTLM to the outside (Exchange: Set-ReceiveConnector with AuthMechanism Tls, BasicAuth,
    BasicAuthRequireTLS; clients use XOAUTH2 or PLAIN inside TLS).
    """
    if not ntlm_challenge.mechanisms:
        not_applicable("AUTH NTLM is not offered")
    challenge = ntlm_challenge.challenge
    if challenge is None:
        raise NotObserved("the server gave no challenge", ntlm_challenge.evidence())
    known = _seen_outside(ntlm_challenge.host)
    told = [f"{what} {name}" for what, name in challenge.names if name and name.lower().rstrip(".") not in known]
    if challenge.version:
        told.append(f"version {challenge.version} of the system")
    assert not told, f"AUTH {ntlm_challenge.mechanisms[0]} tells anybody: {', '.join(told)}"


def _seen_outside(host: str) -> set[str]:
    """What anybody knows who knows a host's name: the name, its first label, and the domains that it lies in."""
    labels = host.lower().rstrip(".").split(".")
    return {labels[0], *(".".join(labels[first:]) for first in range(max(1, len(labels) - 1)))}
