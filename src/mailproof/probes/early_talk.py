"""Talks before the greeting, as spam software does, and politely right after it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

from mailproof.net import smtp
from mailproof.net.errors import ClosedEarly, NotAvailable, NotObserved, TimedOut
from mailproof.net.network import Network
from mailproof.observations.early_talk import EarlyTalk
from mailproof.probes.probe import probe
from mailproof.targets.services import MXEndpoint

EARLY_REPLY = 10.0
"""Seconds in which a server that has greeted answers an EHLO that came before the greeting, if it ever does."""

AT_ONCE = 0.5
"""Seconds within which a server greets that does not wait to see who talks early."""

TRIES, ROUNDS = 2, 2
"""Connections in which the tester may turn out to have been too slow, in so many rounds with a pause between."""


@probe(active=True, first=True, connections=TRIES * ROUNDS + 1, refusals=1)
async def early_talk(endpoint: MXEndpoint, net: Network) -> EarlyTalk:
    """EHLO, MAIL, RCPT, RSET and QUIT in one write before the greeting, and a polite connection after it.

    All at once is what a client says that waits for nothing; a server that greets at once can notice by that alone
    (RFC 2920, section 3.1: nothing may be sent behind EHLO before its reply). One that makes its clients wait for the
    greeting has to see them talk before it: where the greeting was faster after such a wait, the tester was too slow,
    and the connection proves nothing. Postscreen with ``greet_action = enforce`` answers EHLO and refuses RCPT.
    """
    own = endpoint.domains[0] if endpoint.domains else endpoint.host
    lines = (
        f"EHLO {net.settings.ehlo_name}",
        f"MAIL FROM:<{net.settings.sender}>",
        f"RCPT TO:<postmaster@{own}>",
        "RSET",
        "QUIT",
    )
    script = "".join(f"{line}\r\n" for line in lines).encode()
    for number in range(TRIES * ROUNDS):
        if number and number % TRIES == 0:
            await asyncio.sleep(net.settings.limits.retry_pause)
        await net.refusals.require(endpoint)  # Exim and Postfix log what comes too early, and fail2ban counts it
        seen = await _talk_early(endpoint, net, script)
        if seen.early or not seen.tolerated:
            break
    polite, polite_ok = await _polite(endpoint, net)
    return replace(seen, polite=polite, polite_ok=polite_ok)


async def _talk_early(endpoint: MXEndpoint, net: Network, script: bytes) -> EarlyTalk:
    async with net.smtp.connect(endpoint.address, endpoint.port, host=endpoint.host, first_words=script) as dialogue:
        waited = dialogue.greeted_after
        heard, closed = b"", False
        try:
            heard, closed = await hear_out(dialogue, net)
        except ClosedEarly:
            closed = True
    if not heard and not closed:
        raise NotAvailable("neither a greeting nor a refusal came", dialogue.transcript.evidence())
    early = waited is None or waited < AT_ONCE
    return EarlyTalk(dialogue.transcript.lines, codes_of(heard), closed, "", False, early, _protocol_error(heard))


async def _polite(endpoint: MXEndpoint, net: Network) -> tuple[str, bool]:
    """What greets a polite client, and whether it is a 220."""
    try:
        async with net.smtp.connect(endpoint.address, endpoint.port, host=endpoint.host) as dialogue:
            greeting = await dialogue.greeting()
    except NotObserved as failure:
        return failure.reason, False
    return str(greeting), greeting.code == 220


async def hear_out(dialogue: smtp.Dialogue, net: Network) -> tuple[bytes, bool]:
    """What comes until the early commands are answered or the server closes, and whether it closed.

    The greeting may take its time, the answers behind it less; silence after the greeting means that the server
    has thrown the commands away. A short silence says nothing, unless the greeting or EHLO is refused already.
    Raises TimedOut where a line is still under way: a tarpit is not silent.
    """
    limits = net.settings.limits
    heard = b""
    loop = asyncio.get_running_loop()
    end = loop.time() + limits.greeting
    greeted = False
    while loop.time() < end and len(heard) < smtp.UNASKED_OCTETS:
        chunk = await dialogue.listen(min(limits.silence, end - loop.time()))
        heard += chunk
        codes = codes_of(heard)
        if dialogue.closed or 221 in codes:
            break
        if codes and not greeted:
            greeted, end = True, loop.time() + min(limits.reply, EARLY_REPLY)
        if not chunk and any(code >= 400 for code in codes[:2]):
            break
    if heard and not dialogue.closed and not heard.endswith(b"\n"):
        raise TimedOut("a reply was still under way when it was waited for no longer", dialogue.transcript.evidence())
    return heard, dialogue.closed


def codes_of(heard: bytes) -> tuple[int, ...]:
    """The codes of complete replies."""
    return tuple(int(code) for code in re.findall(rb"^([2-5][0-9]{2})(?: [^\n]*)?\r?\n", heard, re.MULTILINE))


_REFUSAL = re.compile(rb"^(?:4[0-9]{2}|5[0-9]{2}) [^\r\n]*", re.MULTILINE)


def _protocol_error(heard: bytes) -> str:
    """The first refusal, if it is about the protocol (X.5: RFC 3463, section 3.6) and not about sender or recipient."""
    found = _REFUSAL.search(heard)
    text = found[0].decode("ascii", "backslashreplace") if found else ""
    return text if text[4:8] == "5.5." else ""
