"""Which control judges which target, and what must be observed for it: decided here, once, for the run, its plan, its
waivers and the listings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from mailproof.controls import Control
from mailproof.gate.policy import Policy
from mailproof.net.settings import TLSDepth
from mailproof.probes.probe import Probe, needs_consent
from mailproof.targets.base import Target, Targets, Undiscovered, fixture_name, kinds


class UnknownFixture(LookupError):
    """A control asks for something that nothing observes, or for observations of several kinds of target."""


def target_fixtures() -> dict[str, type[Target]]:
    """The names by which controls ask for the target itself, with the kinds that they stand for."""
    return {fixture_name(kind): kind for kind in kinds().values() if kind is not Undiscovered}


class Docket:
    """The pairs of control and target that an inventory leads to, under the profiles of a run."""

    def __init__(self, probes: Mapping[str, Probe], policy: Policy | None = None) -> None:
        """Without a ``policy`` every control judges whatever it can."""
        self.probes = probes
        self._policy = policy
        self.fixtures = target_fixtures()

    def kind(self, control: Control) -> type[Target]:
        """The kind of target that ``control`` judges: the narrowest one of what it asks for. Raises UnknownFixture."""
        asked = {self._kind_of(control, name) for name in control.observations}
        for kind in asked:
            if all(issubclass(kind, other) for other in asked):
                return kind
        names = ", ".join(sorted(kind.__name__ for kind in asked)) or "nothing"
        raise UnknownFixture(f"{control.id} must judge observations of one type of target, not of {names}")

    def _kind_of(self, control: Control, name: str) -> type[Target]:
        if name in self.probes:
            return self.probes[name].target
        if name in self.fixtures:
            return self.fixtures[name]
        near = get_close_matches(name, [*self.probes, *self.fixtures], 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UnknownFixture(f"{control.id} asks for {name}, which no probe observes{hint}")

    def wanted(self, pairs: Iterable[tuple[Control, Target]]) -> Iterable[tuple[str, Target]]:
        """What the controls of ``pairs`` need of their targets: each observation, by its probe, once of a target."""
        found = {(name, target.id): (name, target) for control, target in pairs for name in self.observations(control)}
        return found.values()

    def all_targets(self, control: Control, targets: Targets) -> tuple[Target, ...]:
        """Every target of the kind that ``control`` judges. Raises UnknownFixture."""
        return targets.of(self.kind(control))

    def ruled(self, control: Control, targets: Targets) -> tuple[Target, ...]:
        """The targets that ``control`` judges: those whose profiles ask for it; none in a depth that does not ask for
        what it needs. Raises UnknownFixture.
        """
        policy = self._policy
        if policy is not None and policy.tls_depth is not TLSDepth.FULL and self.needs_full_depth(control):
            return ()
        found = self.all_targets(control, targets)
        return found if policy is None else policy.judged(control, found)

    def is_ruled_out(self, control: Control, targets: Targets) -> bool:
        """Whether it is a profile, and not the inventory, that leaves the control without a target."""
        if self._policy is None or self.ruled(control, targets):
            return False
        if self._policy.tls_depth is not TLSDepth.FULL and self.needs_full_depth(control):
            return not self._policy.wants(control)
        return bool(self.all_targets(control, targets)) or not self._policy.wants(control)

    def needs_full_depth(self, control: Control) -> bool:
        """Whether ``control`` judges what only the full depth of TLS asks (``limits: {tls_depth: full}``)."""
        return any(self.probes[name].full for name in self.observations(control))

    def observations(self, control: Control) -> tuple[str, ...]:
        """The names of the probes that ``control`` needs of its target."""
        return tuple(name for name in control.observations if name in self.probes)

    def closure(self, name: str, target: Target) -> dict[str, Target]:
        """The probe ``name`` and those that it builds on or asks, each with ``target`` or the endpoint that is part of
        it, as far as they look at such targets.
        """
        found: dict[str, Target] = {}
        names = [name]
        while names:
            entry = self.probes[names.pop()]
            looked_at = next((part for part in target.parts if isinstance(part, entry.target)), None)
            if looked_at is not None and entry.name not in found:
                found[entry.name] = looked_at
                names += (*entry.needs, *entry.looks)
        return found

    def consent(self, control: Control) -> str:
        """The consent that ``control`` needs of a server's owner: ``active``, ``scan``, or nothing."""
        return needs_consent(control.observations, self.probes)


def describe(control: Control, docket: Docket) -> dict[str, Any]:
    """A control for machines."""
    return {
        "id": control.id,
        "family": control.family,
        "level": str(control.level),
        "since": control.since,
        "formerly": list(control.formerly),
        "title": control.title,
        "why": control.why,
        "fix": control.fix,
        "references": [{"title": reference.title, "url": reference.url} for reference in control.references],
        "target": docket.kind(control).__name__,
        "observations": list(control.observations),
        "parameters": dict(control.parameters),
        "active": docket.consent(control) == "active",
        "scan": docket.consent(control) == "scan",
        "full_depth": docket.needs_full_depth(control),
    }
