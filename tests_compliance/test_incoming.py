"""What a service does with mail that comes in: test messages that `mailproof exercise` sent to an own mailbox."""

from __future__ import annotations

from mailproof.controls import MUST, SHOULD, Between, Family, Harm, control, fail, not_applicable
from mailproof.exercises import Arrival, Exercise, Sent
from mailproof.grammars.received import seconds_of
from mailproof.net.errors import NotAvailable
from mailproof.observations.exercises import Exercised, results_of, spf_results
from mailproof.references import BSI_TR_03182, ISM, cve, rfc

FAMILY = Family("IN", "What a service does with mail that comes in", also=("SMTP",))

DAYS = {"days": Between(1, 366)}
DAY = 86_400

RIGHT = "right"


def recent(exercised: Exercised, days: int) -> Exercise:
    """The record, if there is one that still tells how things are."""
    if exercised.exercise is None:
        not_applicable("nothing was sent to the mailbox so far: `mailproof exercise INVENTORY` does")
    ended, present = seconds_of(exercised.exercise.ended_at), seconds_of(exercised.observed_at)
    if ended is None or present is None or present - ended > days * DAY:
        raise NotAvailable(f"the exercise was on {exercised.exercise.ended_at[:10]}, more than {days} days ago")
    return exercised.exercise


def baseline(exercised: Exercised, days: int) -> Arrival:
    """How the message arrived that everything was right with: whatever happens to others must not happen to it."""
    recent(exercised, days)
    right = exercised.sent(RIGHT)
    if right is None or not right.accepted:
        told = "was not sent" if right is None else f"was not accepted ({_reply(right)})"
        raise NotAvailable(f"the message that everything is right with {told}", exercised.evidence())
    if not right.arrivals:
        raise NotAvailable("the message that everything is right with did not arrive", exercised.evidence())
    return right.arrivals[0]


def _reply(sent: Sent) -> str:
    return sent.failure or f"{sent.stage}: {sent.code} {sent.reply}"


def _tried(exercised: Exercised, case: str, days: int, *, deferral_tells: bool = False) -> Sent:
    """The message of a case, which was accepted or refused. What got lost tells nothing, nor does a deferral mostly."""
    if not exercised.tries_incoming:
        not_applicable("the inventory names no test domain for the mailbox (incoming: test_domain)")
    baseline(exercised, days)
    sent = exercised.sent(case)
    if sent is None:
        not_applicable(f"no message of the case {case} was sent")
    decided = sent.accepted or sent.refused or (deferral_tells and sent.deferred)
    if sent.failure or not decided:
        raise NotAvailable(f"{case}: {_reply(sent)}", exercised.evidence())
    if sent.accepted and not sent.arrivals:
        raise NotAvailable(f"{case}: accepted, and not in the mailbox afterwards", exercised.evidence())
    return sent


@control(
    "SMTP-SMUGGLING",
    MUST,
    rfc(5321, "4.1.1.4"),
    rfc(5321, "2.3.8"),
    cve("2023-51764"),
    cve("2023-51765"),
    cve("2023-51766"),
    harm=Harm.ABUSED,
    by_clock=True,
    allowed=DAYS,
)
def test_only_crlf_dot_crlf_ends_a_message(exercised: Exercised, *, days: int = 30) -> None:
    """No odd line end (LF.LF, CR.CR, LF.CRLF, ...) ends the text of a message: what follows it is text, or is refused.

    A text that is put off (4yz) each time that it comes is not taken either.

    Why: what one server takes for text and the next one for commands lets anybody send mail in the name of others, and
    it passes their SPF (SMTP smuggling).
    Fix: update the server; Postfix: smtpd_forbid_bare_newline = normalize; Exim: 4.97.1 or later.
    """
    baseline(exercised, days)
    wrong, unknown = [], []
    for sent in exercised.sent_below("smuggling "):
        form = sent.case.removeprefix("smuggling ")
        if any(arrival.smuggled for arrival in sent.arrivals):
            wrong.append(f"{form} (the hidden message arrived)")
        elif sent.further:
            wrong.append(f"{form} (then {sent.further[0].splitlines()[0]})")
        elif sent.failure or sent.stage != "message" or not (sent.accepted or sent.refused or sent.tries > 1):
            unknown.append(f"{form}: {_reply(sent)}")
        elif sent.accepted and not sent.arrivals:
            unknown.append(f"{form}: accepted, and not in the mailbox afterwards")
    if wrong:
        fail(f"the text of a message ends at {', '.join(wrong)}")
    if unknown:
        raise NotAvailable(f"not known for {'; '.join(unknown)}", exercised.evidence())


@control("IN-SPF", SHOULD, rfc(7208, "9"), BSI_TR_03182, harm=Harm.ABUSED, by_clock=True, allowed=DAYS)
def test_spf_is_checked(exercised: Exercised, *, days: int = 30) -> None:
    """Mail from an address that SPF does not authorise is refused, or marked as spf=fail.

    Why: whoever forges a sender is not told from the sender otherwise. What becomes of such mail is the receiver's own
    policy (RFC 7208, section 8.4).
    Fix: check SPF where mail comes in, and let the server write the result (Authentication-Results or Received-SPF).
    """
    sent = _tried(exercised, "spf-fail", days)
    if sent.refused:
        return
    arrival = sent.arrivals[0]
    found = spf_results(arrival)
    if not found and arrival.quarantined:
        _require_inbox(exercised, days)
        return
    if not found:
        fail("delivered, and nothing says that SPF was checked")
    if "fail" not in found and "hardfail" not in found:
        if set(found) <= {"temperror"}:
            raise NotAvailable(f"SPF is {found[0]}: try again", exercised.evidence())
        fail(f"an address that SPF does not authorise is spf={', '.join(found)}")


@control(
    "IN-DKIM", SHOULD, rfc(6376, "6.1.3"), rfc(6376, "3.8"), BSI_TR_03182, harm=Harm.ABUSED, by_clock=True, allowed=DAYS
)
def test_dkim_is_verified(exercised: Exercised, *, days: int = 30) -> None:
    """A DKIM signature that is broken, that has no key, or that stands on a message with two authors is not believed.

    Why: a forged message passes for a signed one otherwise.
    Fix: verify DKIM where mail comes in (OpenDKIM, rspamd, Exim's verification); refuse messages with two From fields.
    """
    cases = {
        "dkim-broken": "a signature over another text",
        "dkim-no-key": "a signature whose key does not exist",
        "two-authors": "a message with two From fields",
    }
    tried = {case: _tried(exercised, case, days) for case in cases}
    arrived = {case: sent for case, sent in tried.items() if sent.arrivals}
    if not arrived:
        return
    _require_verification(exercised, days)
    wrong = [cases[case] for case, sent in arrived.items() if "pass" in _dkim(sent, sent.arrivals[0])]
    assert not wrong, f"dkim=pass for {', '.join(wrong)}"


def _dkim(sent: Sent, arrival: Arrival) -> list[str]:
    """The results of DKIM that are about the signature of the message."""
    found = []
    for result in results_of(arrival, "dkim"):
        signer = result.properties.get("header.d") or result.properties.get("header.i", "").rpartition("@")[2]
        if not signer or signer.lower() == sent.domain:
            found.append(result.result)
    return found


def _require_verification(exercised: Exercised, days: int) -> None:
    """What a receiver that tells nothing believes cannot be known, nor what one believes that trusts no signature."""
    right = exercised.sent(RIGHT)
    found = _dkim(right, baseline(exercised, days)) if right else []
    if "pass" not in found:
        told = f"is dkim={', '.join(found)}" if found else "has no result of DKIM"
        raise NotAvailable(f"whether signatures are verified is not known: the right one {told}", exercised.evidence())


@control("IN-DMARC", SHOULD, ISM, BSI_TR_03182, rfc(9989, "5.3.6"), harm=Harm.ABUSED, by_clock=True, allowed=DAYS)
def test_dmarc_is_honoured(exercised: Exercised, *, days: int = 30) -> None:
    """Mail that fails DMARC is treated as the policy of its domain says, and SPF or DKIM alone suffices where it is
    aligned.

    Why: the owner of a domain asks receivers to keep forged mail away, and honest mail must not be lost for it.
    Fix: evaluate DMARC where mail comes in, and let reject and quarantine have effect (OpenDMARC: RejectFailures true).
    """
    tried = {
        case: _tried(exercised, case, days)
        for case in ("dmarc-reject", "dmarc-quarantine", "dmarc-aligned-dkim", "dmarc-aligned-spf")
    }
    told = []
    quarantined = False
    for policy in ("reject", "quarantine"):
        sent = tried[f"dmarc-{policy}"]
        quarantined |= sent.accepted and sent.arrivals[0].quarantined
        if sent.accepted and not sent.arrivals[0].quarantined:
            told.append(f"mail that fails p={policy} is delivered to {sent.arrivals[0].folder}")
    for method in ("dkim", "spf"):
        sent = tried[f"dmarc-aligned-{method}"]
        if sent.refused:
            told.append(f"mail with aligned {method.upper()} alone is refused ({_reply(sent)})")
        elif "fail" in [result.result for result in results_of(sent.arrivals[0], "dmarc")]:
            told.append(f"mail with aligned {method.upper()} alone is dmarc=fail")
    if told:
        fail("; ".join(told))
    if quarantined:
        _require_inbox(exercised, days)


def _require_inbox(exercised: Exercised, days: int) -> None:
    """Who takes all of it for suspicious, as that of a new domain often is, does not tell the forged from the right."""
    if baseline(exercised, days).quarantined:
        raise NotAvailable(
            "the message that everything is right with is taken for suspicious too", exercised.evidence()
        )


@control("IN-DNSSEC", SHOULD, BSI_TR_03182, rfc(4035, "5.5"), harm=Harm.ABUSED, by_clock=True, allowed=DAYS)
def test_bogus_domains_are_not_believed(exercised: Exercised, *, days: int = 30) -> None:
    """A DKIM key from a domain whose DNSSEC is broken proves nothing.

    Why: whoever can forge DNS answers can sign as anybody, unless the receiver validates them.
    Fix: let the mail server use a resolver that validates, on the same machine.
    """
    sent = _tried(exercised, "dnssec-bogus", days, deferral_tells=True)
    if not sent.accepted:
        return
    _require_verification(exercised, days)
    assert "pass" not in _dkim(sent, sent.arrivals[0]), "dkim=pass with a key from a domain that is bogus"


@control("IN-REPORTS", SHOULD, BSI_TR_03182, rfc(9990, "4"), harm=Harm.LOST, by_clock=True, allowed=DAYS)
def test_reports_are_taken(exercised: Exercised, *, days: int = 30) -> None:
    """A mailbox that aggregate reports are sent to takes a correct one of 10 MB, in gzip.

    Why: large receivers write large reports. Who refuses them learns nothing of most of the mail in his name.
    Fix: take messages of at least 10 MB there (Postfix: message_size_limit, mailbox_size_limit; Exim:
    message_size_limit), and let no filter refuse attachments in gzip.
    """
    baseline(exercised, days)
    sent = exercised.sent("report")
    if sent is None:
        not_applicable("the inventory does not say that reports come to the mailbox (takes_reports)")
    if sent.refused:
        fail(f"an aggregate report of 10 MB is refused: {_reply(sent)}")
    if not sent.accepted or sent.failure:
        raise NotAvailable(f"the report: {_reply(sent)}", exercised.evidence())
    if not sent.arrivals:
        raise NotAvailable("the report was accepted, and is not in the mailbox afterwards", exercised.evidence())
