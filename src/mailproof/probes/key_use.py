"""Looks for the keys of selectors in reports and in sample messages: which of them mail is signed with."""

from __future__ import annotations

from mailproof.grammars.dkim_signatures import parse_signature
from mailproof.grammars.received import seconds_of
from mailproof.net.errors import NotObserved
from mailproof.observations.dkim import DKIMKey
from mailproof.observations.key_use import KeysInMessages, KeyUse
from mailproof.observations.reports import day
from mailproof.probes.messages import message
from mailproof.probes.probe import Look, probe
from mailproof.probes.reports import reported
from mailproof.targets.base import Targets
from mailproof.targets.files import MessageFile
from mailproof.targets.mail import KeyRing, Selector
from mailproof.targets.reports import ReportedDomain

A_DAY = 86_400
"""Seconds."""


@probe(looks=("message",))
async def keys_in_messages(ring: KeyRing, look: Look, targets: Targets) -> KeysInMessages:
    """The keys that all sample messages together name."""
    keys: dict[str, int] = {}
    unread = next((missing.reason for missing in targets.missing(MessageFile)), "")
    for file in targets.found(MessageFile):
        try:
            found = await look(message, file)
        except NotObserved as failure:
            unread = unread or failure.reason
            continue
        at = int(seconds_of(found.received_at) or 0)
        for field in found.header.all("dkim-signature"):
            name = parse_signature(field.value).key_name.lower()
            keys[name] = max(keys.get(name, 0), at)
    return KeysInMessages(tuple(keys.items()), unread)


@probe(looks=("reported", "keys_in_messages"))
async def key_use(selector: Selector, look: Look, targets: Targets, dkim_key: DKIMKey) -> KeyUse:
    """When the key of a selector was last seen in the reports on its domain, or in a sample message."""
    has_key = any(not record.revoked for record in dkim_key.records)
    found = [target for target in targets.of_domain(ReportedDomain, selector.domain) if has_key]
    if not found or not isinstance(found[0], ReportedDomain):
        return KeyUse(selector.id, has_key, 0)
    seen = await look(reported, found[0])
    in_messages = await look(keys_in_messages, targets.found(KeyRing)[0])
    name = selector.id.lower()
    ends = [end for key, end in seen.keys if key == name]
    ends += [in_messages.newest[name]] if name in in_messages.newest else []
    return KeyUse(
        selector.id,
        has_key,
        (seen.until - seen.since) // A_DAY,
        day(seen.until) if seen.until else "",
        max((seen.until - max(ends)) // A_DAY, 0) if ends else None,
        next(iter(seen.unread), in_messages.unread),
    )
