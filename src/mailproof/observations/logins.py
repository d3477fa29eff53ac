"""What a server's configuration says of passwords before TLS."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation
from mailproof.places import Place


@dataclass(frozen=True)
class LoginSeen:
    """What a service, an authenticator or a section does about passwords before TLS."""

    who: str
    """Empty for the whole server."""
    in_clear: bool | None
    """Whether passwords are taken before TLS; None where that is not worked out."""
    by: str
    """The setting that decides, as it stands."""
    place: Place | None = None
    """None for a default."""

    def __str__(self) -> str:
        return f"{self.who}: {self.by.removeprefix(f'{self.who}/')}" if self.who else self.by


@dataclass(frozen=True)
class LoginSettings(Observation):
    """What the configuration of one program on one host says of passwords before TLS."""

    program: str
    host: str
    files: tuple[str, ...]
    logins: tuple[LoginSeen, ...] = ()
    """None where nobody logs in by what the files say."""
    without_authenticators: bool = False
    """Of Exim: the files hold its main settings alone."""
    lacks: str = ""
    """Of Postfix: main.cf or master.cf, where that is not among the files."""
    unread: tuple[str, ...] = ()
    """What the files include, and what is not read."""

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{one.place or 'by default'}: {one}" for one in self.logins]
        return (f"{self.program} on {self.host}: {', '.join(self.files)}", *lines)


@dataclass(frozen=True)
class LoginsShown(Observation):
    """The ports of a program's host that offer a login before TLS, by SMTP or to a mailbox."""

    host: str
    smtp: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()

    def evidence(self) -> tuple[str, ...]:
        ports = (*self.smtp, *self.stores)
        return tuple(f"{port} offers a login before TLS" for port in ports) or (f"{self.host}: no port shows any",)
