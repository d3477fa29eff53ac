"""SMTP replies, and the challenges of NTLM in them."""

from __future__ import annotations

from mailproof.grammars import ntlm
from mailproof.net.errors import NotObserved
from mailproof.net.settings import Limits
from mailproof.net.smtp import Dialogue, Reply, extensions
from mailproof.net.text import printable
from mailproof.net.transcript import Transcript
from tests.fuzz.parser import CONTROLS, Parser, as_text, fed, loop, told, words_of
from tests.unit.ntlm_messages import challenge


def _smtp(data: bytes) -> bool:
    return loop().run_until_complete(_talk(data))


async def _talk(data: bytes) -> bool:
    """Greeting, EHLO, MAIL and QUIT against a server that says ``data``."""
    dialogue = Dialogue(fed(data), Transcript(), Limits(), host="mx.example", ehlo_name="probe.example")
    heard = 0
    try:
        for step in (dialogue.greeting, dialogue.ehlo, lambda: dialogue.command("MAIL FROM:<>"), dialogue.quit):
            reply = await step()
            heard += 1
            _reply_is_sound(reply)
            extensions(reply)
    except NotObserved as failure:
        told(failure.reason)
    for line in dialogue.transcript.evidence():
        assert not CONTROLS.search(line), line
    return heard > 1


def _reply_is_sound(reply: Reply) -> None:
    assert 200 <= reply.code <= 599
    assert reply.lines
    assert reply.enhanced is None or reply.enhanced[0] in "245"
    assert not CONTROLS.search(reply.text)


def _ehlo(data: bytes) -> bool:
    lines = tuple(printable(line) for line in as_text(data).split("\n"))
    found = extensions(Reply(250, lines))
    assert all(keyword == keyword.upper() for keyword in found)
    return len(found) > 1


def _ntlm(data: bytes) -> bool:
    found = ntlm.parse_challenge(as_text(data))
    return found is not None and bool(found.names)


PARSERS = (
    Parser(
        "smtp",
        _smtp,
        (
            b"220 mx.example ESMTP\r\n250-mx.example\r\n250-SIZE 1\r\n250 STARTTLS\r\n250 2.1.0 Ok\r\n221 Bye\r\n",
            b"220-wait\r\n220-a\r\n220 go\r\n502 5.5.1 no\r\n250 Ok\r\n221 Bye\r\n",
            b"421 4.3.2 busy\r\n",
        ),
        words_of("220 220- 250- 250_ 354 421 554 5.7.1 \r\n \n \r 2.1.0 999 099 STARTTLS SIZE"),
        12,
    ),
    Parser(
        "ehlo",
        _ehlo,
        (b"mx.example\nPIPELINING\nSIZE 10485760\nAUTH=LOGIN PLAIN\nAUTH CRAM-MD5\nSTARTTLS\nXFOO a=b",),
        words_of("AUTH AUTH= SIZE STARTTLS \xdf starttls"),
        10,
    ),
    Parser(
        "ntlm",
        _ntlm,
        (challenge({1: "EX1", 2: "CORP", 3: "ex1.corp.example"}, "CORP", (10, 0, 20348)).encode(),),
        words_of("TlRMTVNTUAAC AAAA //// = +"),
        10,
    ),
)
