"""The sink takes mail for the recipients of an exercise and for nobody else, and notes how it came."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from mailproof.exercises import Delivery, Exercise, read_exercise, write_exercise
from mailproof.exercising import sink as sinks
from mailproof.exercising.outgoing import ODD_LINES, for_sink
from mailproof.exercising.sink import Sink, server_side
from mailproof.exercising.sink_records import make_identity, tlsa_of, wrong_tlsa
from mailproof.inventory.exercise import OwnMailbox

CASES = {"sink-0a1b@plain.sink.example": "plain", "sink-0a1b@later.sink.example": "later"}
Talk = Callable[[smtplib.SMTP], None]


async def _delivered(directory: Path, talk: Talk) -> list[Delivery]:
    make_identity(directory / "sink.key", "sink.example")
    context = server_side(directory / "sink.pem", directory / "sink.key")
    sink = Sink("mx.sink.example", CASES, "sink-0a1b@later.sink.example", context)
    where = await sink.start("127.0.0.1")

    def converse() -> None:
        with smtplib.SMTP(where.address, where.port, "out.example.org", timeout=60) as client:
            talk(client)

    try:
        await asyncio.to_thread(converse)
        return sink.deliveries
    finally:
        await sink.stop()


def _send(client: smtplib.SMTP, recipient: str, text: bytes) -> int:
    client.ehlo_or_helo_if_needed()
    for command in ("MAIL FROM:<a@example.org>", f"RCPT TO:<{recipient}>", "DATA"):
        code, _ = client.docmd(command)
        if code // 100 not in (2, 3):
            client.docmd("RSET")
            return code
    client.send(text + b".\r\n")
    return client.getreply()[0]


def _in_tls(client: smtplib.SMTP) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    client.starttls(context=context)


def test_it_takes_mail_for_its_own_recipients_alone(tmp_path: Path) -> None:
    def talk(client: smtplib.SMTP) -> None:
        assert _send(client, "victim@example.com", b"x\r\n") == 550
        assert _send(client, "Sink-0A1b@Plain.sink.example", b"x\r\n..\r\n") == 250

    (seen,) = asyncio.run(_delivered(tmp_path, talk))
    assert (seen.case, seen.helo, seen.version, seen.taken) == ("plain", "out.example.org", "", True)


def test_it_puts_off_once(tmp_path: Path) -> None:
    def talk(client: smtplib.SMTP) -> None:
        assert _send(client, "sink-0a1b@later.sink.example", b"x\r\n") == 450
        assert _send(client, "sink-0a1b@later.sink.example", b"x\r\n") == 250

    assert [seen.taken for seen in asyncio.run(_delivered(tmp_path, talk))] == [False, True]


@pytest.mark.parametrize(
    ("text", "cr", "lf", "dots"),
    [
        (b"lines with dots:\r\n..\r\n...\r\n..dot\r\n", 0, 0, True),
        (b"lines with dots:\r\n=2E\r\n=2E.\r\n=2Edot\r\n", 0, 0, True),
        (b"bGluZXMgd2l0aCBkb3RzOg==\r\n", 0, 0, True),
        (ODD_LINES, 3, 3, True),
        (b"lines with dots:\r\n..\r\n..dot\r\n", 0, 0, False),
    ],
)
def test_it_notes_tls_and_the_lines(tmp_path: Path, text: bytes, cr: int, lf: int, dots: bool) -> None:
    def talk(client: smtplib.SMTP) -> None:
        _in_tls(client)
        assert _send(client, "sink-0a1b@plain.sink.example", text) == 250

    (seen,) = asyncio.run(_delivered(tmp_path, talk))
    assert seen.version == "TLSv1.3"
    assert (seen.bare_cr, seen.bare_lf, seen.dots_kept) == (cr, lf, dots)


@pytest.mark.parametrize("stranger", ["sink", "sink-ffff", "sink-", "sink-0a1b-x"])
def test_nothing_is_known_of_a_recipient_of_another_run(tmp_path: Path, stranger: str) -> None:
    def talk(client: smtplib.SMTP) -> None:
        assert _send(client, f"{stranger}@later.sink.example", b"x\r\n") == 550
        assert _send(client, f"{stranger}@plain.sink.example", b"x\r\n") == 550
        # It has not used up the one time that mail is put off.
        assert _send(client, "sink-0a1b@later.sink.example", b"x\r\n") == 450

    assert [(seen.case, seen.taken) for seen in asyncio.run(_delivered(tmp_path, talk))] == [("later", False)]


def test_the_recipients_of_two_runs_differ_and_are_short_enough() -> None:
    mailbox = OwnMailbox.model_validate(
        {
            "address": "probe@example.org",
            "maildir": ".",
            "outgoing": {"sink_domain": "sink.example", "listen": "192.0.2.9", "submission": {"host": "a.example"}},
        }
    )
    one, other = ({mail.recipient for mail in for_sink(mailbox, run * 12)} for run in "af")
    assert len(one) == len(other) == 5
    assert one.isdisjoint(other)
    assert all(len(recipient.partition("@")[0]) <= 64 for recipient in one)


def test_a_session_makes_one_delivery_of_a_case(tmp_path: Path) -> None:
    def talk(client: smtplib.SMTP) -> None:
        client.ehlo()
        for _ in range(3):
            client.docmd("MAIL FROM:<a@example.org>")
            codes = [client.docmd("RCPT TO:<sink-0a1b@plain.sink.example>")[0] for _ in range(30)]
            assert codes == [250] * 30
            assert client.data(b"x\r\n")[0] == 250
        codes = [client.docmd("RCPT TO:<sink-0a1b@plain.sink.example>")[0] for _ in range(11)]
        assert codes == [250] * 10 + [452]

    assert [seen.case for seen in asyncio.run(_delivered(tmp_path, talk))] == ["plain"]


def test_there_is_an_end_of_deliveries_and_of_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "MAX_DELIVERIES", 1)
    monkeypatch.setattr(sinks, "MAX_CONNECTIONS", 1)

    def talk(client: smtplib.SMTP) -> None:
        assert _send(client, "sink-0a1b@later.sink.example", b"x\r\n") == 450
        assert _send(client, "sink-0a1b@plain.sink.example", b"x\r\n") == 250
        assert client.sock is not None
        host, port, *_ = client.sock.getpeername()
        with pytest.raises(smtplib.SMTPConnectError, match="421"):
            smtplib.SMTP(host, port, timeout=60)

    assert [seen.case for seen in asyncio.run(_delivered(tmp_path, talk))] == ["later"]


def test_a_full_record_can_be_read_again(tmp_path: Path) -> None:
    longest = Delivery("dane-wrong", "2001:db8:1111:2222:3333:4444:5555:6666", "h" * 255, "TLSv1.3", "s" * 40, True)
    full = Exercise("r", "p@example.org", "", "", 1.0, deliveries=(longest,) * sinks.MAX_DELIVERIES)
    write_exercise(tmp_path / "record.json", full)
    assert read_exercise(tmp_path / "record.json") == full


def test_the_wrong_key_is_nobodys(tmp_path: Path) -> None:
    make_identity(tmp_path / "sink.key", "sink.example")
    right = tlsa_of(tmp_path / "sink.pem")
    assert len(wrong_tlsa(right)) == len(right)
    assert all(one != other for one, other in zip(wrong_tlsa(right)[6:], right[6:], strict=True))
