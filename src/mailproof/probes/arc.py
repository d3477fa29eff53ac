"""Verifies the ARC chains of messages (RFC 8617, section 5.2), over keys that our DNS client asked for."""

from __future__ import annotations

import asyncio
from pathlib import Path

from mailproof.grammars.dkim import KeyRecord, parse_key_record
from mailproof.grammars.dkim_signatures import parse_signature
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.observations.arc import ARCChain
from mailproof.observations.messages import Message
from mailproof.probes.dkim_verification import Unverifiable, verify_chain
from mailproof.probes.probe import probe
from mailproof.targets.files import MessageFile

MAX_SETS = 5
"""ARC sets that are verified, with two keys each; RFC 8617 admits 50."""


@probe()
async def arc_chain(file: MessageFile, net: Network, message: Message) -> ARCChain:
    """The ARC chain of a message that is ours, or that a server of ours took; of others nothing is asked."""
    seals = message.header.all("arc-seal")
    found = ARCChain(message, len(seals))
    if not seals or not found.concerns_us:
        return found
    if len(seals) > MAX_SETS:
        return ARCChain(message, len(seals), unknown=f"{len(seals)} sets: more than {MAX_SETS} are not verified")
    fields = (*seals, *message.header.all("arc-message-signature")[: 2 * MAX_SETS])
    keys: dict[str, KeyRecord] = {}
    try:
        for name in dict.fromkeys(parse_signature(field.value).key_name.lower() for field in fields):
            records = (await net.dns.resolve(name, "TXT")).records
            keys |= {name: parse_key_record(records[0].text)} if len(records) == 1 else {}
        data = await net.files.read(Path(file.path))
        broken = await asyncio.to_thread(verify_chain, data, keys)
    except NotObserved as failure:
        return ARCChain(message, len(seals), unknown=failure.reason)
    except Unverifiable as error:
        return ARCChain(message, len(seals), unknown=str(error))
    return ARCChain(message, len(seals), broken)
