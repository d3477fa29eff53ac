"""Messages: their form, and what bulk mail needs."""

from __future__ import annotations

from dataclasses import replace

from mailproof.grammars.messages import parse_header
from mailproof.observations.arc import ARCChain
from mailproof.observations.messages import Message

from ..observed import ADDRESS, DOMAIN
from .case import Case, Table, advises, fails, passes, skips, undecided

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
    return Message(FILE, header, ours, sent_by_us, observed_at=NOW)


def foreign() -> Message:
    return message(ours="", **{"from": "x@example.com"})


def old() -> Message:
    return replace(message(), observed_at="2027-02-01T00:00:00+00:00")


def _wrong(says: str, *more: str, **fields: object) -> Case:
    return fails(says, message=message(*more, **fields))  # type: ignore[arg-type]


def chain(sets: int = 1, *, about: Message | None = None, broken: str = "", unknown: str = "") -> ARCChain:
    return ARCChain(about or message(), sets, broken, unknown)


TABLE: Table = {
    "MSG-ARC": (
        passes(arc_chain=chain()),
        advises("does not verify: the body", arc_chain=chain(broken="the body was changed")),
        skips("has no ARC sets", arc_chain=chain(0)),
        skips("is no domain of the inventory", arc_chain=chain(about=foreign())),
        undecided("more than 5", arc_chain=chain(9, unknown="9 sets: more than 5 are not verified")),
    ),
    "MSG-FORMAT": (
        passes(message=message()),
        passes(message=message(ends="\r\n")),
        passes(message=message(date="Thu, 26 Nov 2026 07:00:00 +0000 (UTC)", subject="=?utf-8?q?x?=")),
        passes(message=message("X-Spam-Report: Spam detection software\n \n pts rule name")),
        _wrong("holds nothing but blanks", "Comments: a\n \n b"),
        passes(message=message("X-Very-Long: " + "x" * 2000)),
        passes(message=message(**{"from": "A, B\n <a@example.org>".replace(",", " "), "to": "undisclosed:;"})),
        _wrong("there is no From", **{"from": None, "sent_by_us": ADDRESS}),
        _wrong("there is no Date", date=None),
        _wrong("From stands 2 times", "From: c@example.org"),
        _wrong("Date stands 2 times", "Date: x"),
        _wrong("Subject stands 2 times", "Subject: y"),
        _wrong("Date is not of the form", date="Thu, 26 Nov 2026 07:00:00 GMT"),
        _wrong("Date is not of the form", date="26/11/2026"),
        _wrong("Date names no time: day", date="31 Feb 2026 07:00:00 +0000"),
        _wrong("that day is a Thu", date="Mon, 26 Nov 2026 07:00:00 +0000"),
        _wrong("no semicolon ends it", **{"from": "News: A <a@example.org>"}),
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
    "BULK-HEADERS": (
        passes(message=message(**UNSUBSCRIBE)),
        passes(message=message(**{**UNSUBSCRIBE, "List-Unsubscribe": "<mailto:u@a.example> (x) , <https://a\n .b/u>"})),
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
