"""The SMTP client against servers that break, stall, flood and lie: typed failures with evidence, within the
limits.
"""

from __future__ import annotations

import asyncio
import gc
import warnings

import pytest

from mailproof.fixtures.smtp_behaviour import SMTPBehaviour
from mailproof.net.dialogue import TLSSession
from mailproof.net.errors import ClosedEarly, Malformed, NotAvailable, NotObserved, Throttled, TimedOut
from mailproof.net.smtp import REPLY_LINE, REPLY_LINES, UNASKED_OCTETS, Dialogue, Reply
from tests.unit.smtp_world import HOST, IMPATIENT, QUICK, client, served, talk


async def greet(dialogue: Dialogue) -> Reply:
    return await dialogue.greeting()


async def greet_and_ehlo(dialogue: Dialogue) -> Reply:
    await dialogue.greeting()
    return await dialogue.ehlo()


async def upgrade(dialogue: Dialogue) -> TLSSession:
    await dialogue.greeting()
    await dialogue.ehlo()
    await dialogue.starttls()
    return await dialogue.handshake()


FAULTS = [
    ("421", Throttled),
    ("close", ClosedEarly),
    ("silence", TimedOut),
    ("drip", TimedOut),
    ("endless line", Malformed),
    ("endless reply", Malformed),
    ("mixed codes", Malformed),
]


@pytest.mark.parametrize(
    ("phase", "fault", "failure"),
    [
        (phase, fault, failure)
        for phase in ("greeting", "EHLO")
        for fault, failure in FAULTS
        if (phase, fault) != ("greeting", "mixed codes")
    ],
)
def test_every_fault_is_a_typed_failure_with_evidence(phase: str, fault: str, failure: type[NotObserved]) -> None:
    behaviour = SMTPBehaviour(faults=((phase, fault),), drip=0.02)  # type: ignore[arg-type]
    limits = IMPATIENT if failure is TimedOut else QUICK
    with pytest.raises(failure) as caught:
        talk(behaviour, greet_and_ehlo, limits)
    assert type(caught.value) is failure
    assert any("connected" in line for line in caught.value.evidence)
    if phase == "EHLO":
        assert any("C: EHLO probe.example" in line for line in caught.value.evidence)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("220-mx.example waits\r\n521 5.3.2 Service currently unavailable\r\n", 521),
        ("220-mx.example waits\r\n554-5.7.1 blocked\r\n554 using bl.example\r\n", 554),
        ("220-mx.example waits\r\n220 mx.example ESMTP\r\n", 220),
    ],
)
def test_the_last_line_of_a_greeting_counts(raw: str, code: int) -> None:
    reply, _ = talk(SMTPBehaviour(greeting_raw=raw), greet)
    assert reply.code == code
    assert reply.changed is (code != 220)
    assert reply.lines[0] == "mx.example waits"


def test_a_greeting_that_ends_in_421_is_throttling() -> None:
    with pytest.raises(Throttled):
        talk(SMTPBehaviour(greeting_raw="220-mx.example waits\r\n421 4.3.2 All server ports are busy\r\n"), greet)


def test_a_refusal_that_ends_in_220_is_no_reply() -> None:
    with pytest.raises(Malformed):
        talk(SMTPBehaviour(greeting_raw="554-go\r\n220 away\r\n"), greet)


def test_the_limits_themselves_are_kept() -> None:
    longest = "x" * (REPLY_LINE - len("220 \r\n"))
    reply, _ = talk(SMTPBehaviour(greeting=(longest,)), greet)
    assert reply.text == longest
    with pytest.raises(Malformed):
        talk(SMTPBehaviour(greeting=(longest + "x",)), greet)
    reply, _ = talk(SMTPBehaviour(greeting=("x",) * REPLY_LINES), greet)
    assert len(reply.lines) == REPLY_LINES
    with pytest.raises(Malformed):
        talk(SMTPBehaviour(greeting=("x",) * (REPLY_LINES + 1)), greet)
    with pytest.raises(Malformed):
        talk(SMTPBehaviour(greeting=("x" * 7000,) * 10), greet)


@pytest.mark.parametrize(
    "raw",
    [
        "hello\r\n",
        "22 short\r\n",
        "220x\r\n",
        "999 no\r\n",
        "120 no\r\n",
        "\r\n",
        " 220 x\r\n",
        "2200 x\r\n",
        "HTTP/1.1 400 Bad Request\r\n",
        "\x16\x03\x01\x02\n",
    ],
)
def test_what_is_no_reply_is_malformed(raw: str) -> None:
    with pytest.raises(Malformed):
        talk(SMTPBehaviour(greeting_raw=raw), greet)


@pytest.mark.parametrize(
    ("raw", "lines"),
    [
        ("220\r\n", ("",)),
        ("220 \r\n", ("",)),
        ("220-\r\n220 b\r\n", ("", "b")),
        ("220 bare line feed\n", ("bare line feed",)),
        ("220 a\rb\r\n", ("a\\x0db",)),
        ("220 nul\x00esc\x1b[2J<script>\r\n", ("nul\\x00esc\\x1b[2J<script>",)),
        ("220 \xff\xfe\r\n", ("\\xff\\xfe",)),
        ("220 \xc2\x9b\r\n", ("\\x9b",)),
        ("220 \xe2\x80\xae\r\n", ("\\u202e",)),
        ("220 gr\xc3\xbc\xc3\x9fe\r\n", ("grüße",)),
    ],
)
def test_odd_octets_are_kept_visible(raw: str, lines: tuple[str, ...]) -> None:
    async def say(dialogue: Dialogue) -> tuple[Reply, tuple[str, ...]]:
        return await dialogue.greeting(), dialogue.transcript.evidence()

    (reply, evidence), _ = talk(SMTPBehaviour(greeting_raw=raw), say)
    assert reply == Reply(220, lines)
    assert not any(ord(char) < 32 for line in evidence for char in line)


def test_plain_text_after_220_is_leftover_and_never_heard_inside_tls() -> None:
    """The peer appends a reply to its 220 in one write, then runs the handshake: CVE-2011-0411, response
    side.
    """

    async def say(dialogue: Dialogue) -> tuple[TLSSession, bytes]:
        session = await upgrade(dialogue)
        return session, await dialogue.listen(0.1)

    behaviour = SMTPBehaviour(replies=(("STARTTLS", "220 go\n250-injected\n250 STARTTLS"),))
    (session, heard), _ = talk(behaviour, say)
    assert session.leftover == "250-injected\\x0d\\x0a250 STARTTLS\\x0d\\x0a"
    assert heard == b""


@pytest.mark.parametrize(
    ("starttls", "failure"),
    [("plaintext", (NotAvailable,)), ("stalls", (TimedOut,)), ("broken", (ClosedEarly,))],
)
def test_handshakes_that_do_not_happen(starttls: str, failure: tuple[type[NotObserved], ...]) -> None:
    limits = IMPATIENT if starttls == "stalls" else QUICK
    with pytest.raises(failure) as caught:
        talk(SMTPBehaviour(starttls=starttls), upgrade, limits)  # type: ignore[arg-type]
    assert any("C: STARTTLS" in line for line in caught.value.evidence)


def test_handshake_failure_of_the_peer() -> None:
    with pytest.raises(NotAvailable, match="TLS handshake failed"):
        talk(SMTPBehaviour(starttls="alert"), upgrade)


def test_no_quit_in_clear_after_an_agreed_starttls() -> None:
    async def say(dialogue: Dialogue) -> None:
        await dialogue.greeting()
        await dialogue.ehlo()
        await dialogue.starttls()

    _, peer = talk(None, say)
    assert peer.commands() == ["EHLO probe.example", "STARTTLS"]


def test_listening_is_bounded() -> None:
    async def say(dialogue: Dialogue) -> bytes:
        return await dialogue.listen(5)

    heard, _ = talk(SMTPBehaviour(faults=(("greeting", "endless line"),)), say)
    assert len(heard) == UNASKED_OCTETS


def test_a_client_that_floods_a_deaf_server_times_out() -> None:
    async def say(dialogue: Dialogue) -> None:
        for _ in range(200):
            await dialogue.send(b"x" * 1_000_000)

    async def run() -> None:
        async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            await release.wait()
            writer.transport.abort()

        release = asyncio.Event()
        server = await asyncio.start_server(deaf, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            async with client(IMPATIENT).connect("127.0.0.1", port, host=HOST) as dialogue:
                await say(dialogue)
        finally:
            release.set()
            server.close()
            await server.wait_closed()

    with pytest.raises(TimedOut):
        asyncio.run(run())


def test_cancellation_closes_the_connection_at_once() -> None:
    async def run() -> list[str]:
        async with served(SMTPBehaviour(faults=(("EHLO", "silence"),))) as (peer, address, port):

            async def dialogue() -> None:
                async with client().connect(address, port, host=HOST) as open_dialogue:
                    await greet_and_ehlo(open_dialogue)

            task = asyncio.create_task(dialogue())
            await peer.until("EHLO probe.example")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return peer.commands()

    assert asyncio.run(run()) == ["EHLO probe.example"]


def test_no_socket_is_left_behind() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        for fault in ("421", "close", "endless line", "mixed codes"):
            with pytest.raises(NotObserved):
                talk(SMTPBehaviour(faults=(("EHLO/TLS", fault),)), _ehlo_in_tls)
        gc.collect()


async def _ehlo_in_tls(dialogue: Dialogue) -> Reply:
    await upgrade(dialogue)
    return await dialogue.ehlo()
