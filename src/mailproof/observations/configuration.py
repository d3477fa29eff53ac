"""What a program says of its own configuration."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation
from mailproof.places import Place

OF_SERVER = ("smtpd_tls_chain_files", "smtpd_tls_cert_file", "smtpd_tls_eccert_file")
OF_CLIENT = ("smtp_tls_chain_files", "smtp_tls_cert_file", "smtp_tls_eccert_file")
"""Settings of Postfix that name files of certificates: those that it shows as a server, and as a client."""

LOOKED_AT = {
    "postfix": ("smtpd_banner", "disable_vrfy_command", "mail_name", "myhostname", *OF_SERVER, *OF_CLIENT),
    "exim": ("smtp_banner", "acl_smtp_vrfy", "acl_smtp_expn"),
    "dovecot": ("login_greeting",),
}
"""The settings that controls look at, by program. Others, which may hold secrets, come into no record or report."""


@dataclass(frozen=True)
class SettingSeen:
    """A setting, and where it stands."""

    name: str
    value: str
    place: Place
    expanded: str | None = None
    """The value with other settings of the same program put in; None where it names none."""

    @property
    def meaning(self) -> str:
        """What the value comes to."""
        return self.value if self.expanded is None else self.expanded


@dataclass(frozen=True)
class ProgramSettings(Observation):
    """The settings of one program on one host that controls look at, as far as its files have them."""

    program: str
    host: str
    settings: tuple[SettingSeen, ...]
    files: tuple[str, ...]
    """The files that were read."""

    def get(self, name: str) -> SettingSeen | None:
        """The setting of this name that counts: the last one; None where the files do not have it."""
        return next((setting for setting in reversed(self.settings) if setting.name == name), None)

    def overrides(self, name: str) -> tuple[SettingSeen, ...]:
        """What sections and services say instead of the setting of this name."""
        return tuple(setting for setting in self.settings if setting.name.endswith(f"/{name}"))

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{self.program} on {self.host}: {', '.join(self.files)}"]
        return (*lines, *(f"{setting.place}: {setting.name} = {setting.value}" for setting in self.settings))
