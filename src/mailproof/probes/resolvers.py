"""Looks at the resolvers of the mail hosts: one question of each kind to each of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from mailproof.clock import now
from mailproof.criteria.root import KEY_TAG_2024
from mailproof.inventory.budgets import MAX_LISTS_OF_RESOLVER, MAX_VIEWS
from mailproof.inventory.model import Inventory
from mailproof.inventory.values import socket_address
from mailproof.net.dns.client import Answer, Form, reverse_name
from mailproof.net.dns.encrypted import PORT, ask_over_tls
from mailproof.net.errors import ClosedEarly, Malformed, NotAvailable, NotObserved, Refused, RefusedByAddress, TimedOut
from mailproof.net.network import Network
from mailproof.observations.authorities import Silence
from mailproof.observations.mx import MX
from mailproof.observations.resolvers import (
    DNSOverTLS,
    ListSeen,
    ResolverAnswers,
    ResolverViews,
    View,
)
from mailproof.probes.probe import probe
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailDomain
from mailproof.targets.resolvers import MailResolver

MISSING = "mailproof-does-not-exist.example"
"""A name that does not exist: the top-level domain is reserved (RFC 2606, section 2)."""

KNOWN = "a.root-servers.net"

PAUSE = 1.2
"""Seconds after which the TTL of a cached answer has fallen."""

AGAIN = 3
"""Times that the same is asked later: an address may stand for several servers, each with a cache of its own."""


class _Asker:
    """Puts questions to one resolver."""

    def __init__(self, net: Network, resolver: str) -> None:
        self._net = net
        self._at = socket_address(resolver, 53)

    async def __call__(self, name: str | None, type: str = "A", **more: Any) -> Any:
        """The answer or a Silence; None where there is no name to ask for."""
        if name is None:
            return None
        try:
            at = self._at
            return await self._net.dns.ask(at.address, name, type, port=at.port, recurse=True, **more)
        except (TimedOut, Refused, ClosedEarly, Malformed) as failure:
            return Silence(failure.reason, failure.kind, lines=failure.evidence)


@probe(questions=12 + AGAIN + 2 * MAX_LISTS_OF_RESOLVER)
async def resolver_answers(resolver: MailResolver, net: Network, inventory: Inventory) -> ResolverAnswers:
    """One question of each kind to the resolver; only the first one where it does not serve this machine."""
    ask, at = _Asker(net, resolver.address), now()
    root = await ask(".", "SOA")
    seen = ResolverAnswers(resolver.address, at, root)
    if not seen.serves:
        return seen
    canaries = inventory.canaries
    zone = canaries.sentinel
    first = await ask(".", "NS")
    keys, bogus, missing, known, ipv6_only, trusts, distrusts, failing = await asyncio.gather(
        ask(".", "DNSKEY"),
        ask(canaries.bogus),
        ask(MISSING),
        ask(KNOWN),
        ask(canaries.ipv6_only),
        ask(zone and f"root-key-sentinel-is-ta-{KEY_TAG_2024}.{zone}"),
        ask(zone and f"root-key-sentinel-not-ta-{KEY_TAG_2024}.{zone}"),
        ask(canaries.failing),
    )
    failing_again = await ask(canaries.failing, form=Form(payload=1231))
    # Behind the other: what was fetched without validation must not be in the cache when it is asked for with it.
    unchecked = await ask(canaries.bogus, checking_disabled=True)
    lists = [
        ListSeen(entry.name, await ask(_entry("127.0.0.2", entry.asked)), await ask(_entry("127.0.0.1", entry.asked)))
        for entry in inventory.blocklists[:MAX_LISTS_OF_RESOLVER]
        if "ipv4" in entry.families
    ]
    await asyncio.sleep(PAUSE)
    later = [await ask(".", "NS", form=Form(payload=1231 - number)) for number in range(AGAIN)]
    return replace(
        seen,
        keys=keys,
        bogus=bogus,
        unchecked=unchecked,
        missing=missing,
        known=known,
        first=first,
        later=tuple(later),
        ipv6_only=ipv6_only,
        trusts=trusts,
        distrusts=distrusts,
        failing=failing,
        failing_again=failing_again,
        lists=tuple(lists),
    )


def _entry(address: str, zone: str) -> str:
    return f"{reverse_name(address).removesuffix('.in-addr.arpa')}.{zone}"


@probe(questions=3 * MAX_VIEWS)
async def resolver_views(domain: MailDomain, net: Network, targets: Targets, mx: MX) -> ResolverViews:
    """MX and TXT of the domain, and TLSA of its first MX host, from each resolver that the inventory names."""
    questions = [(domain.name, "MX"), (domain.name, "TXT")]
    if hosts := sorted(exchange for exchange in mx.exchanges if exchange not in mx.not_hosts and exchange[1] != "."):
        questions.append((f"_25._tcp.{hosts[0][1]}", "TLSA"))
    resolvers = [resolver for resolver in targets.found(MailResolver) if not resolver.outside]
    if not resolvers or mx.answer.proposed:
        return ResolverViews(domain.name, (), mx.answer.proposed)
    views = [View("the run's resolvers", tuple([await _own(net, *question) for question in questions]))]
    for resolver in resolvers[:MAX_VIEWS]:
        ask = _Asker(net, resolver.address)
        answers = await asyncio.gather(*(ask(name, type) for name, type in questions))
        views.append(View(resolver.address, tuple(answers)))
    return ResolverViews(domain.name, tuple(views))


async def _own(net: Network, name: str, type: str) -> Answer | Silence:
    try:
        return await net.dns.question(name, type)
    except NotObserved as failure:
        return Silence(failure.reason, failure.kind, lines=failure.evidence)


@probe(connections=1)
async def dns_over_tls(resolver: MailResolver, net: Network) -> DNSOverTLS:
    """The SOA of the root over TLS, where the inventory says that the resolver speaks it."""
    if not resolver.dot:
        return DNSOverTLS(resolver.address)
    address = socket_address(resolver.address, 53).address
    try:
        async with net.hosts.request(address, PORT):
            return DNSOverTLS(resolver.address, await ask_over_tls(net.settings, address, resolver.host))
    except (NotAvailable, RefusedByAddress) as failure:
        return DNSOverTLS(resolver.address, refusal=failure.reason)
