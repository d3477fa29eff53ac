"""Reads messages that the inventory names, verifies their signatures, and asks SPF about their sending hop."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Container
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mailproof.clock import now
from mailproof.grammars.dkim import parse_key_record
from mailproof.grammars.dkim_signatures import Signature, parse_signature
from mailproof.grammars.messages import MAX_FIELDS, MAX_OCTETS, Field, parse_header
from mailproof.inventory.budgets import MAX_SIGNATURES
from mailproof.inventory.model import Inventory
from mailproof.inventory.values import a_labels, domain_name
from mailproof.net.dns.names import is_host
from mailproof.net.dns.registration import registrable
from mailproof.net.errors import Malformed, NotObserved
from mailproof.net.network import Network
from mailproof.observations.messages import (
    KEPT,
    NO_KEY,
    Message,
    MessageSignatures,
    OneClick,
    ReturnPath,
    SaidNames,
    SendingHop,
    SignatureSeen,
    one_click_uri,
)
from mailproof.probes.check_host import check_host
from mailproof.probes.dkim_verification import SignedMessage, Unverifiable, verify
from mailproof.probes.dmarc import dmarc
from mailproof.probes.probe import Look, probe
from mailproof.probes.sources import fetched
from mailproof.targets.addresses import SendingAddress
from mailproof.targets.base import Targets
from mailproof.targets.files import MessageFile
from mailproof.targets.mail import MailDomain, hosts_by_name


@probe()
async def message(file: MessageFile, net: Network, inventory: Inventory, targets: Targets) -> Message:
    """The header of a message, and the form of its lines. Raises Malformed for a file that has no header at all."""
    data = await _octets(file, net)
    header = await asyncio.to_thread(parse_header, data)
    if not header.fields:
        raise Malformed(f"{file.name} has no header: it is no message")
    if header.cut_short:
        raise Malformed(f"{file.name} has a header of more than {MAX_FIELDS} fields or {MAX_OCTETS} octets")
    fields = tuple(field if field.key in KEPT else replace(field, value="") for field in header.fields)
    found = Message(file.name, replace(header, fields=fields), observed_at=now())
    own = [domain.name for domain in inventory.domains if domain.sends and not domain.parked]
    addresses = {sender.address for sender in targets.found(SendingAddress)}
    sent_by_us = next((hop.address for hop in found.hops if hop.address in addresses), "")
    bounces = (found.return_path or "").rpartition("@")[2].lower()
    ours = _belongs_to(found.author_domain, own)
    named = dict.fromkeys(a_labels(name) for name in (found.author_domain, bounces) if _belongs_to(name, own))
    known = {domain.name for domain in inventory.domains}
    hosts = hosts_by_name(targets)
    return replace(
        found,
        ours=ours,
        sent_by_us="" if _is_forwarded(found) else sent_by_us or _belongs_to(bounces, own),
        taken_at=_taken_at(found, hosts, own, addresses),
        strays=tuple(name for name in named if ours and name not in known),
    )


async def _octets(file: MessageFile, net: Network) -> bytes:
    """A message without the byte order mark that an editor put before it."""
    return (await net.files.read(Path(file.path))).removeprefix(b"\xef\xbb\xbf")


def _is_forwarded(message: Message) -> bool:
    """Whether a message may have come from outside to the one that sent it: its author is none of ours then."""
    outside = [
        hop
        for hop in message.hops
        if hop.is_from_outside and not hop.protocol.endswith("A") and not _are_related(hop.helo, hop.by)
    ]
    return len(outside) > 1 or bool(message.passed_on)


def _taken_at(message: Message, hosts: Container[str], domains: list[str], addresses: set[str]) -> int:
    """The line of the Received field by which the first host of ours took the message, if that was from outside."""
    line = 0
    for field, hop in zip(message.header.all("received"), message.hops, strict=True):
        if hop.by not in hosts and not _belongs_to(hop.by, domains):
            break
        line = field.line if hop.is_from_outside and hop.address not in addresses else 0
    return line


def _belongs_to(name: str, domains: list[str]) -> str:
    """The longest of the domains that a name is, or lies below; empty where there is none."""
    try:
        name = domain_name(name)
    except ValueError:
        return ""
    return max((domain for domain in domains if f".{name}".endswith(f".{domain}")), key=len, default="")


@probe()
async def message_signatures(file: MessageFile, net: Network, look: Look, message: Message) -> MessageSignatures:
    """The signatures of a message whose From is ours, verified; of others nothing is asked."""
    if not message.ours:
        return MessageSignatures(message)
    fields = message.header.all("dkim-signature")
    try:
        signed = await asyncio.to_thread(SignedMessage, await _octets(file, net))
    except Unverifiable as error:
        raise Malformed(f"the signatures of {file.name} cannot be verified: {error}") from None
    seen = [
        await _verified(signed, number, field, message, net) for number, field in enumerate(fields[:MAX_SIGNATURES])
    ]
    aligned = [replace(one, aligned=await _is_aligned(one.signature.domain, "adkim", message, look)) for one in seen]
    return MessageSignatures(message, tuple(aligned), max(len(fields) - MAX_SIGNATURES, 0))


async def _verified(signed: SignedMessage, index: int, field: Field, message: Message, net: Network) -> SignatureSeen:
    signature = parse_signature(field.value)
    left_out = _left_out(signature, message)
    seen = SignatureSeen(field.value, field.line, "", left_out=left_out)
    if signature.errors:
        return replace(seen, result="permerror", reason="; ".join(signature.errors[:5]))
    try:
        key = await net.dns.resolve(signature.key_name, "TXT")
    except NotObserved as failure:
        return replace(seen, reason=failure.reason)
    texts = tuple(record.text for record in key.records)
    if all(parse_key_record(text).revoked for text in texts):
        return replace(seen, result="permerror", reason=f"{NO_KEY}{signature.key_name}", key=key)
    try:
        result, reason = await asyncio.to_thread(verify, signed, index, signature, texts, message.received_at)
    except Unverifiable as error:
        return replace(seen, reason=str(error), key=key)
    return replace(seen, result=result, reason=reason, key=key)


def _left_out(signature: Signature, message: Message) -> tuple[str, ...]:
    """Fields of the message that the signature does not sign, or not as often as they stand there."""
    present = Counter(field.key for field in message.header.fields)
    signed = Counter(signature.signed)
    return tuple(name for name, number in present.items() if signed[name] < number)


async def _is_aligned(domain: str, tag: str, message: Message, look: Look) -> bool:
    """Whether an authenticated domain is aligned with From (RFC 9989, section 4.4): strictly where ``tag`` says so."""
    author = a_labels(message.author_domain)
    if domain == author:
        return True
    found = await look(dmarc, MailDomain(author))
    policy = found.policy
    if policy is not None and (policy.record.get(tag) or "").lower() == "s":
        return False
    home = found.organisational_domain
    if not f".{domain}".endswith(f".{home}") or not is_host(domain):
        return False
    return (await look(dmarc, MailDomain(domain))).organisational_domain == home


@probe()
async def sending_hop(file: MessageFile, net: Network, look: Look, targets: Targets, message: Message) -> SendingHop:
    """The hop by which a message of ours left us, with what check_host() says of it now."""
    if not message.ours:
        return SendingHop(message)
    known = targets.found(SendingAddress)
    own = {sender.address for sender in known}
    hop = _hop(message, own)
    hop = replace(hop, is_ours=hop.address in own, are_declared=any(sender.declared for sender in known))
    if not hop.address or message.return_path is None:
        return hop
    hop = replace(hop, sender=message.return_path if "@" in message.return_path else "")
    is_strangers = not hop.is_ours and (hop.are_declared or bool(message.passed_on))
    if is_strangers or not is_host(a_labels(hop.domain)):
        return hop
    sender = hop.sender
    check = await check_host(net.dns, hop.address, sender, hop.helo or hop.domain)
    aligned = await _is_aligned(a_labels(hop.domain), "aspf", message, look)
    return replace(hop, check=check, aligned=aligned)


def _hop(message: Message, own: set[str]) -> SendingHop:
    """Who handed the message to its receiver: a sending address of the inventory if one is on the way; else what the
    receiver says of SPF; else the last client from outside whose name is not of the server's own organisation.
    """
    hops = message.hops
    for hop in hops:
        if hop.address in own:
            return SendingHop(message, hop.address, hop.helo, "Received")
    spf = message.received_spf
    if spf is not None and spf.address:
        helo = spf.helo or next((hop.helo for hop in hops if hop.address == spf.address), "")
        return SendingHop(message, spf.address, helo, "Received-SPF")
    for hop in hops:
        if hop.is_from_outside and not _are_related(hop.helo, hop.by):
            return SendingHop(message, hop.address, hop.helo, "Received")
    return SendingHop(message)


def _are_related(name: str, other: str) -> bool:
    """Whether two names of hosts are of one organisation, as far as the Public Suffix List knows."""
    return bool(name) and registrable(name) == registrable(other)


@probe()
async def said_names(sender: SendingAddress, look: Look, targets: Targets) -> SaidNames:
    """What the messages of the inventory tell of the names that a sending address says. Only ours are believed."""
    found: dict[str, str] = {}
    for file in targets.found(MessageFile):
        with suppress(NotObserved):
            seen = await look(message, file)
            name = next((hop.helo for hop in seen.hops if hop.address == sender.address), "")
            if name and seen.ours and len(found) < MAX_SAID_NAMES:
                found.setdefault(name, seen.file)
    return SaidNames(sender.address, tuple(found.items()))


MAX_SAID_NAMES = 5


@probe()
async def return_path(file: MessageFile, net: Network, inventory: Inventory, message: Message) -> ReturnPath:
    """Whether mail can be sent where bounces of a message of ours go; a domain of the inventory is not asked about."""
    name = a_labels((message.return_path or "").rpartition("@")[2].lower())
    if not message.ours or not name or not is_host(name):
        return ReturnPath(message)
    if any(domain.name == name for domain in inventory.domains):
        return ReturnPath(message, name, True)
    mx = await net.dns.resolve(name, "MX")
    addresses: list[str] = []
    if not (mx.records or mx.nonexistent):
        for type in ("A", "AAAA"):
            addresses += [record.data for record in (await net.dns.resolve(name, type)).records]
    return ReturnPath(message, name, False, mx, tuple(addresses))


@probe(active=True, connections=1, peer="the https host of List-Unsubscribe in {}")
async def one_click(
    file: MessageFile, net: Network, message: Message, message_signatures: MessageSignatures
) -> OneClick:
    """One GET of the URI by which a message of ours offers to unsubscribe. Nothing is asked for a message that we did
    not sign: anybody could have written it.
    """
    uri = one_click_uri(message)
    if not (uri and message.header.all("list-unsubscribe-post") and message_signatures.good):
        return OneClick(message)
    try:
        return OneClick(message, uri, await fetched(net, uri, MAX_PAGE))
    except ValueError:
        return OneClick(message)


MAX_PAGE = 1024 * 1024
"""Octets of the page that a GET of the URI answers."""
