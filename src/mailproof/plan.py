"""The plan of a run: what would be contacted, by which probes, with how many connections and refused recipients, and
what needs consent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mailproof.controls import Control
from mailproof.docket import is_of_role
from mailproof.inventory.targets import Endpoint, MailExchange, Target, Targets, Undiscovered
from mailproof.net.settings import Limits
from mailproof.probes.probe import Probe
from mailproof.survey import bound_of_run


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
    active: list[str] = field(default_factory=list)
    """Active probes that would run."""


@dataclass
class Plan:
    """What a run would do."""

    verdicts: int = 0
    """Pairs of control and target."""
    targets: dict[str, int] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    dns_only: dict[str, int] = field(default_factory=dict)
    """Probes that only ask the DNS, with the number of their targets."""
    undiscovered: list[tuple[str, str]] = field(default_factory=list)
    host_seconds: float = 0.0
    """How long connections to one mail host may be open in the run: what lies beyond is not looked at."""
    run_seconds: float = 0.0
    """How long the survey may take."""
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
                }
                for contact in self.contacts.values()
            ],
            "bounds": {"host_seconds": self.host_seconds, "run_seconds": self.run_seconds},
            "too_many_connections": self.too_many,
            "dns": self.dns_only,
            "undiscovered": [{"target": name, "reason": reason} for name, reason in self.undiscovered],
        }


USUAL_BAN = 5
"""Refused recipients in ten minutes after which fail2ban, as it is packaged, bans an address."""


def make_plan(
    controls: Iterable[Control],
    targets: Targets,
    probes: Mapping[str, Probe],
    judged: Callable[[Control, Target], bool] = lambda control, target: True,
    *,
    limits: Limits | None = None,
    named: Collection[str] = (),
) -> Plan:
    """What judging ``controls`` on ``targets`` takes. Nothing is contacted to find out.

    ``judged`` says whether the profiles leave a control anything to judge on a target. ``named`` are the addresses of
    hosts that the inventory names.
    """
    limits = limits or Limits()
    plan = Plan(host_seconds=limits.host, run_seconds=bound_of_run(limits, targets, probes))
    wanted: dict[str, dict[str, Target]] = {}
    for control in controls:
        names = [name for name in control.observations if name in probes]
        for kind in {probes[name].target for name in names}:
            for target in targets.of(kind):
                if not (is_of_role(control, target) and judged(control, target)):
                    continue
                plan.verdicts += 1
                for name in names:
                    wanted.setdefault(name, {})[target.id] = target
    for name in list(wanted):
        for needed in _closure(name, probes):
            for target in wanted[name].values():
                if isinstance(target, MailExchange) and probes[needed].target is Endpoint:
                    target = target.endpoint
                wanted.setdefault(needed, {}).setdefault(target.id, target)
    for name in sorted(wanted):
        known = [target for target in wanted[name].values() if not isinstance(target, Undiscovered)]
        if probes[name].most_connections(limits) == 0:
            plan.dns_only[name] = len(known)
            continue
        for target in known:
            _add(plan, probes[name], target, limits)
    for target in targets:
        name = type(target).__name__
        if isinstance(target, Undiscovered):
            plan.undiscovered.append((target.id, target.reason))
        else:
            plan.targets[name] = plan.targets.get(name, 0) + 1
    plan.undiscovered = sorted(set(plan.undiscovered))
    at = {target.id: target.address for target in targets if isinstance(target, Endpoint)}
    counts: Counter[str] = Counter()
    for contact in plan.contacts.values():
        counts[at.get(contact.host, "")] += contact.connections
    plan.too_many = {
        address: count
        for address, count in sorted(counts.items())
        if address and count > limits.connections_to_address and address not in named
    }
    plan.contacts = dict(sorted(plan.contacts.items()))
    return plan


def _closure(name: str, probes: Mapping[str, Probe]) -> set[str]:
    """Every probe of the same target that ``name`` builds on or asks."""
    found: set[str] = set()
    open_names = [name]
    while open_names:
        entry = probes[open_names.pop()]
        for needed in (*entry.needs, *entry.looks):
            if needed not in found:
                found.add(needed)
                open_names.append(needed)
    return found


def _add(plan: Plan, probe: Probe, target: Target, limits: Limits) -> None:
    endpoint = target.endpoint if isinstance(target, MailExchange) else target
    host = endpoint.id if isinstance(endpoint, Endpoint) else f"mta-sts.{target.id}:443"
    contact = plan.contacts.setdefault(host, Contact(host))
    if target.dead and not probe.on_dead_hosts:
        return
    if probe.active and not target.active:
        if probe.name not in contact.withheld:
            contact.withheld.append(probe.name)
        return
    contact.connections += probe.most_connections(limits)
    contact.refusals += probe.refusals
    for names in (contact.probes, *([contact.active] if probe.active else [])):
        if probe.name not in names:
            names.append(probe.name)
