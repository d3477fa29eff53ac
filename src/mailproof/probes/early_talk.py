"""Talks before the greeting, as spam software does, and politely right after it."""

from __future__ import annotations

import asyncio
import re

from mailproof.inventory.targets import Endpoint
from mailproof.net import smtp
from mailproof.net.errors import ClosedEarly, NotAvailable, NotObserved
from mailproof.net.network import Network
from mailproof.observations.early_talk import EarlyTalk
from mailproof.probes.probe import probe

EARLY_REPLY = 10.0
"""Seconds in which a server that has greeted answers an EHLO that came before the greeting, if it ever does."""

TRIES = 3
"""Connections in which the greeting may turn out to have been faster."""


@probe(active=True, first=True, connections=TRIES + 1)
async def early_talk(endpoint: Endpoint, net: Network) -> EarlyTalk:
    """EHLO, MAIL, RCPT, RSET and QUIT in one write before the greeting, and a polite connection after it.

    The commands behind EHLO make sure that the server can notice: a lone EHLO that comes a moment after the greeting
    was sent looks polite, but nothing may be sent behind EHLO before its reply (RFC 2920, section 3.1). Postscreen with
    ``greet_action = enforce`` answers EHLO and refuses the recipient.

    Where octets of the server have arrived before ours are sent, the greeting was faster: that connection proves
    nothing, and another one is tried.
    """
    own = endpoint.domains[0] if endpoint.domains else endpoint.host
    script = (
        f"EHLO {net.settings.ehlo_name}",
        f"MAIL FROM:<{net.settings.sender}>",
        f"RCPT TO:<postmaster@{own}>",
        "RSET",
        "QUIT",
    )
    for _ in range(TRIES):
        seen = await _try(endpoint, net, "".join(f"{line}\r\n" for line in script).encode())
        if seen.early:
            break
    return seen


async def _try(endpoint: Endpoint, net: Network, script: bytes) -> EarlyTalk:
    async with net.smtp.connect(endpoint.address, endpoint.port, host=endpoint.host) as dialogue:
        heard = b""
        closed = False
        early = not dialogue.something_came
        try:
            await dialogue.send(script)
            heard, closed = await _hear_out(dialogue, net)
        except ClosedEarly:
            closed = True
    if not heard and not closed:
        raise NotAvailable("neither a greeting nor a refusal came", dialogue.transcript.evidence())
    if not early:
        return EarlyTalk(dialogue.transcript.lines, _codes(heard), closed, "not tried", False, early=False)
    polite, polite_ok = "", False
    try:
        async with net.smtp.connect(endpoint.address, endpoint.port, host=endpoint.host) as second:
            greeting = await second.greeting()
            polite, polite_ok = str(greeting), greeting.code == 220
    except NotObserved as failure:
        polite = failure.reason
    return EarlyTalk(
        dialogue.transcript.lines, _codes(heard), closed, polite, polite_ok, refused=_protocol_error(heard)
    )


async def _hear_out(dialogue: smtp.Dialogue, net: Network) -> tuple[bytes, bool]:
    """What comes until the early commands are answered or the server closes, and whether it closed.

    The greeting may take its time, the answers behind it less; silence after the greeting means that the server
    has thrown the commands away.
    """
    limits = net.settings.limits
    heard = b""
    loop = asyncio.get_running_loop()
    end = loop.time() + limits.greeting
    greeted = False
    while loop.time() < end and len(heard) < smtp.UNASKED_OCTETS:
        chunk = await dialogue.listen(min(limits.silence, end - loop.time()))
        heard += chunk
        codes = _codes(heard)
        if dialogue.closed or 221 in codes:
            break
        if codes and not greeted:
            greeted, end = True, loop.time() + min(limits.reply, EARLY_REPLY)
        if not chunk and any(code != 220 for code in codes):
            break
    return heard, dialogue.closed


def _codes(heard: bytes) -> tuple[int, ...]:
    """The codes of complete replies."""
    return tuple(int(code) for code in re.findall(rb"^([2-5][0-9]{2})(?: [^\n]*)?\r?\n", heard, re.MULTILINE))


def _protocol_error(heard: bytes) -> str:
    """A refusal behind the reply to EHLO that is about the protocol (X.5: RFC 3463, section 3.6), as one line."""
    found = re.search(rb"^(5[0-9]{2} 5\.5\.[0-9]+ [^\r\n]*)", heard, re.MULTILINE)
    return found[1].decode("ascii", "backslashreplace") if found else ""
