"""Relaying and recipients: whom a server takes mail for. Active: it runs only with the owner's consent."""

from __future__ import annotations

from mailproof.controls import MAY, MUST, PRACTICE, SHOULD, control, finding, leave_to, not_applicable, rfc
from mailproof.inventory.targets import Role
from mailproof.net.errors import NotObserved
from mailproof.observations.smtp import Mailboxes, Recipients, RelayAttempts, refuses_destination, refuses_tester


@control("RELAY-MATRIX", MUST, rfc(5321, "7.9"), rfc(2505, "2.1"), rfc(5321, "3.6.1"), roles=(Role.MX, Role.SUBMISSION))
def test_no_form_of_relaying_is_accepted(relay_attempts: RelayAttempts) -> None:
    """Mail from outsiders to outsiders is refused in every form of address and sender.

    Why: an open relay is found within hours, used for spam, and then stands on every blocklist.
    Fix: relay only for authenticated users and own networks (Postfix: reject_unauth_destination; Exim:
    relay_from_hosts).
    """
    accepted = relay_attempts.relayed
    listed = "\n".join(f"accepted, {attempt}" for attempt in accepted)
    assert not accepted, f"{len(accepted)} of {len(relay_attempts.attempts)} forms are accepted:\n{listed}"
    if relay_attempts.interrupted:
        raise NotObserved(f"the series was interrupted: {relay_attempts.interrupted}", relay_attempts.evidence())
    telling = [a for a in relay_attempts.attempts if a.form in ("plain", "null sender")]
    reasons = [relay_attempts.refuses_tester(attempt) or refuses_destination(attempt) for attempt in telling]
    if all(reasons):
        raise NotObserved(next(iter(reasons), "no form was tried"), relay_attempts.evidence())


@control("SMTP-POSTMASTER", MUST, rfc(5321, "4.5.1"), rfc(2142, "5"))
def test_postmaster_is_accepted(mailboxes: Mailboxes) -> None:
    """Mail to postmaster is accepted on every MX, with the domain and without it.

    Why: it is the one mailbox that every mail domain must have; who cannot be told of a problem is blocked instead.
    Fix: add the alias postmaster on every MX host, backups included.
    """
    for form in ("postmaster@", "bare postmaster"):
        attempt = mailboxes.attempt(form)
        assert attempt.accepted, f"RCPT TO:<{attempt.recipient}> is answered with {attempt.last}"


@control("SMTP-ABUSE", SHOULD, rfc(2142, "2"), rfc(2142, "4"), PRACTICE)
def test_abuse_is_accepted(mailboxes: Mailboxes) -> None:
    """Mail to abuse@ the domain is accepted on every MX.

    Why: it is where complaints about spam in the domain's name go.
    Fix: add the alias abuse.
    """
    attempt = mailboxes.attempt("abuse@")
    assert attempt.accepted, f"RCPT TO:<{attempt.recipient}> is answered with {attempt.last}"


@control("SMTP-NULL-SENDER", MUST, rfc(5321, "4.5.5"), rfc(5321, "6.1"))
def test_null_sender_is_accepted(mailboxes: Mailboxes) -> None:
    """Mail from the null sender is accepted for a mailbox that exists.

    Why: bounces and delivery reports come from it; whoever refuses it never learns that its mail failed.
    Fix: remove rules that refuse an empty sender.
    """
    attempt = next((item for item in mailboxes.attempts if item.form == "null sender"), None)
    if attempt is None:
        raise NotObserved(f"the null sender was not tried: {mailboxes.interrupted}", mailboxes.evidence())
    if attempt.accepted:
        return
    if attempt.last.transient:
        raise NotObserved(refuses_tester(attempt), mailboxes.evidence())
    other = mailboxes.attempt("postmaster@")
    if not other.accepted:
        leave_to("SMTP-POSTMASTER", "postmaster is refused from any sender")
    assert attempt.accepted, f"MAIL FROM:<> with RCPT TO:<{attempt.recipient}> is answered with {attempt.last}"


@control("BACKUPMX-RCPT", SHOULD, rfc(5321, "3.6.2"), rfc(5321, "6.2"), rfc(2505, "2.10"), PRACTICE)
def test_every_mx_refuses_unknown_recipients(recipients: Recipients) -> None:
    """Every MX, the backups above all, refuses unknown recipients in the dialogue, and all of them decide alike.

    Why: what a backup accepts and the primary then refuses becomes a bounce to a forged sender: backscatter.
    Fix: give every MX the list of recipients, or let it ask the primary before it accepts.
    """
    if not recipients.mailboxes and not recipients.missing:
        not_applicable("the domain has no MX address")
    decided: dict[str, bool] = {}
    undecided: list[str] = [f"{endpoint}: {reason}" for endpoint, reason in recipients.missing]
    for mailboxes in recipients.mailboxes:
        try:
            decided[mailboxes.endpoint] = mailboxes.attempt("unknown").accepted
        except NotObserved as failure:
            undecided.append(f"{mailboxes.endpoint}: {failure.reason}")
    accepting = sorted(endpoint for endpoint, accepts in decided.items() if accepts)
    refusing = sorted(endpoint for endpoint, accepts in decided.items() if not accepts)
    if accepting and refusing:
        finding(SHOULD, f"{', '.join(accepting)} accepts an unknown recipient that {', '.join(refusing)} refuses")
    for form in ("postmaster@", "abuse@"):
        _decide_alike(recipients, form)
    if undecided:
        raise NotObserved("; ".join(undecided), recipients.evidence())
    if accepting:
        finding(MAY, f"every MX accepts an unknown recipient ({', '.join(accepting)}): a catch-all, or bounces later")


def _decide_alike(recipients: Recipients, form: str) -> None:
    """Fail where some MX accept a mailbox that others refuse for good."""
    accepting: list[str] = []
    refusing: list[str] = []
    for mailboxes in recipients.mailboxes:
        attempt = next((item for item in mailboxes.attempts if item.form == form), None)
        if attempt is not None and not refuses_tester(attempt):
            (accepting if attempt.accepted else refusing).append(mailboxes.endpoint)
    assert not (accepting and refusing), (
        f"{form}{recipients.domain} is accepted by {', '.join(sorted(accepting))} "
        f"and refused by {', '.join(sorted(refusing))}"
    )
