"""Where a host forwards mail by itself."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation
from mailproof.places import Place


@dataclass(frozen=True)
class ForwardSeen:
    """Mail for somebody goes on to another domain. ``who`` is empty for the user whose file it is."""

    who: str
    domain: str
    """Of the address; the address itself is nobody's business here."""
    own: bool
    """Whether the inventory has the domain, or one above it, or the host takes its mail."""
    place: Place


@dataclass(frozen=True)
class ForwardsElsewhere:
    """What may forward mail and is not read: a table, a file, an expansion."""

    what: str
    place: Place
    """Where the configuration names it."""


@dataclass(frozen=True)
class Forwards(Observation):
    """The forwards of a host's aliases, Sieve scripts or mail server; none for another program."""

    program: str
    files: tuple[str, ...]
    forwards: tuple[ForwardSeen, ...] = ()
    unread: tuple[ForwardsElsewhere, ...] = ()
    settings: int = 0
    """Of a mail server: how many settings name forwards, or tables of them."""

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{self.program}: {', '.join(self.files)}, {len(self.forwards)} forwards to mail addresses"]
        lines += (f"{one.place}: {one.who or '(its user)'} to {one.domain}" for one in self.forwards)
        return (*lines, *(f"{one.place}: {one.what} is not read" for one in self.unread))


@dataclass(frozen=True)
class LostMail:
    """A name whose mail is refused, or else thrown away, and where that is said."""

    name: str
    is_refused: bool
    place: Place


@dataclass(frozen=True)
class RoleAliases(Observation):
    """Which of the names that everybody may write to (RFC 2142) the aliases of a host have."""

    program: str
    files: tuple[str, ...]
    is_of_system: bool = False
    """They are the system's own: there is an entry for root, or the file is called aliases and does not just start
    programs, as those of mailing lists do.
    """
    names: tuple[str, ...] = ()
    """Postmaster and abuse, as far as there is an entry for them; all others are nobody's business here."""
    lost: tuple[LostMail, ...] = ()
    """Those of them whose mail is read by nobody."""

    def evidence(self) -> tuple[str, ...]:
        return (f"{self.program}: {', '.join(self.files)}: {', '.join(self.names) or 'neither postmaster nor abuse'}",)
