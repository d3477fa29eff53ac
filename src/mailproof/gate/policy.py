"""What a run judges each target by: profiles, levels and parameters, resolved for one control on one target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from mailproof.controls import Catalogue, Control, Level
from mailproof.gate.document import OwnProfile, ProfileNote, parsed, plain
from mailproof.gate.parameters import parameter_problems
from mailproof.gate.profile import DEFAULT, Profile, Setting, UnknownProfile, load_profile
from mailproof.gate.verdict import GATE_LEVEL
from mailproof.inventory.errors import InventoryError, Problem
from mailproof.inventory.load import LoadedInventory
from mailproof.inventory.model import Domain, Host
from mailproof.inventory.reading import Path_, dotted
from mailproof.net.settings import TLSDepth
from mailproof.targets.base import Target


@dataclass(frozen=True)
class Rule:
    """How one control judges one target."""

    level: Level | None
    """The level of every finding; None leaves the control's own levels."""
    fail_on: Level
    """The weakest level whose findings close the gate."""
    parameters: Mapping[str, Any]


@dataclass
class Policy:
    """The profiles and parameters of a run.

    A host is judged by its own profile; everything else by the profiles of the domains that it belongs to, and what
    names none by the run's. Where several apply, a control is judged if one of them wants it, at the strictest
    level, with the parameters of the first that sets them.
    """

    catalogue: Catalogue
    profile: Profile
    """For whatever names none of its own."""
    fail_on: Level | None
    """Of the command line; it overrules the profiles."""
    domains: Mapping[str, Domain]
    hosts: Mapping[str, Host]
    parameters: Mapping[str, Mapping[str, Any]]
    profiles: Mapping[str, Profile]
    """Those that domains and hosts name, by the name that they use."""
    tls_depth: TLSDepth = TLSDepth.FULL
    """How much is asked of a server's TLS."""
    _settings: dict[tuple[int, str], Setting | None] = field(default_factory=dict)
    _rules: dict[tuple[str, str, tuple[str, ...]], Rule | None] = field(default_factory=dict)

    @classmethod
    def load(
        cls, loaded: LoadedInventory, catalogue: Catalogue, profile: Profile | None, fail_on: Level | None
    ) -> Policy:
        """The policy of an inventory. ``profile`` is the command line's.

        Raises InventoryError for profiles and parameters that do not exist or do not fit.
        """
        model = loaded.model
        problems = list(parameter_problems(catalogue, model.controls, loaded.places, ("controls",)))
        profiles: dict[str, Profile] = {}

        def named(name: str, path: Path_) -> Profile | None:
            place = loaded.places[path]
            try:
                return load_profile(name, catalogue, place.path.parent, loaded.secrets, quoted=False)
            except UnknownProfile as error:
                problems.append(Problem(place.path, place.line, dotted(path), str(error)))
            except InventoryError as error:
                problems.extend(error.problems)
            return None

        entries: list[tuple[str, int, Domain | Host]] = [
            *(("domains", index, domain) for index, domain in enumerate(model.domains)),
            *(("hosts", index, host) for index, host in enumerate(model.hosts)),
        ]
        for key, index, entry in entries:
            problems += parameter_problems(catalogue, entry.controls, loaded.places, (key, index, "controls"))
            if entry.profile is not None and (found := named(entry.profile, (key, index, "profile"))):
                profiles[entry.profile] = found
        if profile is None and model.profile is not None:
            profile = named(model.profile, ("profile",))
        if problems:
            raise InventoryError(*dict.fromkeys(problems))
        return cls(
            catalogue,
            profile or load_profile(DEFAULT, catalogue, loaded.file.parent),
            fail_on,
            {domain.name: domain for domain in model.domains},
            {host.name: host for host in model.hosts},
            _by_id(model.controls, catalogue),
            profiles,
            model.limits.tls_depth,
        )

    def rule(self, control: Control, target: Target) -> Rule | None:
        """How ``control`` judges ``target``; None if it is not to."""
        if not self._has_entries_of_their_own:
            return self._remembered((control.id, "", ()), control, None, [])
        host = self.hosts.get(target.mail_host)
        domains = [self.domains[name] for name in target.domains if name in self.domains]
        # Of all domains that say nothing of their own, which are most, the rule is the same.
        own = (domain.name if domain.profile or domain.controls else "" for domain in domains)
        key = (control.id, host.name if host else "", tuple(dict.fromkeys(own)))
        return self._remembered(key, control, host, domains)

    def judged(self, control: Control, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        """Those of ``targets`` that ``control`` is to judge."""
        if not self._has_entries_of_their_own:
            return targets if self._remembered((control.id, "", ()), control, None, []) is not None else ()
        return tuple(target for target in targets if self.rule(control, target) is not None)

    @cached_property
    def _has_entries_of_their_own(self) -> bool:
        """Whether a domain or a host has a profile or parameters that the others do not have."""
        entries: list[Domain | Host] = [*self.domains.values(), *self.hosts.values()]
        return any(entry.profile is not None or entry.controls for entry in entries)

    def _remembered(
        self, key: tuple[str, str, tuple[str, ...]], control: Control, host: Host | None, domains: list[Domain]
    ) -> Rule | None:
        if key not in self._rules:
            self._rules[key] = self._rule(control, host, domains)
        return self._rules[key]

    def _rule(self, control: Control, host: Host | None, domains: list[Domain]) -> Rule | None:
        profiles = self._profiles(host, domains)
        settings = [setting for profile in profiles if (setting := self._setting(profile, control)) is not None]
        if not settings:
            return None
        levels = [setting.level or control.level for setting in settings]
        strictest = min(levels, key=lambda level: level.rank)
        fails = [profile.fail_on or GATE_LEVEL for profile in profiles]
        parameters = dict(control.parameters)
        for setting in reversed(settings):
            parameters |= setting.parameters
        parameters |= self.parameters.get(control.id, {})
        own: list[Domain | Host] = [*reversed(domains), *([host] if host else [])]
        for entry in own:
            parameters |= _by_id(entry.controls, self.catalogue).get(control.id, {})
        return Rule(
            level=strictest if any(setting.level == strictest for setting in settings) else None,
            fail_on=self.fail_on or max(fails, key=lambda level: level.rank),
            parameters=parameters,
        )

    def wants(self, control: Control) -> bool:
        """Whether any profile of the run judges ``control``."""
        return any(self._setting(profile, control) for profile in (self.profile, *self.profiles.values()))

    def note(self) -> ProfileNote:
        """The run's own profile for reports."""
        return self.profile.note(self.catalogue)

    def own_notes(self) -> list[OwnProfile]:
        """The profiles that domains and hosts name, each with the names of these."""
        entries: list[Domain | Host] = [*self.domains.values(), *self.hosts.values()]
        return [
            parsed(
                OwnProfile,
                {
                    **plain(profile.note(self.catalogue)),
                    "entries": [entry.name for entry in entries if entry.profile == name],
                },
            )
            for name, profile in sorted(self.profiles.items())
        ]

    def _profiles(self, host: Host | None, domains: list[Domain]) -> list[Profile]:
        if host is not None and host.profile is not None:
            return [self.profiles[host.profile]]
        named = dict.fromkeys(domain.profile for domain in domains) or {None: None}
        return [self.profile if name is None else self.profiles[name] for name in named]

    def _setting(self, profile: Profile, control: Control) -> Setting | None:
        """What a profile makes of a control; None where it is not judged. House rules are, unless they are off."""
        key = (id(profile), control.id)
        if key not in self._settings:
            found = profile.setting(control)
            if found is None and not self.catalogue.is_shipped(control.id):
                found = Setting()
            self._settings[key] = None if found is not None and found.off is not None else found
        return self._settings[key]


def _by_id(controls: Mapping[str, Mapping[str, Any]], catalogue: Catalogue) -> dict[str, Mapping[str, Any]]:
    """Parameters by the id that the control has now."""
    return {catalogue.present_id(id): values for id, values in controls.items()}
