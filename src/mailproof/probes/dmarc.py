"""Looks at DMARC: the DNS tree walk of RFC 9989, section 4.10."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from mailproof.grammars.dmarc import mailbox_domain
from mailproof.inventory.budgets import MAX_REPORT_DOMAINS
from mailproof.net.dns.registration import is_public_suffix, organisation_by_list, unregistered
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.observations.authorities import Silence, silence
from mailproof.observations.dmarc import DMARC, Destination, DMARCReports, Step
from mailproof.probes.authorities import NOBODY
from mailproof.probes.probe import probe
from mailproof.targets.mail import MailDomain

MAX_QUERIES = 8


def walk(domain: str) -> list[str]:
    """The names to ask about, longest first: at most eight, down to and including the top-level domain."""
    labels = domain.split(".")
    rest = labels[-(MAX_QUERIES - 1) :] if len(labels) >= MAX_QUERIES else labels[1:]
    return [domain, *(".".join(rest[cut:]) for cut in range(len(rest)))]


@probe()
async def dmarc(domain: MailDomain, net: Network) -> DMARC:
    """Every record on the way from the domain to its top-level domain; psd=y or psd=n ends the walk.

    So does a failure above a record of the domain's own, which is the policy whatever stands there.
    """
    steps: list[Step] = []
    broken_off: Silence | None = None
    for name in walk(domain.name):
        try:
            step = Step(name, await net.dns.resolve(f"_dmarc.{name}", "TXT"))
        except NotObserved as failure:
            if not steps or steps[0].record is None:
                raise
            broken_off = silence(failure)
            break
        steps.append(step)
        if step.record is not None and step.record.psd != "u":
            break
    misplaced: tuple[str, ...] = ()
    unknown: Silence | None = None
    exists = True  # as a name below it shows that has records
    try:
        existence = await net.dns.resolve(domain.name, "TXT")
    except NotObserved as failure:
        if not steps[0].answer.records:
            raise
        unknown = silence(failure)
    else:
        exists, misplaced = not existence.nonexistent, tuple(record.text for record in existence.records)
    suffixes = tuple(step.domain for step in steps if is_public_suffix(step.domain))
    found = DMARC(
        domain.name,
        exists,
        tuple(steps),
        misplaced,
        by_list=organisation_by_list(domain.name),
        suffixes=suffixes,
        unknown=unknown,
        broken_off=broken_off,
    )
    if broken_off or found.own.record is None or found.organisational_domain != domain.name:
        return found
    name = f"{NOBODY}.{domain.name}"
    with suppress(NotObserved):
        return replace(found, below=Step(name, await net.dns.resolve(f"_dmarc.{name}", "TXT")))
    return found


@probe()
async def dmarc_reports(domain: MailDomain, net: Network, dmarc: DMARC) -> DMARCReports:
    """Whether reports can be sent where the domain's own record wants them."""
    record = dmarc.own.record
    if record is None:
        return DMARCReports(domain.name, "")
    wanted: dict[str, tuple[str, str]] = {}
    for tag, uri in record.destinations:
        if name := mailbox_domain(uri):
            wanted.setdefault(name, (tag, uri))
    kept = list(wanted.items())[:MAX_REPORT_DOMAINS]
    home = dmarc.organisational_domain
    found = await asyncio.gather(*(_destination(net, domain.name, home, name, *where) for name, where in kept))
    return DMARCReports(domain.name, record.text, tuple(found), len(wanted) - len(kept))


async def _destination(net: Network, domain: str, home: str, name: str, tag: str, uri: str) -> Destination:
    external = not f".{name}".endswith(f".{home}")
    agreement = mx = None
    addresses: list[str] = []
    nobodys = ""
    try:
        if external:
            agreement = await net.dns.resolve(f"{domain}._report._dmarc.{name}", "TXT")
        mx = await net.dns.resolve(name, "MX")
        nobodys = await unregistered(net.dns, mx)
        if not (mx.records or mx.nonexistent):
            for type in ("A", "AAAA"):
                addresses += [record.data for record in (await net.dns.resolve(name, type)).records]
    except NotObserved as failure:
        return Destination(uri, tag, name, external, agreement, mx, tuple(addresses), failure.reason)
    return Destination(uri, tag, name, external, agreement, mx, tuple(addresses), unregistered=nobodys)
