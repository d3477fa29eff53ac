"""DKIM signatures of messages."""

from __future__ import annotations

from dataclasses import replace

from mailproof.observations.messages import NO_KEY, Message, MessageSignatures, SignatureSeen

from ..observed import DOMAIN
from .case import Table, advises, fails, leaves, passes, skips, undecided
from .messages import UNSUBSCRIBE, foreign, message, old


def seen(
    result: str = "pass", reason: str = "", *, aligned: bool = True, left_out: tuple[str, ...] = (), **tags: str
) -> SignatureSeen:
    given = {"v": "1", "a": "rsa-sha256", "d": DOMAIN, "s": "sel1", "h": "from:from:to:subject:date", "bh": "AA=="}
    value = "; ".join(f"{name}={text}" for name, text in {**given, "b": "AA==", **tags}.items())
    return SignatureSeen(value, 3, result, reason, None, aligned, left_out)


def signed(*signatures: SignatureSeen, left_out: int = 0, about: Message | None = None) -> MessageSignatures:
    return MessageSignatures(about or message(), signatures, left_out)


GONE = seen("permerror", f"{NO_KEY}sel1._domainkey.{DOMAIN}")


TABLE: Table = {
    "DKIM-SIGNED-MAIL": (
        passes(message_signatures=signed(seen())),
        passes(message_signatures=signed(seen("fail", "the body was changed"), seen())),
        fails("carries no DKIM signature", message_signatures=signed()),
        fails("none of them is aligned", message_signatures=signed(seen(aligned=False, d="esp.example"))),
        fails("fail, the body was changed", message_signatures=signed(seen("fail", "the body was changed"))),
        fails("permerror, there is no key at sel1", message_signatures=signed(GONE)),
        undecided("any more, and the sample is 67 days old", message_signatures=signed(GONE, about=old())),
        undecided(
            "of an unknown date", message_signatures=signed(GONE, about=message(received=None, date="yesterday"))
        ),
        undecided("could not be verified: no answer", message_signatures=signed(seen("", "no answer"))),
        undecided("2 more signatures", message_signatures=signed(seen("fail", "x"), left_out=2)),
        undecided("ARC-Seal says", message_signatures=signed(seen("fail", "x"), about=message(ARC_Seal="i=1"))),
        undecided(
            "form mbox",
            message_signatures=signed(
                seen("fail", "x"), about=replace(message(), header=replace(message().header, envelope_line=True))
            ),
        ),
        leaves("MSG-FORMAT", message_signatures=signed(about=message("From: c@example.org"))),
        skips("which is no domain of the inventory", message_signatures=signed(about=foreign())),
    ),
    "DKIM-SIGNED-WELL": (
        passes(message_signatures=signed(seen())),
        advises("does not oversign From", message_signatures=signed(seen(h="from:to:subject:date"))),
        fails("made with rsa-sha256", message_signatures=signed(seen(a="ed25519-sha256"))),
        passes(message_signatures=signed(seen(), seen(a="ed25519-sha256"))),
        fails("has l=10", message_signatures=signed(seen(l="10"))),
        fails("signs received", message_signatures=signed(seen(h="from:from:received"))),
        fails("does not sign to, subject", message_signatures=signed(seen(left_out=("received", "to", "subject")))),
        fails(
            "does not sign list-unsubscribe-post",
            message_signatures=signed(seen(left_out=("list-unsubscribe-post",)), about=message(**UNSUBSCRIBE)),
        ),
        passes(
            message_signatures=signed(
                seen(left_out=("list-unsubscribe-post",)), seen(aligned=False), about=message(**UNSUBSCRIBE)
            )
        ),
        leaves("DKIM-SIGNED-MAIL", message_signatures=signed(seen("fail"))),
        skips("no domain of the inventory", message_signatures=signed(about=foreign())),
    ),
}
