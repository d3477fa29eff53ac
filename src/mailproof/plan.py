"""The plan of a run: what would be contacted, by which probes, with how many connections and refused recipients, and
what needs consent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mailproof.controls import Control
from mailproof.docket import Docket
from mailproof.net.refusals import USUAL_BAN, WINDOW
from mailproof.net.settings import Limits
from mailproof.net.text import printable
from mailproof.probes.probe import Probe
from mailproof.survey import bound_of_run
from mailproof.targets.base import Target, Targets, Undiscovered
from mailproof.targets.services import Endpoint


@dataclass
class Contact:
    """One host that would be connected to. ``connections`` is the most that the probes open, retries aside."""

    host: str
    probes: list[str] = field(default_factory=list)
    connections: int = 0
    refusals: int = 0
    """Recipients that it refuses if all is right, which may count against the tester."""
    withheld: list[str] = field(default_factory=list)
    """Active probes that would not run, for want of consent."""
    unscanned: list[str] = field(default_factory=list)
    """Deep scans that would not run, for want of their own."""
    active: list[str] = field(default_factory=list)
    """Active probes that would run."""
    scans: list[str] = field(default_factory=list)
    """Deep scans that would run."""


@dataclass
class Plan:
    """What a run would do."""

    verdicts: int = 0
    """Pairs of control and target."""
    targets: dict[str, int] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    dns_only: dict[str, int] = field(default_factory=dict)
    """Probes that only ask the DNS, with the number of their targets."""
    questions: dict[str, int] = field(default_factory=dict)
    """Questions that these probes put to name servers directly, at most."""
    undiscovered: list[tuple[str, str]] = field(default_factory=list)
    host_seconds: float = 0.0
    """How long connections to one mail host may be open in the run: what lies beyond is not looked at."""
    run_seconds: float = 0.0
    """How long the survey may take."""
    refused: dict[str, int] = field(default_factory=dict)
    """What each address refuses if all is right, over all its ports."""
    too_many: dict[str, int] = field(default_factory=dict)
    """Addresses that would get more connections than one may have, with the number."""

    def document(self) -> dict[str, Any]:
        """The plan for machines."""
        return {
            "verdicts": self.verdicts,
            "targets": self.targets,
            "contacts": [
                {
                    "host": contact.host,
                    "connections": contact.connections,
                    "refusals": contact.refusals,
                    "probes": contact.probes,
                    "active": contact.active,
                    "withheld": contact.withheld,
                    "scans": contact.scans,
                    "unscanned": contact.unscanned,
                }
                for contact in self.contacts.values()
            ],
            "bounds": {"host_seconds": self.host_seconds, "run_seconds": self.run_seconds},
            "refusals": self.refused,
            "too_many_connections": self.too_many,
            "dns": self.dns_only,
            "questions": self.questions,
            "undiscovered": [{"target": name, "reason": reason} for name, reason in self.undiscovered],
        }


def make_plan(
    docket: Docket,
    controls: Iterable[Control],
    targets: Targets,
    *,
    limits: Limits | None = None,
    named: Collection[str] = (),
) -> Plan:
    """What judging ``controls`` takes, as the docket pairs them with ``targets``. Nothing is contacted to find out.

    ``named`` are the addresses of hosts that the inventory names. Raises UnknownFixture.
    """
    limits = limits or Limits()
    probes = docket.probes
    plan = Plan(host_seconds=limits.host, run_seconds=bound_of_run(limits, targets, probes))
    wanted: dict[str, dict[str, Target]] = {}
    for control in controls:
        for target in docket.ruled(control, targets):
            plan.verdicts += 1
            for name in docket.observations(control):
                wanted.setdefault(name, {})[target.id] = target
    observed: dict[str, dict[str, Target]] = {}
    for name, of in wanted.items():
        for target in of.values():
            for needed, looked_at in docket.closure(name, target).items():
                observed.setdefault(needed, {})[looked_at.id] = looked_at
    for name, of in sorted(observed.items()):
        if probes[name].most_connections(limits) == 0:
            plan.dns_only[name] = len(of)
            if probes[name].questions:
                plan.questions[name] = probes[name].questions * len(of)
            continue
        for target in of.values():
            _add(plan, probes[name], target, limits)
    plan.targets = dict(Counter(type(target).__name__ for target in targets if not isinstance(target, Undiscovered)))
    plan.undiscovered = sorted({(unknown.id, unknown.reason) for unknown in targets.missing(Target)})
    plan.refused = _refused(plan, targets)
    plan.too_many = _too_many(plan, targets, limits, named)
    plan.contacts = dict(sorted(plan.contacts.items()))
    return plan


def _refused(plan: Plan, targets: Targets) -> dict[str, int]:
    at = {endpoint.id: endpoint.address for endpoint in targets.found(Endpoint)}
    counts: Counter[str] = Counter()
    for contact in plan.contacts.values():
        if contact.refusals:
            counts[at.get(contact.host, contact.host)] += contact.refusals
    return dict(sorted(counts.items()))


def _too_many(plan: Plan, targets: Targets, limits: Limits, named: Collection[str]) -> dict[str, int]:
    at = {endpoint.id: endpoint.address for endpoint in targets.found(Endpoint)}
    counts: Counter[str] = Counter()
    for contact in plan.contacts.values():
        counts[at.get(contact.host, "")] += contact.connections
    return {
        address: count
        for address, count in sorted(counts.items())
        if address and count > limits.connections_to_address and address not in named
    }


def _add(plan: Plan, probe: Probe, target: Target, limits: Limits) -> None:
    host = probe.peer.format(target.parts[-1].id)
    contact = plan.contacts.setdefault(host, Contact(host))
    if target.dead and not probe.on_dead_hosts:
        return
    if missing := probe.missing_consent(target):
        withheld = contact.unscanned if missing == "scan" else contact.withheld
        if probe.name not in withheld:
            withheld.append(probe.name)
        return
    contact.connections += probe.most_connections(limits)
    contact.refusals += probe.refusals
    consented = [contact.active] if probe.active else [contact.scans] if probe.scan else []
    for names in (contact.probes, *consented):
        if probe.name not in names:
            names.append(probe.name)


def plan_lines(plan: Plan, limits: Limits) -> Iterator[str]:
    """A plan for people, line by line."""
    yield f"{plan.verdicts} verdicts on {', '.join(f'{count} {kind}' for kind, count in plan.targets.items())}"
    yield "\nconnections, at most:"
    for contact in plan.contacts.values():
        yield f"  {contact.connections:3}  {printable(contact.host)}: {', '.join(contact.probes) or 'nothing'}"
        if contact.active:
            yield f"       active, with your consent: {', '.join(contact.active)}"
        if contact.scans:
            yield f"       deep scan, with your consent: {', '.join(contact.scans)}"
        if contact.refusals:
            yield f"       refusals that may count against the tester: {contact.refusals}"
        if contact.withheld:
            yield f"       not run without active: true: {', '.join(contact.withheld)}"
    yield f"  {sum(contact.connections for contact in plan.contacts.values())} in all"
    unscanned = sum(bool(contact.unscanned) for contact in plan.contacts.values())
    if unscanned:
        yield f"  no deep scan of TLS without scan: true: {unscanned} endpoint{'' if unscanned == 1 else 's'}"
    for address, count in plan.too_many.items():
        yield (
            f"  {printable(address)}: {count} connections are more than {limits.connections_to_address} "
            "(limits.connections_to_address); the rest is inconclusive unless `hosts` names a host there"
        )
    yield from _refusal_lines(plan, limits)
    yield "\ntime, at most, whatever servers do (it follows from `limits`):"
    yield f"  {_minutes(plan.host_seconds)} of open connections to one mail host, {_minutes(plan.run_seconds)} in all"
    yield "\nDNS only:"
    for name, count in plan.dns_only.items():
        asked = f", {plan.questions[name]} questions to name servers at most" if name in plan.questions else ""
        yield f"  {name}: {count} target{'' if count == 1 else 's'}{asked}"
    if plan.undiscovered:
        yield "\nnot found out, so inconclusive:"
        for name, reason in plan.undiscovered:
            yield f"  {printable(name)}: {printable(reason)}"


def _refusal_lines(plan: Plan, limits: Limits) -> Iterator[str]:
    """What addresses refuse, beside what they may refuse in ten minutes."""
    over = {address: count for address, count in plan.refused.items() if count > limits.refusals}
    if limits.refusals >= USUAL_BAN and plan.refused:
        yield f"  fail2ban, as it is packaged, bans at {USUAL_BAN} refusals in 10 minutes: limits.refusals allows more"
    for address, count in over.items():
        pause = (count - 1) // limits.refusals * WINDOW
        waits = pause <= limits.refusals_wait
        yield (
            f"  {printable(address)}: {count} refusals at most, {limits.refusals} in 10 minutes (limits.refusals): "
            + (f"that takes {_minutes(pause)}" if waits else "the rest is not asked, and not applicable; ")
            + ("" if waits else f"limits: {{refusals_wait: {pause:.0f}}} would wait for it")
        )


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min"
