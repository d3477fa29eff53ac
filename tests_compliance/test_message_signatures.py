"""DKIM signatures of messages as they were received (RFC 6376)."""

from __future__ import annotations

from mailproof.controls import MAY, MUST, SHOULD, Between, Family, Harm, control, fail, finding, leave_to
from mailproof.net.errors import NotAvailable, NotObserved
from mailproof.observations.messages import Message, MessageSignatures, SignatureSeen
from mailproof.places import Place
from mailproof.references import BSI_TR_03182, GOOGLE_SENDERS, YAHOO_SENDERS, rfc
from mailproof.tests_compliance.test_messages import require_ours

FAMILY = Family("DKIM", "DKIM keys")


@control(
    "DKIM-SIGNED-MAIL",
    MUST,
    rfc(6376, "6"),
    rfc(9989, "4.4.1"),
    GOOGLE_SENDERS,
    YAHOO_SENDERS,
    by_clock=True,
    allowed={"rotated_days": Between(0, 36500)},
    harm=Harm.REFUSED,
)
def test_sample_mail_is_signed(message_signatures: MessageSignatures, *, rotated_days: int = 30) -> None:
    """A message from the domain carries a DKIM signature that verifies and whose d= is aligned with From.

    Why: DMARC counts no other one; forwarded mail has nothing else, and large receivers refuse mail without it.
    Fix: let the server that sends it sign with d= the domain of From; let nothing change a message behind the signer.
    A signature whose key is gone is inconclusive in samples older than the parameter rotated_days.
    """
    signatures = message_signatures
    require_ours(signatures.message)
    if signatures.good:
        return
    if not signatures.message.author_domain:
        leave_to("MSG-FORMAT", "From does not name one author")
    if not signatures.signatures:
        finding(SHOULD, "the message carries no DKIM signature")
    unknown = [one for one in signatures.aligned if not one.result]
    if unknown:
        raise NotObserved(f"{_called(unknown[0])} could not be verified: {unknown[0].reason}", signatures.evidence())
    if signatures.left_out:
        raise NotAvailable(f"{signatures.left_out} more signatures are not looked at", signatures.evidence())
    if not signatures.aligned:
        domains = ", ".join(dict.fromkeys(one.signature.domain or "nobody" for one in signatures.signatures))
        finding(
            SHOULD, f"it is signed by {domains}, and none of them is aligned with {signatures.message.author_domain}"
        )
    broken = signatures.aligned[0]
    _leave_undecided(broken, signatures, rotated_days)
    fail(
        f"no aligned signature verifies: {_called(broken)}: {broken.result}, {broken.reason}",
        at=Place(signatures.message.file, broken.line),
    )


def _called(one: SignatureSeen) -> str:
    return f"the signature of {one.signature.domain} with the selector {one.signature.selector}"


def _leave_undecided(broken: SignatureSeen, signatures: MessageSignatures, rotated_days: int) -> None:
    """Raise NotAvailable where something else than the sender may have broken the signature."""
    message = signatures.message
    age = message.age_in_days
    if broken.key_is_gone and (age is None or age > rotated_days):
        when = f"{age:.0f} days old" if age is not None else "of an unknown date"
        raise NotAvailable(f"{broken.reason} any more, and the sample is {when}", signatures.evidence())
    if broken.result == "fail" and message.passed_on:
        raise NotAvailable(
            f"{broken.reason}; but {message.passed_on} says that the message was passed on", signatures.evidence()
        )
    if broken.result == "fail" and message.header.envelope_line:
        raise NotAvailable(
            f"{broken.reason}; but the file is of the form mbox, which changes lines", signatures.evidence()
        )


@control(
    "DKIM-SIGNED-WELL",
    SHOULD,
    rfc(6376, "5.4"),
    rfc(6376, "8.2"),
    rfc(6376, "8.15"),
    rfc(8058, "4"),
    rfc(8301, "3.1"),
    BSI_TR_03182,
    harm=Harm.ABUSED,
)
def test_signatures_cover_what_they_should(message_signatures: MessageSignatures) -> None:
    """An aligned signature covers From, To, Subject, Date and List-Unsubscribe, the whole body, and no trace fields.

    Why: what is not signed can be exchanged by whoever has the message; what servers change on the way breaks it.
    Fix: list these fields in h=, From once more than it stands in the message (oversigning), leave out l=, Received
    and Return-Path.
    """
    require_ours(message_signatures.message)
    if not message_signatures.good:
        leave_to("DKIM-SIGNED-MAIL", "no aligned signature verifies")
    if not any(one.signature.algorithm == "rsa-sha256" for one in message_signatures.good):
        finding(
            MUST,
            "no aligned signature that verifies is made with rsa-sha256",
            why="signers have to use it (RFC 8301, section 3.1): many verifiers know no Ed25519",
            fix="sign with an RSA key as well",
        )
    _judge_one_click_cover(message_signatures)
    for one in message_signatures.good:
        _judge_cover(one, message_signatures.message)
    for one in message_signatures.good:
        signed = one.signature.signed
        if signed.count("from") <= len(message_signatures.message.header.all("from")):
            finding(
                MAY,
                f"{_called(one)} does not oversign From: a second From could be added (RFC 6376, section 8.15)",
                fix="list From in h= once more than it stands in the message",
            )


def _judge_cover(one: SignatureSeen, message: Message) -> None:
    at = Place(message.file, one.line)
    if one.signature.body_length is not None:
        fail(f"{_called(one)} has l={one.signature.body_length}: text can be added behind it", at=at)
    trace = [name for name in ("received", "return-path") if name in one.signature.signed]
    if trace:
        fail(f"{_called(one)} signs {', '.join(trace)}, which servers on the way add or remove", at=at)
    missing = [name for name in _CORE if name in one.left_out]
    if missing:
        fail(f"{_called(one)} does not sign {', '.join(missing)}", at=at)


def _judge_one_click_cover(signatures: MessageSignatures) -> None:
    """One signature that verifies, whoever's, has to cover both fields of one-click (RFC 8058, section 4)."""
    if not signatures.message.header.all("list-unsubscribe-post"):
        return
    if any(not set(_ONE_CLICK) & set(one.left_out) for one in signatures.signatures if one.result == "pass"):
        return
    one = signatures.good[0]
    missing = ", ".join(name for name in _ONE_CLICK if name in one.left_out)
    finding(
        MUST,
        f"{_called(one)} does not sign {missing}: receivers do not offer to unsubscribe",
        fix="list List-Unsubscribe and List-Unsubscribe-Post in h= (RFC 8058, section 4)",
        at=Place(signatures.message.file, one.line),
    )


_ONE_CLICK = ("list-unsubscribe", "list-unsubscribe-post")
_CORE = ("to", "subject", "date", "list-unsubscribe")
