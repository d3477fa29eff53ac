"""Looks at where the names of a domain lead. The DNS alone is asked: nobody is connected to."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import unquote

from mailproof.inventory.budgets import MAX_NAMED_DOMAINS
from mailproof.net.dns.client import Answer
from mailproof.net.dns.names import normalise
from mailproof.net.dns.registration import is_unregistered, registrable, unregistered
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.observations.authorities import Silence, silence
from mailproof.observations.dangling import AliasEnd, LeadingNames, NamedDomain
from mailproof.probes.probe import probe
from mailproof.targets.mail import MailDomain

SERVICES = ("mta-sts", "autoconfig", "autodiscover")
REPORTS = {"_dmarc": "DMARC record", "_smtp._tls": "TLS reporting record", "default._bimi": "BIMI record"}

_ADDRESS = re.compile(
    r"(?:mailto:[^@\s,;]+@|https?://(?:[^/@\s,;]*@)?)(?P<host>(?:[A-Za-z0-9_.-]|%[0-9A-F]{2})+)", re.I
)


@probe()
async def leading_names(domain: MailDomain, net: Network) -> LeadingNames:
    """Aliases of the domain to their ends, and whether the domains are registered that its texts name.

    Six names are asked for that other probes ask for as well, and three besides; then each domain that is named, once.
    """
    name = domain.name
    asked = {
        **{f"{label}.{name}": "A" for label in SERVICES},
        **{f"{label}.{name}": "TXT" for label in (*REPORTS, "_mta-sts")},
        name: "TXT",
    }
    unknown: list[tuple[Silence, str]] = []
    answers: dict[str, Answer] = {}
    outcomes = await asyncio.gather(
        *(net.dns.resolve(asked_name, type) for asked_name, type in asked.items()), return_exceptions=True
    )
    for asked_name, outcome in zip(asked, outcomes, strict=True):
        if isinstance(outcome, NotObserved):
            unknown.append((silence(outcome), _tells_of(asked_name, name)))
        elif isinstance(outcome, BaseException):
            raise outcome
        else:
            answers[asked_name] = outcome
    if not answers:
        raise unknown[0][0].failure()
    ends = {
        owner: AliasEnd(owner, answer, await unregistered(net.dns, answer))
        for owner, answer in answers.items()
        if answer.aliases
    }
    services = tuple(end for owner, end in ends.items() if asked[owner] == "A")
    records = tuple(end for owner, end in ends.items() if asked[owner] == "TXT")
    naming = _Naming(net, registrable(name))
    reports = [
        await naming.of(answers[f"{label}.{name}"], what)
        for label, what in REPORTS.items()
        if f"{label}.{name}" in answers
    ]
    unknown += [(beyond, "reports") for beyond in naming.beyond]
    naming.beyond.clear()
    texts = await naming.of(answers[name], "TXT record") if name in answers else ()
    unknown += [(beyond, "texts") for beyond in naming.beyond]
    return LeadingNames(
        name,
        services,
        records,
        tuple(one for some in reports for one in some),
        texts,
        tuple(silence for silence, _ in unknown),
        tuple(about for _, about in unknown),
    )


def _tells_of(asked: str, domain: str) -> str:
    """What the answer for a name would have told of."""
    if asked == domain:
        return "records texts"
    label = asked.removesuffix(f".{domain}")
    return "services" if label in SERVICES else "records reports" if label in REPORTS else "records"


class _Naming:
    """The domains that texts name, each asked for once, up to a bound."""

    def __init__(self, net: Network, own: str) -> None:
        self._net = net
        self._known = {own: False}
        self.beyond: list[Silence] = []

    async def of(self, answer: Answer, what: str) -> tuple[NamedDomain, ...]:
        """The domains that the records of an answer name by an address, the domain's own left out."""
        found: dict[NamedDomain, None] = {}
        for record in answer.records:
            if record.text.lower().startswith("v=spf1"):
                continue
            for match in _ADDRESS.finditer(record.text):
                domain = _domain_of(match["host"])
                if not domain:
                    continue
                if domain not in self._known and len(self._known) > MAX_NAMED_DOMAINS:
                    too_many = f"{what} at {answer.name}: {domain} is not asked for, there being too many"
                    self.beyond.append(Silence(too_many, NotObserved.kind))
                    continue
                if domain not in self._known:
                    self._known[domain] = await is_unregistered(self._net.dns, domain)
                found[NamedDomain(f"{what} at {answer.name}", match[0], domain, self._known[domain])] = None
        return tuple(found)


def _domain_of(host: str) -> str:
    try:
        return registrable(normalise(unquote(host, errors="strict")))
    except ValueError:
        return ""
