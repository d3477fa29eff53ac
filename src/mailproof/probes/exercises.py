"""Reads the records of exercises. It sends nothing: only `mailproof exercise` does."""

from __future__ import annotations

import asyncio
from pathlib import Path

from mailproof.clock import now
from mailproof.documents import UnreadableDocument
from mailproof.exercises import read_exercise
from mailproof.net.errors import Malformed
from mailproof.observations.exercises import Exercised
from mailproof.probes.probe import probe
from mailproof.targets.own_mailboxes import ExercisedMailbox


@probe()
async def exercised(mailbox: ExercisedMailbox) -> Exercised:
    """The record, if there is one. Raises Malformed for one that cannot be read, or that is another mailbox's."""
    file = Path(mailbox.record)
    tries = (mailbox.tries_incoming, mailbox.tries_outgoing)
    if not await asyncio.to_thread(file.exists):
        return Exercised(mailbox.name, None, now(), *tries)
    try:
        found = await asyncio.to_thread(read_exercise, file)
    except UnreadableDocument as error:
        raise Malformed(str(error).replace(mailbox.record, mailbox.name)) from None
    if found.mailbox != mailbox.address:
        raise Malformed(f"{mailbox.name} is the record of {found.mailbox}")
    return Exercised(mailbox.name, found, now(), *tries)
