"""Looks at DMARC: the DNS tree walk of RFC 9989, section 4.10."""

from __future__ import annotations

from mailproof.net.network import Network
from mailproof.observations.dmarc import DMARC, Step
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
    """Every record on the way from the domain to its top-level domain; psd=y or psd=n ends the walk."""
    steps: list[Step] = []
    for name in walk(domain.name):
        step = Step(name, await net.dns.resolve(f"_dmarc.{name}", "TXT"))
        steps.append(step)
        if step.record is not None and step.record.psd != "u":
            break
    existence = await net.dns.resolve(domain.name, "TXT")
    misplaced = tuple(record.text for record in existence.records)
    return DMARC(domain.name, not existence.nonexistent, tuple(steps), misplaced)
