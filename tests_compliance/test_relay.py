"""Relaying and recipients: whom a server takes mail for. Active: it runs only with the owner's consent."""

from __future__ import annotations

from collections.abc import Sequence

from mailproof.controls import MAY, MUST, SHOULD, Family, Harm, control, fail, finding, leave_to, not_applicable
from mailproof.net.errors import NotObserved, Unasked
from mailproof.observations.attempts import Attempt
from mailproof.observations.recipients import Mailboxes, Recipients
from mailproof.observations.refusals import demands_tls
from mailproof.observations.relay import WITHOUT_TRICKS, RelayAttempts
from mailproof.references import PRACTICE, rfc

FAMILY = Family("RELAY", "Relaying and recipients", also=("SMTP", "BACKUPMX"))


@control("SMTP-NO-OPEN-RELAY", MUST, rfc(5321, "7.9"), rfc(2505, "2.1"), harm=Harm.ABUSED)
def test_nobody_relays_for_outsiders(relay_attempts: RelayAttempts) -> None:
    """Mail from outsiders to outsiders is refused, inside TLS and in clear; also from the null sender, and from one of
    the server's own domain, where the limits let these be asked.

    Other ways to write the recipient are RELAY-MATRIX's.

    Why: an open relay is found within hours, used for spam, and then stands on every blocklist.
    Fix: relay only for authenticated users and own networks (Postfix: reject_unauth_destination; Exim:
    relay_from_hosts).
    """
    _is_served_at_all(relay_attempts)
    if accepted := [one for one in relay_attempts.relayed if one.form in WITHOUT_TRICKS]:
        fail(_what_is_relayed(relay_attempts, accepted))
    if untold := relay_attempts.untold:
        if relay_attempts.untried and not relay_attempts.interrupted:
            raise Unasked(f"{untold}; {relay_attempts.untried}", relay_attempts.evidence())
        why = f"; the series was interrupted: {relay_attempts.interrupted}" if relay_attempts.interrupted else ""
        raise NotObserved(f"{untold}{why}", relay_attempts.evidence())
    _is_decided(relay_attempts, [one for one in relay_attempts.forms if one.form in WITHOUT_TRICKS])


@control("RELAY-MATRIX", MUST, rfc(5321, "7.9"), rfc(2505, "2.1"), rfc(5321, "3.6.1"), harm=Harm.ABUSED)
def test_no_form_of_relaying_is_accepted(relay_attempts: RelayAttempts) -> None:
    """Mail from outsiders to outsiders is refused in every form of address and sender, inside TLS and in clear.

    Who relays the plain form is found by SMTP-NO-OPEN-RELAY. By default an address refuses us four times in ten minutes
    at most, so that no rule like fail2ban's bans the tester: that is enough for the plain form, and not for all of
    them. For a verdict on all forms exempt the tester there (ignoreip) and set `limits: {refusals: 1000}`, or let the
    run wait: `limits: {refusals_wait: 7200}`.

    Why: spammers try every form, and one that passes makes an open relay.
    Fix: refuse what is routed by the sender (Postfix: allow_untrusted_routing = no; Exim: the rule of
    its default configuration that denies local parts with @, % and !).
    """
    _is_served_at_all(relay_attempts)
    if accepted := relay_attempts.relayed:
        if any(attempt.form in WITHOUT_TRICKS for attempt in accepted):
            leave_to("SMTP-NO-OPEN-RELAY", "mail for others is accepted without any trick")
        fail(_what_is_relayed(relay_attempts, accepted))
    if relay_attempts.uncompared:
        first = relay_attempts.uncompared[0]
        raise NotObserved(
            f"accepted, {first}; whether the server takes any mailbox there is not known", relay_attempts.evidence()
        )
    if relay_attempts.interrupted:
        raise NotObserved(f"the series was interrupted: {relay_attempts.interrupted}", relay_attempts.evidence())
    if relay_attempts.untried:
        tried = ", ".join(dict.fromkeys(attempt.form for attempt in relay_attempts.forms))
        refused = f"only these forms were tried, and refused: {tried}" if tried else "no form was tried"
        raise Unasked(f"{refused}; {relay_attempts.untried}", relay_attempts.evidence())
    _is_decided(relay_attempts, relay_attempts.forms)


def _is_served_at_all(seen: RelayAttempts) -> None:
    if seen.inside:
        not_applicable("this machine stands inside (vantage: inside), and servers relay for their own networks")
    if seen.unserved:
        leave_to("SMTP-GREET-220", f"the server refuses service: {seen.unserved}")


def _is_decided(seen: RelayAttempts, forms: Sequence[Attempt]) -> None:
    """Raises NotObserved where the refusals do not say that the server does not relay."""
    reasons = [seen.why_undecided(attempt) for attempt in seen.telling]
    if all(reasons):
        raise NotObserved(next(iter(reasons), "no form was tried"), seen.evidence())
    if deferred := [attempt for attempt in forms if attempt.deferred]:
        first = seen.why_undecided(deferred[0])
        raise NotObserved(
            f"{len(deferred)} of {len(forms)} forms are not decided; {deferred[0].form}: {first}", seen.evidence()
        )


def _what_is_relayed(seen: RelayAttempts, accepted: Sequence[Attempt]) -> str:
    lines = [f"{len(accepted)} of {len(seen.forms)} forms are accepted:", *(f"accepted, {one}" for one in accepted)]
    if seen.one_side:
        lines.append(f"the server answers differently with and without TLS: {seen.one_side}")
    if seen.takes_unknown:
        lines.append(
            "it accepts a mailbox of its own that does not exist as well: a tarpit, or a server that refuses after "
            "DATA only, answers alike, and DATA was not tried"
        )
    return "\n".join(lines)


@control("RELAY-DOMAINS", MUST, rfc(5321, "4.5.1"), rfc(2505, "2.1"), harm=Harm.LOST)
def test_every_domain_is_served(mailboxes: Mailboxes) -> None:
    """Every MX host takes mail for each domain that names it.

    What a host takes for domains that are not of the inventory is found by SMTP-NO-OPEN-RELAY and RELAY-MATRIX.

    Why: a host that the MX records name, and that does not know the domain, returns all mail that comes to it.
    Fix: add the domain on the host (Postfix: virtual_mailbox_domains, relay_domains or mydestination; Exim:
    local_domains or relay_to_domains), or take the host out of the MX records.
    """
    _is_served(mailboxes)
    if mailboxes.serves_nobody:
        said = "; ".join(f"RCPT TO:<{one.recipient}> is answered with {one.last}" for one in mailboxes.at_home)
        fail(f"{mailboxes.domain} is not served here: {said}")
    undecided = [mailboxes.why_undecided(attempt) for attempt in mailboxes.at_home]
    if all(undecided):
        reason = next(iter(undecided), f"no mailbox was asked for: {mailboxes.interrupted}")
        raise NotObserved(reason, mailboxes.evidence())
    needs_tls = [one.last for one in mailboxes.at_home if demands_tls(one.last) and not one.tls]
    if len(needs_tls) == len(mailboxes.at_home):
        leave_to("SMTP-STARTTLS-WORKS", f"the server takes mail inside TLS only: {needs_tls[0]}")


@control("SMTP-POSTMASTER", MUST, rfc(5321, "4.5.1"), rfc(2142, "5"), harm=Harm.LOST)
def test_postmaster_is_accepted(mailboxes: Mailboxes) -> None:
    """Mail to postmaster is accepted on every MX, with the domain and without it.

    Why: it is the one mailbox that every mail domain must have; who cannot be told of a problem is blocked instead.
    Fix: add the alias postmaster on every MX host, backups included.
    """
    _knows_domain(mailboxes)
    for form in ("postmaster@", "bare postmaster"):
        _is_accepted(mailboxes, mailboxes.attempt(form))


def _is_served(mailboxes: Mailboxes) -> None:
    if mailboxes.unserved:
        leave_to("SMTP-GREET-220", f"the server refuses service: {mailboxes.unserved}")


def _knows_domain(mailboxes: Mailboxes) -> None:
    _is_served(mailboxes)
    if mailboxes.serves_nobody:
        leave_to("RELAY-DOMAINS", f"{mailboxes.domain} is not served here")


def _is_accepted(mailboxes: Mailboxes, attempt: Attempt) -> None:
    """Fail where a mailbox is refused; the finding says so where the other side of STARTTLS answers differently."""
    if attempt.accepted:
        return
    if demands_tls(attempt.last) and not attempt.tls:
        leave_to("SMTP-STARTTLS-WORKS", f"the server takes mail inside TLS only: {attempt.last}")
    observed = f"RCPT TO:<{attempt.recipient}> is answered with {attempt.last}"
    clear = mailboxes.in_clear
    if clear is not None and clear.recipient == attempt.recipient and clear.accepted:
        observed += f" inside TLS, as senders deliver; in clear with {clear.last}"
    fail(observed)


@control("SMTP-ABUSE", SHOULD, rfc(2142, "2"), rfc(2142, "4"), PRACTICE, harm=Harm.LOST)
def test_abuse_is_accepted(mailboxes: Mailboxes) -> None:
    """Mail to abuse@ the domain is accepted on every MX.

    Why: it is where complaints about spam in the domain's name go.
    Fix: add the alias abuse.
    """
    _knows_domain(mailboxes)
    _is_accepted(mailboxes, mailboxes.attempt("abuse@"))


@control("SMTP-NULL-SENDER", MUST, rfc(5321, "4.5.5"), rfc(5321, "6.1"), harm=Harm.LOST)
def test_null_sender_is_accepted(mailboxes: Mailboxes) -> None:
    """Mail from the null sender is accepted for a mailbox that exists.

    Why: bounces and delivery reports come from it; whoever refuses it never learns that its mail failed.
    Fix: remove rules that refuse an empty sender.
    """
    _knows_domain(mailboxes)
    attempt = mailboxes.find("null sender")
    if attempt is None:
        raise NotObserved(f"the null sender was not tried: {mailboxes.interrupted}", mailboxes.evidence())
    if attempt.accepted:
        return
    if attempt.deferred:
        raise NotObserved(mailboxes.why_undecided(attempt), mailboxes.evidence())
    other = mailboxes.attempt("postmaster@")
    if not other.accepted and demands_tls(other.last) and not other.tls:
        leave_to("SMTP-STARTTLS-WORKS", f"the server takes mail inside TLS only: {other.last}")
    if not other.accepted:
        leave_to("SMTP-POSTMASTER", "postmaster is refused from any sender")
    assert attempt.accepted, f"MAIL FROM:<> with RCPT TO:<{attempt.recipient}> is answered with {attempt.last}"


@control("BACKUPMX-RCPT", SHOULD, rfc(5321, "3.6.2"), rfc(5321, "6.2"), rfc(2505, "2.10"), PRACTICE, harm=Harm.ABUSED)
def test_every_mx_refuses_unknown_recipients(recipients: Recipients) -> None:
    """Every MX, the backups above all, refuses unknown recipients in the dialogue, and all of them decide alike.

    Why: what a backup accepts and the primary then refuses becomes a bounce to a forged sender: backscatter.
    Fix: give every MX the list of recipients, or let it ask the primary before it accepts.
    """
    if not recipients.mailboxes and not recipients.missing:
        if recipients.withheld:
            not_applicable(f"no consent to ask {', '.join(recipients.withheld)}")
        not_applicable("the domain has no MX address")
    decided: dict[str, bool] = {}
    unasked: list[Unasked] = []
    missing = [(endpoint, reason) for endpoint, reason in recipients.missing if endpoint not in recipients.closed]
    undecided: list[str] = [f"{endpoint}: {reason}" for endpoint, reason in missing]
    served = [mailboxes for mailboxes in recipients.mailboxes if not (mailboxes.unserved or mailboxes.serves_nobody)]
    strangers = [mailboxes.endpoint for mailboxes in recipients.mailboxes if mailboxes.serves_nobody]
    if recipients.mailboxes and not served and not undecided:
        if strangers:
            leave_to("RELAY-DOMAINS", f"the domain is not served by {', '.join(strangers)}")
        leave_to("SMTP-GREET-220", "every server refuses service")
    for mailboxes in served:
        try:
            attempt = mailboxes.attempt("unknown")
            if attempt.last.code == 530 or demands_tls(attempt.last):
                undecided.append(f"{mailboxes.endpoint}: it takes nothing without TLS or AUTH: {attempt.last}")
            else:
                decided[mailboxes.endpoint] = attempt.accepted
        except Unasked as failure:
            unasked.append(failure)
        except NotObserved as failure:
            undecided.append(f"{mailboxes.endpoint}: {failure.reason}")
    accepting = sorted(endpoint for endpoint, accepts in decided.items() if accepts)
    refusing = sorted(endpoint for endpoint, accepts in decided.items() if not accepts)
    if accepting and refusing:
        finding(SHOULD, f"{', '.join(accepting)} accepts an unknown recipient that {', '.join(refusing)} refuses")
    for form in ("postmaster@", "abuse@"):
        _decide_alike(recipients.domain, served, form)
    if undecided:
        raise NotObserved("; ".join(undecided), recipients.evidence())
    if unasked:
        raise unasked[0]
    if recipients.closed:
        leave_to("MX-PORT25-OPEN", f"{', '.join(recipients.closed)} refuses connections; the others decide alike")
    if strangers:
        leave_to("RELAY-DOMAINS", f"the domain is not served by {', '.join(strangers)}; the others decide alike")
    if recipients.withheld:
        not_applicable(f"no consent to ask {', '.join(recipients.withheld)}; the others decide alike")
    if accepting:
        finding(MAY, f"every MX accepts an unknown recipient ({', '.join(accepting)}): a catch-all, or bounces later")


def _decide_alike(domain: str, served: Sequence[Mailboxes], form: str) -> None:
    """Fail where some MX accept a mailbox that others refuse for good."""
    accepting: list[str] = []
    refusing: list[str] = []
    for mailboxes in served:
        attempt = mailboxes.find(form)
        if attempt is not None and not mailboxes.why_undecided(attempt):
            (accepting if attempt.accepted else refusing).append(mailboxes.endpoint)
    assert not (accepting and refusing), (
        f"{form}{domain} is accepted by {', '.join(sorted(accepting))} and refused by {', '.join(sorted(refusing))}"
    )
