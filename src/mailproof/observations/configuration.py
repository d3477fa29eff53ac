"""What a program says of its own configuration."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation
from mailproof.places import Place

OF_SERVER = ("smtpd_tls_chain_files", "smtpd_tls_cert_file", "smtpd_tls_eccert_file")
OF_CLIENT = ("smtp_tls_chain_files", "smtp_tls_cert_file", "smtp_tls_eccert_file")
"""Settings of Postfix that name files of certificates: those that it shows as a server, and as a client."""

RELAYING = {
    "postfix": ("mynetworks", "mynetworks_style", "relay_domains", "smtpd_relay_restrictions"),
    "exim": ("hostlist relay_from_hosts", "domainlist relay_to_domains"),
    "opensmtpd": ("match", "action"),
}
"""Settings of who may relay, and for which domains; the lists of Exim by the names of its own default configuration."""

TLS_FLOOR = {
    "postfix": ("smtpd_tls_protocols", "smtpd_tls_mandatory_protocols"),
    "exim": ("openssl_options",),
    "dovecot": ("ssl_min_protocol",),
    "nginx": ("ssl_protocols",),
    "apache": ("SSLProtocol",),
    "haproxy": ("ssl-default-bind-options", "bind"),
}
"""Settings of the oldest version of TLS that is spoken."""

SPEAKING = {
    "postfix": (
        "smtpd_tls_security_level",
        "smtpd_use_tls",
        "smtpd_enforce_tls",
        "smtpd_tls_wrappermode",
    ),
    "exim": ("tls_advertise_hosts", "tls_on_connect_ports"),
    "dovecot": ("ssl",),
}
"""Settings of whether TLS is spoken at all."""

PROMISED = {
    "postfix": ("myhostname", "message_size_limit", "smtpd_tls_auth_only"),
    "exim": ("message_size_limit",),
}
"""Settings that a server shows in its greeting and its EHLO reply."""

EARLY_TALK = {
    "postfix": ("postscreen_greet_action", "smtpd_forbid_unauth_pipelining", "mail_version"),
    "exim": ("smtp_enforce_sync", "pipelining_connect_advertise_hosts"),
}
"""Settings of what becomes of clients that do not wait for the greeting."""

RESTRICTIONS = (
    "smtpd_recipient_restrictions",
    "smtpd_relay_restrictions",
    "smtpd_client_restrictions",
    "smtpd_helo_restrictions",
    "smtpd_sender_restrictions",
)
"""Settings of Postfix that may refuse a recipient; the last three unless smtpd_delay_reject is switched off."""

LOOKED_AT = {
    "postfix": (
        *("smtpd_banner", "disable_vrfy_command", "mail_name", *RESTRICTIONS, *PROMISED["postfix"]),
        *("smtpd_reject_unlisted_recipient", "smtpd_delay_reject", "smtpd_milters"),
        *(
            *EARLY_TALK["postfix"],
            "relay_recipient_maps",
            *RELAYING["postfix"],
            *TLS_FLOOR["postfix"],
            *SPEAKING["postfix"],
            *OF_SERVER,
            *OF_CLIENT,
        ),
    ),
    "exim": (
        *("smtp_banner", "acl_smtp_vrfy", "acl_smtp_expn", *EARLY_TALK["exim"]),
        *(*PROMISED["exim"], *RELAYING["exim"], *TLS_FLOOR["exim"], *SPEAKING["exim"]),
    ),
    "dovecot": ("login_greeting", *TLS_FLOOR["dovecot"], *SPEAKING["dovecot"]),
    "opensmtpd": RELAYING["opensmtpd"],
    "nginx": TLS_FLOOR["nginx"],
    "apache": TLS_FLOOR["apache"],
    "haproxy": TLS_FLOOR["haproxy"],
}
"""The settings that controls look at, by program. Others, which may hold secrets, come into no record or report."""


MAX_SHOWN = 200
"""Characters of a value that a finding tells."""


def _begin(value: str) -> str:
    return value if len(value) <= MAX_SHOWN else f"{value[:MAX_SHOWN]}..."


@dataclass(frozen=True)
class SettingSeen:
    """A setting, and where it stands."""

    name: str
    value: str
    place: Place
    expanded: str | None = None
    """The value with other settings of the same program put in; None where it names none."""
    taken: bool | None = True
    """Of a default for all servers, whether one takes it; None where that stands in files that are not read. None as
    well, in Exim and Dovecot, where what is included behind it and not read may say otherwise.
    """

    @property
    def meaning(self) -> str:
        """What the value comes to."""
        return self.value if self.expanded is None else self.expanded

    @property
    def shown(self) -> str:
        """The value as it stands, and what it comes to if that is something else; of long ones the begin."""
        value, meaning = _begin(self.value), _begin(self.meaning)
        return value if meaning == value else f"{value}, which is {meaning}"


@dataclass(frozen=True)
class ProgramSettings(Observation):
    """The settings of one program on one host that controls look at, as far as its files have them."""

    program: str
    host: str
    settings: tuple[SettingSeen, ...]
    files: tuple[str, ...]
    """The files that were read."""
    said_by_each: tuple[str, ...] = ()
    """Settings that each server of the program has for itself, so that none goes by what is for all, or by default."""
    unread: tuple[str, ...] = ()
    """What the files include, and what is not read, though it may hold servers or versions of TLS."""
    behind_postscreen: bool = False
    """Of Postfix: postscreen(8) stands before its SMTP servers."""
    for_host_alone: bool = False
    """It listens at loopback addresses alone."""
    servers: tuple[str, ...] | None = None
    """Of Postfix: the services of master.cf that take mail and go by settings of smtpd, with an empty name for those
    that go by main.cf alone; None where no file says.
    """

    def get(self, name: str) -> SettingSeen | None:
        """The setting of this name that counts: the last one; None where the files do not have it."""
        return next((setting for setting in reversed(self.settings) if setting.name == name), None)

    def counting(self, section: str, name: str) -> SettingSeen | None:
        """The setting of this name that counts in a section or for a service; all go by it whose name is empty."""
        return (self.get(f"{section}/{name}") if section else None) or self.get(name)

    def overrides(self, name: str) -> tuple[SettingSeen, ...]:
        """What sections and services say instead of the setting of this name."""
        return tuple(setting for setting in self.settings if setting.name.endswith(f"/{name}"))

    def base_and_overrides(self, name: str) -> tuple[SettingSeen, ...]:
        """The setting of this name, where there is one that counts, and what sections and services say instead."""
        setting = None if name in self.said_by_each else self.get(name)
        return (*((setting,) if setting is not None else ()), *self.overrides(name))

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{self.program} on {self.host}: {', '.join(self.files)}"]
        return (*lines, *(f"{setting.place}: {setting.name} = {setting.value}" for setting in self.settings))


@dataclass(frozen=True)
class RelaySettings(Observation):
    """Who may send mail through a server by its configuration, beside the domains that the inventory names."""

    settings: ProgramSettings
    domains: tuple[str, ...]
    """The mail domains of the inventory."""

    def evidence(self) -> tuple[str, ...]:
        return self.settings.evidence()


@dataclass(frozen=True)
class VersionsShown(Observation):
    """The versions of TLS that the endpoints of a program take, by endpoint."""

    host: str
    versions: tuple[tuple[str, tuple[str, ...]], ...]
    """Endpoint, and the versions that it takes, oldest first."""
    unknown: tuple[str, ...] = ()
    """Why some endpoints could not be asked."""

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{endpoint} takes {', '.join(versions) or 'no TLS'}" for endpoint, versions in self.versions]
        return (*lines, *self.unknown) or (f"{self.host}: no endpoint is looked at",)


@dataclass(frozen=True)
class PortShown:
    """What a port shows of itself to whoever connects."""

    endpoint: str
    name: str
    """The host name of its greeting."""
    size: int | None
    """Octets that a message may have (RFC 1870, section 3); 0 for no limit, None where none is shown."""
    auth_in_clear: bool
    """AUTH is offered before TLS."""


@dataclass(frozen=True)
class PortsShown(Observation):
    """What the SMTP ports of a program's host show of themselves."""

    host: str
    ports: tuple[PortShown, ...]
    unknown: tuple[str, ...] = ()
    """Why some ports could not be asked."""

    def evidence(self) -> tuple[str, ...]:
        lines = [
            f"{port.endpoint}: {port.name}, SIZE {'-' if port.size is None else port.size}"
            f"{', AUTH in clear' if port.auth_in_clear else ''}"
            for port in self.ports
        ]
        return (*lines, *self.unknown) or (f"{self.host}: no port is looked at",)


@dataclass(frozen=True)
class CheckSaid:
    """What a program said when it read its own configuration. ``file`` is where its words were captured."""

    command: str
    file: str
    status: int
    complaints: tuple[str, ...]
    """Its lines of warnings and errors."""


@dataclass(frozen=True)
class SelfChecks(Observation):
    """What a program says of its own configuration, when it is asked."""

    program: str
    checks: tuple[CheckSaid, ...]

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{check.file}: {check.command} ended with {check.status}" for check in self.checks]
        return (*lines, *(line for check in self.checks for line in check.complaints))
