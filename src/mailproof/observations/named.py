"""What a name server's own configuration says of the questions that it answers, and of zones that it hands out."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation
from mailproof.observations.configuration import SettingSeen
from mailproof.places import Place


@dataclass(frozen=True)
class MatchList:
    """A list of clients as a statement has it, with the lists that it names put in.

    ``everybody``: it holds ``any`` or a network of all addresses, and nothing before that keeps strangers out.
    """

    name: str
    text: str
    everybody: bool
    place: Place


@dataclass(frozen=True)
class HostedZone:
    """A zone that the server answers for. ``transfers`` is what counts for it, None where nothing is set."""

    name: str
    place: Place
    transfers: MatchList | None = None


@dataclass(frozen=True)
class NamedScope:
    """The options, or a view with what the options add to it."""

    name: str
    """``options``, or ``view NAME``."""
    recursion: SettingSeen | None
    recursive_clients: MatchList | None
    """Who is answered what the server does not answer for itself."""
    validation: SettingSeen | None
    rate_limit: SettingSeen | None
    zones: tuple[HostedZone, ...]
    cache_alone: bool = False
    """These are answered from the cache only: others are looked up for."""

    @property
    def recurses(self) -> bool:
        return self.recursion is None or self.recursion.value.lower() not in _OFF

    @property
    def validates(self) -> bool:
        if self.validation is None:
            return True
        if self.validation.name == "auto-trust-anchor-file":  # of Unbound, where no anchor is set
            return False
        said = self.validation.value.lower()
        if self.validation.name == "module-config":  # of Unbound
            return "validator" in said
        return (said in _OFF) is (self.validation.name == "val-permissive-mode")


_OFF = ("no", "false", "0", "off", "process-no-validate")


@dataclass(frozen=True)
class NamedSettings(Observation):
    """The configuration of a name server. ``scopes`` is empty for another program."""

    program: str
    files: tuple[str, ...]
    release: str = ""
    """Of the software, like ``9.18.28``, where it was captured."""
    version: SettingSeen | None = None
    """What is answered to a question for the version."""
    scopes: tuple[NamedScope, ...] = ()
    includes: tuple[str, ...] = ()
    """Files that the text includes; they are not read."""
    hears_itself_alone: bool = False
    """It listens on loopback addresses only."""

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{self.program}: {', '.join(self.files)}{f' {self.release}' if self.release else ''}"]
        if self.version is not None:
            lines.append(f"{self.version.place}: version {self.version.value}")
        for scope in self.scopes:
            for setting in (scope.recursion, scope.validation, scope.rate_limit):
                if setting is not None:
                    lines.append(f"{setting.place}: {scope.name}: {setting.name} {setting.value}")
            clients = scope.recursive_clients
            lines += [f"{clients.place}: {clients.name} {clients.text}"] if clients is not None else []
            lines += [
                f"{zone.transfers.place}: zone {zone.name}: {zone.transfers.name} {zone.transfers.text}"
                for zone in scope.zones
                if zone.transfers is not None
            ]
        return tuple(lines)
