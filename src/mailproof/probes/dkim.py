"""Looks at DKIM keys (RFC 6376, section 3.6.2)."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress

from mailproof.clock import now
from mailproof.criteria.broken_keys import MOST_BITS, is_list, list_of, with_common_factors
from mailproof.criteria.mail_providers import provider_of
from mailproof.grammars.public_keys import RSAKey
from mailproof.inventory.model import Inventory
from mailproof.net.dns.registration import owned, unregistered
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.observations import Former
from mailproof.observations.authorities import Silence, silence
from mailproof.observations.dkim import DKIMKey, DKIMSubtree, DomainKeys, KeyAge, KeyCompany, KeysTogether, ProviderKeys
from mailproof.observations.mx import MX
from mailproof.observations.spf import SPF
from mailproof.probes.authorities import NOBODY
from mailproof.probes.probe import Look, probe
from mailproof.targets.base import Targets
from mailproof.targets.mail import KeyRing, MailDomain, Selector

MAX_OCTETS_OF_LIST = 512 * 1024 * 1024
"""Of a list of broken keys: 32 million keys."""


@probe()
async def dkim_key(selector: Selector, net: Network) -> DKIMKey:
    """The TXT records at ``selector._domainkey.domain``; a CNAME is followed."""
    answer = await net.dns.resolve(selector.id, "TXT")
    return DKIMKey(selector.selector, selector.domain, answer, await unregistered(net.dns, answer))


@probe(looks=("dkim_key",))
async def keys_together(
    ring: KeyRing, net: Network, inventory: Inventory, look: Look, targets: Targets
) -> KeysTogether:
    """What the keys of all selectors have in common, whole keys and factors, and which of them are known as broken."""
    seen, unknown = await _keys(targets.found(Selector), look)
    lists = {file.name: await net.files.read(file, MAX_OCTETS_OF_LIST) for file in inventory.broken_keys}
    return await asyncio.to_thread(_compared, seen, unknown, lists)


async def _keys(selectors: tuple[Selector, ...], look: Look) -> tuple[tuple[DKIMKey, ...], tuple[Silence, ...]]:
    """The keys of selectors, and why some could not be looked at."""
    outcomes = await asyncio.gather(*(look(dkim_key, selector) for selector in selectors), return_exceptions=True)
    seen: list[DKIMKey] = []
    unknown: list[Silence] = []
    for outcome in outcomes:
        if isinstance(outcome, DKIMKey):
            seen.append(outcome)
        elif isinstance(outcome, NotObserved):
            unknown.append(silence(outcome))
        else:
            raise outcome
    return tuple(seen), tuple(unknown)


def _compared(seen: tuple[DKIMKey, ...], unknown: tuple[Silence, ...], lists: Mapping[str, bytes]) -> KeysTogether:
    by_key: dict[str, dict[str, str]] = defaultdict(dict)
    moduli: dict[int, list[str]] = defaultdict(list)
    listed: list[tuple[str, str]] = []
    unread = tuple(name for name, records in lists.items() if not is_list(records))
    for found in seen:
        for key in (record.key for record in found.keys):
            if key is None:
                continue
            by_key[key.fingerprint].setdefault(found.end, found.name)
            for name, records in lists.items():
                if name not in unread and (number := list_of(key.octets, records)) is not None:
                    listed.append((found.name, f"{name} (list {number})"))
            if isinstance(key, RSAKey) and key.bits <= MOST_BITS:
                moduli[key.modulus].append(found.name)
    shared = tuple(tuple(names.values()) for names in by_key.values() if len(names) > 1)
    factors = tuple(name for modulus in with_common_factors(tuple(moduli)) for name in moduli[modulus])
    return KeysTogether(shared, factors, tuple(listed), tuple(one.reason for one in unknown), unread)


@probe(looks=("keys_together",))
async def key_company(selector: Selector, look: Look, targets: Targets) -> KeyCompany:
    """What the selector's key has in common with the others of the inventory."""
    together = await look(keys_together, targets.found(KeyRing)[0])
    owner = owned(selector.domain)
    others = together.companions.get(selector.id, frozenset()) - {selector.id}
    ours = {name for name in others if owned(name.partition("._domainkey.")[2]) == owner}
    factor = selector.id in together.factors
    listed = dict(together.listed).get(selector.id, "")
    unread = ", ".join(together.unread)
    return KeyCompany(selector.id, owner, tuple(sorted(ours)), tuple(sorted(others - ours)), factor, listed, unread)


@probe()
async def key_age(selector: Selector, dkim_key: DKIMKey, former: Former) -> KeyAge:
    """The selector's key, and since when the history has had it."""
    prints = sorted(record.key.fingerprint for record in dkim_key.keys if record.key)
    key = hashlib.sha256(" ".join(prints).encode()).hexdigest()[:32] if prints else ""
    return KeyAge(selector.id, former.kept, now()[:10], key, former.fact(selector.id, KeyAge.FACT))


@probe(looks=("dkim_key",))
async def domain_keys(domain: MailDomain, look: Look, targets: Targets) -> DomainKeys:
    """The keys of the domain's selectors."""
    own = targets.found_of(Selector, domain.name)
    return DomainKeys(domain.name, *await _keys(own, look))


@probe()
async def provider_keys(domain: MailDomain, net: Network, mx: MX, spf: SPF) -> ProviderKeys:
    """The selectors of the provider that the domain's MX and SPF records name: four questions at most."""
    terms = spf.record.terms if spf.record else ()
    included = {(term.domain or "").lower() for term in terms if term.name == "include"}
    for provider in filter(None, map(provider_of, mx.names)):
        if provider.selectors and provider.spf in included:
            names = (f"{selector}._domainkey.{domain.name}" for selector in provider.selectors)
            answers = await asyncio.gather(*(net.dns.resolve(name, "TXT") for name in names))
            return ProviderKeys(domain.name, provider.name, provider.key_domains, tuple(answers))
    return ProviderKeys(domain.name)


@probe()
async def dkim_subtree(domain: MailDomain, net: Network) -> DKIMSubtree:
    """``_domainkey`` of the domain (RFC 6376, section 3.6.2.1): no selector stands below a name that does not exist.

    Where it exists, a selector and a name that nobody has tell whether that is the work of a wildcard.
    """
    name = f"_domainkey.{domain.name}"
    answer = await net.dns.resolve(name, "TXT")
    below = beside = None
    with suppress(NotObserved):
        below = None if answer.nonexistent else await net.dns.resolve(f"{NOBODY}.{name}", "TXT")
        if below is not None and not below.nonexistent:
            beside = await net.dns.resolve(f"{NOBODY}.{domain.name}", "TXT")
    return DKIMSubtree(domain.name, answer, below, beside)
