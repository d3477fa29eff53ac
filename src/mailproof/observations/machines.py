"""What the files of the programs beside the mail say: fail2ban, and NUT for the power."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation
from mailproof.observations.configuration import SettingSeen
from mailproof.places import Place


@dataclass(frozen=True)
class Jail:
    """A jail of fail2ban that is switched on. ``ban_seconds`` is None where its length cannot be read; below zero it
    never ends."""

    name: str
    filter: str
    ban_seconds: int | None
    place: Place
    """Where its length stands, or the jail itself."""
    ignored: tuple[str, ...] = ()
    """Addresses, networks and names that are never banned."""


@dataclass(frozen=True)
class BanSettings(Observation):
    """The jails of fail2ban on a host; none for another program."""

    program: str
    files: tuple[str, ...]
    jails: tuple[Jail, ...] = ()
    backups: tuple[str, ...] = ()
    """Addresses of the backup MX hosts, as the inventory has them."""

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{self.program}: {', '.join(self.files)}"]
        for jail in self.jails:
            ignored = ", ".join(jail.ignored) or "nobody"
            lines.append(f"{jail.place}: {jail.name} ({jail.filter}): {jail.ban_seconds} s, ignores {ignored}")
        return tuple(lines)


@dataclass(frozen=True)
class PowerSettings(Observation):
    """What NUT does when the power fails, by upsmon.conf, upssched.conf, ups.conf and upsd.users; nothing for another
    program.
    """

    program: str
    files: tuple[str, ...]
    supplies: int = 0
    """Power values of the monitored UPSes together."""
    least: SettingSeen | None = None
    """MINSUPPLIES."""
    silent: tuple[SettingSeen, ...] = ()
    """Events that are not written to the system's log."""
    timers: tuple[SettingSeen, ...] = ()
    """Timers of upssched that begin when the power fails: name and seconds."""
    delays: tuple[tuple[SettingSeen, SettingSeen], ...] = ()
    """offdelay and ondelay of each UPS that sets one of them."""
    strangers: tuple[SettingSeen, ...] = ()
    """What is monitored of this host's own upsd, with a user that upsd.users does not have."""
    monitors: int | None = None
    """Directives MONITOR; None where there is no upsmon.conf."""

    def evidence(self) -> tuple[str, ...]:
        seen = [
            *((self.least,) if self.least else ()),
            *self.silent,
            *self.timers,
            *(x for pair in self.delays for x in pair),
            *self.strangers,
        ]
        return (
            f"{self.program}: {', '.join(self.files)}, power value {self.supplies}",
            *(f"{one.place}: {one.name} {one.value}" for one in seen),
        )
