"""Hands in messages as a user of the service does, and sees at the sink how the service sends them."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from mailproof.exercises import Delivery, HandedIn
from mailproof.exercising.messages import MARK
from mailproof.exercising.sink import Sink, server_side
from mailproof.exercising.sink_records import SinkNames, require_ours, tlsa_of, unready
from mailproof.inventory.exercise import Outgoing, OwnMailbox, Submission
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings

PLAIN, LATER, LINES = "plain", "later", "lines"
DANE, DANE_WRONG, STS = "dane", "dane-wrong", "sts"
KEPT_AWAY = (DANE_WRONG, STS)
"""Cases in which nothing should arrive."""
SUBMISSION_SECONDS = 60.0
MAX_FURTHER = 10
LOCAL_PART = "sink"
"""The run follows it: the names in the DNS are public, and whoever finds them sends to them."""

ODD_LINES = (
    b"bare LF:\nbare CR:\rdot between bare LF:\n.\ndot between bare CR:\r.\rlines with dots:\r\n..\r\n...\r\n..dot\r\n"
)
"""What a client of a user may hand in; its lines with dots are written as RFC 5321, section 4.5.2 demands."""


@dataclass(frozen=True)
class ForSink:
    """A message for the sink."""

    case: str
    recipient: str
    octets: bytes


def for_sink(mailbox: OwnMailbox, run: str) -> Iterator[ForSink]:
    """What is handed in; last the message that may make the server leave."""
    outgoing = mailbox.outgoing
    if outgoing is None:
        return
    names = SinkNames(outgoing.sink_domain)
    for case in (PLAIN, LATER, DANE, DANE_WRONG, *((STS,) if outgoing.sts else ()), LINES):
        recipient = f"{LOCAL_PART}-{run}@{names.domain_of(case)}"
        sender = outgoing.submission.sender or mailbox.address
        lines = (
            f"From: <{sender}>",
            f"To: <{recipient}>",
            f"Subject: mailproof exercise {run} {case} (test message)",
            f"Date: {format_datetime(datetime.now(UTC))}",
            f"Message-ID: <{run}-{case}@{sender.rpartition('@')[2]}>",
            f"{MARK}: {run} {case}",
            "",
            f"This message of mailproof tries the case {case}.",
            "",
        )
        octets = "\r\n".join(lines).encode() + (ODD_LINES if case == LINES else b"")
        yield ForSink(case, recipient, octets)


async def require_sink(mailbox: OwnMailbox, outgoing: Outgoing, net: Network, run: str, directory: Path) -> None:
    """Raises NotOurs unless all recipients are the sink's, NotObserved, UnusableKey, and OSError where it cannot
    listen: what was sent before one knows would be sent in vain.
    """
    domains = [message.recipient.rpartition("@")[2] for message in for_sink(mailbox, run)]
    await require_ours(net, domains, outgoing.address or outgoing.listen)
    certificate, key = _identity(outgoing, directory)
    tlsa_of(certificate)
    sink = Sink(SinkNames(outgoing.sink_domain).host, {}, "", server_side(certificate, key))
    await sink.start(outgoing.listen, outgoing.port)
    await sink.stop()


def _identity(outgoing: Outgoing, directory: Path) -> tuple[Path, Path]:
    key = directory / outgoing.key
    return directory / outgoing.certificate if outgoing.certificate else key.with_suffix(".pem"), key


async def hand_in_and_watch(
    mailbox: OwnMailbox, outgoing: Outgoing, net: Network, run: str, directory: Path, say: Callable[[str], None]
) -> tuple[tuple[HandedIn, ...], tuple[Delivery, ...]]:
    """What was handed in, and how it came to the sink. Raises OSError where the sink cannot listen."""
    messages = list(for_sink(mailbox, run))
    names = SinkNames(outgoing.sink_domain)
    certificate, key = _identity(outgoing, directory)
    cases = {message.recipient.lower(): message.case for message in messages}
    put_off = next(message.recipient.lower() for message in messages if message.case == LATER)
    sink = Sink(names.host, cases, put_off, server_side(certificate, key))
    await sink.start(outgoing.listen, outgoing.port)
    try:
        reasons = {message.case: await unready(net, names, message.case, certificate) for message in messages}
        submission = outgoing.submission
        sender = submission.sender or mailbox.address
        handed_in = await asyncio.to_thread(_hand_in, submission, sender, messages, net.settings, reasons)
        say(f"  handed in at {submission.host}: {sum(one.accepted for one in handed_in)} of {len(handed_in)} accepted")
        await _watch(sink, {one.case for one in handed_in if one.accepted}, mailbox.wait)
        if sink.left_out:
            say(f"  the sink kept {len(sink.deliveries)} deliveries, and left out {sink.left_out} that came later")
        return handed_in, tuple(sink.deliveries)
    finally:
        await sink.stop()


async def _watch(sink: Sink, cases: set[str], wait: float) -> None:
    """Until everything has come that should, or the time is over; then a little longer for what should not come."""
    expected = cases.difference(KEPT_AWAY)
    with suppress(TimeoutError):
        async with asyncio.timeout(wait):
            await sink.until_taken(expected)
    await asyncio.sleep(min(30.0, wait / 10))


def _hand_in(
    submission: Submission, sender: str, messages: list[ForSink], settings: NetSettings, reasons: dict[str, str]
) -> tuple[HandedIn, ...]:
    """One session; the server's certificate is verified before the password is said.

    Where the server does not let us in, or leaves, ``failure`` tells why.
    """
    done: list[HandedIn] = []
    context = ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)
    try:
        with _connected(submission, settings.ehlo_name, context) as connection:
            connection.ehlo()
            if submission.user is not None:
                connection.login(submission.user, submission.password or "")
            for message in messages:
                done.append(_one(connection, sender, message, reasons[message.case]))
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        told = "the name and the password must be ASCII" if isinstance(error, UnicodeError) else str(error)
        failure = f"{submission.host}:{submission.port}: {told}"
        done += (HandedIn(left.case, left.recipient, failure=failure) for left in messages[len(done) :])
    return tuple(done)


def _connected(submission: Submission, name: str, context: ssl.SSLContext) -> smtplib.SMTP:
    if submission.port == 465:
        return smtplib.SMTP_SSL(submission.host, submission.port, name, timeout=SUBMISSION_SECONDS, context=context)
    connection = smtplib.SMTP(submission.host, submission.port, name, timeout=SUBMISSION_SECONDS)
    try:
        connection.starttls(context=context)
    except BaseException:
        connection.close()
        raise
    return connection


def _one(connection: smtplib.SMTP, sender: str, message: ForSink, reason: str) -> HandedIn:
    """smtplib would mend the lines of a message: its octets are sent as they are."""
    for command in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{message.recipient}>", "DATA"):
        code, text = connection.docmd(command)
        if code // 100 not in (2, 3):
            with suppress(smtplib.SMTPException):
                connection.docmd("RSET")
            return HandedIn(message.case, message.recipient, code, text.decode("utf-8", "replace"), unready=reason)
    connection.send(message.octets + b".\r\n")
    due, told = connection.getreply()
    # NOOP has one reply. Where the text had been taken for commands, more came before it.
    connection.putcmd("NOOP")
    further = 0
    with suppress(smtplib.SMTPServerDisconnected):
        while connection.getreply()[0] != 250 and further < MAX_FURTHER:
            further += 1
    return HandedIn(
        message.case, message.recipient, due, told.decode("utf-8", "replace"), further=further, unready=reason
    )
