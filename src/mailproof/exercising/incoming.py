"""Sends the test messages to a mailbox of ours, and waits for them there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from mailproof.exercises import INBOX, Arrival, Sent
from mailproof.exercising.mailboxes import Found, Reader
from mailproof.exercising.messages import Composer
from mailproof.exercising.sending import Sender, send_all, servers_of
from mailproof.grammars.authentication_results import parse_authentication_results
from mailproof.grammars.received import parse_received
from mailproof.inventory.exercise import OwnMailbox
from mailproof.net.mailboxes import UnreadableMailbox
from mailproof.net.network import Network

MOST_BETWEEN = 2.0
"""Seconds between two looks into the mailbox, and before the last one; less where the whole time is short."""
MOST_FOR_HIDDEN = 30.0
"""Seconds that a message which was hidden in another has to arrive; less where the whole time is short."""
TRIES = 5
"""How often a message that is put off is sent again at most."""


async def send_and_wait(
    mailbox: OwnMailbox,
    composer: Composer,
    reader: Reader,
    net: Network,
    run: str,
    began_at: str,
    ours: Iterable[str],
    say: Callable[[str], None],
) -> tuple[Sent, ...]:
    """Every message with what was said to it, and where it arrived. Raises NoServer, NotObserved, UnreadableMailbox."""
    since = datetime.fromisoformat(began_at).timestamp()
    await asyncio.to_thread(reader.find, run, since)  # a mailbox that cannot be read gets no mail
    servers = await servers_of(mailbox.domain, net)
    pause = max(net.settings.limits.retry_pause, mailbox.wait / TRIES)
    sent = await send_all(Sender(net, mailbox.address, servers), list(composer.mails()), mailbox.wait, pause)
    say(f"  sent to {sent[0].server}: {sum(one.accepted for one in sent)} of {len(sent)} accepted; waiting for them")
    found = await _arrived(sent, mailbox, reader, run, since)
    own = (*ours, *mailbox.authserv_ids)
    return tuple(
        replace(
            one,
            arrivals=tuple(
                _arrival(message, mailbox, own, smuggled=smuggled)
                for smuggled in (False, True)
                for message in found
                if message.mark == f"{run} {one.case}{' smuggled' if smuggled else ''}"
            ),
        )
        for one in sent
    )


async def _arrived(sent: tuple[Sent, ...], mailbox: OwnMailbox, reader: Reader, run: str, since: float) -> list[Found]:
    """What is in the mailbox as soon as all that was accepted is there, or after the time that it has."""
    expected = {f"{run} {one.case}" for one in sent if one.accepted}
    loop = asyncio.get_running_loop()
    end = loop.time() + mailbox.wait
    pause = min(MOST_BETWEEN, mailbox.wait / 20)
    while loop.time() < end:
        with suppress(UnreadableMailbox):  # it could be read before; whether it can be in the end is what counts
            if expected <= {message.mark for message in await asyncio.to_thread(reader.find, run, since)}:
                break
        await asyncio.sleep(pause)
    await asyncio.sleep(min(MOST_FOR_HIDDEN, mailbox.wait / 10))  # nothing says whether what was smuggled comes
    return await asyncio.to_thread(reader.find, run, since)


def _arrival(message: Found, mailbox: OwnMailbox, own: tuple[str, ...], *, smuggled: bool) -> Arrival:
    header = message.header
    takers = {parse_received(field.value).by for field in header.all("received")}
    results = [
        field.value
        for field in header.all("authentication-results")
        if _is_own(parse_authentication_results(field.value).server, takers, own)
    ]
    quarantined = message.folder in mailbox.quarantine if mailbox.quarantine else message.folder != INBOX
    return Arrival(
        message.folder,
        quarantined,
        smuggled,
        tuple(results),
        tuple(field.value for field in header.all("received-spf")),
    )


def _is_own(server: str, takers: set[str], own: tuple[str, ...]) -> bool:
    """Whether a name is that of a host that took the message, or lies below a domain of ours. The message left here
    without any Received field, so every host that wrote one is the receiver's.
    """
    return server in takers or any(server == name or server.endswith(f".{name}") for name in own)
