"""Messages: their form, their signatures, their sending hop."""

from __future__ import annotations

from dataclasses import replace

from mailproof.grammars.messages import parse_header
from mailproof.observations.messages import NO_KEY, Message, MessageSignatures, SendingHop, SignatureSeen
from mailproof.observations.spf import Check

from ..observed import ADDRESS, DOMAIN
from .case import Case, Table, advises, fails, leaves, passes, skips, undecided

FILE = "samples/hello.eml"
NOW = "2026-11-26T12:00:00+00:00"
RIGHT = {
    "Return-Path": f"<bounces+1@{DOMAIN}>",
    "Received": f"from mx1.{DOMAIN} (mx1.{DOMAIN} [{ADDRESS}]) by mx.example.net with ESMTPS id 1; "
    "Thu, 26 Nov 2026 08:00:00 +0000",
    "From": f"A <a@{DOMAIN}>",
    "To": "b@example.net",
    "Subject": "x",
    "Date": "Thu, 26 Nov 2026 07:00:00 +0000",
    "Message-ID": f"<1@{DOMAIN}>",
}
UNSUBSCRIBE = {
    "List-Unsubscribe": f"<mailto:u@{DOMAIN}>, <https://{DOMAIN}/u>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}


def message(
    *more: str, body: str = "x\n", ours: str = DOMAIN, sent_by_us: str = "", ends: str = "\n", **fields: str | None
) -> Message:
    """A right message with other fields, whose names have _ for -; None leaves one out. ``more`` are whole lines."""
    values: dict[str, str | None] = dict(RIGHT)
    for name, value in fields.items():
        called = name.replace("_", "-")
        values[next((known for known in RIGHT if known.lower() == called.lower()), called)] = value
    lines = [f"{name}: {value}" for name, value in values.items() if value is not None]
    text = "\n".join((*lines, *more, "", body))
    header = parse_header(text.replace("\n", ends).encode("utf-8", "surrogateescape"))
    return Message(FILE, header, ours, sent_by_us, NOW)


def foreign() -> Message:
    return message(ours="", **{"from": "x@example.com"})


def seen(
    result: str = "pass", reason: str = "", *, aligned: bool = True, left_out: tuple[str, ...] = (), **tags: str
) -> SignatureSeen:
    given = {"v": "1", "a": "rsa-sha256", "d": DOMAIN, "s": "sel1", "h": "from:from:to:subject:date", "bh": "AA=="}
    value = "; ".join(f"{name}={text}" for name, text in {**given, "b": "AA==", **tags}.items())
    return SignatureSeen(value, 3, result, reason, None, aligned, left_out)


def signed(*signatures: SignatureSeen, left_out: int = 0, about: Message | None = None) -> MessageSignatures:
    return MessageSignatures(about or message(), signatures, left_out)


def old() -> Message:
    return replace(message(), observed_at="2027-02-01T00:00:00+00:00")


GONE = seen("permerror", f"{NO_KEY}sel1._domainkey.{DOMAIN}")


def hop(result: str = "pass", **more: object) -> SendingHop:
    sender = f"bounces@{DOMAIN}"
    check = Check(ADDRESS, sender, "mx1", result, "") if result else None
    found = SendingHop(message(), ADDRESS, f"mx1.{DOMAIN}", "Received", True, True, sender, check, True)
    return replace(found, **more)  # type: ignore[arg-type]


def _wrong(says: str, *more: str, **fields: object) -> Case:
    return fails(says, message=message(*more, **fields))  # type: ignore[arg-type]


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
    "MSG-FORMAT": (
        passes(message=message()),
        passes(message=message(ends="\r\n")),
        passes(message=message(date="Thu, 26 Nov 2026 07:00:00 +0000 (UTC)", subject="=?utf-8?q?x?=")),
        passes(message=message("X-Very-Long: " + "x" * 2000)),
        passes(message=message(**{"from": "A, B\n <a@example.org>".replace(",", " "), "to": "undisclosed:;"})),
        _wrong("there is no From", **{"from": None, "sent_by_us": ADDRESS}),
        _wrong("there is no Date", date=None),
        _wrong("From stands 2 times", "From: c@example.org"),
        _wrong("Date stands 2 times", "Date: x"),
        _wrong("Subject stands 2 times", "Subject: y"),
        _wrong("Date is not of the form", date="Thu, 26 Nov 2026 07:00:00 GMT"),
        _wrong("Date is not of the form", date="26/11/2026"),
        _wrong("there is no Message-ID", message_id=None),
        _wrong("Message-ID has not the form", message_id="1@example.org"),
        _wrong("a line has 1000 octets", body="x" * 1000 + "\n"),
        _wrong("a line has 1009 octets", subject="x" * 1000),
        _wrong("holds a CR without LF", body="a\rb\n"),
        fails("is neither a field nor", message=message("no field")),
        fails(
            "ends in LF, others in CRLF",
            message=replace(message(), header=parse_header(b"From: a@example.org\r\nDate: x\n\r\n")),
        ),
        _wrong("From: an angle bracket", **{"from": "A <a@example.org"}),
        _wrong("From holds a group", **{"from": "Team: a@example.org;"}),
        _wrong("several authors", **{"from": "a@example.org, b@example.org"}),
        _wrong("From is an address of gmail.com", **{"from": "a@gmail.com", "ours": "", "sent_by_us": ADDRESS}),
        _wrong("neither ASCII nor UTF-8", "X-A: y", subject="\udcff"),
        advises("Subject holds UTF-8", message=message(subject="ä")),
        passes(message=message(subject="ä", received=RIGHT["Received"].replace("ESMTPS", "UTF8SMTPS"))),
        skips("no domain of the inventory", message=foreign()),
    ),
    "SPF-EVAL-LISTED": (
        passes(sending_hop=hop()),
        fails("says softfail for", sending_hop=hop("softfail")),
        advises("is not aligned", sending_hop=hop(aligned=False)),
        undecided("today, and the sample is 67 days old", sending_hop=hop("fail", message=old())),
        undecided("which address sent", sending_hop=hop(address="", check=None)),
        undecided("sender of the envelope", sending_hop=hop("", message=message(return_path=None))),
        undecided("is no domain", sending_hop=hop("", helo="", sender="")),
        skips("no sending address of the inventory", sending_hop=hop("", is_ours=False)),
        skips(
            "says that it was passed on",
            sending_hop=hop("", is_ours=False, are_declared=False, message=message(List_Post="<mailto:l@x.y>")),
        ),
        skips("no domain of the inventory", sending_hop=SendingHop(foreign())),
    ),
    "BULK-HEADERS": (
        passes(message=message(**UNSUBSCRIBE)),
        fails("there is no List-Unsubscribe", message=message(Precedence="bulk")),
        fails("takes more than one click", message=message(List_Unsubscribe="<https://example.org/u>")),
        fails("holds no https URI", message=message(**{**UNSUBSCRIBE, "List-Unsubscribe": "<mailto:u@example.org>"})),
        fails("not List-Unsubscribe=One-Click", message=message(**{**UNSUBSCRIBE, "List-Unsubscribe-Post": "yes"})),
        fails("List-Unsubscribe stands 2 times", message=message("List-Unsubscribe: <x:y>", **UNSUBSCRIBE)),
        advises("a domain of others", message=message(return_path="<b+1@esp.example>", **UNSUBSCRIBE)),
        advises("tells the recipient", message=message(return_path=f"<bounces@{DOMAIN}>", **UNSUBSCRIBE)),
        Case(
            fails("").verdict,
            "there is no List-Unsubscribe",
            {"message": message()},
            parameters={"bulk": ("samples/*",)},
        ),
        skips("nothing says", message=message()),
        skips("list for discussion", message=message(List_Post="<mailto:l@example.org>", **UNSUBSCRIBE)),
        skips("no domain of the inventory", message=foreign()),
    ),
}
