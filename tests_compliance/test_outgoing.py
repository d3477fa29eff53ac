"""What a service does with mail that goes out: messages that `mailproof exercise` handed in for a sink of its own."""

from __future__ import annotations

from mailproof.controls import MUST, SHOULD, Between, Family, Harm, control, fail, leave_to, not_applicable
from mailproof.exercises import Delivery, HandedIn
from mailproof.net.errors import NotAvailable
from mailproof.observations.exercises import Exercised
from mailproof.references import BSI_TR_03108, cve, rfc
from mailproof.tests_compliance.test_incoming import DAYS, recent

FAMILY = Family("OUT", "What a service does with mail that goes out", also=("SMTP",))

RETRY = {"seconds": Between(1, 5 * 86_400)}
OLD_VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1")


def _handed_in(exercised: Exercised, case: str, days: int) -> HandedIn:
    """The message of a case, if the submission server took it."""
    if not exercised.tries_outgoing:
        not_applicable("the inventory names no sink for the mailbox (outgoing: sink_domain)")
    recent(exercised, days)
    handed = exercised.handed_in(case)
    if handed is None:
        not_applicable(f"no message of the case {case} was handed in")
    return handed


def _accepted(exercised: Exercised, case: str, days: int) -> HandedIn:
    handed = _handed_in(exercised, case, days)
    if not handed.accepted:
        told = f"{case}: not taken for delivery: {handed.failure or f'{handed.code} {handed.reply}'}"
        raise NotAvailable(told, exercised.evidence())
    if handed.unready:
        raise NotAvailable(f"{case}: the sink proves nothing: {handed.unready}", exercised.evidence())
    return handed


def _taken(exercised: Exercised, case: str) -> tuple[Delivery, ...]:
    return tuple(delivery for delivery in exercised.deliveries(case) if delivery.taken)


def _plain(exercised: Exercised, days: int) -> tuple[Delivery, ...]:
    """How the message came that nothing special is asked of. Without it, nothing is known of the others."""
    _accepted(exercised, "plain", days)
    taken = _taken(exercised, "plain")
    if not taken:
        raise NotAvailable("not even the plain message came to the sink", exercised.evidence())
    return taken


@control("OUT-STARTTLS", SHOULD, BSI_TR_03108, rfc(9325, "3.1.1"), harm=Harm.READ, by_clock=True, allowed=DAYS)
def test_outgoing_mail_uses_starttls(exercised: Exercised, *, days: int = 30) -> None:
    """Mail to a server that offers STARTTLS leaves inside TLS, in version 1.2 or later.

    Why: everybody on the way reads it otherwise.
    Fix: Postfix: smtp_tls_security_level = dane, or may; Exim: no hosts_avoid_tls.
    """
    for delivery in _plain(exercised, days):
        if not delivery.version:
            fail(f"{delivery.client} ({delivery.helo}) delivers in clear where STARTTLS is offered")
        if delivery.version in OLD_VERSIONS:
            fail(f"{delivery.client} ({delivery.helo}) delivers in {delivery.version} where TLS 1.3 is offered")


@control("OUT-DANE", SHOULD, rfc(7672, "2.2"), BSI_TR_03108, harm=Harm.READ, by_clock=True, allowed=DAYS)
def test_outgoing_mail_heeds_tlsa(exercised: Exercised, *, days: int = 30) -> None:
    """Mail to a server whose key is not that of its TLSA records is put off, and to one with the right key delivered.

    Why: whoever diverts the connection reads and changes the mail otherwise. RFC 7672 binds those who do DANE;
    BSI TR-03108 wants everybody to.
    Fix: a resolver that validates on the same machine, and in Postfix smtp_dns_support_level = dnssec with
    smtp_tls_security_level = dane; in Exim hosts_try_dane = *, dns_dnssec_ok = 1, and options trust-ad in resolv.conf.
    """
    if not all(delivery.version for delivery in _plain(exercised, days)):
        leave_to("OUT-STARTTLS", "mail leaves in clear")
    _accepted(exercised, "dane-wrong", days)
    if wrong := _taken(exercised, "dane-wrong"):
        fail(f"{wrong[0].client} ({wrong[0].helo}) delivers to a server whose key is not that of its TLSA records")
    _accepted(exercised, "dane", days)
    if not _taken(exercised, "dane"):
        raise NotAvailable("the message to the server with the right key did not come either", exercised.evidence())


@control("OUT-STS", SHOULD, rfc(8461, "5"), harm=Harm.READ, by_clock=True, allowed=DAYS)
def test_outgoing_mail_heeds_mta_sts(exercised: Exercised, *, days: int = 30) -> None:
    """Mail to a domain whose MTA-STS policy, in mode enforce, does not name its MX host is put off.

    Why: whoever forges the MX records gets the mail otherwise. RFC 8461 binds those who do MTA-STS.
    Fix: a policy daemon (postfix-mta-sts-resolver, postfix-tlspol) for smtp_tls_policy_maps.
    """
    _handed_in(exercised, "sts", days)
    if not all(delivery.version for delivery in _plain(exercised, days)):
        leave_to("OUT-STARTTLS", "mail leaves in clear")
    _accepted(exercised, "sts", days)
    if wrong := _taken(exercised, "sts"):
        fail(f"{wrong[0].client} ({wrong[0].helo}) delivers to an MX host that the domain's policy does not name")


@control(
    "OUT-CLEAN-LINES",
    MUST,
    rfc(5321, "2.3.8"),
    rfc(5321, "4.5.2"),
    cve("2023-51764"),
    harm=Harm.ABUSED,
    by_clock=True,
    allowed=DAYS,
)
def test_outgoing_lines_are_clean(exercised: Exercised, *, days: int = 30) -> None:
    """A bare CR or LF that a user hands in does not go out, and lines that begin with a dot go out as they were.

    Why: a user of ours can put messages in the name of others through servers that take a bare LF for a line end (SMTP
    smuggling).
    Fix: refuse or normalise such lines; Postfix: smtpd_forbid_bare_newline = normalize and
    cleanup_replace_stray_cr_lf = yes.
    """
    handed = _handed_in(exercised, "lines", days)
    _accepted(exercised, "plain", days)  # whoever refuses that one refuses us, and not the lines
    if handed.further:
        fail("the submission server takes an odd line end for the end of the message, and what follows for commands")
    if handed.code // 100 == 5:
        return
    _accepted(exercised, "lines", days)
    taken = _taken(exercised, "lines")
    if not taken:
        raise NotAvailable("the message with odd lines did not come to the sink", exercised.evidence())
    for delivery in taken:
        told = [
            f"{number} bare {name}" for name, number in (("CR", delivery.bare_cr), ("LF", delivery.bare_lf)) if number
        ]
        if told:
            fail(f"{delivery.client} ({delivery.helo}) sends {' and '.join(told)}")
        if not delivery.dots_kept:
            fail(f"{delivery.client} ({delivery.helo}) changes lines that begin with a dot")


@control(
    "SMTP-RECEIVED-BOTH-WAYS",
    MUST,
    rfc(5321, "4.5.4.1"),
    harm=Harm.LOST,
    by_clock=True,
    allowed={**DAYS, **RETRY},
)
def test_mail_goes_both_ways(exercised: Exercised, *, days: int = 30, seconds: int = 14_400) -> None:
    """Mail comes in and goes out, and what is put off once (greylisting) is sent again.

    Why: a service that gives up after one try loses mail to every server that greylists.
    Fix: keep deferred mail in the queue and try again; four to five days are usual.
    """
    _accepted(exercised, "later", days)
    _plain(exercised, days)
    put_off = [delivery for delivery in exercised.deliveries("later") if not delivery.taken]
    if not put_off:
        raise NotAvailable("the message that the sink puts off never came", exercised.evidence())
    if not _taken(exercised, "later"):
        waited = recent(exercised, days).waited
        if waited < seconds:
            raise NotAvailable(f"put off, and not sent again within {waited:.0f} s", exercised.evidence())
        fail(f"{put_off[0].client} ({put_off[0].helo}) was put off, and has not come again for {waited:.0f} s")
    right = exercised.sent("right")
    if right is None or not right.arrivals:
        raise NotAvailable("the message that everything is right with did not come in", exercised.evidence())
