"""Which control judges which target: decided here, once, for the run, its plan, its waivers and the listings."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from mailproof.controls import Control
from mailproof.gate.policy import Policy
from mailproof.inventory.targets import TARGET_TYPES, Endpoint, Role, Target, Targets, Undiscovered
from mailproof.probes.probe import Probe

TARGET_FIXTURES = {
    "mail_domain": "MailDomain",
    "zone": "Zone",
    "name_server": "NameServer",
    "mail_host": "MailHost",
    "endpoint": "Endpoint",
    "mail_exchange": "MailExchange",
    "sending_address": "SendingAddress",
    "helo_name": "HeloName",
    "authorised_sender": "AuthorisedSender",
    "selector": "Selector",
    "blocklist_entry": "BlocklistEntry",
}
"""Fixtures that hand the target itself to a control, by the type that they stand for."""


class UnknownFixture(LookupError):
    """A control asks for something that nothing observes, or for observations of several types of target."""


class Docket:
    """The pairs of control and target that an inventory leads to, under the profiles of a run."""

    def __init__(self, probes: Mapping[str, Probe], policy: Policy) -> None:
        self._probes = probes
        self._policy = policy

    def kind(self, control: Control) -> type[Target]:
        """The type of target that ``control`` judges. Raises UnknownFixture."""
        kinds = set()
        for name in control.observations:
            if name in self._probes:
                kinds.add(self._probes[name].target)
            elif name in TARGET_FIXTURES:
                kinds.add(TARGET_TYPES[TARGET_FIXTURES[name]])
            else:
                near = get_close_matches(name, [*self._probes, *TARGET_FIXTURES], 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise UnknownFixture(f"{control.id} asks for {name}, which no probe observes{hint}")
        if len(kinds) != 1:
            names = ", ".join(sorted(kind.__name__ for kind in kinds)) or "nothing"
            raise UnknownFixture(f"{control.id} must judge observations of one type of target, not of {names}")
        return kinds.pop()

    def all_targets(self, control: Control, targets: Targets) -> tuple[Target, ...]:
        """Every target of the type that ``control`` judges. Raises UnknownFixture."""
        return targets.of(self.kind(control))

    def ruled(self, control: Control, targets: Targets) -> tuple[Target, ...]:
        """The targets that ``control`` judges: those whose role and profiles ask for it. Raises UnknownFixture."""
        return tuple(target for target in self.all_targets(control, targets) if self._is_ruled(control, target))

    def _is_ruled(self, control: Control, target: Target) -> bool:
        return is_of_role(control, target) and self._policy.rule(control, target) is not None

    def is_ruled_out(self, control: Control, targets: Targets) -> bool:
        """Whether it is a profile, and not the inventory, that leaves the control without a target."""
        found = self.all_targets(control, targets)
        if not found:
            return not self._policy.wants(control)
        return all(self._policy.rule(control, target) is None for target in found)

    def observations(self, control: Control) -> tuple[str, ...]:
        """The names of the probes that ``control`` needs of its target."""
        return tuple(name for name in control.observations if name in self._probes)


def is_of_role(control: Control, target: Target) -> bool:
    """Whether a target does what ``control`` judges, or may do it as far as is known."""
    return not control.roles or not set(control.roles).isdisjoint(_roles(target, control))


def _roles(target: Target, control: Control) -> tuple[Role, ...]:
    """What a target does, as far as roles matter to it; where that is not known, all that the control judges."""
    if isinstance(target, Endpoint):
        return (target.role,)
    known = target.roles if isinstance(target, Undiscovered) else ()
    return known or control.roles
